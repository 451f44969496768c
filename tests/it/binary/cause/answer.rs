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
                "check WOLKVOX_SERVER or WOLKVOX_BASE_URL, the port",
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
