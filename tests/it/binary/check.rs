//! `check`.

use chrono::{TimeDelta, Utc};
use simulator::{Fault, Filter, Settings, SimulatedChat};

use crate::support::operation::Operation;
use crate::support::process::{Exporter, state, variables, with};

/// The lines it printed, and whether it was content.
async fn check(operation: &Operation) -> (bool, String) {
    let output = operation.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "{code:?} {text}");
    assert_eq!(code == Some(1), text.contains("PROBLEM"), "{text}");
    (code == Some(0), text)
}

/// As a word and what it is about.
fn says(text: &str, verdict: &str, about: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some(verdict) && words.next() == Some(about)
    })
}

fn lively() -> Settings {
    Settings {
        chats_per_hour: 600.0,
        handling: simulator::Span::new(40, 1800),
        ..Settings::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_right_is_said_with_one_call() {
    let operation = Operation::start(lively()).await;
    let (good, text) = check(&operation).await;
    assert!(good, "{text}");
    for about in [
        "settings",
        "address",
        "allow-list",
        "token",
        "clock",
        "rows",
        "fields",
        "filter",
    ] {
        assert!(says(&text, "ok", about), "{about}: {text}");
    }
    assert_eq!(operation.handle().requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_a_refused_address_and_a_missing_report_are_distinguished() {
    let operation = Operation::start(lively()).await;
    operation.handle().set_token("another");
    let (good, text) = check(&operation).await;
    assert!(
        !good && says(&text, "PROBLEM", "token") && says(&text, "ok", "allow-list"),
        "{text}"
    );
    operation.handle().always(Some(Fault::Status {
        code: 404,
        msg: "NOT ENABLED".to_owned(),
        retry_after: None,
    }));
    let (good, text) = check(&operation).await;
    assert!(!good && says(&text, "PROBLEM", "report"), "{text}");
    operation.handle().always(Some(Fault::ResetBeforeHeaders));
    let (good, text) = check(&operation).await;
    assert!(!good && says(&text, "PROBLEM", "allow-list"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_zone_is_named_with_its_hours() {
    for (zone, words) in [
        ("America/Mexico_City", "1h ahead"),
        ("America/Sao_Paulo", "2h behind"),
    ] {
        let operation = Operation::start(lively()).await.with("TIMEZONE", zone);
        let (good, text) = check(&operation).await;
        if text.contains("month has just begun") {
            continue;
        }
        assert!(
            !good && says(&text, "PROBLEM", "zone") && text.contains(words),
            "{zone}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_on_the_opening_time_and_a_vanished_field_are_noticed() {
    let mut settings = lively();
    settings.dialect.asa_key = "waiting".to_owned();
    let operation = Operation::start(settings).await;
    operation.handle().set_filter(Filter::OpenTime);
    let (good, text) = check(&operation).await;
    assert!(
        !good && says(&text, "PROBLEM", "fields") && text.contains("no row has asa"),
        "{text}"
    );
    assert!(
        says(&text, "note", "filter") && text.contains("opening time"),
        "{text}"
    );
    let off = operation.with("SWEEP_INTERVAL", "0");
    let (_, text) = check(&off).await;
    assert!(says(&text, "PROBLEM", "filter"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_zone_data_is_named_and_a_fixed_offset_is_a_zone() {
    let operation = Operation::start(lively()).await;
    let (_, text) = check(&operation).await;
    let version = wolkvox::zone::DATA_VERSION;
    let expected =
        format!("America/Bogota is -05:00 from UTC now, by the IANA's data {version} in this program");
    assert!(text.contains(&expected), "{text}");
    // Bogota has no summer time: it is the same zone.
    let operation = operation.with("TIMEZONE", "-05:00");
    let (good, text) = check(&operation).await;
    assert!(
        good && text.contains("WOLKVOX_TIMEZONE=-05:00 is that far"),
        "{text}"
    );
    let operation = operation.with("TIMEZONE", "-06:30");
    let (good, text) = check(&operation).await;
    if !text.contains("month has just begun") {
        assert!(!good && text.contains("1h 30m ahead"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_cannot_be_read_end_with_their_own_status() {
    let operation = Operation::start(lively()).await.with("TIMEZONE", "Bogota");
    let output = operation.run(&["check"]).await;
    assert_eq!(output.status.code(), Some(64));
    assert!(operation.handle().requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_the_list_of_skills_can_be_read_is_said_with_a_second_call() {
    let operation = Operation::start(lively()).await.with("SKILL_CATALOGUE", "true");
    let (good, text) = check(&operation).await;
    assert!(good && says(&text, "ok", "skills"), "{text}");
    assert!(text.contains("names 4 (a second call"), "{text}");
    assert_eq!(operation.handle().requests().len(), 2);
    operation
        .handle()
        .always_for_lists(Some(Fault::status(404, "NOT ENABLED")));
    let (good, text) = check(&operation).await;
    assert!(!good && says(&text, "PROBLEM", "skills"), "{text}");
    assert!(
        text.contains("NOT ENABLED") && says(&text, "ok", "fields"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_not_known_are_named_without_their_values_and_what_must_not_be_shown() {
    let operation = Operation::start(lively()).await;
    let (_, text) = check(&operation).await;
    assert!(!text.contains("does not know"), "{text}");
    let closed = Utc::now() - TimeDelta::minutes(5);
    let chat = SimulatedChat::new("900000001", closed - TimeDelta::minutes(9), closed)
        .with_raw("Wait_Time", Some("\"value 1\""))
        .with_raw("of ana@example.org", Some("\"value 2\""))
        .with_raw("3001234567\u{1b}[31m\n\"", Some("[\"value 3\"]"));
    operation.add([chat]);
    let (good, text) = check(&operation).await;
    assert!(good && says(&text, "note", "fields"), "{text}");
    let line = text.lines().find(|line| line.contains("does not know")).unwrap();
    assert!(line.contains(r#""Wait_Time", "of "#), "{line}");
    for hidden in ["value", "example.org", "3001234567", "\u{1b}"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let state = state();
    let variables = with(variables(&operation, state.path()), "WINDOW", "10m");
    let exporter = Exporter::serve(&variables).await;
    let page = exporter.polled(1.0).await;
    assert_eq!(page.sum("wolkvox_report_fields_unknown"), 3.0);
}
