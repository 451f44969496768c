//! A process that claims operations, renews what it holds, and gives back what is too much.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::{Database, Failed};
use crate::error::{Error, Kind};
use crate::lease::Lease;
use crate::overview::{Overview, ReplicaRow};
use crate::schema;
use crate::share::{Claims, Plan, Reach, Standing, plan};
use crate::statement::{Claimed, Statements};
use crate::url::StateUrl;

/// Connections of a process: commits of several operations go on at once, and a long one holds up no renewal.
const CONNECTIONS: usize = 5;
/// A statement that carries no state takes at most so long.
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);
/// A replica that Wolkvox refused in so many cycles gives back what it holds, if another lives.
const REFUSED_CYCLES: u32 = 5;
/// For so long it claims nothing then.
const REFUSED_FOR: Duration = Duration::from_secs(600);
/// What is claimed at once at the most.
const MOST_CLAIMED: usize = 1000;

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
        random().map_err(|error| Error::new(Kind::Server, self.statements.database.address(), error))
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

/// What the loop remembers from one round to the next.
#[derive(Debug, Default)]
struct Memory {
    /// Since when, and why, the database can't be used.
    outage: Option<(Instant, Kind)>,
    /// Before that nothing is claimed: after an outage those who held it come first.
    claims_from: Option<Instant>,
    /// Until then nothing is claimed: Wolkvox refuses this replica.
    refused_until: Option<Instant>,
}

