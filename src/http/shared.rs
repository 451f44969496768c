//! What operations publish and the server answers with.

mod operation;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use leases::Replica;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Status;
use super::status::Readiness;
use crate::clock::Clock;
use crate::exposition::{Exposition, Latest, Options, Page, Tail};
use crate::metrics::process::Process;
use crate::metrics::{Family, exporter};
use operation::Shown;
pub(crate) use operation::{LeasedUntil, Operation};

/// How long what the process shows of itself is taken as it is. A flood of scrapes would spend most of its time on reading it
/// again.
const TAKEN_FOR: Duration = Duration::from_millis(100);

/// What operations publish and the server answers with. A reader never waits for a writer.
pub(crate) struct Shared {
    clock: Arc<dyn Clock>,
    options: Options,
    /// By name.
    operations: ArcSwap<Vec<Arc<Operation>>>,
    /// The pages of all of them.
    together: Latest,
    none: Latest,
    ready: AtomicBool,
    process: Process,
    /// What the exporter showed of itself, and when.
    tail: Mutex<Option<(Instant, Arc<Tail>)>>,
    settings: ArcSwap<SettingsInForce>,
    /// What the settings warn of that concern all operations: a sentence each.
    warnings: ArcSwap<Vec<String>>,
    /// What `/sd` names; `None` is the `Host` of the request.
    advertised: Option<String>,
    /// Where Grafana's boards are.
    grafana_url: Option<String>,
    /// The fleet that this process is one of.
    replica: Option<Arc<Replica>>,
    /// Where requests for a reload go; `None` where they are switched off.
    reloads: Option<mpsc::Sender<ReloadRequest>>,
}

/// A request to read the settings again. Whoever asked is told what came of it.
pub(crate) type ReloadRequest = oneshot::Sender<Result<String, String>>;

/// What is known of the settings.
#[derive(Debug, Clone)]
struct SettingsInForce {
    /// A digest of them.
    hash: String,
    /// When they came into force.
    since: DateTime<Utc>,
    /// Whether those that were read last are these.
    are_newest: bool,
}

/// What became of a request for a reload.
pub(super) enum Reload {
    /// They are switched off.
    Off,
    /// Too many are waiting, or the exporter is ending.
    Busy,
    /// What the exporter says of it.
    Done(Result<String, String>),
}

/// What a scrape is answered with, as it was when it was asked for.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) exposition: Arc<Exposition>,
    /// Whose publications, of which numbers.
    publications: Vec<(Arc<Operation>, u64)>,
}

/// Why one operation alone can't be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotShown {
    /// No operation has this name.
    Unknown,
    /// It has not published anything yet.
    Starting,
    /// This exporter does not hold it.
    NotHeld,
}

impl Shared {
    /// No operation, not ready. `clock` is for the times on the status page, `options` for all pages and for the live tail,
    /// which `process` has.
    pub(crate) fn new(options: Options, clock: Arc<dyn Clock>, process: Process) -> Self {
        Self {
            clock,
            options,
            operations: ArcSwap::default(),
            together: Latest::new(options),
            none: Latest::new(options),
            ready: AtomicBool::new(false),
            process,
            tail: Mutex::default(),
            settings: ArcSwap::from_pointee(SettingsInForce {
                hash: String::new(),
                since: DateTime::UNIX_EPOCH,
                are_newest: true,
            }),
            advertised: None,
            grafana_url: None,
            warnings: ArcSwap::default(),
            replica: None,
            reloads: None,
        }
    }

    /// The same, that names this host and port in `/sd`.
    #[must_use]
    pub(crate) fn advertised_at(self, address: Option<String>) -> Self {
        let advertised = address;
        Self { advertised, ..self }
    }

    /// The same, whose status page leads to the boards of this Grafana.
    #[must_use]
    pub(crate) fn with_boards_at(self, grafana_url: Option<String>) -> Self {
        Self { grafana_url, ..self }
    }

    /// The same, of a process that is one of a fleet.
    #[must_use]
    pub(crate) fn in_fleet_of(self, replica: Arc<Replica>) -> Self {
        let replica = Some(replica);
        Self { replica, ..self }
    }

    /// The same, that passes requests for a reload on.
    #[must_use]
    pub(crate) fn with_reloads(self, reloads: mpsc::Sender<ReloadRequest>) -> Self {
        let reloads = Some(reloads);
        Self { reloads, ..self }
    }

