//! What stands behind the pages and belongs to no publication.

use std::sync::Arc;

use super::section::Section;
use crate::exposition::{Options, Page};
use crate::metrics::{Family, rows};

/// Families that are the same for some scrapes, whichever pages these are answered with. They are rendered once.
#[derive(Debug, Default)]
pub struct Tail(Arc<Section>);

impl Tail {
    /// Shows these families, and renders none of them.
    pub fn new(families: Vec<Family>, options: Options) -> Self {
        let page = Page::new(rows::published(families), None, options);
        let families = vec![Arc::clone(page.main())];
        Self(Section::following(&Arc::default(), families))
    }

    pub(super) fn section(&self) -> &Section {
        &self.0
    }
}
