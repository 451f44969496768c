//! Answers whose head can't be read, and heads that are odd and spoil nothing.

use super::*;
use crate::support::peer::{Behaviour, Peer};

const BODY: &str = r#"{"code":"200","error":"null","msg":"0 records were found","data":[]}"#;

fn answer(head: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{head}\r\n{BODY}").into_bytes()
}

#[tokio::test]
async fn what_is_no_http_is_unreadable_and_not_the_allow_lists() {
    let many: String = (0..101).map(|number| format!("X-{number}: 1\r\n")).collect();
    let long = format!("X: {}\r\n", "x".repeat(2_000_000));
    for (name, bytes) in [
        ("mail", b"220 mail.example.com ESMTP\r\n".to_vec()),
        ("HTTP/0.9", BODY.as_bytes().to_vec()),
        ("over 100 headers", answer(&many)),
        ("a head without end", answer(&long)),
    ] {
        let peer = Peer::start(Behaviour::AfterHead(bytes)).await;
        meet(&Case {
            name,
            variables: &[("WOLKVOX_BASE_URL", &format!("http://{}", peer.address))],
            cause: Cause::Unreadable,
            says: &[
                "has a head that can't be read",
                "check WOLKVOX_BASE_URL, the port",
            ],
        })
        .await;
    }
}

#[tokio::test]
async fn a_head_with_lines_that_are_no_headers_spoils_no_answer() {
    let length = format!("Content-Length: {}\r\n", BODY.len());
    for (name, head) in [
        ("a bad line", format!("no header at all\r\n{length}")),
        ("a bad name", format!("X Y: 1\r\n{length}")),
        ("a bad value", format!("X: a\u{1}b\r\n{length}")),
        (
            "a blank before the colon",
            format!("Content-Length : {}\r\n", BODY.len()),
        ),
        ("a folded header", format!("X: a\r\n b\r\n\tc\r\n{length}")),
        ("100 headers", {
            let more: String = (0..99).map(|number| format!("X-{number}: 1\r\n")).collect();
            more + &length
        }),
    ] {
        let peer = Peer::start(Behaviour::AfterHead(answer(&head))).await;
        let directory = tempfile::tempdir().unwrap();
        let base = format!("http://{}", peer.address);
        let variables = variables(directory.path(), &[("WOLKVOX_BASE_URL", &base)]);
        let (status, output, error) = finish(command(["check"], &variables)).await;
        assert_eq!(status.code(), Some(0), "{name}: {output}{error}");
    }
}

/// What `check` says of a server whose answer is these bytes.
async fn said_of(answer: &str, variable: &str, base: Option<&str>) -> String {
    let peer = Peer::start(Behaviour::AfterHead(answer.as_bytes().to_vec())).await;
    let address = format!("http://{}", peer.address);
    let directory = tempfile::tempdir().unwrap();
    let mut more = vec![(variable, address.as_str())];
    more.extend(base.map(|base| ("WOLKVOX_BASE_URL", base)));
    let (status, output, error) = finish(command(["check"], &variables(directory.path(), &more))).await;
    assert_eq!(status.code(), Some(1), "{answer}: {output}{error}");
    output
}

/// A line's first words.
fn has_line(said: &str, words: &str) -> bool {
    said.lines().any(|line| {
        let line: Vec<_> = line.split_whitespace().collect();
        line.join(" ").starts_with(words)
    })
}

#[tokio::test]
async fn what_may_not_be_wolkvox_shows_nothing_of_the_allow_list_and_the_token() {
    for answer in [
        "HTTP/1.1 200 OK\r\n\r\n<html>Log in</html>",
        "HTTP/1.1 302 Found\r\nLocation: https://portal.example/\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nx",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\n{\"error\":\"no Route matched\"}",
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
    ] {
        let direct = said_of(answer, "WOLKVOX_BASE_URL", None).await;
        let through = said_of(answer, "HTTP_PROXY", Some("http://gateway.invalid")).await;
        for said in [direct, through] {
            assert!(!has_line(&said, "ok allow-list"), "{answer}: {said}");
            assert!(!has_line(&said, "ok token"), "{answer}: {said}");
            let is_judged_by_cause = said.contains("the proxy http://") && answer.contains(" 503 ");
            assert_ne!(
                has_line(&said, "note allow-list can't be judged"),
                is_judged_by_cause,
                "{answer}: {said}"
            );
        }
    }
}

#[tokio::test]
async fn what_wolkvox_itself_answers_shows_that_the_address_is_let_in() {
    let cut = r#"{"code":"200","error":"null","msg":"2 records were found","data":[{"conn_id":"1"}]}"#;
    for (answer, is_known) in [
        (format!("HTTP/1.1 200 OK\r\n\r\n{cut}"), true),
        (
            "HTTP/1.1 503 X\r\n\r\n{\"code\":\"503\",\"error\":\"true\",\"msg\":\"BACKUP\"}".to_owned(),
            false,
        ),
        (
            "HTTP/1.1 401 X\r\n\r\n{\"code\":\"401\",\"error\":\"true\",\"msg\":\"NO TOKEN\"}".to_owned(),
            false,
        ),
    ] {
        let said = said_of(&answer, "WOLKVOX_BASE_URL", None).await;
        assert!(has_line(&said, "ok allow-list"), "{answer}: {said}");
        assert_eq!(has_line(&said, "ok token"), is_known, "{answer}: {said}");
    }
}