    /// Notes that settings with this digest came into force at that time; `None` is that new ones were refused.
    pub(crate) fn note_reload(&self, in_force: Option<(String, DateTime<Utc>)>) {
        self.settings.store(Arc::new(match in_force {
            Some((hash, since)) => SettingsInForce {
                hash,
                since,
                are_newest: true,
            },
            None => SettingsInForce {
                are_newest: false,
                ..SettingsInForce::clone(&self.settings.load())
            },
        }));
        self.forget_tail();
    }

    /// Shows these warnings of the settings that concern all operations.
    pub(crate) fn set_warnings(&self, warnings: Vec<String>) {
        self.warnings.store(Arc::new(warnings));
    }

    /// What is wrong with the exporter itself: a sentence each, with the way out.
    pub(super) fn problems(&self) -> Vec<String> {
        let settings = self.settings.load();
        let refused = (!settings.are_newest).then(|| {
            let since = settings.since.format("%FT%TZ");
            format!("The last reload was refused, and the settings of {since} go on: the log says what is wrong with the new ones")
        });
        let is_cut_off = self.replica.as_ref().is_some_and(|replica| !replica.is_reached());
        let cut_off = is_cut_off.then(|| {
            "PostgreSQL (WOLKVOX_STATE_URL) can't be reached: the log says why. Operations are held until their leases are out"
                .to_owned()
        });
        refused.into_iter().chain(cut_off).collect()
    }

    /// Warnings of the settings that concern all operations: a sentence each.
    pub(super) fn warnings(&self) -> Arc<Vec<String>> {
        self.warnings.load_full()
    }

    /// Where Grafana's boards are.
    pub(super) fn grafana_url(&self) -> Option<&str> {
        self.grafana_url.as_deref()
    }

    /// What `/sd` names in place of the `Host` of the request.
    pub(super) fn advertised(&self) -> Option<&str> {
        self.advertised.as_deref()
    }

    /// The fleet that this process is one of.
    pub(super) fn replica(&self) -> Option<&Replica> {
        self.replica.as_deref()
    }

    /// Has the settings read again, and waits for what comes of it.
    pub(super) async fn reload(&self) -> Reload {
        let Some(reloads) = &self.reloads else {
            return Reload::Off;
        };
        let (asked, outcome) = oneshot::channel();
        if reloads.try_send(asked).is_err() {
            return Reload::Busy;
        }
        outcome.await.map_or(Reload::Busy, Reload::Done)
    }

    /// Adds the operation that the status names, and nothing published yet. It takes the place of another one of this name,
    /// whose page stays until this one publishes or is withdrawn; the other may go on to publish, but nobody sees it. Where there
    /// is a lease, its page is shown while that lasts.
    pub(crate) fn insert(&self, status: Status, lease: Option<LeasedUntil>) -> Arc<Operation> {
        let known = self.operations.load();
        let predecessor = find(&known, &status.operation);
        let operation = Arc::new(Operation::new(
            status,
            lease,
            self.options,
            predecessor.map(|one| &**one),
        ));
        self.operations.rcu(|known| {
            let mut operations: Vec<_> = others(known, operation.name()).cloned().collect();
            let at = operations.partition_point(|one| one.name() < operation.name());
            operations.insert(at, Arc::clone(&operation));
            operations
        });
        self.forget_tail();
        operation
    }

    /// Removes this very operation. Nothing is removed where another one took its place.
    pub(crate) fn remove(&self, operation: &Arc<Operation>) {
        self.operations.rcu(|known| {
            let others = known.iter().filter(|one| !Arc::ptr_eq(one, operation));
            others.cloned().collect::<Vec<_>>()
        });
        self.forget_tail();
    }

    /// All operations, by name.
    pub(crate) fn operations(&self) -> Arc<Vec<Arc<Operation>>> {
        self.operations.load_full()
    }

    /// From now on `/-/ready` answers 200.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// How many scrapes of `/metrics` were answered in full.
    #[cfg(test)]
    pub(crate) fn scrapes(&self) -> u64 {
        self.process.scrapes()
    }

