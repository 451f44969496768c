//! Answers that are packed or too large.

use super::*;

fn gzip(body: &[u8]) -> Vec<u8> {
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
    let whole = gzip(GOOD.as_bytes());
    assert_eq!(
        reason(gzipped(&whole[..whole.len() / 2]), End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(gzipped(b"no gzip at all, but long enough"), End::Close).await,
        Reason::NotJson
    );
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
