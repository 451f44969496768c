//! Several processes share an operations file.

use crate::support::fleet::Fleet;
use crate::support::process::{Exporter, command, finish, with};

#[tokio::test]
async fn each_operation_is_in_exactly_one_shard() {
    let fleet = Fleet::of(&["a", "b", "c", "d"]).await;
    let mut held = Vec::new();
    for shard in ["0/2", "1/2"] {
        let state = fleet.state().join(shard.replace('/', "-"));
        let variables = with(fleet.variables(), "STATE_DIR", state.to_str().unwrap());
        let exporter = Exporter::start(["serve", "--shard", shard], &variables).await;
        let page = exporter.scrape().await;
        for name in fleet.operations.keys() {
            if !page.of(name).0.is_empty() {
                fleet.settle(&exporter, name).await;
                held.push(name.clone());
            }
        }
    }
    held.sort();
    assert_eq!(held, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_shard_that_there_is_not_is_a_mistake_of_the_command_line() {
    let fleet = Fleet::of(&["a"]).await;
    let (status, _, error) = finish(command(["serve", "--shard", "2/2"], &fleet.variables())).await;
    assert_eq!(status.code(), Some(2), "{error}");
    assert!(error.contains("there is no shard 2 of 2"), "{error}");
}
