//! The way to the database breaks at the moment at which a state is written there.

use std::fs;
use std::path::Path;

use crate::support::postgres::proxy::{Fault, Proxy};
use crate::support::postgres::{OWNER, url_through};
use crate::support::process::{Exporter, Variables, command, finish};
use crate::support::states::{Places, copy, shown, state_with};

/// Files with a state, and a way to the database that breaks where a state is written. The tables are there.
async fn places() -> (Places, Proxy) {
    let places = Places::of(&["norte"]).await;
    let exporter = Exporter::serve(&places.on_files()).await;
    places.fleet.settle_all(&exporter).await;
    exporter.kill().await;
    state_with(&places.on_database(), &["migrate"]).await.well();
    let proxy = Proxy::marking(places.server.address(), "insert into wolkvox_operation").await;
    (places, proxy)
}

async fn is_in_use(places: &Places, name: &str) -> (bool, bool) {
    let file = places.fleet.state().join(format!("{name}.state"));
    let rows = shown(&places.url()).await;
    let row = rows
        .get(name)
        .is_some_and(|row| row["chats"].is_u64() && row["moved"] == false);
    (file.exists(), row)
}

/// What the exporter on files says.
async fn start_on_files(places: &Places) -> String {
    let (status, _, said) = finish(command(["serve"], &places.on_files())).await;
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_out() {
    for fault in [Fault::DropAnswer, Fault::Swallow] {
        let (places, proxy) = places().await;
        proxy.order(fault);
        let told = copy(&places.files(), &url_through(proxy.address(), OWNER), &[])
            .await
            .well();
        proxy.met().await;
        assert!(told.contains("norte: moved to"), "{told}");
        assert_eq!(is_in_use(&places, "norte").await, (false, true), "{fault:?}");
        let exporter = Exporter::serve(&places.on_database()).await;
        places.fleet.settle_all(&exporter).await;
    }
}

#[tokio::test]
async fn a_write_that_arrives_late_changes_nothing_any_more() {
    let (places, proxy) = places().await;
    proxy.order(Fault::Late);
    copy(&places.files(), &url_through(proxy.address(), OWNER), &[])
        .await
        .well();
    // Back, so that the row could take a state.
    copy(&places.url(), &places.files(), &[]).await.well();
    assert_eq!(proxy.deliver().await.as_deref(), Some("INSERT 0 0"));
    assert_eq!(is_in_use(&places, "norte").await, (true, false));
}

#[tokio::test]
async fn where_the_database_goes_away_the_state_stays_where_it_was() {
    let (places, proxy) = places().await;
    proxy.refuse();
    proxy.cut();
    let said = copy(&places.files(), &url_through(proxy.address(), OWNER), &[])
        .await
        .failed();
    assert!(said.contains("PostgreSQL at 127.0.0.1:"), "{said}");
    assert_eq!(is_in_use(&places, "norte").await, (true, false));
    // No room: surely not written.
    places.server.fill_disk().await;
    let said = copy(&places.files(), &places.url(), &[]).await.failed();
    assert!(
        said.contains("could not be written to PostgreSQL at") && said.contains("nothing has changed"),
        "{said}"
    );
    assert!(said.contains("Make room"), "{said}");
    places.server.make_room().await;
    assert_eq!(is_in_use(&places, "norte").await, (true, false));
    let exporter = Exporter::serve(&places.on_files()).await;
    places.fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn a_command_that_is_killed_between_mark_and_write_is_run_again() {
    let (places, proxy) = places().await;
    proxy.order(Fault::Late);
    let url = url_through(proxy.address(), OWNER);
    let files = places.files();
    let mut child = command(
        ["state", "copy", "--from", &files, "--to", &url],
        &Variables::new(),
    )
    .spawn()
    .unwrap();
    proxy.met().await;
    child.start_kill().unwrap();
    child.wait().await.unwrap();
    // It may have been sent again by then; then it is there, and else it is not.
    assert!(!Path::new(&files).join("norte.state").exists());
    assert!(fs::exists(Path::new(&files).join("norte.state.moved")).unwrap());
    let said = start_on_files(&places).await;
    assert!(said.contains("the state was moved to PostgreSQL at"), "{said}");
    copy(&files, &url, &[]).await.well();
    let exporter = Exporter::serve(&places.on_database()).await;
    places.fleet.settle_all(&exporter).await;
    proxy.deliver().await;
    places.fleet.settle_all(&exporter).await;
}
