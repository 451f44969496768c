//! Operations that stand still, among others that do not.

use std::fs;
use std::path::PathBuf;

use crate::support::exposition::Exposition;
use crate::support::fleet::Fleet;
use crate::support::placed::{Placed, now, seconds};
use crate::support::process::{Exporter, OwnDisk, Variables, command, finish, wait_for, wait_until, with};

use super::reload::{hang_up, is_held};

fn state(fleet: &Fleet, name: &str) -> PathBuf {
    fleet.state().join(format!("{name}.state"))
}

/// What a newer version would have written.
fn make_newer(fleet: &Fleet, name: &str) {
    let text = fs::read_to_string(state(fleet, name)).unwrap();
    fs::write(state(fleet, name), text.replacen(" v1 ", " v2 ", 1)).unwrap();
}

async fn wait_until_held(exporter: &Exporter, name: &str, wanted: bool) {
    wait_for("it is held, or not", || async {
        (is_held(&exporter.scrape().await, name) == Some(wanted)).then_some(())
    })
    .await;
}

/// Variables for some of the operations, with their states where they were.
fn only(fleet: &Fleet, names: &[&str]) -> Variables {
    let file = fleet.file().with_file_name("some.toml");
    let tables: String = names.iter().map(|name| fleet.table(name)).collect();
    fs::write(&file, tables).unwrap();
    with(fleet.variables(), "OPERATIONS_FILE", file.to_str().unwrap())
}

#[tokio::test]
async fn states_that_are_damaged_newer_or_in_use_concern_their_operations_alone() {
    let mut fleet = Fleet::of(&["damaged", "newer", "used", "works"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    drop(exporter);
    fs::write(state(&fleet, "damaged"), "nonsense").unwrap();
    make_newer(&fleet, "newer");
    let other = Exporter::serve(&only(&fleet, &["used"])).await;
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }

    let exporter = Exporter::serve(&fleet.variables()).await;
    // Counted anew, from the same time on.
    for name in ["damaged", "works"] {
        fleet.settle(&exporter, name).await;
    }
    wait_for("its recovery", || async {
        let page = exporter.scrape().await.of("damaged");
        (page.sum("wolkvox_state_recoveries_total") > 0.5).then_some(())
    })
    .await;
    for (name, why) in [
        ("newer", "was written by a newer exporter"),
        ("used", "another exporter (process"),
    ] {
        wait_until_held(&exporter, name, false).await;
        let (status, _, text) = exporter.get(&format!("/metrics?operation={name}")).await;
        assert_eq!(status, 503, "{text}");
        let (_, _, page) = exporter.get("/").await;
        assert!(page.contains(why), "{page}");
        assert_eq!(exporter.log.text().matches(why).count(), 1, "it is logged once");
    }
    let page = exporter.scrape().await;
    let of = |state: &str| page.get(&format!("wolkvox_exporter_operations{{state=\"{state}\"}}"));
    assert_eq!((of("configured"), of("held")), (Some(4.0), Some(2.0)));

    drop(other);
    fleet.settle(&exporter, "used").await;
    assert_eq!(is_held(&exporter.scrape().await, "newer"), Some(false));
    assert_eq!(exporter.log.text().matches("a newer exporter").count(), 1);
}

#[tokio::test]
async fn where_no_state_can_be_used_the_exporter_ends_and_says_why() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    drop(exporter);
    for name in ["norte", "soporte"] {
        make_newer(&fleet, name);
    }
    let (status, _, error) = finish(command(["serve"], &fleet.variables())).await;
    assert_eq!(status.code(), Some(1), "{error}");
    for name in ["norte", "soporte"] {
        assert!(error.contains(&format!("{name}.state")), "{name}: {error}");
    }
}

