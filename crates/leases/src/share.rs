//! What a replica claims and gives back, so that each has about as many groups as the others.

use uuid::Uuid;

use crate::overview::{OperationRow, Overview};

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
    /// Whether it claims what others may have held until now. After an outage of the database it leaves them the time of a lease to
    /// come back.
    pub(crate) claims: Claims,
    /// Whether Wolkvox answers it.
    pub(crate) reach: Reach,
}

/// Whether groups are claimed that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    All,
    None,
}

/// Whether Wolkvox answers a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It does.
    Answered,
    /// No connection is made: the replica's address may not be on the allow-list.
    Refused,
}

/// What to do next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// So many groups more.
    pub(crate) claim: usize,
    /// Operations that nobody holds, of groups that this replica holds.
    pub(crate) rest: Vec<String>,
    /// Groups to give back.
    pub(crate) give_back: Vec<String>,
}

/// What to do, given who holds what.
pub(crate) fn plan(overview: &Overview, standing: Standing<'_>) -> Plan {
    let replica = standing.replica;
    let groups = overview.groups();
    let others = overview.others(replica, standing.hash, standing.format);
    let share = groups.len().div_ceil(others + 1);
    let is_alone = others == 0;
    let mut plan = Plan::default();
    let mut kept = Vec::new();
    for (group, rows) in &groups {
        match whose(rows, replica) {
            Whose::Nobodys | Whose::Anothers => {}
            Whose::Split => plan.give_back.push((*group).to_owned()),
            Whose::Ours => kept.push(*group),
        }
    }
    if standing.reach == Reach::Refused && !is_alone {
        plan.give_back
            .extend(kept.iter().map(|group| (*group).to_owned()));
        return plan;
    }
    let too_many = kept.len().saturating_sub(share);
    if too_many > 0 {
        let last = kept.len() - too_many.div_ceil(PART);
        let given = kept.split_off(last);
        plan.give_back.extend(given.into_iter().map(str::to_owned));
    }
    for group in &kept {
        let idle = groups[group].iter().filter(|row| row.lease_left.is_none());
        plan.rest.extend(idle.map(|row| row.operation.clone()));
    }
    if standing.claims == Claims::All {
        plan.claim = share.saturating_sub(kept.len());
    }
    plan
}

/// Who holds a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Anothers,
    Ours,
    /// A part of it is ours, and another replica holds its first row: it came together only now.
    Split,
}

fn whose(rows: &[&OperationRow], replica: Uuid) -> Whose {
    let mut held = rows.iter().filter(|row| row.lease_left.is_some());
    let Some(first) = held.next() else {
        return Whose::Nobodys;
    };
    let is_ours = rows.iter().any(|row| row.is_held_by(replica));
    match (is_ours, first.holder == Some(replica)) {
        (false, _) => Whose::Anothers,
        (true, true) => Whose::Ours,
        (true, false) => Whose::Split,
    }
}

#[cfg(test)]
mod tests;
