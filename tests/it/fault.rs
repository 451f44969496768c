//! Faults of the vendor, against the built binary: each has its reason and one clear line in the log, nothing is counted
//! wrongly, and the next good beat makes up for everything.

use std::net::TcpListener;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wolkvox_exporter::simulator::Fault;

use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, Variables, state, variables, with};

/// How often a lasting failure is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    AtEachPoll,
    Once,
}

/// A fault, and what is to come of it.
struct Case {
    name: &'static str,
    /// `None`: nothing listens.
    fault: Option<Fault>,
    /// The label `reason` of the failed polls.
    reason: &'static str,
    /// The reason where a piece has no chats: an empty window is a 404, and is told apart by what it says.
    where_empty: &'static str,
    /// The label `code` of the requests.
    code: &'static str,
    /// Part of the line in the log.
    says: &'static str,
    told: Told,
}

fn case(
    name: &'static str,
    fault: Fault,
    reason: &'static str,
    code: &'static str,
    says: &'static str,
) -> Case {
    Case {
        name,
        fault: Some(fault),
        reason,
        where_empty: reason,
        code,
        says,
        told: Told::AtEachPoll,
    }
}

/// HTTP 200 with this text for a body.
fn body(text: impl Into<String>) -> Fault {
    Fault::Body(text.into().into_bytes())
}

fn refusal(code: u16, msg: &str, reason: &'static str, label: &'static str, says: &'static str) -> Case {
    case("a status", Fault::status(code, msg), reason, label, says)
}

/// Variables of an exporter that counts what closed in the last two minutes, and the operation's chats of that time.
async fn set_up(state: &tempfile::TempDir) -> (Placed, Variables) {
    let mut operation = Placed::start_with(3000.0).await;
    let count_from = now() - minutes(2);
    operation.place(count_from + seconds(5), now() - seconds(1));
    let variables = variables(&operation, state.path());
    (operation, with(variables, "COUNT_FROM", &count_from.to_rfc3339()))
}

