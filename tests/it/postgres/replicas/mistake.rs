//! What goes wrong between a replica and its database, and what it says.

use super::*;
use crate::support::postgres::{Setup, Tls};
use crate::support::process::{command, finish};

/// An exporter that ends by itself: its status and what it says.
async fn refused(fleet: &Fleet, url: &str) -> (Option<i32>, String) {
    let variables = variables(fleet, url, free_port());
    let (status, _, said) = finish(command::<[&str; 0], _>([], &variables)).await;
    assert!(!said.contains("password-of-"), "{said}");
    (status.code(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_wrong_ends_the_start_with_a_sentence_and_the_way_out() {
    let fleet = Fleet::of(&["ventas"]).await;
    let database = Postgres::start().await;
    let at = database.address();
    database.create_role("guest").await;
    let right = database.url(OWNER);
    for (url, expected) in [
        (
            right.replace("password-of-", "not-the-password-of-"),
            "refuses the connection",
        ),
        (
            right.replace(&format!("{at}/wolkvox"), &format!("{at}/other")),
            "Create it (createdb)",
        ),
        (
            format!("{right}?sslmode=verify-full"),
            "has no TLS, and the URL asks for it",
        ),
        (database.url("guest"), "state migrate --print"),
        (
            format!("{right}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"),
            "/nowhere/ca.pem can't be read",
        ),
    ] {
        let (status, said) = refused(&fleet, &url).await;
        assert_eq!(status, Some(1), "{said}");
        assert!(
            said.contains(expected) && said.contains("WOLKVOX_STATE_URL"),
            "{expected}: {said}"
        );
    }
    Admin::new(&StateUrl::parse(&right).unwrap(), 1)
        .unwrap()
        .migrate()
        .await
        .unwrap();
    let (status, said) = refused(&fleet, &database.url("guest")).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("it lacks wolkvox_operation: select, insert, update"),
        "{said}"
    );
    database.run("drop table wolkvox_operation").await;
    database
        .run("create table wolkvox_operation (operation text); comment on table wolkvox_operation is 'wolkvox-exporter schema 7'")
        .await;
    let (status, said) = refused(&fleet, &right).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("made by a newer exporter (version 7"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_verified_as_the_url_says() {
    let fleet = Fleet::of(&["ventas"]).await;
    let database = Postgres::start_with(Setup::default().tls(Tls::Required)).await;
    let right = database.url(OWNER);
    let root = database.root_certificate();
    let root = root.display();
    for (options, expected) in [
        ("sslmode=disable".to_owned(), "it may ask for TLS"),
        ("sslmode=verify-full".to_owned(), "sslrootcert=FILE"),
    ] {
        let (status, said) = refused(&fleet, &format!("{right}?{options}")).await;
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let by_name = right.replace("127.0.0.1", "localhost");
    for url in [
        right.clone(),
        format!("{right}?sslmode=require"),
        format!("{by_name}?sslmode=verify-full&sslrootcert={root}"),
        format!("{right}?sslmode=verify-ca&sslrootcert={root}"),
    ] {
        let exporter = Exporter::serve(&variables(&fleet, &url, free_port())).await;
        wait_for("a commit", || async {
            (exporter.scrape().await.sum("wolkvox_state_commits_total") > 0.0).then_some(())
        })
        .await;
        exporter.kill().await;
        database
            .run("update wolkvox_operation set lease = null, lease_until = '-infinity'")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_at_the_start_is_waited_for_with_the_port_open() {
    let mut fleet = Fleet::of(&["ventas"]).await;
    let mut database = database().await;
    database.stop_at_once().await;
    let replica = Replica::start(&fleet, &database).await;
    assert_eq!(replica.exporter.get("/-/ready").await.0, 503);
    assert_eq!(replica.exporter.get("/metrics").await.0, 200);
    assert_eq!(replica.exporter.get("/sd").await.0, 503);
    database.start_again().await;
    wait_for("the database", || async {
        (replica.exporter.get("/-/ready").await.0 == 200).then_some(())
    })
    .await;
    fleet
        .operations
        .get_mut("ventas")
        .unwrap()
        .place_until(crate::support::placed::now());
    settled(&[replica], &fleet, "ventas").await;
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_or_read_only_database_loses_nothing_and_is_told() {
    let mut fleet = Fleet::of(&["ventas"]).await;
    let database = database().await;
    let replicas = [Replica::start(&fleet, &database).await];
    settled(&replicas, &fleet, "ventas").await;
    let said = |text: &'static str| {
        let log = &replicas[0].exporter.log;
        wait_for(
            text,
            move || async move { log.text().contains(text).then_some(()) },
        )
    };
    database.fill_disk().await;
    fleet
        .operations
        .get_mut("ventas")
        .unwrap()
        .place_until(crate::support::placed::now());
    said("is full (").await;
    said("Make room where its data are").await;
    database.make_room().await;
    settled(&replicas, &fleet, "ventas").await;
    database.make_read_only().await;
    said("takes no writes").await;
    said("name the primary").await;
    database.make_writable().await;
    fleet
        .operations
        .get_mut("ventas")
        .unwrap()
        .place_until(crate::support::placed::now());
    settled(&replicas, &fleet, "ventas").await;
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_state_is_kept_aside_and_counting_starts_anew() {
    let fleet = Fleet::of(&["ventas"]).await;
    let database = database().await;
    database
        .run("insert into wolkvox_operation (operation, grp, version, state_format, state) values ('ventas', 'ventas', 1, 1, 'nonsense')")
        .await;
    let replicas = [Replica::start(&fleet, &database).await];
    settled(&replicas, &fleet, "ventas").await;
    let log = replicas[0].exporter.log.text();
    assert!(
        log.contains("the state of ventas in PostgreSQL") && log.contains("is damaged"),
        "{log}"
    );
    let kept = "select operation, convert_from(state, 'UTF8') from wolkvox_quarantine";
    assert_eq!(database.rows(kept).await, ["ventas|nonsense"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_do_not_go_with_a_database_are_mistakes() {
    let fleet = Fleet::of(&["ventas"]).await;
    let url = "postgres://user:password-of-x@127.0.0.1:9/wolkvox";
    let right = variables(&fleet, url, free_port());
    let with_directory = with_all(right.clone(), &[("WOLKVOX_STATE_DIR", "/tmp")]);
    let mut without_address = right.clone();
    without_address.remove("WOLKVOX_ADVERTISE_ADDRESS");
    for (variables, arguments, expected) in [
        (
            &with_directory,
            &[][..],
            "WOLKVOX_STATE_URL is set beside WOLKVOX_STATE_DIR",
        ),
        (&without_address, &[], "WOLKVOX_ADVERTISE_ADDRESS is not set"),
        (&right, &["--shard", "0/2"], "replicas share the operations"),
        (&right, &["--adopt-state"], "state adopt NAME"),
    ] {
        let (status, _, said) = finish(command(arguments, variables)).await;
        assert_eq!(status.code(), Some(64), "{said}");
        assert!(said.contains(expected) && !said.contains("password-of"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_that_name_one_address_are_told_and_one_that_was_started_again_is_not() {
    const TOLD: &str = "Give each its own WOLKVOX_ADVERTISE_ADDRESS";
    let fleet = Fleet::of(&["ventas"]).await;
    let database = database().await;
    let at = |listen: SocketAddr, advertised: SocketAddr| {
        let variables = variables(&fleet, &database.url(OWNER), listen);
        with_all(
            variables,
            &[("WOLKVOX_ADVERTISE_ADDRESS", &advertised.to_string())],
        )
    };
    let address = free_port();
    let killed = Exporter::serve(&at(address, address)).await;
    wait_for("a sign of life", || async {
        let live = database.rows("select id from wolkvox_replica").await;
        (!live.is_empty()).then_some(())
    })
    .await;
    killed.kill().await;
    let again = Exporter::serve(&at(address, address)).await;
    wait_for("its operation", || async {
        (again.get("/metrics?operation=ventas").await.0 == 200).then_some(())
    })
    .await;
    assert!(!again.log.text().contains(TOLD), "{}", again.log.text());
    let twin = Exporter::serve(&at(free_port(), address)).await;
    for exporter in [&again, &twin] {
        wait_for("the mistake", || async {
            exporter.log.text().contains(TOLD).then_some(())
        })
        .await;
    }
}
