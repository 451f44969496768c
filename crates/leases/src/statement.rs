//! The statements, each a transaction of its own under READ COMMITTED. What a statement waited for is looked at again by the
//! database before it changes a row, so each condition holds at the moment of the change.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, Type};
use uuid::Uuid;

use crate::database::{Database, Failed, Parameter};
use crate::overview::{OperationRow, ReplicaRow};

/// What the statements of one replica have in common.
pub(crate) struct Statements {
    /// What belongs to one operation. Some of it carries a state, and may take long.
    pub(crate) database: Database,
    /// Renewals, and what else a replica says of all that it holds: no state holds them up.
    pub(crate) rounds: Database,
    /// How long each may take.
    pub(crate) within: Duration,
    /// For how long a claim, a renewal or a commit holds.
    pub(crate) lease: Duration,
    /// The format of the states that this program writes.
    pub(crate) format: i32,
}

/// What becomes of a group whose leases are out, and were not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    Claimed,
    Left,
}

/// A row that is held from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) operation: String,
    pub(crate) fence: Uuid,
    pub(crate) version: i64,
    /// Who held it before.
    pub(crate) previous: Option<Uuid>,
}

/// A row that is held for longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Renewed {
    pub(crate) operation: String,
    pub(crate) fence: Uuid,
    pub(crate) version: i64,
}

/// What is committed: a version, and its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit<'a> {
    pub(crate) operation: &'a str,
    pub(crate) fence: Uuid,
    /// The one before.
    pub(crate) version: i64,
    pub(crate) state: &'a [u8],
}

impl Statements {
    /// Says that a replica lives. One that is long gone lends its row: rows are never deleted, and must not pile up.
    pub(crate) async fn heartbeat(&self, replica: &ReplicaRow) -> Result<(), Failed> {
        const SEEN: &str = "\
update wolkvox_replica
set id = $1, url = $2, config_hash = $3, state_format = $4, lease_seconds = $5, refused = $6, seen = now()
where id = coalesce(
  (select id from wolkvox_replica where id = $1),
  (select r.id from wolkvox_replica r
   where r.seen < now() - interval '1 day' and not exists (select from wolkvox_operation where holder = r.id)
   limit 1 for update skip locked))
returning id";
        const NEW: &str = "\
insert into wolkvox_replica (id, url, config_hash, state_format, lease_seconds, refused, seen)
values ($1, $2, $3, $4, $5, $6, now())
on conflict (id) do nothing returning id";
        let lease = replica.lease.as_secs_f64();
        let parameters: [Parameter<'_>; 6] = [
            (&replica.id, Type::UUID),
            (&replica.url, Type::TEXT),
            (&replica.config_hash, Type::TEXT),
            (&replica.format, Type::INT4),
            (&lease, Type::FLOAT8),
            (&replica.refused, Type::TEXT_ARRAY),
        ];
        if self.query(SEEN, &parameters).await?.is_empty() {
            self.query(NEW, &parameters).await?;
        }
        Ok(())
    }