/// Meets the faults, with a few exporters at the same time: they mostly wait. Their requests may take so long.
async fn endure(request_timeout: &'static str, mut cases: Vec<Case>) {
    let mut exporters = JoinSet::new();
    while !cases.is_empty() {
        let few = cases.split_off(cases.len().saturating_sub(4));
        exporters.spawn(meet_all(request_timeout, few));
    }
    while let Some(met) = exporters.join_next().await {
        met.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

/// Meets one fault after the other with one exporter.
async fn meet_all(request_timeout: &str, cases: Vec<Case>) {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&with(variables, "REQUEST_TIMEOUT", request_timeout)).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    for case in cases {
        meet(&case, &mut operation, &exporter, &mut newest).await;
    }
}

async fn meet(case: &Case, operation: &mut Placed, exporter: &Exporter, newest: &mut Exposition) {
    let Case {
        name, reason, code, ..
    } = *case;
    let before = newest.clone();
    let told = exporter.log.text().len();
    match &case.fault {
        Some(fault) => operation.handle().always(Some(fault.clone())),
        None => operation.go_down().await,
    }
    let failures = |page: &Exposition| page.sum("wolkvox_poll_failures_total");
    let failing = |times: f64| {
        let until = failures(&before) + times;
        move |page: &Exposition| failures(page) >= until
    };
    // Chats come after the first failure: what a poll read that was on its way would be no proof.
    let during = exporter.scrape_until(name, newest, failing(1.0)).await;
    operation.place_until(now());
    let failed = exporter.scrape_until(name, newest, failing(3.0)).await;
    let totals = |page: &Exposition| page.totals().map(|(s, v)| (s.to_owned(), v)).collect::<Vec<_>>();
    assert_eq!(totals(&failed), totals(&during), "{name}: counted");
    assert_eq!(failed.up(), Some(false), "{name}");
    assert!(
        failed.failures(reason) > before.failures(reason),
        "{name}: {}",
        exporter.log.text()
    );
    let requests = |page: &Exposition| {
        page.get(&format!(
            "wolkvox_api_requests_total{{code=\"{code}\",operation=\"ventas\"}}"
        ))
        .unwrap_or_default()
    };
    assert!(
        requests(&failed) > requests(&before),
        "{name}: requests with code {code}"
    );

    match &case.fault {
        Some(_) => operation.handle().always(None),
        None => operation.come_up().await,
    }
    let after = exporter.settle(operation, newest).await;
    let failed = |reason: &str| after.failures(reason) - before.failures(reason);
    let failed = match case.where_empty {
        other if other == reason => failed(reason),
        other => failed(reason) + failed(other),
    };
    let log = &exporter.log.text()[told..];
    assert_eq!(
        failures(&after) - failures(&before),
        failed,
        "{name}: another reason\n{log}"
    );
    assert_told(case, log, failed as usize);
}

/// Each failed poll has one line that says why, and nothing else is a warning.
fn assert_told(case: &Case, log: &str, failed: usize) {
    let name = case.name;
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
        .collect();
    let expected = if case.told == Told::Once { 1 } else { failed };
    assert_eq!(warnings.len(), expected, "{name}:\n{log}");
    let has = |warning: &str, reason: &str| warning.contains(&format!("reason=\"{reason}\""));
    for warning in warnings {
        // A sweep may have been under way.
        let is_told = warning.contains("poll failed: ") || warning.contains("sweep failed: ");
        assert!(is_told, "{name}: {warning}");
        let is_expected = has(warning, case.reason) && warning.contains(case.says);
        assert!(is_expected || has(warning, case.where_empty), "{name}: {warning}");
    }
}

#[tokio::test]
async fn connections_that_fail() {
    let nothing_listens = Case {
        fault: None,
        ..case("nothing listens", Fault::Stall, "connect", "none", "refused")
    };
    let reset = Fault::ResetBeforeHeaders;
    let cut = Fault::CutBody { after_bytes: 700 };
    endure(
        "30s",
        vec![
            nothing_listens,
            case("dropped", Fault::DropConnections, "connect", "none", "allow-list"),
            case("reset before headers", reset, "connect", "none", "allow-list"),
            case("cut", cut, "truncated", "200", "ended before the answer did"),
        ],
    )
    .await;
}

#[tokio::test]
async fn answers_that_stall() {
    let stalled = Fault::StallBody { after_bytes: 700 };
    endure(
        "2s",
        vec![
            case("no answer", Fault::Stall, "timeout", "none", "within 2s"),
            case("stalled", stalled, "timeout", "200", "within 2s"),
            case(
                "a byte a second",
                Fault::OneByteASecond,
                "timeout",
                "200",
                "within 2s",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn refusals_by_status() {
    let quota = refusal(403, "TOKEN LIMIT EXCEEDED", "quota", "403", "used up");
    let too_soon = Fault::Status {
        code: 429,
        msg: "SLOW DOWN".to_owned(),
        retry_after: Some("1".to_owned()),
    };
    let concurrency = "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)";
    endure(
        "30s",
        vec![
            refusal(
                400,
                "SOME PARAMETERS ARE REQUIRED",
                "bad_request",
                "400",
                "malformed",
            ),
            refusal(
                401,
                "PLEASE ENTER THE WOLKVOX-TOKEN",
                "auth",
                "401",
                "WOLKVOX_TOKEN",
            ),
            refusal(403, "PLEASE VALIDATE TOKEN", "auth", "403", "WOLKVOX_TOKEN"),
            Case {
                told: Told::Once,
                ..quota
            },
            refusal(403, concurrency, "concurrency", "403", "too many calls at once"),
            refusal(403, "BACKUP IN PROGRESS", "forbidden", "403", "maintenance"),
            refusal(
                404,
                "NO SUCH REPORT",
                "http_status",
                "404",
                "chat_1 report is enabled",
            ),
            case("429", too_soon, "http_status", "429", "poll less often"),
            refusal(500, "INTERNAL", "http_status", "500", "in trouble"),
            case(
                "502 with a page",
                Fault::Html502,
                "http_status",
                "502",
                "HTTP 502",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn answers_under_http_200_that_are_none() {
    let other_code = |code: &str, msg: &str| Fault::OtherCodeIn200 {
        code: code.to_owned(),
        msg: msg.to_owned(),
    };
    let a_warning_first = case(
        "a warning first",
        Fault::PhpWarningBeforeJson,
        "not_json",
        "200",
        "not an answer of Wolkvox",
    );
    endure(
        "30s",
        vec![
            case(
                "another code",
                other_code("500", "Error"),
                "http_status",
                "200",
                "HTTP 500",
            ),
            case(
                "a token's code",
                other_code("403", "PLEASE VALIDATE TOKEN"),
                "auth",
                "200",
                "WOLKVOX_TOKEN",
            ),
            case("a page", Fault::Html200, "not_json", "200", "proxy or portal"),
            Case {
                where_empty: "http_status",
                ..a_warning_first
            },
            case("empty", Fault::EmptyBody, "not_json", "200", "the body is empty"),
            case(
                "wrong length",
                Fault::WrongContentLength { missing: 10 },
                "truncated",
                "200",
                "ended before the answer did",
            ),
            case(
                "N above the rows",
                Fault::AnnounceMore(3),
                "truncated",
                "200",
                "announced",
            ),
            case(
                "not text",
                Fault::Body(b"\xff\xfe{}".to_vec()),
                "not_json",
                "200",
                "not an answer of Wolkvox",
            ),
            case(
                "no data",
                body(r#"{"code":"200","msg":"2 records were found"}"#),
                "not_json",
                "200",
                "no list `data`",
            ),
            case(
                "data null",
                body(r#"{"code":"200","data":null}"#),
                "not_json",
                "200",
                "no list `data`",
            ),
            case(
                "data an object",
                body(r#"{"code":"200","data":{"conn_id":"1"}}"#),
                "not_json",
                "200",
                "no list `data`",
            ),
            case(
                "data a number",
                body(r#"{"code":"200","data":7}"#),
                "not_json",
                "200",
                "no list `data`",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn as_many_rows_as_the_vendors_limit() {
    // None of them could be counted: they have no id.
    let rows = vec!["{}"; 60_000].join(",");
    let many = format!(r#"{{"code":"200","msg":"60000 records were found","data":[{rows}]}}"#);
    endure(
        "300s",
        vec![case("60,000 rows", body(many), "too_many_rows", "200", "60000")],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_body_and_a_gzip_bomb_cost_a_request_and_no_memory() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&with(variables, "REQUEST_TIMEOUT", "5m")).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    for fault in [Fault::EndlessBody, Fault::GzipBomb] {
        let read = newest.sum("wolkvox_api_response_bytes_total");
        operation.handle().misbehave(fault);
        operation.place_until(now());
        let is_read = |page: &Exposition| page.sum("wolkvox_api_response_bytes_total") - read > 256e6;
        exporter.scrape_until("so much", &mut newest, is_read).await;
        // Half of it was asked for at once, so the beat succeeds.
        exporter.settle(&operation, &mut newest).await;
    }
    let log = exporter.log.text();
    let halved = log
        .lines()
        .filter(|line| line.contains("reason=\"too_large\""))
        .count();
    assert_eq!(halved, 2, "{log}");
    let peak = exporter.peak_memory();
    assert!(peak < 100_000, "{peak} kB");
}

#[tokio::test]
async fn a_redirect_is_not_followed_because_the_token_would_go_with_it() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("http://{}/", elsewhere.local_addr().unwrap());
    let redirect = Fault::Redirect { location };
    endure(
        "30s",
        vec![case(
            "a redirect",
            redirect,
            "http_status",
            "302",
            "never followed",
        )],
    )
    .await;
    let visit = elsewhere.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(visit, Err(std::io::ErrorKind::WouldBlock));
}

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
        assert_eq!(rejected, times * reads, "{reason}: told at each reading");
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
