//! A second of the report that can't be read.

use wolkvox_exporter::simulator::Fault;

use super::case::set_up;
use crate::support::exposition::Exposition;
use crate::support::placed::{now, seconds};
use crate::support::process::{Exporter, state};

#[tokio::test]
async fn a_second_that_cannot_be_read_hides_its_own_chats_only_and_only_until_it_can() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let handle = operation.handle();
    handle.poison(now() + seconds(1), Fault::status(500, "INTERNAL"));
    operation.place_until(now() + seconds(5));
    let placed = operation.truth().all.chats as f64;
    let page = exporter
        .scrape_until("the second is passed over", &mut newest, |page| {
            page.sum("wolkvox_stretches_skipped_total") >= 1.0 && page.up() == Some(true)
        })
        .await;
    assert_eq!(page.sum("wolkvox_stretches_skipped_total"), 1.0);
    // Its neighbours are there; of three seconds at most, something is missing.
    assert!(page.sum("wolkvox_chats_total") >= placed - 20.0);
    assert!(
        exporter
            .log
            .text()
            .contains("a second of the report could not be read 3 times")
    );
    handle.heal();
    exporter.settle(&operation, &mut newest).await;
}
