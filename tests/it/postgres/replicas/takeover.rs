use super::*;
use crate::support::placed::{now, seconds};
use crate::support::process::send;

const NAMES: [&str; 4] = ["citas", "norte", "soporte", "ventas"];

async fn two() -> (Postgres, Fleet, Vec<Replica>) {
    let database = database().await;
    let fleet = Fleet::of(&NAMES).await;
    let first = Replica::start(&fleet, &database).await;
    let second = Replica::start(&fleet, &database).await;
    (database, fleet, vec![first, second])
}

/// Waits until the replica at this place holds an operation.
async fn held_by(replicas: &[Replica], at: usize) -> &'static str {
    wait_for("a share of the operations", || async {
        for name in NAMES {
            if replicas[at].page(name).await.is_some() {
                return Some(name);
            }
        }
        None
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_dies_is_replaced_and_no_chat_is_lost_or_counted_twice() {
    let (database, mut fleet, mut replicas) = two().await;
    held_by(&replicas, 1).await;
    for name in NAMES {
        settled(&replicas, &fleet, name).await;
    }
    replicas.pop().unwrap().exporter.kill().await;
    for operation in fleet.operations.values_mut() {
        operation.place_until(now() + seconds(1));
    }
    for name in NAMES {
        settled(&replicas, &fleet, name).await;
    }
    assert!(replicas[0].own("wolkvox_exporter_takeovers_total").await >= 1.0);
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_stopped_for_longer_than_its_lease_shows_nothing_afterwards_and_is_fenced() {
    let (database, mut fleet, replicas) = two().await;
    let name = held_by(&replicas, 0).await;
    settled(&replicas, &fleet, name).await;
    let pid = replicas[0].exporter.pid();
    send("STOP", pid).await;
    let taken = wait_for("the other one", || replicas[1].page(name)).await;
    let before = taken.of(name).sum("wolkvox_chats_total");
    for operation in fleet.operations.values_mut() {
        operation.place_until(now() + seconds(1));
    }
    settled(&replicas[1..], &fleet, name).await;
    send("CONT", pid).await;
    // At once: its page is older than that of the other one.
    assert!(replicas[0].page(name).await.is_none());
    wait_for("what it was told", || async {
        (replicas[0].own("wolkvox_exporter_commits_fenced_total").await > 0.0).then_some(())
    })
    .await;
    let (_, page) = shown(&replicas, name).await;
    assert!(page.of(name).sum("wolkvox_chats_total") >= before);
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_ends_gives_its_operations_back_at_once() {
    let (database, fleet, mut replicas) = two().await;
    let name = held_by(&replicas, 1).await;
    let mut ends = replicas.pop().unwrap();
    ends.end().await;
    let free = format!(
        "select lease_until = '-infinity' or holder is not null from wolkvox_operation where operation = '{name}'"
    );
    assert_eq!(database.rows(&free).await, ["t"]);
    for name in NAMES {
        settled(&replicas, &fleet, name).await;
    }
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_operations_are_shown_until_their_leases_are_out_and_sd_keeps_quiet() {
    let (mut database, fleet, replicas) = two().await;
    held_by(&replicas, 1).await;
    for name in NAMES {
        settled(&replicas, &fleet, name).await;
    }
    database.stop_at_once().await;
    for replica in &replicas {
        wait_for("leases that are out", || async {
            let (status, _, page) = replica.exporter.get("/metrics").await;
            assert_eq!(status, 200, "{page}");
            (!page.contains("wolkvox_chats_total")).then_some(())
        })
        .await;
        assert_eq!(replica.own("wolkvox_exporter_database_up").await, 0.0);
        wait_for("no list", || async {
            let (status, _, text) = replica.exporter.get("/sd").await;
            (status == 503 && text.contains("database")).then_some(())
        })
        .await;
        let (status, _, text) = replica.exporter.get("/metrics?operation=ventas").await;
        assert_eq!(status, 503, "{text}");
        let log = replica.exporter.log.text();
        assert!(
            log.contains("was lost (") && log.contains("its log tells"),
            "{log}"
        );
    }
    database.start_again().await;
    for name in NAMES {
        settled(&replicas, &fleet, name).await;
    }
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_whose_host_is_wrong_in_the_file_of_one_replica_goes_to_one_with_the_right_file() {
    let database = database().await;
    let mut fleet = Fleet::of(&["ventas"]).await;
    let mut right = vec![Replica::start(&fleet, &database).await];
    settled(&right, &fleet, "ventas").await;
    right.pop().unwrap().exporter.kill().await;
    let mistaken = Fleet::of(&["ventas"]).await;
    let wrong = Replica::start(&mistaken, &database).await;
    wait_for("the mistake", || async {
        wrong
            .exporter
            .log
            .text()
            .contains("counts the report of")
            .then_some(())
    })
    .await;
    right.push(Replica::start(&fleet, &database).await);
    fleet
        .operations
        .get_mut("ventas")
        .unwrap()
        .place_until(now() + seconds(1));
    settled(&right, &fleet, "ventas").await;
    let log = wrong.exporter.log.text();
    assert!(log.contains("Compare the operations files"), "{log}");
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_is_changed_by_a_reload_is_shown_all_the_time() {
    let database = database().await;
    let mut fleet = Fleet::of(&["ventas"]).await;
    let replicas = [Replica::start(&fleet, &database).await];
    settled(&replicas, &fleet, "ventas").await;
    let exporter = &replicas[0].exporter;
    exporter.polls_beyond("ventas", 5.0).await;
    // What is read of it takes a while.
    replicas[0].proxy.delay(Duration::from_millis(100));
    fleet.write(&(fleet.tables() + "request_timeout = \"50s\"\n"));
    exporter.signal("HUP").await;
    let before = exporter.scrape().await.of("ventas");
    wait_for("a poller that begins again", || async {
        let page = exporter.scrape().await.of("ventas");
        page.assert_not_below(&before);
        (page.sum("wolkvox_polls_total") < 3.0).then_some(())
    })
    .await;
    replicas[0].proxy.delay(Duration::ZERO);
    fleet
        .operations
        .get_mut("ventas")
        .unwrap()
        .place_until(now() + seconds(1));
    settled(&replicas, &fleet, "ventas").await;
    history::assert_unbroken(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_replica_lists_where_each_operation_is_and_a_reload_changes_what_is_shared() {
    let (database, mut fleet, replicas) = two().await;
    held_by(&replicas, 1).await;
    fleet.add("nueva").await;
    fleet.write_all();
    fleet.operations.remove("citas");
    fleet.write_all();
    for replica in &replicas {
        replica.exporter.signal("HUP").await;
    }
    let names = ["norte", "nueva", "soporte", "ventas"];
    for name in names {
        settled(&replicas, &fleet, name).await;
    }
    for replica in &replicas {
        wait_for("where they are", || async {
            let (status, _, text) = replica.exporter.get("/sd").await;
            let groups: serde_json::Value = serde_json::from_str(&text).ok().filter(|_| status == 200)?;
            let groups = groups.as_array().unwrap().clone();
            let mut listed = Vec::new();
            for group in &groups {
                let name = group["labels"]["instance"].as_str().unwrap();
                let target = group["targets"][0].as_str().unwrap();
                let at = replicas
                    .iter()
                    .find(|one| one.address.to_string() == target)
                    .unwrap();
                at.page(name).await?;
                listed.push(name.to_owned());
            }
            (listed == names).then_some(())
        })
        .await;
        let (_, _, text) = replica.exporter.get("/sd?exporters").await;
        for other in &replicas {
            assert!(text.contains(&other.address.to_string()), "{text}");
        }
        let (status, _, text) = replica.exporter.get("/metrics?operation=citas").await;
        assert_eq!(status, 404, "{text}");
    }
    let free = "select lease_until <= now() from wolkvox_operation where operation = 'citas'";
    assert_eq!(database.rows(free).await, ["t"]);
    history::assert_unbroken(&database).await;
}
