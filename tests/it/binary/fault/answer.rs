//! Answers under HTTP 200 that are none.

use simulator::Fault;

use super::case::{Case, case, endure};

/// HTTP 200 with this text for a body.
fn body(text: impl Into<String>) -> Fault {
    Fault::Body(text.into().into_bytes())
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
                where_empty: Some("http_status"),
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
                "data null and rows announced",
                body(r#"{"code":"200","msg":"2 records were found","data":null}"#),
                "truncated",
                "200",
                "announced 2 rows and sent 0",
            ),
            case(
                "data {} and rows announced",
                body(r#"{"code":"200","msg":"2 records were found","data":{}}"#),
                "truncated",
                "200",
                "announced 2 rows and sent 0",
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
