//! The tables, and their version.

use std::time::Duration;

use crate::database::Database;
use crate::error::{Error, Kind};

/// The version of the tables that this program makes and uses. It stands in the comment of the first table.
pub const SCHEMA_VERSION: u32 = 1;

/// What the comment begins with.
const COMMENT: &str = "wolkvox-exporter schema ";

/// Making the tables may wait for another replica that does the same.
const LONGEST: Duration = Duration::from_secs(20);

/// The statements that make the tables, for their owner. They change nothing that is there. Several replicas may run them at
/// once: each waits for the one before.
pub const DDL: &str = "\
begin;
set local client_min_messages = warning;
do $$ begin perform pg_advisory_xact_lock(7710555); end $$;
create table if not exists wolkvox_operation (
  operation    text primary key,
  grp          text not null,
  lease        uuid,                                     -- the fence: a new one at every claim
  epoch        bigint not null default 0,                -- counts claims, for people
  version      bigint not null default 0,                -- one more per commit
  holder       uuid,
  lease_until  timestamptz not null default '-infinity', -- by the database's clock alone
  state_format int,
  state        bytea,                                    -- the state file's bytes, compressed; null before the first commit
  moved_to     text                                      -- where the state was moved; it is not polled from here then
);
create table if not exists wolkvox_replica (
  id            uuid primary key,
  url           text,
  config_hash   text,
  state_format  int,                                     -- the latest that it can read
  lease_seconds double precision,                        -- how long it may be silent before it is taken for dead
  refused       text[],                                  -- groups that it can't poll
  seen          timestamptz
);
create table if not exists wolkvox_quarantine (
  operation    text,
  at           timestamptz not null default now(),
  state        bytea,
  what         text
);
comment on table wolkvox_operation is 'wolkvox-exporter schema 1';
commit;
";

/// What the role of the exporters needs on the tables, for their owner: comments, because nobody knows yet what it is called.
pub const GRANTS: &str = "\
-- If the exporters log in as another role than the owner of these tables, it needs these rights. Put its name in the place of
-- wolkvox, and take the dashes away. It needs no others, and must not own the tables.
-- grant usage on schema public to wolkvox;
-- grant select, insert, update on wolkvox_operation, wolkvox_replica, wolkvox_quarantine to wolkvox;
";

/// What making the tables did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migration {
    /// They were there, and were left as they are.
    WereThere,
    /// They were made.
    Made,
}

/// Makes the tables where they are missing.
///
/// # Errors
/// The database can't be used, or the role may not make tables: then the error names the command that prints them.
pub(crate) async fn ensure(database: &Database) -> Result<Migration, Error> {
    if find_usable(database).await? {
        return Ok(Migration::WereThere);
    }
    migrate(database).await?;
    Ok(Migration::Made)
}

/// Whether the tables are there, in a version that this program can use.
///
/// # Errors
/// They are not, or the database can't be used.
pub(crate) async fn check(database: &Database) -> Result<(), Error> {
    if find_usable(database).await? {
        return Ok(());
    }
    let detail = "none was made yet";
    Err(Error::new(Kind::NoTables, database.address(), detail))
}

/// Looks whether the role may do what a replica does.
///
/// # Errors
/// It may not, or the database can't be used.
pub(crate) async fn check_rights(database: &Database) -> Result<(), Error> {
    const MISSING: &str = "\
select name || ': ' || string_agg(right_to, ', ')
from unnest(array['wolkvox_operation', 'wolkvox_replica', 'wolkvox_quarantine']) name,
  unnest(array['select', 'insert', 'update']) right_to
where not has_table_privilege(name, right_to) group by name order by name";
    let rows = database.query(MISSING, &[], LONGEST).await?;
    let missing: Vec<String> = rows
        .iter()
        .map(|row| database.get(row, 0))
        .collect::<Result<_, _>>()?;
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("it lacks {}", missing.join("; "));
    Err(Error::new(Kind::Rights, database.address(), detail))
}

/// Whether there are tables. Those of a later version are an error.
async fn find_usable(database: &Database) -> Result<bool, Error> {
    match find(database).await? {
        None => Ok(false),
        Some(version) if version <= SCHEMA_VERSION => Ok(true),
        Some(version) => Err(Error::new(
            Kind::NewerSchema,
            database.address(),
            format!("version {version}; this program uses {SCHEMA_VERSION}"),
        )),
    }
}

/// Runs [`DDL`].
async fn migrate(database: &Database) -> Result<(), Error> {
    let made = database.batch(DDL, LONGEST).await.map_err(Error::from);
    made.map_err(|error| match error.kind() {
        Kind::Rights => Error::new(
            Kind::NoTables,
            database.address(),
            format!("and the role may not make them: {}", error.detail()),
        ),
        _ => error,
    })
}

/// The version of the tables; `None` where there are none.
async fn find(database: &Database) -> Result<Option<u32>, Error> {
    const FIND: &str = "\
select obj_description(to_regclass('wolkvox_operation'), 'pg_class'), to_regclass('wolkvox_operation') is not null";
    let rows = database.query(FIND, &[], LONGEST).await?;
    let unreadable = || Error::new(Kind::Server, database.address(), "its answer can't be read");
    let row = rows.first().ok_or_else(unreadable)?;
    let comment: Option<String> = database.get(row, 0)?;
    let exists: bool = database.get(row, 1)?;
    let version = comment
        .as_deref()
        .and_then(|comment| comment.strip_prefix(COMMENT))
        .and_then(|version| version.trim().parse().ok());
    match (exists, version) {
        (false, _) => Ok(None),
        (true, Some(version)) => Ok(Some(version)),
        (true, None) => Err(Error::new(
            Kind::Server,
            database.address(),
            "the table wolkvox_operation has no comment that tells its version: `wolkvox-exporter state migrate --print` prints it",
        )),
    }
}
