//! What one operation publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use leases::Until;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::exposition::{Latest, Options, Page};
use crate::http::Status;

/// An operation that is configured, and what it shows. Publications are numbered from 1, for each such value anew: who waits
/// for one is never woken by the scrape of another value of the same name.
pub(crate) struct Operation {
    name: String,
    options: Options,
    shown: ArcSwap<Shown>,
    /// Until when it may be shown; `None` where it is this process' alone.
    lease: Option<LeasedUntil>,
    /// The claim under which it publishes.
    claim: AtomicU64,
    publications: AtomicU64,
    status: ArcSwap<Status>,
    /// The newest publication that a scrape was answered with.
    scraped: watch::Sender<Option<u64>>,
    /// Its page alone.
    pub(super) alone: Latest,
}

/// Until when an operation is held; `None` where it is not.
pub(crate) type LeasedUntil = watch::Receiver<Option<Until>>;

/// What is shown of an operation.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// Nothing yet: it has not published anything.
    Starting,
    /// Nothing: this exporter does not hold it.
    NotHeld,
    /// The page of the publication of this number; 0 where it is the predecessor's.
    Page(u64, Arc<Page>),
}

impl Operation {
    /// Nothing published yet. What a predecessor of this name shows stays until then.
    pub(super) fn new(
        status: Status,
        lease: Option<LeasedUntil>,
        options: Options,
        predecessor: Option<&Self>,
    ) -> Self {
        let shown = match predecessor.map(|operation| Shown::clone(&operation.shown.load())) {
            Some(Shown::Page(_, page)) => Shown::Page(0, page),
            Some(Shown::NotHeld | Shown::Starting) | None => Shown::Starting,
        };
        let claim = predecessor.map_or(u64::MAX, |operation| operation.claim.load(Ordering::Acquire));
        Self {
            name: status.operation.clone(),
            options,
            shown: ArcSwap::from_pointee(shown),
            lease,
            claim: AtomicU64::new(claim),
            publications: AtomicU64::new(0),
            status: ArcSwap::from_pointee(status),
            scraped: watch::Sender::new(None),
            alone: Latest::new(options),
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Shows a page from now on. Returns its number, for [`Operation::scraped`]. There must be one publisher: two at
    /// once could overtake each other.
    pub(crate) fn publish(&self, page: Page) -> u64 {
        let number = self.publications.fetch_add(1, Ordering::Relaxed) + 1;
        self.shown.store(Arc::new(Shown::Page(number, Arc::new(page))));
        number
    }

    /// Shows the page from now on that is made of the one shown now, which is empty where there is none. Otherwise as
    /// [`Operation::publish`].
    pub(crate) fn publish_next(&self, next: impl FnOnce(&Page) -> Page) -> u64 {
        let page = match &**self.shown.load() {
            Shown::Page(_, before) => next(before),
            Shown::Starting | Shown::NotHeld => next(&Page::empty(self.options)),
        };
        self.publish(page)
    }

    /// Shows nothing from now on, until something is published again: this exporter does not hold the operation.
    pub(crate) fn withdraw(&self) {
        self.shown.store(Arc::new(Shown::NotHeld));
    }

    /// Whether this exporter polls it.
    pub(crate) fn is_held(&self) -> bool {
        self.is_leased() && !matches!(&**self.shown.load(), Shown::NotHeld)
    }

    /// What is published from now on is under this claim. What was shown under an earlier one is not shown any more: another
    /// replica may have shown a later page since. What a predecessor showed under this very claim stays.
    pub(crate) fn publish_under(&self, claim: u64) {
        if self.claim.load(Ordering::Acquire) != claim {
            self.withdraw();
            self.claim.store(claim, Ordering::Release);
        }
    }

    /// Until when it is held, where that ends.
    pub(crate) fn leased_until(&self) -> Option<Instant> {
        let until = self.lease.as_ref().and_then(|lease| *lease.borrow());
        until.map(|until| until.at)
    }

    /// Whether its page may be shown now. When the lease is out, another replica may show a later one.
    fn is_leased(&self) -> bool {
        let Some(lease) = &self.lease else {
            return true;
        };
        let claim = self.claim.load(Ordering::Acquire);
        let until = *lease.borrow();
        until.is_some_and(|until| until.claim == claim && until.at > Instant::now())
    }

    /// The number of the newest publication; 0 before the first.
    pub(crate) fn newest_publication(&self) -> u64 {
        self.publications.load(Ordering::Relaxed)
    }

    /// Waits until a scrape of `/metrics`, of all operations or of this one, was answered in full with this publication or a
    /// later one, at once where that has happened. In full: the last of it was handed to the connection; one that was cut off
    /// before doesn't count. Once the operation was removed or replaced that may never come.
    pub(crate) async fn scraped(&self, publication: u64) {
        let mut scraped = self.scraped.subscribe();
        // An error would mean that the sender is gone, but self holds it.
        let _ = scraped
            .wait_for(|newest| newest.is_some_and(|newest| newest >= publication))
            .await;
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

    /// The status that is shown.
    pub(crate) fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    pub(super) fn shown(&self) -> Arc<Shown> {
        if self.is_leased() {
            self.shown.load_full()
        } else {
            Arc::new(Shown::NotHeld)
        }
    }

    /// Says in the log that the gauges of the latest window have expired, the first time only.
    pub(super) fn tell_withdrawal(&self, page: &Page) {
        if let Some(late) = page.newly_expired(Instant::now()) {
            tracing::info!(
                operation = self.name,
                late_ms = u64::try_from(late.as_millis()).unwrap_or(u64::MAX),
                "the gauges of the latest window are too old to be shown; withdrawn until the next success"
            );
        }
    }

    /// Notes that a scrape was answered in full with the publication of this number.
    pub(super) fn answered(&self, publication: u64) {
        self.scraped.send_if_modified(|newest| {
            let newer = newest.is_none_or(|newest| newest < publication);
            if newer {
                *newest = Some(publication);
            }
            newer
        });
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
