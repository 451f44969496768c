//! A process that claims operations, renews what it holds, and gives back what is too much.

mod memory;
mod round;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::{Database, Failed};
use crate::error::Error;
use crate::lease::Lease;
use crate::overview::Overview;
use crate::schema;
use crate::statement::Statements;
use crate::url::StateUrl;
use memory::Memory;

/// Connections of a process for what belongs to one operation each: commits of several go on at once.
const CONNECTIONS: usize = 4;
/// And for the rounds, so that long commits hold up no renewal, however many there are.
const CONNECTIONS_OF_ROUNDS: usize = 1;
/// A statement that carries no state takes at most so long.
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);
/// Between two rounds a replica looks so often per lease whether something is free, in one short statement.
const GLANCES: u32 = 30;
const SHORTEST_GLANCE: Duration = Duration::from_millis(200);
const LONGEST_GLANCE: Duration = Duration::from_secs(2);

/// How a replica takes part.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the database is.
    pub url: StateUrl,
    /// How long a claim holds without being renewed.
    pub lease: Duration,
    /// Where this replica is reached, for service discovery.
    pub advertised: String,
    /// The format of the states that this program writes. Those of a later one are not claimed.
    pub format: i32,
}

/// An operation that may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub operation: String,
    /// The operations of a group are held together.
    pub group: String,
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Operations claimed that another replica held before.
    pub takeovers: AtomicU64,
    /// Operations that turned out to be held by another replica.
    pub fenced: AtomicU64,
    /// Commits whose outcome was not known at first.
    pub unknown: AtomicU64,
}

/// What a replica and its leases share.
pub(crate) struct Common {
    pub(crate) id: Uuid,
    pub(crate) statements: Statements,
    pub(crate) counters: Counters,
}

impl Common {
    /// A fence that nobody else has.
    pub(crate) fn fence(&self) -> Result<Uuid, Error> {
        self.statements.database.random()
    }
}

/// A process that takes part.
pub struct Replica {
    common: Arc<Common>,
    advertised: String,
    configured: Mutex<Configured>,
    overview: Mutex<Option<Arc<Overview>>>,
    /// Whether the tables are known to be there.
    is_open: watch::Sender<bool>,
    is_reached: AtomicBool,
    wake: Notify,
}

#[derive(Default)]
struct Configured {
    leases: BTreeMap<String, (String, Arc<Lease>)>,
    hash: String,
}

impl Replica {
    /// A replica that takes part once it [runs](Replica::run). Nothing is asked yet.
    ///
    /// # Errors
    /// The roots of TLS can't be used, or the system gives no random bytes.
    pub fn new(settings: Settings) -> Result<Replica, Error> {
        let within = LONGEST_STATEMENT.min(settings.lease / 3);
        let database = Database::new(&settings.url, CONNECTIONS, within)?;
        let id = database.random()?;
        let statements = Statements {
            database,
            rounds: Database::new(&settings.url, CONNECTIONS_OF_ROUNDS, within)?,
            within,
            lease: settings.lease,
            format: settings.format,
        };
        Ok(Replica {
            common: Arc::new(Common {
                id,
                statements,
                counters: Counters::default(),
            }),
            advertised: settings.advertised,
            configured: Mutex::default(),
            overview: Mutex::default(),
            is_open: watch::Sender::new(false),
            is_reached: AtomicBool::new(false),
            wake: Notify::new(),
        })
    }

    /// Reaches the database and makes the tables where they are missing and the role may.
    ///
    /// # Errors
    /// The database can't be used.
    pub async fn open(&self) -> Result<(), Error> {
        if !*self.is_open.borrow() {
            let database = &self.common.statements.rounds;
            schema::ensure(database).await?;
            schema::check_rights(database).await?;
            self.is_open.send_replace(true);
        }
        Ok(())
    }

    /// Waits until the database was reached once.
    pub async fn opened(&self) {
        let _ = self.is_open.subscribe().wait_for(|is_open| *is_open).await;
    }

