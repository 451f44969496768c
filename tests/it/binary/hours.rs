//! Business hours.

use chrono::{TimeDelta, Utc};
use simulator::Settings;

use crate::support::operation::Operation;
use crate::support::process::{Exporter, state, variables, with};

const OPEN_SINCE: &str = "wolkvox_open_since_timestamp_seconds{operation=\"ventas\"}";

/// What is shown with these hours, and the text of the page.
async fn open_since(hours: &str) -> (Option<f64>, String) {
    let operation = Operation::start(Settings::empty()).await;
    let state = state();
    let variables = with(variables(&operation, state.path()), "TIMEZONE", "UTC");
    let exporter = Exporter::serve(&with(variables, "BUSINESS_HOURS", hours)).await;
    let page = exporter.polled(1.0).await;
    let (_, _, alone) = exporter.get("/metrics?operation=ventas").await;
    (page.get(OPEN_SINCE), alone)
}

/// Half a day from now, and so never now: a minute of local time.
fn another_time() -> String {
    let at = Utc::now() + TimeDelta::hours(12);
    let (from, to) = (at.format("%H:%M"), (at + TimeDelta::minutes(1)).format("%H:%M"));
    format!("{from}-{to}")
}

#[tokio::test]
async fn since_when_an_operation_is_open_is_shown_alone_and_with_others_and_nothing_while_closed() {
    let (since, alone) = open_since("24/7").await;
    assert_eq!(since, Some(0.0));
    assert!(alone.contains(&format!("\n{OPEN_SINCE} 0\n")), "{alone}");

    let yesterday = (Utc::now() - TimeDelta::days(1)).date_naive();
    let (since, _) = open_since(&format!("24/7; off {yesterday}")).await;
    let midnight = yesterday.succ_opt().unwrap().and_time(chrono::NaiveTime::MIN);
    assert_eq!(since, Some(midnight.and_utc().timestamp() as f64));

    let (since, alone) = open_since(&another_time()).await;
    assert_eq!(since, None);
    assert!(!alone.contains("open_since"), "{alone}");
}

#[tokio::test]
async fn a_mistake_in_the_hours_ends_the_start_with_its_words() {
    let operation = Operation::start(Settings::empty())
        .await
        .with("BUSINESS_HOURS", "Lu-Vi 08:00-18:00");
    let output = operation.run(&["check"]).await;
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(
            "WOLKVOX_BUSINESS_HOURS has a mistake in part 1: \"lu\" is written Mo, as in Mo 08:00-18:00"
        ),
        "{said}"
    );
}
