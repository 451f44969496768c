//! Answers that are right, and look otherwise than the vendor's. And tokens without end.

use crate::support::exposition::Exposition;
use crate::support::placed::{now, seconds};
use crate::support::process::{Exporter, state, wait_until, with};
use crate::support::web::Place;
use crate::support::wire::{Wire, answer, envelope, gzip, row, unframed};

fn chats(page: &Exposition) -> f64 {
    page.sum("wolkvox_chats_total")
}

fn failures(page: &Exposition) -> f64 {
    page.sum("wolkvox_poll_failures_total")
}

/// Two rows.
fn two_rows() -> Vec<u8> {
    let closed = now() - seconds(20);
    envelope(2, &format!("[{},{}]", row("1", closed), row("2", closed)))
}

/// Asks for each of the answers at least twice, and returns what is shown then.
async fn read_all(wire: &Wire, answers: usize, exporter: &Exporter) -> Exposition {
    wait_until("each answer twice", || wire.answered() > 2 * answers).await;
    let polls = exporter.scrape().await.sum("wolkvox_polls_total");
    let later = |page: &Exposition| page.sum("wolkvox_polls_total") >= polls + 2.0;
    exporter
        .scrape_until("one more poll", &mut Exposition::default(), later)
        .await
}

/// All of these are the same two chats.
async fn assert_all_are_read(answers: Vec<Vec<u8>>) {
    let state = state();
    let count = answers.len();
    let wire = Wire::start(answers);
    let exporter = Exporter::serve(&wire.variables(state.path())).await;
    let page = read_all(&wire, count, &exporter).await;
    assert_eq!(
        (chats(&page), failures(&page)),
        (2.0, 0.0),
        "{}",
        exporter.log.text()
    );
}

