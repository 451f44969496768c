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
async fn gzip_may_be_spelled_in_any_way_and_have_several_members() {
    let (first, second) = GOOD.as_bytes().split_at(30);
    let members = [gzip(first), gzip(second), vec![0; 8]].concat();
    for encoding in ["GZIP", "x-gzip", "X-GZip", "identity,gzip", " gzip ,"] {
        for body in [&gzip(GOOD.as_bytes()), &members] {
            let answer = String::from_utf8(http("200 OK", "")).unwrap();
            let head = answer.replace("Content-Length: 0", &format!("Content-Encoding: {encoding}"));
            let (exchange, rows) = ask([head.as_bytes(), body].concat(), End::Close).await;
            assert_eq!(
                (exchange.result.unwrap().rows, rows.rows.len()),
                (2, 2),
                "{encoding}"
            );
            assert_eq!(exchange.bytes, GOOD.len() as u64);
        }
    }
}

#[tokio::test]
async fn gzip_is_asked_for() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    ask_with(settings(&server)).await;
    assert!(server.requests.lock().unwrap()[0].contains("\r\naccept-encoding: gzip\r\n"));
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_told() {
    for status in ["200 OK", "404 Not Found"] {
        for encoding in ["br", "deflate", "gzip, gzip", "zstd,gzip"] {
            let answer = String::from_utf8(http(status, GOOD)).unwrap();
            let answer = answer.replace("Date:", &format!("Content-Encoding: {encoding}\r\nDate:"));
            let error = ask(answer, End::Close).await.0.result.unwrap_err();
            assert_eq!(error.reason(), Reason::NotJson, "{encoding}: {error}");
            let said = format!("its Content-Encoding is \"{encoding}\"");
            assert!(error.to_string().contains(&said), "{encoding}: {error}");
        }
    }
}

#[tokio::test]
async fn a_packed_empty_window_is_read() {
    let body = gzip(br#"{"code":"404","msg":"Validate dates entered"}"#);
    let head = format!(
        "HTTP/1.1 404 Not Found\r\nContent-Encoding: x-gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (exchange, _) = ask([head.as_bytes(), &body].concat(), End::Close).await;
    assert_eq!(exchange.result.unwrap(), Answer::default());
}

#[tokio::test]
async fn packed_bytes_that_unpack_to_nothing_are_too_large_too() {
    let mut settings = settings(&serve(gzipped(&gzip(b"").repeat(2000)), End::Close).await);
    settings.max_bytes = 10_000;
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::TooLarge);
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
        for (limit, told) in [
            (1_000_000, "1000000 bytes, the most"),
            (1 << 20, "1 MiB, the most"),
        ] {
            let mut settings = settings(&serve(answer.clone(), End::Close).await);
            settings.max_bytes = limit;
            let error = ask_with(settings).await.0.result.unwrap_err();
            assert_eq!(error.reason(), Reason::TooLarge);
            assert!(error.to_string().contains(told), "{error}");
        }
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
