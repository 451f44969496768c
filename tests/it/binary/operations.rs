//! Many operations in one process: polled, counted, shown together and each alone.

mod reload;
mod shard;
mod standing;
mod storm;

use serde_json::Value;

use crate::support::exposition::Exposition;
use crate::support::fleet::Fleet;
use crate::support::process::{Exporter, command, finish, wait_for, with};
use simulator::Fault;

async fn json(exporter: &Exporter, path: &str) -> Value {
    let (status, headers, text) = exporter.get(path).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn all_operations_of_a_file_are_counted_exactly_and_shown_by_family() {
    let fleet = Fleet::of(&["norte", "soporte", "ventas"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let (_, _, text) = exporter.get("/metrics").await;
    let heads = text
        .lines()
        .filter(|line| line.starts_with("# HELP wolkvox_chats_total "));
    assert_eq!(heads.count(), 1, "one head for all operations");
    for (state, count) in [("configured", 3.0), ("held", 3.0)] {
        let series = format!("wolkvox_exporter_operations{{state=\"{state}\"}}");
        assert_eq!(exporter.scrape().await.get(&series), Some(count), "{state}");
    }
}

#[tokio::test]
async fn an_operation_is_scraped_alone_and_so_is_the_exporter() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let (status, _, text) = exporter.get("/metrics?operation=norte").await;
    assert_eq!(status, 200);
    let page = Exposition::parse(&text);
    fleet.operations["norte"].assert_counted(&page.of("norte"));
    assert_eq!(page.of("norte").0.len(), page.0.len(), "nothing else is shown");
    let (_, _, text) = exporter.get("/metrics?exporter=self").await;
    let page = Exposition::parse(&text);
    assert_eq!(page.sum("wolkvox_operation_held"), 2.0);
    assert_eq!(page.sum("wolkvox_exporter_build_info"), 1.0);
    assert_eq!(page.sum("wolkvox_chats_total"), 0.0);
    let (status, _, text) = exporter.get("/metrics?operation=nadie").await;
    assert_eq!(status, 404, "{text}");
}

#[tokio::test]
async fn service_discovery_names_each_operation_with_its_name_as_the_instance() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    let groups = json(&exporter, "/sd").await;
    let instances: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            assert_eq!(group["targets"][0], exporter.address());
            assert_eq!(group["labels"]["instance"], group["labels"]["__param_operation"]);
            group["labels"]["instance"].as_str().unwrap()
        })
        .collect();
    assert_eq!(instances, ["norte", "soporte"]);
    let groups = json(&exporter, "/sd?exporters").await;
    assert_eq!(groups[0]["labels"]["__param_exporter"], "self");
    drop(exporter);
    let variables = with(fleet.variables(), "ADVERTISE_ADDRESS", "exporter.example:10555");
    let exporter = Exporter::serve(&variables).await;
    let groups = json(&exporter, "/sd").await;
    assert_eq!(groups[0]["targets"][0], "exporter.example:10555");
}

#[tokio::test]
async fn what_keeps_one_operation_from_its_start_is_told_with_its_name_and_key() {
    let fleet = Fleet::of(&["bad", "good"]).await;
    let bad = fleet.table("bad") + "ca_file = \"missing.pem\"\n";
    fleet.write(&(bad + &fleet.table("good")));
    let (status, _, error) = finish(command(["serve"], &fleet.variables())).await;
    assert_eq!(status.code(), Some(64), "{error}");
    let missing = fleet.file().with_file_name("missing.pem");
    let told = format!("operation \"bad\": ca_file: {} can't be read", missing.display());
    assert!(error.contains(&told), "{error}");
}

#[tokio::test]
async fn an_operation_whose_server_hangs_or_refuses_delays_no_other() {
    let mut fleet = Fleet::of(&["hangs", "refuses", "works"]).await;
    fleet.operations["hangs"].handle().always(Some(Fault::Stall));
    fleet.operations.get_mut("refuses").unwrap().go_down().await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle(&exporter, "works").await;
    let page = exporter.scrape().await;
    assert_eq!(page.of("refuses").up(), Some(false));
    assert_eq!(page.of("hangs").up(), None, "its first call is still under way");
    fleet.operations.get_mut("refuses").unwrap().come_up().await;
    fleet.settle(&exporter, "refuses").await;
}

#[tokio::test]
async fn the_operations_of_a_group_call_one_after_another() {
    let fleet = Fleet::of(&["one"]).await;
    let same = |name: &str| fleet.table_as("one", name) + "group = \"shared\"\n";
    fleet.write(&[same("one"), same("two"), same("three"), same("four")].concat());
    let exporter = Exporter::serve(&fleet.variables()).await;
    for name in ["one", "two", "three", "four"] {
        wait_for("all chats", || async {
            let page = exporter.scrape().await.of(name);
            fleet.operations["one"].is_counted(&page).then_some(())
        })
        .await;
    }
    let requests = fleet.operations["one"].handle().requests();
    assert!(requests.len() > 8, "{}", requests.len());
    let most = fleet.operations["one"].handle().most_in_flight();
    assert_eq!(most, 1, "calls at once on one token");
}

#[tokio::test]
async fn after_a_kill_all_operations_go_on_from_their_states() {
    let mut fleet = Fleet::of(&["norte", "soporte", "ventas"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    exporter.kill().await;
    for operation in fleet.operations.values_mut() {
        operation.place_until(crate::support::placed::now());
    }
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
}
