//! The proxy: what becomes of a commit on the way.

use std::time::Duration;

use tokio_postgres::Client;

use super::row::{self, MINE, NEW, code, commit, settle, wait_both};
use crate::support::postgres::proxy::{Fault, Proxy};
use crate::support::postgres::{OWNER, Postgres, connect, url_through};
use crate::support::process::wait_until;

/// A server with the row, and the way to it.
struct Place {
    server: Postgres,
    proxy: Proxy,
}

impl Place {
    async fn new() -> Place {
        let server = Postgres::start().await;
        row::create(&server).await;
        let proxy = Proxy::before(server.address()).await;
        Place { server, proxy }
    }

    fn url(&self) -> String {
        url_through(self.proxy.address(), OWNER)
    }

    async fn client(&self) -> Client {
        connect(&self.url()).await.expect("a session")
    }

    /// A commit whose fate the client does not get to know.
    async fn lose(&self, fault: Fault) {
        let client = self.client().await;
        self.proxy.order(fault);
        let lost = commit(&client, MINE, 0).await.unwrap_err();
        assert!(lost.is_closed() || lost.code().is_none(), "{lost:?}");
        self.proxy.met().await;
    }

    async fn version(&self) -> String {
        row::version(&self.server).await
    }
}

#[tokio::test]
async fn a_commit_without_an_answer_has_arrived() {
    let place = Place::new().await;
    place.lose(Fault::DropAnswer).await;
    assert_eq!(place.version().await, "1");
    // The next one passes.
    assert_eq!(commit(&place.client().await, MINE, 1).await.unwrap(), Some(2));
    assert_eq!(place.proxy.marked(), 2);
}

#[tokio::test]
async fn a_commit_that_is_swallowed_never_arrives() {
    let place = Place::new().await;
    place.lose(Fault::Swallow).await;
    assert_eq!(place.version().await, "0");
    // Who asks, and does not commit, is not meant.
    place.proxy.order(Fault::Swallow);
    let client = place.client().await;
    assert_eq!(settle(&client, MINE, NEW).await.unwrap(), Some(0));
    assert!(commit(&client, NEW, 0).await.is_err());
}

#[tokio::test]
async fn a_late_commit_arrives_when_it_is_delivered() {
    let place = Place::new().await;
    place.lose(Fault::Late).await;
    assert_eq!(place.version().await, "0");
    assert_eq!(place.proxy.deliver().await.as_deref(), Some("UPDATE 1"));
    assert_eq!(place.version().await, "1");
}

#[tokio::test]
async fn a_late_commit_matches_nothing_once_it_was_settled() {
    let place = Place::new().await;
    place.lose(Fault::Late).await;
    let settled = settle(&place.client().await, MINE, NEW).await.unwrap();
    assert_eq!(settled, Some(0), "not committed");
    assert_eq!(place.proxy.deliver().await.as_deref(), Some("UPDATE 0"));
    assert_eq!(place.version().await, "0");
}

#[tokio::test]
async fn a_late_commit_of_a_server_that_went_away_is_lost() {
    let mut place = Place::new().await;
    place.lose(Fault::Late).await;
    place.server.stop_at_once().await;
    place.server.start_again().await;
    assert_eq!(place.proxy.deliver().await, None);
    assert_eq!(place.version().await, "0");
}

#[tokio::test]
async fn a_statement_is_marked_when_it_is_carried_out_and_not_when_it_is_prepared() {
    let place = Place::new().await;
    let client = place.client().await;
    place.proxy.order(Fault::DropAnswer);
    let prepared = client
        .prepare("UPDATE wolkvox_operation\n  SET  state = '\\x01', version = version + 1")
        .await
        .unwrap();
    assert_eq!(place.proxy.marked(), 0);
    assert!(client.execute(&prepared, &[]).await.is_err());
    place.proxy.met().await;
    assert_eq!(place.version().await, "1");

    // A plain query as well.
    place.proxy.order(Fault::Swallow);
    let client = place.client().await;
    let query = "update wolkvox_operation set state = null";
    assert!(client.simple_query(query).await.is_err());
    assert_eq!(place.proxy.marked(), 2);
}

#[tokio::test]
async fn what_hangs_stays_open_and_arrives_when_it_may_pass() {
    let place = Place::new().await;
    let client = place.client().await;
    place.proxy.hang();
    let url = place.url();
    let (committed, connected) = (commit(&client, MINE, 0), connect(&url));
    tokio::pin!(committed, connected);
    assert!(wait_both(committed.as_mut(), connected.as_mut()).await);
    assert_eq!(place.version().await, "0");

    place.proxy.pass();
    assert_eq!(committed.await.unwrap(), Some(1));
    assert!(connected.await.is_ok());
}

#[tokio::test]
async fn connections_are_cut_and_refused_until_they_may_pass() {
    let place = Place::new().await;
    let (client, server) = (place.client().await, &place.server);
    assert_eq!(place.proxy.open(), 1);
    place.proxy.refuse();
    assert!(connect(&place.url()).await.is_err());
    assert_eq!(
        commit(&client, MINE, 0).await.unwrap(),
        Some(1),
        "it was there before"
    );

    // Also what hangs.
    place.proxy.hang();
    place.proxy.cut();
    assert!(commit(&client, MINE, 1).await.is_err());
    wait_until("all to be closed", || place.proxy.open() == 0).await;

    place.proxy.pass();
    assert_eq!(commit(&place.client().await, MINE, 1).await.unwrap(), Some(2));
    assert_eq!(row::version(server).await, "2");
}

#[tokio::test]
async fn a_slow_way_ends_at_another_server_when_it_leads_there() {
    let place = Place::new().await;
    let other = Postgres::start().await;
    place.proxy.delay(Duration::from_millis(20));
    assert_eq!(commit(&place.client().await, MINE, 0).await.unwrap(), Some(1));

    place.proxy.lead_to(other.address());
    let lacking = commit(&place.client().await, MINE, 0).await.unwrap_err();
    assert_eq!(code(&lacking), "42P01", "the other one has no such table");
}
