//! A round of a replica: it says that it lives, renews, looks, and claims or gives back.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Member, Memory, Replica};
use crate::error::Error;
use crate::lease::{Lease, REFUSED_CYCLES};
use crate::overview::{OperationRow, Overview, ReplicaRow};
use crate::share::{Claims, Plan, Refusal, Standing, plan};
use crate::statement::{Claimed, Expired};

/// What is claimed at once at the most.
const MOST_CLAIMED: usize = 1000;

impl Replica {
    /// Says that it lives, renews, looks, and claims or gives back. How long to wait until the next round.
    pub(super) async fn round(&self, memory: &mut Memory) -> Result<Duration, Error> {
        self.open().await?;
        let statements = &self.common.statements;
        let hash = self.configured().hash.clone();
        memory.note_settings(&hash);
        self.note_refusals(memory, Instant::now());
        statements.heartbeat(&self.own_row(memory, &hash)).await?;
        memory.note_alive(Instant::now());
        self.renew().await?;
        let overview = self.look().await?;
        self.note_twin(memory, &overview);
        let now = Instant::now();
        memory.note_answer(now, overview.longest_lease().max(statements.lease));
        let standing = Standing {
            replica: self.common.id,
            hash: &hash,
            format: statements.format,
            claims: memory.claims(now),
            refused: &memory.refused(now),
        };
        let plan = plan(&overview, standing);
        self.ask_back(&plan.give_back);
        let expired = match standing.claims {
            Claims::All => Expired::Claimed,
            Claims::GivenBack | Claims::None => Expired::Left,
        };
        if self.claim(&plan, expired).await? > 0 {
            self.look().await?;
        }
        Ok(self.pause(&overview, memory, now))
    }

    fn own_row(&self, memory: &Memory, hash: &str) -> ReplicaRow {
        ReplicaRow {
            id: self.common.id,
            url: self.advertised.clone(),
            config_hash: hash.to_owned(),
            refused: memory.refused(Instant::now()).into_keys().collect(),
            format: self.common.statements.format,
            lease: self.common.statements.lease,
            seen_ago: Duration::ZERO,
        }
    }

    /// Notes which of the groups that are held can't be polled from here.
    fn note_refusals(&self, memory: &mut Memory, now: Instant) {
        let mut held: BTreeMap<String, Vec<Arc<Lease>>> = BTreeMap::new();
        for (group, lease) in self.configured().leases.values() {
            if lease.is_held() {
                held.entry(group.clone()).or_default().push(Arc::clone(lease));
            }
        }
        for (group, leases) in &held {
            let refusal = leases.iter().find_map(|lease| Some((lease, lease.refusal()?)));
            if let Some((lease, why)) = refusal {
                let is_new = memory.note_refused(group, why, now);
                if is_new {
                    tell_refusal(group, lease.operation(), why);
                }
            } else if leases.iter().all(|lease| lease.has_answered()) {
                memory.note_answered(group);
            }
        }
    }