#[tokio::test]
async fn operations_that_swap_their_servers_stand_still_until_they_swap_back() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let swapped = fleet
        .tables()
        .replace("\"norte\"", "\"?\"")
        .replace("\"soporte\"", "\"norte\"")
        .replace("\"?\"", "\"soporte\"");
    fleet.write(&swapped);
    hang_up(&exporter, "2 changed (norte, soporte)").await;
    for name in ["norte", "soporte"] {
        wait_until_held(&exporter, name, false).await;
        let page = exporter.scrape().await.of(name);
        assert_eq!(
            page.sum("wolkvox_chats_total"),
            0.0,
            "nothing of the other's is shown"
        );
    }
    fleet.write_all();
    exporter.signal("HUP").await;
    fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn on_a_full_disk_an_operation_that_is_added_or_changed_stands_still_and_loses_nothing() {
    let mut fleet = Fleet::of(&["changed", "kept"]).await;
    let disk = OwnDisk::mount().await;
    let directory = disk.path().join("state");
    let variables = with(fleet.variables(), "STATE_DIR", directory.to_str().unwrap());
    let exporter = Exporter::run(disk.command(&variables)).await;
    fleet.settle_all(&exporter).await;
    let before = exporter.scrape().await;
    fleet.add("added").await;
    disk.fill_but(0);
    let changed = fleet.table("changed") + "request_timeout = \"50s\"\n";
    let tables = || [fleet.table("kept"), changed, fleet.table("added")].concat();
    fleet.write(&tables());
    hang_up(&exporter, "1 added (added), 1 changed (changed), 1 unchanged").await;
    for name in ["added", "changed"] {
        wait_until_held(&exporter, name, false).await;
    }
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    wait_for("a failed commit", || async {
        let page = exporter.scrape().await.of("kept");
        page.assert_not_below(&before.of("kept"));
        (page.sum("wolkvox_state_commit_failures_total") > 0.5).then_some(())
    })
    .await;
    disk.make_room();
    fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn an_operation_that_a_reload_adds_counts_from_then_on() {
    let mut fleet = Fleet::of(&["first"]).await;
    let mut variables = fleet.variables();
    variables.remove("WOLKVOX_COUNT_FROM");
    let exporter = Exporter::serve(&variables).await;
    let second = Placed::start_with(12_000.0).await;
    let began = now();
    // The exporter runs already when the last of them close.
    second.place_uncounted(began - seconds(60), began + seconds(2));
    fleet.operations.insert("second".to_owned(), second);
    wait_until("three seconds", || now() >= began + seconds(3)).await;
    fleet.write_all();
    hang_up(&exporter, "1 added (second)").await;
    let from = now() + seconds(1);
    let second = fleet.operations.get_mut("second").unwrap();
    second.place(from, from + seconds(5));
    fleet.settle(&exporter, "second").await;
}

#[tokio::test]
async fn a_hundred_operations_start_together_and_each_is_polled() {
    let fleet = Fleet::of(&["one"]).await;
    let tables = (0..100).map(|number| fleet.table_as("one", &format!("operation-{number}")));
    fleet.write(&tables.collect::<String>());
    let exporter = Exporter::serve(&with(fleet.variables(), "POLL_INTERVAL", "10s")).await;
    let held = |page: &Exposition| page.get("wolkvox_exporter_operations{state=\"held\"}");
    assert_eq!(
        held(&exporter.scrape().await),
        Some(100.0),
        "{}",
        exporter.log.text()
    );
    assert!(
        !exporter.log.text().contains("stands still"),
        "{}",
        exporter.log.text()
    );
}

#[tokio::test]
async fn sigterm_ends_it_in_good_order_while_operations_start_or_are_replaced() {
    let fleet = Fleet::of(&["one"]).await;
    let tables = |target: &str| -> String {
        (0..60)
            .map(|number| fleet.table_as("one", &format!("operation-{number}")) + target)
            .collect()
    };
    fleet.write(&tables(""));
    let mut child = command(["serve"], &fleet.variables()).spawn().unwrap();
    wait_until("the first states", || {
        fs::read_dir(fleet.state()).is_ok_and(|files| files.count() > 3)
    })
    .await;
    crate::support::process::send("TERM", child.id().unwrap()).await;
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(0), "while they start");

    let mut exporter = Exporter::serve(&fleet.variables()).await;
    fleet.write(&tables("asa_target = \"1m\"\n"));
    let replaced = || {
        exporter
            .log
            .text()
            .matches("going on from the stored state")
            .count()
    };
    let before = replaced();
    exporter.signal("HUP").await;
    wait_until("the first new ones", || replaced() > before + 5).await;
    exporter.signal("TERM").await;
    let status = exporter.ended().await;
    assert_eq!(status.code(), Some(0), "in a reload: {}", exporter.log.text());
}

#[tokio::test]
async fn what_concerns_all_operations_is_told_at_a_reload_too() {
    let fleet = Fleet::of(&["norte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    let other = fleet.table_as("norte", "soporte");
    fleet.write(&[fleet.table("norte"), other].concat());
    hang_up(&exporter, "1 added (soporte)").await;
    let log = exporter.log.text();
    assert!(log.contains("has the token of the operation at"), "{log}");
}
