//! Answers without chats.

use wolkvox_exporter::simulator::Fault;

use super::case::set_up;
use crate::support::exposition::Exposition;
use crate::support::placed::now;
use crate::support::process::{Exporter, state};

#[tokio::test]
async fn an_empty_window_is_no_failure_and_what_it_hid_is_counted_later() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    let before = exporter.settle(&operation, &mut newest).await;
    operation
        .handle()
        .always(Some(Fault::status(404, "Validate dates entered")));
    operation.place_until(now());
    let polls = before.sum("wolkvox_polls_total") + 3.0;
    let page = exporter
        .scrape_until("empty windows", &mut newest, |page| {
            page.sum("wolkvox_polls_total") >= polls
        })
        .await;
    assert_eq!(page.up(), Some(true));
    assert_eq!(page.sum("wolkvox_poll_failures_total"), 0.0);
    operation.handle().always(None);
    exporter.settle(&operation, &mut newest).await;
}
