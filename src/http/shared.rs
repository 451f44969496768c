//! What the poller publishes and the server answers with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::Status;
use super::status::Readiness;
use crate::clock::Clock;
use crate::exposition::{Options, Page};
use crate::metrics::Family;
use crate::metrics::process::Process;

/// What the poller publishes and the server answers with. A reader never waits for the writer.
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    page: ArcSwap<Published>,
    /// Publications are numbered from 1; 0 is the empty page before the first.
    publications: AtomicU64,
    status: ArcSwap<Status>,
    ready: AtomicBool,
    process: Process,
    /// The newest publication that a scrape was answered with.
    scraped: watch::Sender<Option<u64>>,
}

pub(super) struct Published {
    pub(super) number: u64,
    pub(super) page: Arc<Page>,
}

impl Shared {
    /// Nothing published, not ready. `clock` is for the times on the status page, `options` for the page that only has
    /// the live tail, which `process` has.
    pub(crate) fn new(status: Status, options: Options, clock: Arc<dyn Clock>, process: Process) -> Self {
        Self {
            clock,
            page: ArcSwap::from_pointee(Published {
                number: 0,
                page: Arc::new(Page::empty(options)),
            }),
            publications: AtomicU64::new(0),
            status: ArcSwap::from_pointee(status),
            ready: AtomicBool::new(false),
            process,
            scraped: watch::Sender::new(None),
        }
    }

    /// Shows a page from now on. Returns its number, for [`Shared::scraped`]. There must be one publisher: two at
    /// once could overtake each other.
    pub(crate) fn publish(&self, page: Page) -> u64 {
        let number = self.publications.fetch_add(1, Ordering::Relaxed) + 1;
        let page = Arc::new(page);
        self.page.store(Arc::new(Published { number, page }));
        number
    }

    /// Shows the page from now on that is made of the one shown now. Otherwise as [`Shared::publish`].
    pub(crate) fn publish_next(&self, next: impl FnOnce(&Page) -> Page) -> u64 {
        self.publish(next(&self.page().page))
    }

    /// The number of the page that is shown now; 0 before the first.
    pub(crate) fn newest_publication(&self) -> u64 {
        self.publications.load(Ordering::Relaxed)
    }

    /// Shows a status from now on.
    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(Arc::new(status));
    }

    /// Changes some of the status. There must be one publisher: of two changes at once, one would be lost.
    pub(crate) fn update_status(&self, change: impl FnOnce(&mut Status)) {
        let mut status = Status::clone(&self.status.load());
        change(&mut status);
        self.set_status(status);
    }

    /// From now on `/-/ready` answers 200.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Waits until a `GET /metrics` was answered in full with this publication or a later one, at once where that has
    /// happened. In full: the last of it was handed to the connection; one that was cut off before doesn't count.
    pub(crate) async fn scraped(&self, publication: u64) {
        let mut scraped = self.scraped.subscribe();
        // An error would mean that the sender is gone, but self holds it.
        let _ = scraped
            .wait_for(|newest| newest.is_some_and(|newest| newest >= publication))
            .await;
    }

    /// How many `GET /metrics` were answered in full.
    #[cfg(test)]
    pub(crate) fn scrapes(&self) -> u64 {
        self.process.scrapes()
    }

    /// The live tail of the page.
    pub(super) fn process(&self) -> Vec<Family> {
        self.process.families()
    }

    pub(super) fn page(&self) -> Arc<Published> {
        self.page.load_full()
    }

    pub(super) fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    pub(super) fn readiness(&self) -> Readiness {
        if self.ready.load(Ordering::Relaxed) {
            Readiness::Ready
        } else {
            Readiness::Starting
        }
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Notes that a scrape was answered in full with the publication of this number.
    pub(super) fn answered(&self, publication: u64) {
        self.process.count_scrape();
        self.scraped.send_if_modified(|newest| {
            let newer = newest.is_none_or(|newest| newest < publication);
            if newer {
                *newest = Some(publication);
            }
            newer
        });
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
