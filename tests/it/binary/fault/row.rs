//! Values and rows that can't be read.

use serde_json::{Value, json};
use simulator::Fault;

use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, state, variables, with};

/// A row like those of the vendor, with other values for some fields.
fn row(conn_id: &str, others: &[(&str, Value)]) -> Value {
    let at = (now() - seconds(20)).with_timezone(&chrono_tz::America::Bogota);
    let mut row = json!({
        "conn_id": conn_id, "channel": "whatsapp", "date": at.format("%Y-%m-%d %H:%M:%S").to_string(),
        "agent_id": "2001", "agent_name": "Ana", "agent_anwers ": "4", "agent_chars": "240", "customer_chars": "120",
        "time_on_agent": "00:00:08", "chat_duration": "00:00:10", "cod_act": "21", "description_cod_act": "Sold",
        "skill_id": "7", "ASA": "00:00:02", "last_participant_who_spoke": "agent", "feeling": "neutral",
    });
    for (field, value) in others {
        row[field] = value.clone();
    }
    row
}

fn envelope(rows: &[Value]) -> Vec<u8> {
    let msg = format!("{} records were found", rows.len());
    // The rows before the code: the keys come in any order.
    let rows = serde_json::to_string(rows).unwrap();
    format!(r#"{{"msg":"{msg}","data":{rows},"error":null,"code":"200"}}"#).into_bytes()
}

#[tokio::test]
async fn values_and_rows_that_cannot_be_read_spoil_nothing_but_themselves() {
    let unreadable = [
        ("time_on_agent", json!("99:99:99")),
        ("agent_chars", json!("12abc")),
        ("customer_chars", json!("-5")),
        ("ASA", json!("NaN")),
    ];
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows = [
        row("1", &unreadable),
        row(
            "2",
            &[
                ("customer_chars", json!("9,336.00")),
                ("agent_chars", json!("9,336")),
            ],
        ),
        row("3", &[]),
        row("3", &[("skill_id", json!("8"))]),
        row("", &[]),
        row("0", &[]),
        row(&"9".repeat(10_000), &[]),
        json!("no object"),
        json!(null),
        json!("NESTED"),
        row(
            "4",
            &[("agent_chars", json!("HUGE")), ("customer_name", json!("BYTES"))],
        ),
        row("5", &[("skill_id", json!("BYTES"))]),
    ];
    let body = String::from_utf8(envelope(&rows)).unwrap();
    // What serde_json would not write: a number beyond all floats, bytes that are not UTF-8, nesting without end.
    let body = body.replace("\"HUGE\"", "1e309").replace("\"NESTED\"", &deep);
    let body = replace_bytes(body.as_bytes(), b"BYTES", b"\xff\xfe");
    let state = state();
    let operation = Placed::start_with(3000.0).await;
    operation.handle().always(Some(Fault::Body(body)));
    let count_from = (now() - minutes(2)).to_rfc3339();
    let variables = with(variables(&operation, state.path()), "COUNT_FROM", &count_from);
    let exporter = Exporter::serve(&variables).await;
    let page = exporter
        .scrape_until("all chats", &mut Exposition::default(), |page| {
            page.sum("wolkvox_chats_total") >= 5.0
        })
        .await;
    assert_eq!(page.up(), Some(true));
    let labelled = |name: &str, label: &str| {
        page.get(&format!("{name}{{operation=\"ventas\",{label}}}"))
            .unwrap_or_default()
    };
    assert_eq!(
        page.sum("wolkvox_chats_total"),
        5.0,
        "the second row of chat 3 does not count"
    );
    for (field, times) in [
        ("time_on_agent", 1.0),
        ("agent_chars", 2.0),
        ("customer_chars", 2.0),
        ("asa", 1.0),
        ("skill_id", 1.0),
        ("chat_duration", 0.0),
    ] {
        let invalid = labelled(
            "wolkvox_report_fields_invalid_total",
            &format!("field=\"{field}\""),
        );
        assert_eq!(invalid, times, "{field}");
    }
    let reads = page.sum("wolkvox_report_rows_total") / rows.len() as f64;
    for (reason, times) in [("no_conn_id", 2.0), ("bad_conn_id", 1.0), ("not_an_object", 3.0)] {
        let rejected = labelled(
            "wolkvox_report_rows_rejected_total",
            &format!("reason=\"{reason}\""),
        );
        assert_eq!(rejected, times * reads, "{reason}: logged at each reading");
    }
    assert_eq!(page.sum("wolkvox_report_rows_repeated_total"), reads);
    assert_eq!(page.sum("wolkvox_chat_asa_seconds_count"), 4.0);
    assert_eq!(page.sum("wolkvox_chat_asa_seconds_sum"), 8.0);
    assert_eq!(
        page.sum("wolkvox_chat_agent_characters_total"),
        9336.0 + 2.0 * 240.0
    );
    assert_eq!(page.sum("wolkvox_chat_time_on_agent_seconds_sum"), 4.0 * 8.0);
}

fn replace_bytes(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|part| part == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[tokio::test]
async fn labels_as_long_and_as_many_as_can_be_keep_to_their_bytes_and_all_chats_count() {
    const CHATS: usize = 400;
    let rows: Vec<_> = (0..CHATS)
        .map(|number| {
            let own = json!(format!("{number:08}{}", "😀".repeat(120)));
            let fields = [
                "channel",
                "skill_id",
                "agent_id",
                "cod_act",
                "description_cod_act",
            ];
            row(
                &(number + 1).to_string(),
                &fields.map(|field| (field, own.clone())),
            )
        })
        .collect();
    let state = state();
    let operation = Placed::start_with(3000.0).await;
    operation.handle().always(Some(Fault::Body(envelope(&rows))));
    let count_from = (now() - minutes(2)).to_rfc3339();
    let variables = with(variables(&operation, state.path()), "COUNT_FROM", &count_from);
    let exporter = Exporter::serve(&with(variables, "POLL_INTERVAL", "5s")).await;
    let page = exporter
        .scrape_until("all chats", &mut Exposition::default(), |page| {
            page.sum("wolkvox_chats_total") >= CHATS as f64
        })
        .await;
    assert_eq!(page.sum("wolkvox_chats_total"), CHATS as f64);
    assert!(page.sum("wolkvox_series_limited_total") > 50.0);
    let (_, _, page) = exporter.get("/metrics").await;
    let labels: usize = page
        .lines()
        .map(|line| line.matches('😀').count() * '😀'.len_utf8())
        .sum();
    // The gauges of the latest window show the same label sets.
    let most = 16 * 1024 * 1024 + 1024 * 1024;
    assert!((most / 2..most).contains(&labels), "{labels} bytes of labels");
}