    /// What may be claimed from now on, and a digest of the settings. Operations that are missing here are still held until they
    /// are [given up](Replica::give_up).
    pub fn configure(&self, members: &[Member], hash: &str) {
        let mut configured = self.configured();
        hash.clone_into(&mut configured.hash);
        for member in members {
            let lease = configured.leases.get(&member.operation).map_or_else(
                || Arc::new(Lease::new(&member.operation, &self.common)),
                |(_, lease)| Arc::clone(lease),
            );
            configured
                .leases
                .insert(member.operation.clone(), (member.group.clone(), lease));
        }
        drop(configured);
        self.wake.notify_one();
    }

    /// Gives back operations that are not configured any more.
    pub async fn give_up<'a>(&self, operations: impl IntoIterator<Item = &'a str>) {
        let leases: Vec<_> = {
            let mut configured = self.configured();
            let gone = operations
                .into_iter()
                .filter_map(|name| configured.leases.remove(name));
            gone.map(|(_, lease)| lease).collect()
        };
        let fences: Vec<_> = leases.iter().flat_map(|lease| lease.forget()).collect();
        if !fences.is_empty() {
            tell_kept(self.common.statements.release(&fences).await);
        }
    }

    /// Gives back all that is held: this process ends, and runs no more.
    pub async fn leave(&self) {
        for lease in self.leases() {
            lease.forget();
        }
        // Also what was claimed by a statement whose answer nobody waits for any more.
        tell_kept(self.common.statements.leave(self.common.id).await);
    }

    /// The operation of this name, where it is configured.
    pub fn lease(&self, operation: &str) -> Option<Arc<Lease>> {
        let configured = self.configured();
        configured
            .leases
            .get(operation)
            .map(|(_, lease)| Arc::clone(lease))
    }

    /// Who holds what, as far as that was seen within the time of a lease.
    pub fn overview(&self) -> Option<Arc<Overview>> {
        let overview = self
            .overview
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        overview.filter(|overview| overview.at.elapsed() < self.common.statements.lease)
    }

    /// Whether the database could be used when it was last asked.
    pub fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::Relaxed)
    }

    /// What happened since the start.
    pub fn counters(&self) -> &Counters {
        &self.common.counters
    }

    /// Takes part until it is dropped.
    pub async fn run(&self) {
        let mut memory = Memory::default();
        loop {
            let round = self.round(&mut memory).await;
            self.is_reached.store(round.is_ok(), Ordering::Relaxed);
            let pause = match round {
                Ok(pause) => {
                    memory.end_outage(self.common.statements.database.address());
                    pause
                }
                Err(error) => {
                    memory.note_outage(&error);
                    (self.common.statements.lease / 10).min(Duration::from_secs(2))
                }
            };
            self.rest(pause).await;
        }
    }

    /// Waits for the next round: for so long, until it is woken, or until something is free that another replica has given back.
    async fn rest(&self, pause: Duration) {
        let over = Instant::now() + pause;
        let glance = self.common.statements.lease / GLANCES;
        let glance = glance.clamp(SHORTEST_GLANCE, LONGEST_GLANCE);
        loop {
            let next = over.min(Instant::now() + glance);
            let is_woken = tokio::time::timeout_at(next, self.wake.notified()).await.is_ok();
            if is_woken || next == over || self.sees_something_free().await {
                return;
            }
        }
    }

    fn members(&self) -> Vec<Member> {
        let configured = self.configured();
        let members = configured.leases.iter().map(|(operation, (group, _))| Member {
            operation: operation.clone(),
            group: group.clone(),
        });
        members.collect()
    }

    fn leases(&self) -> Vec<Arc<Lease>> {
        let configured = self.configured();
        configured
            .leases
            .values()
            .map(|(_, lease)| Arc::clone(lease))
            .collect()
    }

    fn configured(&self) -> MutexGuard<'_, Configured> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says where something could not be given back.
fn tell_kept(given_back: Result<(), Failed>) {
    if let Err(failed) = given_back {
        let error = Error::from(failed);
        tracing::warn!("what is held here is free when its leases are out: {error}");
    }
}
