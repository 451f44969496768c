//! A row of an operation, and statements as a store sends them.

use std::pin::Pin;
use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::support::postgres::{OWNER, Postgres, connect};

const CREATE: &str = "
create table wolkvox_operation (
    operation   text primary key,
    grp         text not null,
    lease       uuid,
    epoch       bigint not null default 0,
    version     bigint not null default 0,
    holder      uuid,
    lease_until timestamptz not null default '-infinity',
    state_format int,
    state       bytea
);
alter table wolkvox_operation owner to wolkvox_owner;
insert into wolkvox_operation (operation, grp) values ('ventas', 'ventas');
update wolkvox_operation set lease = '00000000-0000-0000-0000-000000000001', epoch = 1;
";

/// The lease that the row has at first, and others.
pub(super) const MINE: &str = "00000000-0000-0000-0000-000000000001";
pub(super) const NEW: &str = "00000000-0000-0000-0000-000000000002";

pub(super) async fn create(server: &Postgres) {
    server.run(CREATE).await;
}

pub(super) async fn owner(server: &Postgres) -> Client {
    connect(&server.url(OWNER)).await.expect("a session")
}

/// Commits `state` after `version` under a lease: the new version, none where the row is another's.
pub(super) async fn commit(client: &Client, lease: &str, version: i64) -> Result<Option<i64>, Error> {
    let statement = "update wolkvox_operation
        set state = $1, version = version + 1
        where operation = 'ventas' and lease = $2::text::uuid and version = $3 returning version";
    let state = format!("state after {version}").into_bytes();
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] = [
        (&state, Type::BYTEA),
        (&lease, Type::TEXT),
        (&version, Type::INT8),
    ];
    let rows = client.query_typed(statement, &parameters).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Puts a new lease in the place of one: the version that the row has, none where it is another's.
pub(super) async fn settle(client: &Client, mine: &str, new: &str) -> Result<Option<i64>, Error> {
    let statement = "update wolkvox_operation set lease = $2::text::uuid
        where operation = 'ventas' and lease in ($1::text::uuid, $2::text::uuid) returning version";
    let rows = client
        .query_typed(statement, &[(&mine, Type::TEXT), (&new, Type::TEXT)])
        .await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Whether neither comes to an end for a while.
pub(super) async fn wait_both<A: Future, B: Future>(one: Pin<&mut A>, other: Pin<&mut B>) -> bool {
    let first = async {
        tokio::select! { _ = one => {}, _ = other => {} }
    };
    tokio::time::timeout(Duration::from_millis(300), first)
        .await
        .is_err()
}

pub(super) async fn version(server: &Postgres) -> String {
    server
        .rows("select version from wolkvox_operation")
        .await
        .join(" ")
}

/// The SQLSTATE of an error that the server sent.
pub(super) fn code(error: &Error) -> &str {
    error.code().unwrap_or_else(|| panic!("{error:?}")).code()
}