impl Replica {
    /// A replica that takes part once it [runs](Replica::run). Nothing is asked yet.
    ///
    /// # Errors
    /// The roots of TLS can't be used, or the system gives no random bytes.
    pub fn new(settings: Settings) -> Result<Replica, Error> {
        let database = Database::new(&settings.url, CONNECTIONS)?;
        let id = random().map_err(|error| Error::new(Kind::Server, database.address(), error))?;
        let statements = Statements {
            database,
            within: LONGEST_STATEMENT.min(settings.lease / 3),
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
            let database = &self.common.statements.database;
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
        self.release(&leases).await;
    }

    /// Gives back all that is held: this process ends, and runs no more.
    pub async fn leave(&self) {
        for lease in self.leases() {
            lease.forget();
        }
        // Also what was claimed by a statement whose answer nobody waits for any more.
        if let Err(failed) = self.common.statements.leave(self.common.id).await {
            let error = Error::from(failed);
            tracing::warn!("what is held here is free when its leases are out: {error}");
        }
    }

    async fn release(&self, leases: &[Arc<Lease>]) {
        let fences: Vec<_> = leases.iter().flat_map(|lease| lease.forget()).collect();
        if fences.is_empty() {
            return;
        }
        if let Err(failed) = self.common.statements.release(&fences).await {
            let error = Error::from(failed);
            tracing::warn!("what is held here is free when its leases are out: {error}");
        }
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

    /// Where this replica is reached.
    pub fn advertised(&self) -> &str {
        &self.advertised
    }

    /// Takes part until it is dropped.
    pub async fn run(&self) {
        let mut memory = Memory::default();
        loop {
            let round = self.round(&mut memory).await;
            self.is_reached.store(round.is_ok(), Ordering::Relaxed);
            let pause = match round {
                Ok(pause) => {
                    self.note_reached(&mut memory);
                    pause
                }
                Err(error) => {
                    note_outage(&mut memory, &error);
                    (self.common.statements.lease / 10).min(Duration::from_secs(2))
                }
            };
            let _ = tokio::time::timeout(pause, self.wake.notified()).await;
        }
    }

    /// Says that it lives, renews, looks, and claims or gives back. How long to wait until the next round.
    async fn round(&self, memory: &mut Memory) -> Result<Duration, Error> {
        self.open().await?;
        let statements = &self.common.statements;
        let now = Instant::now();
        statements
            .beat(&self.own_row(memory, now))
            .await
            .map_err(Error::from)?;
        self.renew().await?;
        let overview = self.look().await?;
        let now = Instant::now();
        if memory.outage.is_some() {
            memory.claims_from = Some(now + statements.lease);
        }
        let hash = self.configured().hash.clone();
        let standing = self.standing(memory, now, &hash);
        let plan = plan(&overview, standing);
        self.ask_back(&plan.give_back);
        if self.claim(&plan).await? > 0 {
            self.look().await?;
        }
        Ok(self.pause(&overview, memory, now))
    }

    fn own_row(&self, memory: &Memory, now: Instant) -> ReplicaRow {
        let is_refused = memory.refused_until.is_some_and(|until| now < until);
        ReplicaRow {
            id: self.common.id,
            url: self.advertised.clone(),
            config_hash: if is_refused {
                String::new()
            } else {
                self.configured().hash.clone()
            },
            seen_ago: Duration::ZERO,
        }
    }

    async fn renew(&self) -> Result<(), Error> {
        let asked = |lease: Arc<Lease>| lease.to_renew().map(|asked| (lease, asked));
        let asked: Vec<_> = self.leases().into_iter().filter_map(asked).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let fences: Vec<_> = asked.iter().flat_map(|(_, asked)| asked.fences.clone()).collect();
        let at = Instant::now();
        let renewed = self.common.statements.renew(&fences).await.map_err(Error::from)?;
        let renewed: BTreeMap<&str, _> = renewed.iter().map(|row| (row.operation.as_str(), row)).collect();
        for (lease, asked) in &asked {
            let row = renewed.get(lease.operation()).copied();
            lease.note_renewed(asked, row, at).await;
        }
        Ok(())
    }

    /// Looks who holds what. Operations without a row get one.
    async fn look(&self) -> Result<Arc<Overview>, Error> {
        let statements = &self.common.statements;
        let members = self.members();
        let names: Vec<&str> = members.iter().map(|member| member.operation.as_str()).collect();
        let at = Instant::now();
        let mut operations = statements.operations(&names).await.map_err(Error::from)?;
        let is_known = |member: &&Member| {
            let is_its_row = |row: &&crate::overview::OperationRow| row.operation == member.operation;
            let row = operations.iter().find(is_its_row);
            row.is_some_and(|row| row.group == member.group)
        };
        if members.iter().filter(is_known).count() < members.len() {
            let new = members.iter().filter(|member| !is_known(member));
            let (new, groups): (Vec<&str>, Vec<&str>) = new
                .map(|member| (member.operation.as_str(), member.group.as_str()))
                .unzip();
            statements.register(&new, &groups).await.map_err(Error::from)?;
            operations = statements.operations(&names).await.map_err(Error::from)?;
        }
        let replicas = statements.replicas().await.map_err(Error::from)?;
        let overview = Arc::new(Overview {
            at,
            operations,
            replicas,
        });
        *self.overview.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&overview));
        Ok(overview)
    }

