//! What was committed to `wolkvox_operation`, in its order, as a trigger in the database records it.
//!
//! Changes of one row follow each other, because each waits for the one before it to be committed. So the order of the records
//! of one operation is that of its commits, and what was rolled back left none.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::collections::{BTreeMap, BTreeSet};

use super::Postgres;

/// The rights are the test's: the role that writes the table needs none on this schema. A renewal changes nothing that is
/// recorded. What the table holds already is where its lines begin.
const INSTALL: &str = r"
create schema test_history;
create table test_history.change (
    at_row    bigserial primary key,
    at        timestamptz not null default clock_timestamp(),
    operation text not null,
    lease     uuid,
    epoch     bigint not null,
    version   bigint not null,
    state     text,
    removed   boolean not null default false
);
create function test_history.record() returns trigger language plpgsql security definer as $$
begin
    if tg_op = 'DELETE' then
        insert into test_history.change (operation, lease, epoch, version, state, removed)
            values (old.operation, old.lease, old.epoch, old.version, md5(old.state), true);
        return null;
    end if;
    if tg_op = 'UPDATE' and (old.operation, old.lease, old.epoch, old.version, old.state)
        is not distinct from (new.operation, new.lease, new.epoch, new.version, new.state) then
        return null;
    end if;
    insert into test_history.change (operation, lease, epoch, version, state)
        values (new.operation, new.lease, new.epoch, new.version, md5(new.state));
    return null;
end $$;
insert into test_history.change (operation, lease, epoch, version, state)
    select operation, lease, epoch, version, md5(state) from public.wolkvox_operation;
create trigger test_history after insert or update or delete on public.wolkvox_operation
    for each row execute function test_history.record();
";

const READ: &str = r"
select operation, lease, epoch, version, state, removed from test_history.change order by at_row
";

/// What a commit left in the row of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) operation: String,
    /// Empty where nobody holds it.
    pub(crate) lease: String,
    pub(crate) epoch: i64,
    pub(crate) version: i64,
    /// A digest of the state; empty before the first one.
    pub(crate) state: String,
    pub(crate) removed: bool,
}

/// Where the line of an operation's versions is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Break {
    /// Versions are missing between these two.
    Skipped(i64, i64),
    /// From a version to one before it.
    Back(i64, i64),
    /// Another state under a version that had one.
    Twice(i64),
    /// A lease that another one had followed is in the row again: it fences nobody.
    LeaseReturned(String),
    /// Fewer claims than before.
    EpochBack(i64, i64),
    /// The row is gone, with what it had counted.
    Removed,
}

/// Records from now on. The table is there.
pub(crate) async fn install(server: &Postgres) {
    server.run(INSTALL).await;
}

/// All changes, in the order in which they were committed.
pub(crate) async fn changes(server: &Postgres) -> Vec<Change> {
    let client = super::connect(&server.url(super::SUPERUSER)).await.unwrap();
    let rows = client.query_typed(&as_text(READ), &[]).await.unwrap();
    let rows = rows.iter().map(|row| {
        let text = |column: usize| row.get::<_, Option<String>>(column).unwrap_or_default();
        Change {
            operation: text(0),
            lease: text(1),
            epoch: text(2).parse().unwrap(),
            version: text(3).parse().unwrap(),
            state: text(4),
            removed: text(5) == "true",
        }
    });
    rows.collect()
}

/// Each column as text: a client without the types of the others reads that.
fn as_text(query: &str) -> String {
    format!(
        "select operation, lease::text, epoch::text, version::text, state, removed::text from ({}) change",
        query.trim()
    )
}

/// Per operation, the versions of what was committed are one line: each one more than the one before, none twice, none left
/// out. And a lease that was followed by another never comes back.
pub(crate) async fn assert_unbroken(server: &Postgres) {
    let changes = changes(server).await;
    let breaks = breaks(&changes);
    assert!(breaks.is_empty(), "{breaks:#?} in {changes:#?}");
}

/// Where the lines are broken, by operation.
pub(crate) fn breaks(changes: &[Change]) -> Vec<(&str, Break)> {
    let mut lines: BTreeMap<&str, Line<'_>> = BTreeMap::new();
    let mut breaks = Vec::new();
    for change in changes {
        let line = lines.entry(&change.operation).or_default();
        breaks.extend(
            line.add(change)
                .into_iter()
                .map(|found| (change.operation.as_str(), found)),
        );
    }
    breaks
}

/// The changes of one operation up to one of them.
#[derive(Default)]
struct Line<'a> {
    last: Option<&'a Change>,
    /// The leases that others have followed.
    past_leases: BTreeSet<&'a str>,
}

impl<'a> Line<'a> {
    fn add(&mut self, next: &'a Change) -> Vec<Break> {
        let last = self.last.replace(next);
        if next.removed {
            return vec![Break::Removed];
        }
        let Some(last) = last else {
            return Vec::new();
        };
        if last.lease != next.lease && !last.lease.is_empty() {
            self.past_leases.insert(&last.lease);
        }
        let returned = self.past_leases.contains(next.lease.as_str());
        let found = [
            version_break(last, next),
            (next.epoch < last.epoch).then_some(Break::EpochBack(last.epoch, next.epoch)),
            returned.then(|| Break::LeaseReturned(next.lease.clone())),
        ];
        found.into_iter().flatten().collect()
    }
}

/// A claim, a settled commit and a lease that is given back keep the version; what writes a state adds one.
fn version_break(last: &Change, next: &Change) -> Option<Break> {
    let (from, to) = (last.version, next.version);
    match to - from {
        0 => (last.state != next.state).then_some(Break::Twice(to)),
        1 => None,
        2.. => Some(Break::Skipped(from, to)),
        _ => Some(Break::Back(from, to)),
    }
}