    /// The exporter's own families, but the number of scrapes.
    pub(super) fn tail(&self) -> Arc<Tail> {
        let mut taken = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        match &*taken {
            Some((at, tail)) if at.elapsed() < TAKEN_FOR => Arc::clone(tail),
            _ => {
                let tail = Arc::new(Tail::new(self.own_families(), self.options));
                *taken = Some((Instant::now(), Arc::clone(&tail)));
                tail
            }
        }
    }

    /// How many scrapes were answered in full.
    pub(super) fn scrapes_family(&self) -> Family {
        self.process.scrapes_family()
    }

    fn own_families(&self) -> Vec<Family> {
        let operations = self.operations();
        let operations: Vec<_> = operations
            .iter()
            .map(|operation| (operation.name(), operation.is_held()))
            .collect();
        let settings = self.settings.load();
        let of_settings = exporter::Settings {
            hash: &settings.hash,
            is_reloaded: settings.are_newest,
            reloaded_at: settings.since,
            operations: &operations,
            fleet: self.replica().map(|replica| self.fleet(replica)),
        };
        let mut families: Vec<_> = exporter::families(&of_settings).collect();
        families.extend(self.process.without_scrapes());
        families
    }

    fn fleet(&self, replica: &Replica) -> exporter::Fleet {
        let counters = replica.counters();
        let left = |operation: &Arc<Operation>| {
            let until = operation.leased_until()?;
            let left = until.saturating_duration_since(Instant::now());
            Some((operation.name().to_owned(), left))
        };
        exporter::Fleet {
            is_database_up: replica.is_reached(),
            takeovers: counters.takeovers.load(Ordering::Relaxed),
            fenced: counters.fenced.load(Ordering::Relaxed),
            unknown: counters.unknown.load(Ordering::Relaxed),
            leases: self.operations().iter().filter_map(left).collect(),
        }
    }

    /// The next scrape reads anew what the exporter shows of itself.
    fn forget_tail(&self) {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A scrape of all operations that show a page.
    pub(super) fn scrape_all(&self) -> Scrape {
        let operations = self.operations.load();
        let shown = operations
            .iter()
            .filter_map(|operation| match &*operation.shown() {
                Shown::Page(number, page) => Some((Arc::clone(operation), *number, Arc::clone(page))),
                Shown::Starting | Shown::NotHeld => None,
            });
        Scrape::of(&self.together, shown)
    }

    /// A scrape of the operation of this name.
    ///
    /// # Errors
    /// It has no page to show.
    pub(super) fn scrape_one(&self, name: &str) -> Result<Scrape, NotShown> {
        let operations = self.operations.load();
        let operation = find(&operations, name).ok_or(NotShown::Unknown)?;
        match &*operation.shown() {
            Shown::Page(number, page) => {
                let shown = (Arc::clone(operation), *number, Arc::clone(page));
                Ok(Scrape::of(&operation.alone, [shown]))
            }
            Shown::Starting => Err(NotShown::Starting),
            Shown::NotHeld => Err(NotShown::NotHeld),
        }
    }

    /// A scrape without an operation.
    pub(super) fn scrape_none(&self) -> Scrape {
        Scrape::of(&self.none, [])
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

    /// Notes that a scrape was answered in full.
    pub(super) fn answered(&self, scrape: &Scrape) {
        self.process.count_scrape();
        for (operation, number) in &scrape.publications {
            operation.answered(*number);
        }
    }
}

impl Scrape {
    fn of(latest: &Latest, shown: impl IntoIterator<Item = (Arc<Operation>, u64, Arc<Page>)>) -> Self {
        let (mut publications, mut pages) = (Vec::new(), Vec::new());
        for (operation, number, page) in shown {
            operation.tell_withdrawal(&page);
            publications.push((operation, number));
            pages.push(page);
        }
        Self {
            exposition: latest.of(pages, Instant::now()),
            publications,
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

fn find<'a>(operations: &'a [Arc<Operation>], name: &str) -> Option<&'a Arc<Operation>> {
    let at = operations.binary_search_by(|one| one.name().cmp(name)).ok()?;
    operations.get(at)
}

fn others<'a>(operations: &'a [Arc<Operation>], name: &str) -> impl Iterator<Item = &'a Arc<Operation>> {
    operations.iter().filter(move |one| one.name() != name)
}

#[cfg(test)]
mod tests;