    fn note_twin(&self, memory: &mut Memory, overview: &Overview) {
        let has_twin = overview.has_twin(self.common.id, &self.advertised, memory.age(overview.at));
        if memory.note_twin(has_twin) {
            tracing::warn!(
                "another replica says that it is reached at {}, too: Prometheus scrapes one of them for both, and misses what the other holds. Give each its own WOLKVOX_ADVERTISE_ADDRESS",
                self.advertised
            );
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
        let renewed = self.common.statements.renew(&fences).await?;
        let renewed: BTreeMap<&str, _> = renewed.iter().map(|row| (row.operation.as_str(), row)).collect();
        let mut overtaken = Vec::new();
        for (lease, asked) in &asked {
            let row = renewed.get(lease.operation()).copied();
            if !lease.note_renewed(asked, row, at) {
                overtaken.push((lease, asked));
            }
        }
        // A state may be written again, which takes its time.
        for (lease, asked) in overtaken {
            lease.note_not_renewed(asked).await;
        }
        Ok(())
    }

    /// Looks who holds what. Operations without a row get one.
    async fn look(&self) -> Result<Arc<Overview>, Error> {
        let statements = &self.common.statements;
        let members = self.members();
        let names: Vec<&str> = members.iter().map(|member| member.operation.as_str()).collect();
        let at = Instant::now();
        let mut operations = statements.operations(&names).await?;
        let (new, groups) = unregistered(&members, &operations);
        if !new.is_empty() {
            statements.register(&new, &groups).await?;
            operations = statements.operations(&names).await?;
        }
        let replicas = statements.replicas().await?;
        let overview = Arc::new(Overview {
            at,
            operations,
            replicas,
        });
        *self.overview.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&overview));
        Ok(overview)
    }

    /// Whether something is free that was not when it last looked. What went wrong with the database is for the next round to say.
    pub(super) async fn sees_something_free(&self) -> bool {
        let Some(overview) = self.overview() else {
            return true;
        };
        let rows = overview.operations.iter();
        let held = rows.filter(|row| row.lease_left.is_some() && row.moved_to.is_none());
        let held: Vec<&str> = held.map(|row| row.operation.as_str()).collect();
        if held.is_empty() {
            return false;
        }
        let is_free = self.common.statements.is_one_free(&held).await;
        is_free.unwrap_or(true)
    }

    fn ask_back(&self, groups: &[String]) {
        for (group, lease) in self.configured().leases.values() {
            if groups.contains(group) {
                lease.ask_back();
            }
        }
    }

    /// Claims what the plan says; how many operations were claimed.
    async fn claim(&self, plan: &Plan, expired: Expired) -> Result<usize, Error> {
        let statements = &self.common.statements;
        let mut claimed = 0;
        if !plan.rest.is_empty() {
            let at = Instant::now();
            let rest: Vec<&str> = plan.rest.iter().map(String::as_str).collect();
            let rows = statements.claim_rest(self.common.id, &rest).await?;
            claimed += self.note_claimed(&rows, at);
        }
        if plan.claim > 0 {
            let claimable = self.operations_of(|group| !plan.left.contains(group));
            claimed += self.claim_some(&claimable, plan.claim, expired).await?;
        } else if !plan.beyond.is_empty() {
            let claimable = self.operations_of(|group| plan.beyond.contains(group));
            claimed += self.claim_some(&claimable, 1, expired).await?;
        }
        Ok(claimed)
    }

    /// Claims up to so many groups of these operations.
    async fn claim_some(
        &self,
        operations: &[String],
        groups: usize,
        expired: Expired,
    ) -> Result<usize, Error> {
        let at = Instant::now();
        let names: Vec<&str> = operations.iter().map(String::as_str).collect();
        let groups = i64::try_from(groups.min(MOST_CLAIMED)).unwrap_or_default();
        let statements = &self.common.statements;
        let rows = statements.claim(self.common.id, &names, groups, expired).await?;
        Ok(self.note_claimed(&rows, at))
    }

    /// The operations of some groups.
    fn operations_of(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let members = self.members().into_iter();
        let wanted = members.filter(|member| is_wanted(&member.group));
        wanted.map(|member| member.operation).collect()
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
        [others, memory.until_claims(now)]
            .into_iter()
            .flatten()
            .map(|pause| pause + Duration::from_millis(20))
            .fold(usual, Duration::min)
    }
}

/// Says that a group can't be polled from here, because of one of its operations.
fn tell_refusal(group: &str, operation: &str, why: Refusal) {
    match why {
        Refusal::Unreachable => tracing::warn!(
            group,
            operation,
            "Wolkvox can't be reached from here in {REFUSED_CYCLES} cycles of {operation}, so its group goes to another replica with the same settings, if one lives that reaches it. Is this machine's address on the allow-list of this Wolkvox operation?"
        ),
        Refusal::Unfit => tracing::warn!(
            group,
            operation,
            "the settings of {operation} here are not those that its state was counted with, so its group goes to a replica with other settings, if one lives. Compare the operations files of the replicas"
        ),
    }
}

/// The operations that have no row yet, or one of another group, and their groups.
fn unregistered<'a>(members: &'a [Member], rows: &[OperationRow]) -> (Vec<&'a str>, Vec<&'a str>) {
    let known: BTreeMap<&str, &str> = rows
        .iter()
        .map(|row| (row.operation.as_str(), row.group.as_str()))
        .collect();
    let of_member = |member: &'a Member| (member.operation.as_str(), member.group.as_str());
    let is_known = |(operation, group): &(&str, &str)| known.get(operation) == Some(group);
    members
        .iter()
        .map(of_member)
        .filter(|member| !is_known(member))
        .unzip()
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