    /// Makes rows for operations that have none, and tells their groups.
    pub(crate) async fn register(&self, operations: &[&str], groups: &[&str]) -> Result<(), Failed> {
        const REGISTER: &str = "\
insert into wolkvox_operation as o (operation, grp) select * from unnest($1, $2)
on conflict (operation) do update set grp = excluded.grp where o.grp <> excluded.grp";
        let parameters: [Parameter<'_>; 2] = [(&operations, Type::TEXT_ARRAY), (&groups, Type::TEXT_ARRAY)];
        self.query(REGISTER, &parameters).await.map(drop)
    }

    /// Holds for longer what is held under these fences, by whoever.
    pub(crate) async fn renew(&self, fences: &[Uuid]) -> Result<Vec<Renewed>, Failed> {
        const RENEW: &str = "\
update wolkvox_operation set lease_until = now() + $2 * interval '1 millisecond'
where lease = any($1)
returning operation, lease, version";
        let milliseconds = self.milliseconds();
        let parameters: [Parameter<'_>; 2] = [(&fences, Type::UUID_ARRAY), (&milliseconds, Type::FLOAT8)];
        let rows = self.query(RENEW, &parameters).await?;
        rows.iter()
            .map(|row| {
                Ok(Renewed {
                    operation: self.get(row, 0)?,
                    fence: self.get(row, 1)?,
                    version: self.get(row, 2)?,
                })
            })
            .collect()
    }

    /// Claims up to so many groups of these operations that nobody holds; where `expired` says so, only those
    /// that were never held, or given back. A group is claimed whole: whoever claims one locks its first row, and a second one passes it over.
    pub(crate) async fn claim(
        &self,
        replica: Uuid,
        operations: &[&str],
        groups: i64,
        expired: Expired,
    ) -> Result<Vec<Claimed>, Failed> {
        // In any order: replicas that claim in the same moment take different groups.
        const CLAIM: &str = "\
with idle as (
  select grp from wolkvox_operation
  where operation = any($2) and moved_to is null
  group by grp
  having bool_and(lease_until <= now()) and max(coalesce(state_format, 0)) <= $3 and ($6 or bool_and(lease is null))
  order by random() limit $4
), locked as (
  select o.grp from wolkvox_operation o
  where o.operation in (select min(m.operation) from wolkvox_operation m join idle using (grp) group by grp)
  for update of o skip locked
)
update wolkvox_operation o
set lease = gen_random_uuid(), epoch = o.epoch + 1, holder = $1, lease_until = now() + $5 * interval '1 millisecond'
from locked, wolkvox_operation before
where before.operation = o.operation and o.grp = locked.grp and o.operation = any($2)
  and o.moved_to is null and o.lease_until <= now()
returning o.operation, o.lease, o.version, before.holder";
        let (milliseconds, also_expired) = (self.milliseconds(), expired == Expired::Claimed);
        let parameters: [Parameter<'_>; 6] = [
            (&replica, Type::UUID),
            (&operations, Type::TEXT_ARRAY),
            (&self.format, Type::INT4),
            (&groups, Type::INT8),
            (&milliseconds, Type::FLOAT8),
            (&also_expired, Type::BOOL),
        ];
        self.claimed(&self.query(CLAIM, &parameters).await?)
    }

    /// Claims these very operations as far as nobody holds them: the rest of groups that this replica holds.
    pub(crate) async fn claim_rest(
        &self,
        replica: Uuid,
        operations: &[&str],
    ) -> Result<Vec<Claimed>, Failed> {
        const CLAIM: &str = "\
update wolkvox_operation o
set lease = gen_random_uuid(), epoch = o.epoch + 1, holder = $1, lease_until = now() + $4 * interval '1 millisecond'
from wolkvox_operation before
where before.operation = o.operation and o.operation = any($2) and o.moved_to is null
  and o.lease_until <= now() and coalesce(o.state_format, 0) <= $3
returning o.operation, o.lease, o.version, before.holder";
        let milliseconds = self.milliseconds();
        let parameters: [Parameter<'_>; 4] = [
            (&replica, Type::UUID),
            (&operations, Type::TEXT_ARRAY),
            (&self.format, Type::INT4),
            (&milliseconds, Type::FLOAT8),
        ];
        self.claimed(&self.query(CLAIM, &parameters).await?)
    }

    /// Gives back what is held under these fences. Who held it last stays known.
    pub(crate) async fn release(&self, fences: &[Uuid]) -> Result<(), Failed> {
        const RELEASE: &str = "\
update wolkvox_operation set lease = null, lease_until = '-infinity' where lease = any($1)";
        let parameters: [Parameter<'_>; 1] = [(&fences, Type::UUID_ARRAY)];
        let released = self.database.query(RELEASE, &parameters, self.within).await;
        released.map(drop)
    }

    /// Gives back all that a replica holds, and says that it is gone.
    pub(crate) async fn leave(&self, replica: Uuid) -> Result<(), Failed> {
        const LEAVE: &str = "\
with gone as (update wolkvox_replica set seen = '-infinity' where id = $1)
update wolkvox_operation set lease = null, lease_until = '-infinity' where holder = $1 and lease is not null";
        self.query(LEAVE, &[(&replica, Type::UUID)]).await.map(drop)
    }

    /// Makes a state the next version, and holds it for longer. Whether its fence was there.
    pub(crate) async fn commit(&self, commit: Commit<'_>) -> Result<bool, Failed> {
        const COMMIT: &str = "\
update wolkvox_operation
set state = $4, state_format = $5, version = version + 1, lease_until = now() + $6 * interval '1 millisecond'
where operation = $1 and lease = $2 and version = $3
returning version";
        self.write(COMMIT, commit, &[]).await
    }

    /// Settles whether a commit was done, by a write: a statement under the old fence that still arrives changes nothing
    /// afterwards. The version that is there; `None` where another fence is.
    pub(crate) async fn settle(&self, operation: &str, old: Uuid, new: Uuid) -> Result<Option<i64>, Failed> {
        const SETTLE: &str = "\
update wolkvox_operation set lease = $3, lease_until = now() + $4 * interval '1 millisecond'
where operation = $1 and lease in ($2, $3)
returning version";
        let milliseconds = self.milliseconds();
        let parameters: [Parameter<'_>; 4] = [
            (&operation, Type::TEXT),
            (&old, Type::UUID),
            (&new, Type::UUID),
            (&milliseconds, Type::FLOAT8),
        ];
        let rows = self.database.query(SETTLE, &parameters, self.within).await?;
        rows.first().map(|row| self.get(row, 0)).transpose()
    }

    /// Writes a version again that the database has lost: it went on from an older copy of itself. Whether it was behind. To do it
    /// twice is as good as once, also where the second one arrives after later commits: it changes nothing then.
    pub(crate) async fn restore(&self, replica: Uuid, commit: Commit<'_>) -> Result<bool, Failed> {
        const RESTORE: &str = "\
update wolkvox_operation
set state = $4, state_format = $5, version = $3, lease = $2, epoch = epoch + 1, holder = $7,
    lease_until = now() + $6 * interval '1 millisecond'
where operation = $1 and (version < $3 or version = $3 and lease = $2)
returning version";
        self.write(RESTORE, commit, &[(&replica, Type::UUID)]).await
    }

    /// The state under a fence, with its version; `None` where another fence is. The state is `None` before the first commit.
    pub(crate) async fn read(
        &self,
        operation: &str,
        fence: Uuid,
    ) -> Result<Option<(i64, Option<Vec<u8>>)>, Failed> {
        const READ: &str = "select version, state from wolkvox_operation where operation = $1 and lease = $2";
        let parameters: [Parameter<'_>; 2] = [(&operation, Type::TEXT), (&fence, Type::UUID)];
        let rows = self.database.query(READ, &parameters, self.lease).await?;
        let row = rows.first();
        row.map(|row| Ok((self.get(row, 0)?, self.get(row, 1)?)))
            .transpose()
    }

    /// Keeps a state that can't be read, beside the others. Whether its fence was there.
    pub(crate) async fn quarantine(&self, operation: &str, fence: Uuid, what: &str) -> Result<bool, Failed> {
        const QUARANTINE: &str = "\
insert into wolkvox_quarantine (operation, state, what)
select operation, state, $3 from wolkvox_operation where operation = $1 and lease = $2
returning operation";
        let parameters: [Parameter<'_>; 3] = [
            (&operation, Type::TEXT),
            (&fence, Type::UUID),
            (&what, Type::TEXT),
        ];
        let rows = self.database.query(QUARANTINE, &parameters, self.lease).await?;
        Ok(!rows.is_empty())
    }

    /// Whether nobody holds one of these operations.
    pub(crate) async fn is_one_free(&self, operations: &[&str]) -> Result<bool, Failed> {
        const FREE: &str = "\
select operation from wolkvox_operation
where operation = any($1) and moved_to is null and lease_until <= now() limit 1";
        let rows = self.query(FREE, &[(&operations, Type::TEXT_ARRAY)]).await?;
        Ok(!rows.is_empty())
    }

    /// The rows of these operations.
    pub(crate) async fn operations(&self, operations: &[&str]) -> Result<Vec<OperationRow>, Failed> {
        const OPERATIONS: &str = "\
select operation, grp, holder, moved_to,
  case when lease_until > now() then (extract(epoch from lease_until - now()))::float8 end
from wolkvox_operation where operation = any($1) order by operation";
        let rows = self.query(OPERATIONS, &[(&operations, Type::TEXT_ARRAY)]).await?;
        rows.iter()
            .map(|row| {
                let left: Option<f64> = self.get(row, 4)?;
                Ok(OperationRow {
                    operation: self.get(row, 0)?,
                    group: self.get(row, 1)?,
                    holder: self.get(row, 2)?,
                    moved_to: self.get(row, 3)?,
                    lease_left: left.map(|left| Duration::from_secs_f64(left.clamp(0.0, 1e9))),
                })
            })
            .collect()
    }

    /// The replicas that live, or did lately, or held something last.
    pub(crate) async fn replicas(&self) -> Result<Vec<ReplicaRow>, Failed> {
        const REPLICAS: &str = "\
select id, url, config_hash, case when seen > '-infinity' then (extract(epoch from now() - seen))::float8 else 1e9 end,
  coalesce(state_format, 0), coalesce(lease_seconds, 0), coalesce(refused, '{}')
from wolkvox_replica where seen > now() - interval '1 hour' or id in (select holder from wolkvox_operation) order by url, id";
        let rows = self.query(REPLICAS, &[]).await?;
        rows.iter()
            .map(|row| {
                let (age, lease): (f64, f64) = (self.get(row, 3)?, self.get(row, 5)?);
                Ok(ReplicaRow {
                    id: self.get(row, 0)?,
                    url: self.get(row, 1)?,
                    config_hash: self.get(row, 2)?,
                    format: self.get(row, 4)?,
                    refused: self.get(row, 6)?,
                    lease: Duration::from_secs_f64(lease.clamp(0.0, 1e9)),
                    seen_ago: Duration::from_secs_f64(age.clamp(0.0, 1e9)),
                })
            })
            .collect()
    }

    fn claimed(&self, rows: &[Row]) -> Result<Vec<Claimed>, Failed> {
        let claimed = rows.iter().map(|row| {
            Ok(Claimed {
                operation: self.get(row, 0)?,
                fence: self.get(row, 1)?,
                version: self.get(row, 2)?,
                previous: self.get(row, 3)?,
            })
        });
        claimed.collect()
    }

    async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failed> {
        self.rounds.query(statement, parameters, self.within).await
    }

    fn get<T: FromSqlOwned>(&self, row: &Row, at: usize) -> Result<T, Failed> {
        self.database.get(row, at).map_err(Failed::Unknown)
    }

    /// Does a statement that writes a state: operation, fence, version, state, format and lease are its first parameters. Whether it
    /// changed the row.
    async fn write(
        &self,
        statement: &str,
        commit: Commit<'_>,
        more: &[Parameter<'_>],
    ) -> Result<bool, Failed> {
        let milliseconds = self.milliseconds();
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&commit.operation, Type::TEXT),
            (&commit.fence, Type::UUID),
            (&commit.version, Type::INT8),
            (&commit.state, Type::BYTEA),
            (&self.format, Type::INT4),
            (&milliseconds, Type::FLOAT8),
        ];
        parameters.extend_from_slice(more);
        // A large state takes its time, but what lasts longer than the lease is decided without it.
        let rows = self.database.query(statement, &parameters, self.lease).await?;
        Ok(!rows.is_empty())
    }

    fn milliseconds(&self) -> f64 {
        self.lease.as_secs_f64() * 1000.0
    }
}
