use std::env;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::*;
use crate::http::status::NotHeld;
use crate::http::status::tests::{SomeNumbers, at, bad, polled, started};

fn overview(statuses: Vec<Status>) -> Overview {
    let statuses: Vec<_> = statuses.into_iter().map(Arc::new).collect();
    let exporter = Exporter {
        now: at(0),
        readiness: Readiness::Ready,
        problems: Vec::new(),
        warnings: Vec::new(),
        grafana_url: Some("https://grafana.example"),
        elsewhere: &|_| Some("http://two.example:10555".to_owned()),
    };
    Overview::of(&statuses, exporter)
}

/// Everything that there can be.
fn whole() -> Overview {
    let mut failing = polled("ventas", at(-900));
    failing.polls.note(&bad(2, at(-10)));
    failing.numbers = Some(Arc::new(SomeNumbers {
        name: "Ana".to_owned(),
    }));
    let mut elsewhere = polled("soporte", at(-10));
    elsewhere.not_held = Some(NotHeld::Elsewhere);
    overview(vec![failing, elsewhere, started("citas")])
}

#[test]
fn operations_come_in_the_order_of_their_states_and_then_of_their_names() {
    let mut slow = polled("b", at(-10));
    slow.seconds_skipped = 1;
    let mut elsewhere = polled("a", at(-10));
    elsewhere.not_held = Some(NotHeld::Elsewhere);
    let mut failing = polled("f", at(-900));
    failing.polls.note(&bad(2, at(-10)));
    let all = overview(vec![
        elsewhere,
        slow,
        polled("c", at(-10)),
        started("d"),
        polled("e", at(-10)),
        failing,
    ]);
    let order: Vec<_> = all.operations.iter().map(|one| one.operation.as_str()).collect();
    assert_eq!(order, ["f", "b", "d", "c", "e", "a"]);
}

#[test]
fn data_up_to_is_unknown_until_something_was_read() {
    let mut status = started("ventas");
    (status.counting_since, status.watermark) = (Some(at(-24)), Some(at(-24)));
    let data_up_to = |status: &Status| {
        let overview = overview(vec![status.clone()]);
        overview.operations[0].polling.as_ref().unwrap().data_up_to
    };
    assert_eq!(data_up_to(&status), None);
    // A part of what is to be caught up was read, although the poll failed.
    status.watermark = Some(at(-12));
    assert_eq!(data_up_to(&status), Some(at(-12)));
    (status.watermark, status.last_success) = (Some(at(-24)), Some(at(-3)));
    assert_eq!(data_up_to(&status), Some(at(-24)));
}

#[test]
fn an_operation_of_another_replica_names_it_and_shows_nothing_that_is_old() {
    let mut status = polled("ventas", at(-10));
    status.chats_counted = 4321;
    status.numbers = Some(Arc::new(SomeNumbers {
        name: "Ana".to_owned(),
    }));
    status.not_held = Some(NotHeld::Elsewhere);
    let text = serde_json::to_string(&overview(vec![status])).unwrap();
    assert!(
        text.contains("\"polled_at\":\"http://two.example:10555\""),
        "{text}"
    );
    assert!(!text.contains("4321") && !text.contains("Ana"), "{text}");
}

#[test]
fn an_operation_that_stands_still_shows_no_numbers() {
    let mut status = polled("ventas", at(-10));
    status.numbers = Some(Arc::new(SomeNumbers {
        name: "Ana".to_owned(),
    }));
    status.not_held = Some(NotHeld::StandsStill("the state is locked".to_owned()));
    let overview = overview(vec![status]);
    let one = &overview.operations[0];
    assert_eq!((&one.window, &one.today), (&None, &None));
    assert!(one.polling.is_some());
}

#[test]
fn it_is_asked_again_sooner_where_polls_are_more_frequent() {
    assert_eq!(overview(vec![started("a")]).refresh_seconds, 60);
    let often = |interval| {
        let status = crate::http::status::tests::with_settings("b", &[("WOLKVOX_POLL_INTERVAL", interval)]);
        overview(vec![started("a"), status]).refresh_seconds
    };
    assert_eq!((often("2m"), often("2s")), (24, 5));
    assert_eq!(overview(Vec::new()).refresh_seconds, 60);
}

/// The part of a schema that a reference leads to.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => root.pointer(&path[1..]).unwrap(),
        None => schema,
    }
}

/// A value has what the schema requires, and nothing that it does not know.
fn check(value: &Value, schema: &Value, root: &Value, place: &str) {
    let schema = resolved(schema, root);
    if let Some(choices) = schema["anyOf"].as_array() {
        let other = choices.iter().find(|choice| choice["type"] != "null").unwrap();
        if !value.is_null() {
            check(value, other, root, place);
        }
        return;
    }
    match value {
        Value::Object(fields) => check_fields(fields, schema, root, place),
        Value::Array(items) => {
            for item in items {
                check(item, &schema["items"], root, place);
            }
        }
        _ => {}
    }
}

fn check_fields(fields: &Map<String, Value>, schema: &Value, root: &Value, place: &str) {
    let known = schema["properties"].as_object().unwrap();
    for (name, value) in fields {
        let of_field = known
            .get(name)
            .unwrap_or_else(|| panic!("{place}.{name} is not in the schema"));
        assert!(
            of_field["description"].is_string(),
            "{place}.{name} has no description"
        );
        check(value, of_field, root, &format!("{place}.{name}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            fields.contains_key(name.as_str().unwrap()),
            "{place} lacks {name}"
        );
    }
}

#[test]
fn the_documented_schema_is_that_of_the_answer() {
    let schema = serde_json::to_value(schemars::schema_for!(Overview)).unwrap();
    let answer = serde_json::to_value(whole()).unwrap();
    check(&answer, &schema, &schema, "answer");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/status.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|known| known == text),
        "docs/status.schema.json is not what the program answers; run UPDATE_DOCS=1 cargo test --lib http::overview"
    );
}
