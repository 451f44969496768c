//! Connections that fail or stall.

use simulator::Fault;

use super::case::{Case, case, endure};

#[tokio::test]
async fn connections_that_fail() {
    let nothing_listens = Case {
        fault: None,
        ..case(
            "nothing listens",
            Fault::DropConnections,
            "connect",
            "none",
            "no connection to Wolkvox",
        )
    };
    let reset = Fault::ResetBeforeHeaders;
    let (cut, reset_body) = (
        Fault::CutBody { after_bytes: 700 },
        Fault::ResetBody { after_bytes: 700 },
    );
    let ended = "ended before the answer did";
    endure(
        "30s",
        vec![
            nothing_listens,
            case("dropped", Fault::DropConnections, "connect", "none", "allow-list"),
            case("reset before headers", reset, "connect", "none", "allow-list"),
            case("cut", cut, "truncated", "200", ended),
            case("reset in the body", reset_body, "truncated", "200", ended),
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
