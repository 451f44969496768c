//! Answers with another status than 200.

use std::net::TcpListener;

use simulator::Fault;

use super::case::{Case, Logged, case, endure, set_up};
use crate::support::exposition::Exposition;
use crate::support::placed::{now, seconds};
use crate::support::process::{Exporter, state, wait_for, with};

fn refusal(code: u16, msg: &str, reason: &'static str, label: &'static str, says: &'static str) -> Case {
    case("a status", Fault::status(code, msg), reason, label, says)
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
                logged: Logged::Once,
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
async fn nothing_but_429_and_503_can_stop_the_polls_for_an_hour() {
    let stopping = |code| Fault::Status {
        code,
        msg: "COME BACK TOMORROW".to_owned(),
        retry_after: Some("86400".to_owned()),
    };
    endure(
        "30s",
        vec![
            case(
                "a portal",
                Fault::Html200,
                "not_json",
                "200",
                "not an answer of Wolkvox",
            ),
            case(
                "a redirect",
                stopping(302),
                "http_status",
                "302",
                "never followed",
            ),
            case("a 403", stopping(403), "forbidden", "403", "maintenance"),
            case(
                "a 404",
                stopping(404),
                "http_status",
                "404",
                "chat_1 report is enabled",
            ),
            case("a 500", stopping(500), "http_status", "500", "in trouble"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_retry_after_longer_than_the_cycle_is_waited_for() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let handle = operation.handle();
    handle.clear_requests();
    handle.misbehave(Fault::Status {
        code: 429,
        msg: "SLOW DOWN".to_owned(),
        retry_after: Some("4".to_owned()),
    });
    wait_for("the status page to say that it waits", async || {
        let (_, _, page) = exporter.get("/").await;
        page.contains("Pauses</strong> until <time").then_some(())
    })
    .await;
    let (refused, next) = wait_for("a request after the refusal", async || {
        let requests = handle.requests();
        let refused = requests.iter().position(|request| request.status == Some(429))?;
        Some((requests[refused].at, requests.get(refused + 1)?.at))
    })
    .await;
    assert!(next - refused >= seconds(4), "{refused}, then {next}");
    let log = exporter.log.text();
    let said = log.lines().filter(|line| line.contains("no call until "));
    let said: Vec<_> = said.collect();
    assert!(
        said.len() == 1 && said[0].contains("reason=\"retry_after\"") && said[0].contains("Retry-After"),
        "{log}"
    );
    assert_eq!(exporter.scrape().await.sum("wolkvox_api_pauses_total"), 1.0);
    operation.place_until(now());
    exporter.settle(&operation, &mut newest).await;
}

#[tokio::test]
async fn a_server_that_fails_every_call_is_asked_no_more_often_than_one_that_is_well() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    // Sweeps are none of this.
    let exporter = Exporter::serve(&with(variables, "SWEEP_INTERVAL", "0")).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let handle = operation.handle();
    handle.always(Some(Fault::status(500, "INTERNAL")));
    handle.clear_requests();
    let before = newest.failures("http_status");
    let page = exporter
        .scrape_until("polls to fail", &mut newest, |page| {
            page.failures("http_status") >= before + 8.0
        })
        .await;
    let (failed, asked) = (page.failures("http_status") - before, handle.requests().len());
    // Those of a poll that is under way, and one that was made before the fault.
    assert!(
        asked as f64 <= 2.0 * (failed + 1.0) + 1.0,
        "{asked} calls of {failed} polls"
    );
    handle.always(None);
    operation.place_until(now());
    exporter.settle(&operation, &mut newest).await;
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

#[tokio::test]
async fn what_is_done_about_a_failure_is_one_short_line_and_none_while_it_lasts() {
    let state = state();
    let (operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    operation.handle().always(Some(Fault::status(500, "INTERNAL")));
    let failures = |page: &Exposition| page.sum("wolkvox_poll_failures_total");
    exporter
        .scrape_until("a run of failures", &mut newest, |page| failures(page) >= 6.0)
        .await;
    let log = exporter.log.text();
    let lines = |part: &str| -> Vec<&str> { log.lines().filter(|line| line.contains(part)).collect() };
    let chunks = lines("a chunk failed (http_status, HTTP 500): ");
    // A sweep may fail in one cycle before the polls do.
    assert!(chunks.len() <= 2, "{log}");
    assert!(chunks.iter().all(|line| !line.contains("in trouble")), "{log}");
    assert!(lines("poll failed: ").len() >= 6, "{log}");
}
