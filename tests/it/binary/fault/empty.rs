//! Answers without chats.

use simulator::Fault;

use super::case::{case, endure, requests};
use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, now, seconds};
use crate::support::process::{Exporter, state, variables};

#[tokio::test]
async fn an_empty_window_is_no_failure() {
    let state = state();
    let mut operation = Placed::start().await;
    let exporter = Exporter::serve(&variables(&operation, state.path())).await;
    let mut newest = Exposition::default();
    let page = exporter
        .scrape_until("empty windows", &mut newest, |page| {
            page.sum("wolkvox_polls_total") >= 3.0
        })
        .await;
    assert_eq!(page.up(), Some(true));
    assert!(requests(&page, "404") >= 3.0 && requests(&page, "200") == 0.0);
    let begun = now();
    operation.place(begun, begun + seconds(5));
    let page = exporter.settle(&operation, &mut newest).await;
    assert!(page.sum("wolkvox_chats_total") > 0.0);
    assert_eq!(page.sum("wolkvox_poll_failures_total"), 0.0);
}

#[tokio::test]
async fn an_empty_answer_that_hides_known_chats_is_not_believed() {
    let no_records =
        |data: &str| format!(r#"{{"code":"200","msg":"0 records were found","data":{data}}}"#).into_bytes();
    let cases = [
        (
            "an empty 404",
            "404",
            Fault::status(404, "Validate dates entered"),
        ),
        ("an empty 200", "200", Fault::Body(no_records("[]"))),
        ("no data", "200", Fault::Body(no_records("null"))),
        ("an empty object", "200", Fault::Body(no_records("{}"))),
    ];
    let cases = cases.map(|(name, code, fault)| case(name, fault, "http_status", code, "not believed"));
    endure("30s", cases.into()).await;
}