#[tokio::test]
async fn gzip_is_read_however_it_is_spelled_and_in_several_members() {
    let body = two_rows();
    let packed = gzip(&[(&body, 1)]);
    let (first, second) = body.split_at(body.len() / 2);
    let members = [gzip(&[(first, 1)]), gzip(&[(second, 1)])].concat();
    let padded = [&members[..], &[0; 512]].concat();
    let encoded = |encoding: &str, body: &[u8]| answer(&format!("Content-Encoding: {encoding}\r\n"), body);
    assert_all_are_read(vec![
        encoded("GZIP", &packed),
        encoded("x-gzip", &packed),
        encoded("X-Gzip ", &packed),
        encoded("identity, gzip", &packed),
        encoded("identity", &body),
        encoded("", &body),
        encoded("gzip", &members),
        encoded("gzip", &padded),
    ])
    .await;
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_told() {
    let state = state();
    let wire = Wire::start(vec![answer("Content-Encoding: br\r\n", b"\x0b\x02\x80")]);
    let exporter = Exporter::serve(&wire.variables(state.path())).await;
    let failed = |page: &Exposition| page.failures("not_json") >= 2.0;
    exporter
        .scrape_until("failed polls", &mut Exposition::default(), failed)
        .await;
    let log = exporter.log.text();
    assert!(
        log.contains("its Content-Encoding is \"br\", and only gzip was asked for"),
        "{log}"
    );
}

#[tokio::test]
async fn rows_of_an_object_under_numbers_count_and_no_data_is_empty_where_none_are_announced() {
    let closed = now() - seconds(20);
    let numbered = format!(r#"{{"0":{},"3":{}}}"#, row("1", closed), row("2", closed));
    let state = state();
    // Where chats are known, an answer without any would not be believed.
    let wire = Wire::start(["{}", "null"].map(|data| answer("", &envelope(0, data))).into());
    let exporter = Exporter::serve(&wire.variables(state.path())).await;
    let page = read_all(&wire, 2, &exporter).await;
    assert_eq!(
        (chats(&page), failures(&page)),
        (0.0, 0.0),
        "{}",
        exporter.log.text()
    );

    assert_all_are_read(vec![answer("", &envelope(2, &numbered)), answer("", &two_rows())]).await;
}

#[tokio::test]
async fn a_body_that_ends_without_close_notify_of_tls_counts_if_it_is_whole() {
    let place = Place::new();
    let body = two_rows();
    let packed = gzip(&[(&body, 1)]);
    let whole = vec![
        unframed("", &body),
        unframed("Content-Encoding: gzip\r\n", &packed),
    ];
    let of = |wire: &Wire, directory: &tempfile::TempDir| {
        with(
            wire.variables(directory.path()),
            "CA_FILE",
            &place.text_path("ca.pem"),
        )
    };
    let directory = state();
    let wire = Wire::without_close_notify(&place, whole);
    let exporter = Exporter::serve(&of(&wire, &directory)).await;
    let page = read_all(&wire, 2, &exporter).await;
    assert_eq!(
        (chats(&page), failures(&page)),
        (2.0, 0.0),
        "{}",
        exporter.log.text()
    );

    let text = String::from_utf8(body.clone()).unwrap();
    let more = text.replace("2 records", "3 records");
    let fewer = text.replace("2 records", "1 records");
    for (what, answer) in [
        ("cut JSON", unframed("", &body[..body.len() - 1])),
        (
            "cut gzip",
            unframed("Content-Encoding: gzip\r\n", &packed[..packed.len() - 1]),
        ),
        ("more rows announced", unframed("", more.as_bytes())),
        ("fewer rows announced", unframed("", fewer.as_bytes())),
    ] {
        let directory = state();
        let wire = Wire::without_close_notify(&place, vec![answer]);
        let exporter = Exporter::serve(&of(&wire, &directory)).await;
        let failed = |page: &Exposition| page.failures("truncated") >= 1.0;
        let page = exporter
            .scrape_until(what, &mut Exposition::default(), failed)
            .await;
        assert_eq!(chats(&page), 0.0, "{what}");
        let log = exporter.log.text();
        assert!(log.contains("ended before the answer did"), "{what}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_and_nesting_without_end_take_no_memory_and_are_told() {
    const MUCH: usize = 250_000_000;
    let closed = now() - seconds(20);
    let row = row("1", closed);
    let begin = |field: &str| format!(r#"{{"code":200,"msg":"1 records were found","data":[{{{field}"#);
    let without = |field: &str| format!(",{}]}}", row[1..].replace(field, "x"));
    let bodies = [
        gzip(&[(b"{\"code\":1", 1), (b"9", MUCH), (b"}", 1)]),
        gzip(&[(b"{\"x\":", 1), (b"[", MUCH)]),
        gzip(&[
            (begin("\"conn_id\":1").as_bytes(), 1),
            (b"9", MUCH),
            (without("conn_id").as_bytes(), 1),
        ]),
        gzip(&[
            (begin("\"skill_id\":1").as_bytes(), 1),
            (b"9", MUCH),
            (without("skill_id").as_bytes(), 1),
        ]),
    ];
    let answers = bodies.map(|body| answer("Content-Encoding: gzip\r\n", &body));
    let state = state();
    let wire = Wire::start(answers.into());
    let exporter = Exporter::serve(&wire.variables(state.path())).await;
    let is_counted = |page: &Exposition| page.sum("wolkvox_chat_asa_seconds_count") >= 1.0;
    let page = exporter
        .scrape_until("the last one", &mut Exposition::default(), is_counted)
        .await;
    let (log, peak) = (exporter.log.text(), exporter.peak_memory());
    assert!(log.contains("its `code` is not a number"), "{log}");
    assert!(log.contains("nested deeper than 131072 levels"), "{log}");
    assert!(page.sum("wolkvox_report_rows_rejected_total") >= 1.0, "{log}");
    assert_eq!(page.sum("wolkvox_report_fields_invalid_total"), 1.0, "{log}");
    assert!(peak < 80_000, "{peak} kB");
}