    fn standing<'a>(&self, memory: &mut Memory, now: Instant, hash: &'a str) -> Standing<'a> {
        let is_held = |lease: &&Arc<Lease>| lease.is_held();
        let leases = self.leases();
        let mut held = leases.iter().filter(is_held).peekable();
        let is_refused = held.peek().is_some() && held.all(|lease| lease.refused_cycles() >= REFUSED_CYCLES);
        if is_refused && memory.refused_until.is_none_or(|until| until <= now) {
            memory.refused_until = Some(now + REFUSED_FOR);
            tracing::warn!(
                "Wolkvox can't be reached from here in {REFUSED_CYCLES} cycles of each operation, so all of them go to another replica if one lives. Is this machine's address on the allow-list of each Wolkvox operation?"
            );
        }
        let is_before = |at: Option<Instant>| at.is_some_and(|at| now < at);
        Standing {
            replica: self.common.id,
            lease: self.common.statements.lease,
            hash,
            claims: if is_before(memory.claims_from) {
                Claims::None
            } else {
                Claims::All
            },
            reach: if is_before(memory.refused_until) {
                Reach::Refused
            } else {
                Reach::Answered
            },
        }
    }

    fn ask_back(&self, groups: &[String]) {
        for (group, lease) in self.configured().leases.values() {
            if groups.contains(group) {
                lease.ask_back();
            }
        }
    }

    /// Claims what the plan says; how many operations were claimed.
    async fn claim(&self, plan: &Plan) -> Result<usize, Error> {
        let statements = &self.common.statements;
        let mut claimed = 0;
        if !plan.rest.is_empty() {
            let at = Instant::now();
            let rest: Vec<&str> = plan.rest.iter().map(String::as_str).collect();
            let rows = statements.claim_rest(self.common.id, &rest).await;
            claimed += self.note_claimed(&rows.map_err(Error::from)?, at);
        }
        if plan.claim > 0 {
            let at = Instant::now();
            let members = self.members();
            let names: Vec<&str> = members.iter().map(|member| member.operation.as_str()).collect();
            let groups = i64::try_from(plan.claim.min(MOST_CLAIMED)).unwrap_or_default();
            let rows = statements.claim(self.common.id, &names, groups).await;
            claimed += self.note_claimed(&rows.map_err(Error::from)?, at);
        }
        Ok(claimed)
    }

    fn note_claimed(&self, rows: &[Claimed], at: Instant) -> usize {
        for row in rows {
            let Some(lease) = self.lease(&row.operation) else {
                continue;
            };
            let is_takeover = row.previous.is_some_and(|previous| previous != self.common.id);
            if is_takeover {
                self.common.counters.takeovers.fetch_add(1, Ordering::Relaxed);
            }
            lease.note_claimed(row, at);
        }
        if !rows.is_empty() {
            tracing::info!(operations = rows.len(), "claimed {}", listed(rows));
        }
        rows.len()
    }

    /// A third of the lease, or until the first lease of another replica is out.
    fn pause(&self, overview: &Overview, memory: &Memory, now: Instant) -> Duration {
        let usual = self.common.statements.lease / 3;
        let others = overview
            .operations
            .iter()
            .filter(|row| row.holder != Some(self.common.id))
            .filter_map(|row| row.lease_left)
            .min();
        let claims = memory
            .claims_from
            .map(|from| from.saturating_duration_since(now))
            .filter(|pause| !pause.is_zero());
        [others, claims]
            .into_iter()
            .flatten()
            .map(|pause| pause + Duration::from_millis(20))
            .fold(usual, Duration::min)
    }

    fn note_reached(&self, memory: &mut Memory) {
        if let Some((since, _)) = memory.outage.take() {
            tracing::info!(
                after_s = since.elapsed().as_secs(),
                "PostgreSQL at {} can be used again",
                self.common.statements.database.address()
            );
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

/// The names of operations, as many as a line takes.
fn listed(rows: &[Claimed]) -> String {
    const MOST: usize = 10;
    let mut names: Vec<&str> = rows.iter().take(MOST).map(|row| row.operation.as_str()).collect();
    if rows.len() > MOST {
        names.push("…");
    }
    names.join(", ")
}

/// Logs a failure that is new.
fn note_outage(memory: &mut Memory, error: &Error) {
    let is_new = memory.outage.is_none_or(|(_, kind)| kind != error.kind());
    let since = memory.outage.map_or_else(Instant::now, |(since, _)| since);
    memory.outage = Some((since, error.kind()));
    if is_new {
        tracing::error!(
            "the state can't be read or written: {error}. Operations are shown until their leases are out; all goes on by itself when the database is back"
        );
    }
}

/// A random UUID, or what the system says.
pub(crate) fn random() -> Result<Uuid, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

impl From<Failed> for crate::lease::LeaseError {
    fn from(failed: Failed) -> Self {
        Self::Database(failed.into())
    }
}
