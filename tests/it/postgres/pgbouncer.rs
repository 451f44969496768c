//! PgBouncer in transaction mode.

use std::collections::BTreeSet;

use super::row::{self, MINE, commit};
use crate::support::postgres::{OWNER, PgBouncer, Postgres, connect, url_through};

#[tokio::test]
async fn many_clients_share_few_sessions_of_the_server() {
    let server = Postgres::start().await;
    row::create(&server).await;
    server.create_role("runner").await;
    let pooler = PgBouncer::before(&server, &["runner"]).await;

    let mut sessions = BTreeSet::new();
    let mut clients = Vec::new();
    for _ in 0..5 {
        let client = connect(&url_through(pooler.address(), OWNER)).await.unwrap();
        let rows = client.query_typed("select pg_backend_pid()", &[]).await.unwrap();
        sessions.insert(rows[0].get::<_, i32>(0));
        clients.push(client);
    }
    assert!(sessions.len() <= 2, "{sessions:?}");
    for (version, client) in (0..).zip(&clients) {
        assert_eq!(commit(client, MINE, version).await.unwrap(), Some(version + 1));
    }
    assert!(connect(&url_through(pooler.address(), "runner")).await.is_ok());
    let wrong = url_through(pooler.address(), OWNER).replace("password-of", "guessed-for");
    assert!(connect(&wrong).await.is_err());
}
