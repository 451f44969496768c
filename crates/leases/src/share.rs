//! What a replica claims and gives back, so that each has about as many groups as the others.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::overview::{OperationRow, Overview, ReplicaRow};

/// Of what it has too much, a replica gives back a part at a time: another may be about to come or go.
const PART: usize = 8;

/// What a replica knows of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) replica: Uuid,
    /// The digest of its settings.
    pub(crate) hash: &'a str,
    /// The format of the states that it writes.
    pub(crate) format: i32,
    /// What it claims of that which others may have held until now.
    pub(crate) claims: Claims,
    /// Groups that it can't poll, and why.
    pub(crate) refused: &'a BTreeMap<String, Refusal>,
}

/// Which groups are claimed that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    /// All of them.
    All,
    /// Those that were never held, or given back. This process has just begun, and does not know whether the database is one that
    /// was behind and has taken over: those who held something have the time of a lease to come back.
    GivenBack,
    /// None. After an outage of the database, for the same reason; what was given back in it may not have been.
    None,
}

/// Whether Wolkvox could be reached in a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It could.
    Answered,
    /// No connection was made: the replica's address may not be on the allow-list.
    Refused,
}

/// Why a replica can't poll a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Wolkvox can't be reached from there: one with the same settings may reach it.
    Unreachable,
    /// A state counts the report of another host or agent than its settings name: one with other settings may go on from it.
    Unfit,
}

/// What to do next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// So many groups more.
    pub(crate) claim: usize,
    /// Groups that are left to others.
    pub(crate) left: BTreeSet<String>,
    /// Groups of which one may be claimed beyond the share: nobody holds them, and not all replicas can poll them.
    pub(crate) beyond: BTreeSet<String>,
    /// Operations that nobody holds, of groups that this replica holds.
    pub(crate) rest: Vec<String>,
    /// Groups to give back.
    pub(crate) give_back: Vec<String>,
}

/// What to do, given who holds what.
pub(crate) fn plan(overview: &Overview, standing: Standing<'_>) -> Plan {
    let groups = overview.groups();
    let others = Others::of(overview, &groups, standing);
    let mut plan = Plan {
        left: others.takes_of(standing.refused),
        ..Plan::default()
    };
    let own = groups.keys().filter(|group| !plan.left.contains(**group)).count();
    let share = others.share(groups.len(), own);
    let mut kept = Vec::new();
    let mut idle = BTreeSet::new();
    for (group, rows) in &groups {
        match whose(rows, standing.replica) {
            Whose::Nobodys => drop(idle.insert(*group)),
            Whose::Anothers(_) => {}
            Whose::Ours if !plan.left.contains(*group) => kept.push(*group),
            Whose::Ours | Whose::Split => plan.give_back.push((*group).to_owned()),
        }
    }
    let given = what_is_too_much(&kept, share, &others);
    kept.retain(|group| !given.contains(group));
    plan.give_back.extend(given.into_iter().map(str::to_owned));
    for group in &kept {
        let idle = groups[group].iter().filter(|row| row.lease_left.is_none());
        plan.rest.extend(idle.map(|row| row.operation.clone()));
    }
    if standing.claims != Claims::None {
        plan.claim = share.saturating_sub(kept.len());
        idle.retain(|group| others.some_refuse(group) && !plan.left.contains(*group));
        plan.beyond = idle.into_iter().map(str::to_owned).collect();
    }
    plan
}

/// A part of the groups above the share, those that another replica can take.
fn what_is_too_much<'a>(kept: &[&'a str], share: usize, others: &Others<'_>) -> Vec<&'a str> {
    let too_many = kept.len().saturating_sub(share);
    let wanted = kept
        .iter()
        .rev()
        .filter(|group| others.have_room_for(group, share));
    wanted.take(too_many.div_ceil(PART)).copied().collect()
}

/// The other replicas, as far as they may take what this one gives back.
struct Others<'a> {
    /// Those of the same settings.
    alike: Vec<Other<'a>>,
    /// Those of other settings.
    unlike: Vec<Other<'a>>,
}

/// Another replica.
struct Other<'a> {
    /// Groups that it can't poll.
    refused: BTreeSet<&'a str>,
    /// How many groups it can poll, and how many it holds.
    can_poll: usize,
    holds: usize,
}

impl<'a> Others<'a> {
    fn of(
        overview: &'a Overview,
        groups: &BTreeMap<&'a str, Vec<&'a OperationRow>>,
        standing: Standing<'_>,
    ) -> Others<'a> {
        let mut holds: BTreeMap<Uuid, usize> = BTreeMap::new();
        for rows in groups.values() {
            if let Whose::Anothers(holder) = whose(rows, standing.replica) {
                *holds.entry(holder).or_default() += 1;
            }
        }
        let other = |replica: &'a ReplicaRow| {
            let refused: BTreeSet<&str> = replica.refused.iter().map(String::as_str).collect();
            Other {
                can_poll: groups.keys().filter(|group| !refused.contains(*group)).count(),
                refused,
                holds: holds.get(&replica.id).copied().unwrap_or_default(),
            }
        };
        let (alike, unlike): (Vec<_>, Vec<_>) = overview
            .others(standing.replica, standing.format)
            .partition(|replica| replica.config_hash == standing.hash);
        Others {
            alike: alike.into_iter().map(other).collect(),
            unlike: unlike.into_iter().map(other).collect(),
        }
    }

    /// Of the groups that this replica can't poll, those that another one may.
    fn takes_of(&self, refused: &BTreeMap<String, Refusal>) -> BTreeSet<String> {
        let is_taken = |(group, refusal): &(&String, &Refusal)| {
            let others = match refusal {
                Refusal::Unreachable => &self.alike,
                Refusal::Unfit => &self.unlike,
            };
            others.iter().any(|other| !other.refused.contains(group.as_str()))
        };
        let taken = refused.iter().filter(is_taken);
        taken.map(|(group, _)| group.clone()).collect()
    }

    /// The least that each may hold so that all groups are held. Some can't poll as many; this one can poll `own`.
    fn share(&self, groups: usize, own: usize) -> usize {
        let others = self.alike.iter().map(|other| other.can_poll);
        let each: Vec<usize> = others.chain([own]).collect();
        let is_enough = |share: &usize| each.iter().map(|most| most.min(share)).sum::<usize>() >= groups;
        (groups.div_ceil(each.len())..groups)
            .find(is_enough)
            .unwrap_or(groups)
    }

    fn some_refuse(&self, group: &str) -> bool {
        self.alike.iter().any(|other| other.refused.contains(group))
    }

    /// Whether one of them can poll it, and is below its share.
    fn have_room_for(&self, group: &str, share: usize) -> bool {
        let has_room =
            |other: &Other<'_>| !other.refused.contains(group) && other.holds < share.min(other.can_poll);
        self.alike.iter().any(has_room)
    }
}

/// Who holds a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Anothers(Uuid),
    Ours,
    /// A part of it is ours, and another replica holds its first row: it came together only now.
    Split,
}

fn whose(rows: &[&OperationRow], replica: Uuid) -> Whose {
    let mut held = rows.iter().filter(|row| row.lease_left.is_some());
    let Some(first) = held.next().and_then(|row| row.holder) else {
        return Whose::Nobodys;
    };
    let is_ours = rows.iter().any(|row| row.is_held_by(replica));
    match (is_ours, first == replica) {
        (false, _) => Whose::Anothers(first),
        (true, true) => Whose::Ours,
        (true, false) => Whose::Split,
    }
}

#[cfg(test)]
mod tests;
