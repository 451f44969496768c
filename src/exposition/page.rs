//! What one publication of one operation shows. Nothing is rendered before a scrape asks for it.

mod part;
mod timed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Options;
use crate::metrics::{Rows, TimedRows};
pub(super) use part::Part;
use timed::Timed;

/// What an operation has published. Its families stay as they were then, whenever they are rendered, but for those that follow
/// from the time of day. An [`Exposition`](super::Exposition) shows it, alone or with those of others.
#[derive(Debug)]
pub struct Page {
    options: Options,
    main: Arc<[Part]>,
    window: Option<WindowGauges>,
    timed: Option<Arc<Timed>>,
}

/// The gauges over the latest window. They are withdrawn once they expire.
#[derive(Debug)]
struct WindowGauges {
    parts: Arc<[Part]>,
    /// Those of them that follow from the time of day too.
    timed: Option<Arc<Timed>>,
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
            timed: None,
        }
    }

    /// The page after another one of the same operation. The bytes of families that have not changed are rendered once for
    /// both. What follows from the time of day stays, unless [`Page::with_timed`] says otherwise.
    pub fn following(
        before: &Self,
        main: Vec<Arc<dyn Rows>>,
        window: Option<(Vec<Arc<dyn Rows>>, Instant)>,
    ) -> Self {
        let options = before.options;
        let window_before = before.window.as_ref().map(|window| &*window.parts);
        let window = window.map(|(families, expires)| WindowGauges {
            parts: part::following(window_before.unwrap_or_default(), families, options),
            timed: before.window.as_ref().and_then(|window| window.timed.clone()),
            expires,
            told: AtomicBool::new(false),
        });
        Self {
            options,
            main: part::following(&before.main, main, options),
            window,
            timed: before.timed.clone(),
        }
    }

    /// The same page with these families that follow from the time of day, or with none. They may be in no other part of it.
    #[must_use]
    pub fn with_timed(self, rows: Option<Arc<dyn TimedRows>>) -> Self {
        let timed = rows.map(|rows| match self.timed {
            Some(timed) if timed.is_of(&rows) => timed,
            _ => Arc::new(Timed::new(rows, self.options)),
        });
        Self { timed, ..self }
    }

    /// The same page with these families that follow from the time of day and are withdrawn with the window, or with none. They
    /// may be in no other part of it. A page without a window shows none of them.
    #[must_use]
    pub fn with_timed_window(mut self, rows: Option<Arc<dyn TimedRows>>) -> Self {
        if let Some(window) = &mut self.window {
            let before = window.timed.take();
            window.timed = rows.map(|rows| Arc::new(Timed::following(before.as_deref(), rows, self.options)));
        }
        self
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

    /// The families that follow from the time of day, as they are now; `None` where it has none. They are the same value
    /// until one of them changes.
    pub(super) fn timed(&self) -> Option<Arc<[Part]>> {
        self.timed.as_ref().map(|timed| timed.parts())
    }

    /// The families of its window, and when they expire; `None` once they have.
    pub(super) fn window_at(&self, now: Instant) -> Option<(&Arc<[Part]>, Instant)> {
        let window = self.window.as_ref().filter(|window| now < window.expires)?;
        Some((&window.parts, window.expires))
    }

    /// The families of its window that follow from the time of day, as they are now; `None` where it has none, or they have
    /// expired. They are the same value until one of them changes.
    pub(super) fn timed_window_at(&self, now: Instant) -> Option<Arc<[Part]>> {
        let window = self.window.as_ref().filter(|window| now < window.expires)?;
        window.timed.as_ref().map(|timed| timed.parts())
    }
}
