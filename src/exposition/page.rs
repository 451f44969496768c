//! What one publication of one operation shows. Nothing is rendered before a scrape asks for it.

mod part;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Options;
use crate::metrics::Rows;
pub(super) use part::Part;

/// What an operation has published. Its families stay as they were then, whenever they are rendered. An
/// [`Exposition`](super::Exposition) shows it, alone or with those of others.
#[derive(Debug)]
pub struct Page {
    options: Options,
    main: Arc<[Part]>,
    window: Option<WindowGauges>,
}

/// The gauges over the latest window. They are withdrawn once they expire.
#[derive(Debug)]
struct WindowGauges {
    parts: Arc<[Part]>,
    expires: Instant,
    /// So that it is told once, not at every scrape.
    told: AtomicBool,
}

impl Page {
    /// Shows these families, and renders none of them; families without a sample are left out. Those of `window` are left
    /// out from its instant on, so that old values are never shown as current.
    ///
    /// No family may be both in `main` and in `window`.
    pub fn new(
        main: Vec<Arc<dyn Rows>>,
        window: Option<(Vec<Arc<dyn Rows>>, Instant)>,
        options: Options,
    ) -> Self {
        Self::following(&Self::empty(options), main, window)
    }

    /// A page without families: before anything was published.
    pub fn empty(options: Options) -> Self {
        Self {
            options,
            main: Arc::new([]),
            window: None,
        }
    }

    /// The page after another one of the same operation. The bytes of families that have not changed are rendered once for
    /// both.
    pub fn following(
        before: &Self,
        main: Vec<Arc<dyn Rows>>,
        window: Option<(Vec<Arc<dyn Rows>>, Instant)>,
    ) -> Self {
        let options = before.options;
        let window_before = before.window.as_ref().map(|window| &*window.parts);
        let window = window.map(|(families, expires)| WindowGauges {
            parts: part::following(window_before.unwrap_or_default(), families, options),
            expires,
            told: AtomicBool::new(false),
        });
        Self {
            options,
            main: part::following(&before.main, main, options),
            window,
        }
    }

    /// How long ago the gauges of its window expired. It is said to the first caller who asks after that, and to no other.
    pub fn newly_expired(&self, now: Instant) -> Option<Duration> {
        let window = self.window.as_ref()?;
        let late = now.checked_duration_since(window.expires)?;
        (!window.told.swap(true, Ordering::Relaxed)).then_some(late)
    }

    pub(super) fn main(&self) -> &Arc<[Part]> {
        &self.main
    }

    /// The families of its window, and when they expire; `None` once they have.
    pub(super) fn window_at(&self, now: Instant) -> Option<(&Arc<[Part]>, Instant)> {
        let window = self.window.as_ref().filter(|window| now < window.expires)?;
        Some((&window.parts, window.expires))
    }
}
