//! Answers that are packed or too large.

use super::*;

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, body).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_gzip_body_is_read_and_counted_unpacked() {
    let (exchange, rows) = ask(gzipped(&gzip(GOOD.as_bytes())), End::Close).await;
    assert_eq!((exchange.result.unwrap().rows, rows.rows.len()), (2, 2));
    assert_eq!(exchange.bytes, GOOD.len() as u64);
}

#[tokio::test]
async fn gzip_that_ends_early_is_truncated() {
    let whole = gzip(GOOD.as_bytes());
    for length in [5, whole.len() / 2, whole.len() - 1] {
        let answer = gzipped(&whole[..length]);
        assert_eq!(
            reason(answer, End::Close).await,
            Reason::Truncated,
            "{length} bytes"
        );
    }
}

#[tokio::test]
async fn what_says_that_it_is_gzip_and_is_not_is_not_json() {
    let whole = gzip(GOOD.as_bytes());
    // Behind the header of ten bytes comes the first block: two bits say its kind, and there are only three.
    let mut no_such_block = whole.clone();
    no_such_block[10] |= 0b110;
    for (what, body) in [
        ("plain JSON", GOOD.as_bytes().to_vec()),
        ("no magic bytes", spoiled(&whole, 0)),
        ("no such block", no_such_block),
        ("another checksum", spoiled(&whole, whole.len() - 8)),
        ("another length", spoiled(&whole, whole.len() - 4)),
    ] {
        let error = ask(gzipped(&body), End::Close).await.0.result.unwrap_err();
        assert_eq!(error.reason(), Reason::NotJson, "{what}: {error}");
        assert!(
            error.to_string().contains("says that it is gzip"),
            "{what}: {error}"
        );
    }
}

#[tokio::test]
async fn one_spoiled_byte_of_gzip_never_makes_another_answer() {
    let whole = gzip(GOOD.as_bytes());
    for place in 0..whole.len() {
        let (exchange, rows) = ask(gzipped(&spoiled(&whole, place)), End::Close).await;
        match exchange.result {
            // The time and the system that it was packed on.
            Ok(_) => assert!((4..10).contains(&place) && rows.rows.len() == 2, "byte {place}"),
            Err(error) => assert!(
                matches!(error.reason(), Reason::NotJson | Reason::Truncated),
                "byte {place}: {error}"
            ),
        }
    }
}

fn spoiled(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut spoiled = bytes.to_vec();
    spoiled[place] ^= 0xff;
    spoiled
}

#[tokio::test]
async fn too_many_bytes_are_too_large_unpacked_too() {
    let body = format!("{{\"x\":\"{}\"}}", "a".repeat(2_000_000));
    for answer in [http("200 OK", &body), gzipped(&gzip(body.as_bytes()))] {
        let mut settings = settings(&serve(answer, End::Close).await);
        settings.max_bytes = 1_000_000;
        let (exchange, _) = ask_with(settings).await;
        assert_eq!(exchange.result.unwrap_err().reason(), Reason::TooLarge);
    }
}

#[tokio::test]
async fn as_many_rows_as_the_limit_are_too_many() {
    for (count, is_good) in [(199, true), (200, false), (5000, false)] {
        let body = format!("{{\"data\":[{}]}}", vec!["{\"conn_id\":\"1\"}"; count].join(","));
        let mut settings = settings(&serve(http("200 OK", body), End::Close).await);
        settings.max_rows = 200;
        let (exchange, rows) = ask_with(settings).await;
        assert!(rows.rows.len() < 200);
        match exchange.result {
            Ok(answer) => assert!(is_good && answer.rows == 199),
            Err(error) => assert!(!is_good && error.reason() == Reason::TooManyRows),
        }
    }
}
