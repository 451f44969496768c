//! A second of the report that can't be read.

use simulator::Fault;

use super::case::{brief, set_up};
use crate::support::exposition::Exposition;
use crate::support::placed::{now, seconds};
use crate::support::process::{Exporter, state, with};

#[tokio::test]
async fn a_second_that_cannot_be_read_hides_its_own_chats_only_and_only_until_it_can() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    // What polls pass over, only sweeps ask for, and they reach up to where polls begin.
    let exporter = Exporter::serve(&with(variables, "WINDOW", "20s")).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let handle = operation.handle();
    let unreadable = now() + seconds(2);
    handle.poison(unreadable, Fault::status(500, "INTERNAL"));
    // What closes in that second is in no other window: those of its neighbours end before it and begin behind it.
    let hidden = ["hidden-1", "hidden-2"].map(|conn_id| brief(conn_id, unreadable));
    operation.add(hidden.clone());
    operation.place_until(unreadable - seconds(1));
    operation.place(unreadable + seconds(1), unreadable + seconds(3));
    for away in [-2, -1, 1, 2] {
        operation.place_chat(brief(&format!("{away}-away"), unreadable + seconds(away)));
    }
    let skipped = |page: &Exposition| page.sum("wolkvox_report_seconds_skipped_total");
    let all_closed = unreadable + seconds(3);
    let is_over = |page: &Exposition| skipped(page) >= 1.0 && now() > all_closed;
    let page = exporter
        .scrape_until("the second is passed over", &mut newest, is_over)
        .await;
    // One poll may have begun before; one reads what closed meanwhile, and one later all of it is shown. Not by waiting for
    // it: when the second is older than the window, its neighbours are asked for in another way.
    let polls = |page: &Exposition| page.sum("wolkvox_polls_total");
    let later = polls(&page) + 4.0;
    let page = exporter
        .scrape_until("more polls", &mut newest, |page| polls(page) >= later)
        .await;
    assert_eq!(page.up(), Some(true));
    operation.assert_counted(&page);
    assert_eq!(skipped(&page), 1.0);
    let log = exporter.log.text();
    let reported: Vec<_> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
    assert!(
        reported.len() == 1 && reported[0].contains("a second of the report could not be read 3 times"),
        "{log}"
    );
    let (_, _, page) = exporter.get("/").await;
    assert!(page.contains("<dt>Passed over</dt>"), "{page}");
    handle.heal();
    operation.expect(hidden);
    exporter.settle(&operation, &mut newest).await;
}

#[tokio::test]
async fn sweeps_in_cycles_of_a_second_get_past_a_second_that_cannot_be_read() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&with(variables, "WINDOW", "10s")).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let handle = operation.handle();
    let unreadable = now() - seconds(60);
    handle.poison(unreadable, Fault::status(500, "INTERNAL"));
    // It shows up late behind that second, where only sweeps ask for it.
    operation.place_chat(brief("late", unreadable + seconds(30)));
    exporter.settle(&operation, &mut newest).await;
    assert_eq!(newest.up(), Some(true));
    handle.heal();
}
