//! The names of skills that Wolkvox lists, as the program reads them over HTTP.

use simulator::{Fault, Page, Settings};

use crate::support::operation::Operation;
use crate::support::process::{Exporter, Variables, state, variables, wait_for, with_all};

const NAMED: [(&str, &str); 4] = [
    ("12", "Sales"),
    ("15", "Support"),
    ("27", "Billing"),
    ("33", "Retention"),
];

fn reading(operation: &Operation, directory: &std::path::Path) -> Variables {
    with_all(
        variables(operation, directory),
        &[
            ("WOLKVOX_SKILL_CATALOGUE", "true"),
            ("WOLKVOX_SKILL_NAMES", "12=Ours"),
        ],
    )
}

fn lists(operation: &Operation) -> usize {
    let requests = operation.handle().requests();
    requests
        .iter()
        .filter(|request| request.page == Page::Information)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_wolkvox_lists_are_shown_and_the_variable_wins() {
    let operation = Operation::start(Settings::default()).await;
    let directory = state();
    let exporter = Exporter::serve(&reading(&operation, directory.path())).await;
    let page = wait_for("the names", || async {
        let page = exporter.scrape().await;
        (page.sum("wolkvox_skill_info").round() as usize == 4).then_some(page)
    })
    .await;
    let (_, _, text) = exporter.get("/metrics").await;
    let expected = NAMED.map(|(id, name)| (id, if id == "12" { "Ours" } else { name }));
    for (id, name) in expected {
        let labels = format!("skill_id=\"{id}\",skill_name=\"{name}\"");
        assert!(text.contains(&labels), "{labels}");
    }
    // The names are not read at each poll.
    exporter.polled(page.sum("wolkvox_polls_total") + 3.0).await;
    assert_eq!(lists(&operation), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_can_not_be_read_is_told_once_and_fails_no_poll() {
    for fault in [
        Fault::status(404, "NOT ENABLED"),
        Fault::status(403, "BACKUP"),
        Fault::Html200,
        Fault::CutBody { after_bytes: 90 },
    ] {
        let operation = Operation::start(Settings::default()).await;
        operation.handle().always_for_lists(Some(fault.clone()));
        let directory = state();
        let exporter = Exporter::serve(&reading(&operation, directory.path())).await;
        let page = exporter.polled(4.0).await;
        assert_eq!(page.sum("wolkvox_poll_failures_total").round() as usize, 0);
        assert_eq!(page.sum("wolkvox_skill_info").round() as usize, 1);
        assert_eq!(lists(&operation), 1, "{fault:?}");
        let log = exporter.log.text();
        let told = log.matches("the list of skills (WOLKVOX_SKILL_CATALOGUE) could not be read");
        assert_eq!(told.count(), 1, "{log}");
    }
}
