//! The exporter as a process: killed, stopped, set up wrong, refused.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::io::Read;

use simulator::Fault;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::exposition::{Exposition, without_live_lines};
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{
    Exporter, Variables, client, command, counting_since, finish, get, state, variables, wait_for,
    wait_until, with,
};

#[tokio::test]
async fn a_restart_serves_the_stored_totals_at_once_and_polls_when_they_were_scraped() {
    let mut operation = Placed::start().await;
    let state = state();
    let variables = counting_since(minutes(3), &mut operation, state.path());
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter
        .scrape_until("all chats", &mut newest, |page| operation.is_counted(page))
        .await;
    exporter.kill().await;

    // Long enough that nothing but the scrape can begin the first poll.
    let slow = with(variables, "POLL_INTERVAL", "1h");
    let handle = operation.handle();
    handle.clear_requests();
    let exporter = Exporter::serve(&slow).await;
    wait_for("readiness", || async {
        (exporter.get("/-/ready").await.0 == 200).then_some(())
    })
    .await;
    assert!(handle.requests().is_empty(), "polled before the scrape");
    let restored = exporter.scrape().await;
    operation.assert_counted(&restored);
    assert_eq!(restored.up(), None, "no poll has ended yet");
    wait_until("the first poll", || !handle.requests().is_empty()).await;
    let mut newest = restored;
    exporter
        .scrape_until("the first poll", &mut newest, |page| page.up() == Some(true))
        .await;
    operation.assert_counted(&newest);
}

#[tokio::test]
async fn no_scrape_after_a_restart_finds_an_empty_page() {
    let mut operation = Placed::start().await;
    let state = state();
    let mut variables = counting_since(minutes(3), &mut operation, state.path());
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter
        .scrape_until("all chats", &mut newest, |page| operation.is_counted(page))
        .await;
    exporter.kill().await;
    for _ in 0..5 {
        // A port that is known beforehand can be asked before it is open.
        let port = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        variables = with(variables, "LISTEN_ADDRESS", &port.to_string());
        let mut child = command::<[&str; 0], _>([], &variables)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://{port}/metrics");
        let first = wait_for("the first answer", || async {
            client().get(&url).send().await.ok()
        })
        .await;
        let page = Exposition::parse(&first.text().await.unwrap());
        operation.assert_counted(&page);
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn sigterm_in_the_middle_of_a_stalled_poll_ends_it_with_status_0() {
    for signal in ["TERM", "INT"] {
        let operation = Placed::start().await;
        let state = state();
        let handle = operation.handle();
        handle.always(Some(Fault::Stall));
        let mut exporter = Exporter::serve(&variables(&operation, state.path())).await;
        wait_until("a request", || handle.in_flight() == 1).await;
        exporter.signal(signal).await;
        assert_eq!(exporter.ended().await.code(), Some(0), "{}", exporter.log.text());
    }
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_connections() {
    let operation = Placed::start().await;
    let state = state();
    let mut exporter = Exporter::serve(&variables(&operation, state.path())).await;
    // Half a request: the drain waits for the rest of it.
    let mut connection = TcpStream::connect(exporter.address()).await.unwrap();
    connection
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
        .await
        .unwrap();
    // Served after it on another connection, so the half was read by then or will be.
    exporter.scrape().await;
    exporter.signal("TERM").await;
    wait_until("the first signal", || exporter.log.text().contains("stopping")).await;
    // Signals that come together are taken for one.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    exporter.signal("TERM").await;
    // 0 would be the end of the drain.
    assert_eq!(exporter.ended().await.code(), Some(1));
}

#[tokio::test]
async fn all_configuration_errors_are_reported_at_once_before_a_port_is_opened() {
    let state = state();
    // Whoever tried to open this port would fail for another reason.
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut wrong = Variables::new();
    for (name, value) in [
        ("LISTEN_ADDRESS", taken.local_addr().unwrap().to_string().as_str()),
        ("STATE_DIR", state.path().to_str().unwrap()),
        ("TIMEZONE", "Bogota"),
        ("POLL_INTERVAL", "5"),
        ("SERVICE_LEVEL_TARGET", "80"),
        ("AGENTS", "some"),
        ("POL_INTERVAL", "5m"),
    ] {
        wrong = with(wrong, name, value);
    }
    let (status, _, error) = finish(command::<[&str; 0], _>([], &wrong)).await;
    assert_eq!(status.code(), Some(64), "{error}");
    for part in [
        "WOLKVOX_SERVER is not set",
        "WOLKVOX_TOKEN is not set",
        "WOLKVOX_TIMEZONE",
        "WOLKVOX_POLL_INTERVAL",
        "WOLKVOX_SERVICE_LEVEL_TARGET",
        "WOLKVOX_AGENTS",
        "WOLKVOX_POL_INTERVAL is not a variable",
    ] {
        assert!(error.contains(part), "{part} is missing in:\n{error}");
    }
    assert!(!error.contains("can't listen"), "{error}");
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_port_that_is_taken_is_reported_with_the_way_out() {
    let operation = Placed::start().await;
    let state = state();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = with(variables(&operation, state.path()), "LISTEN_ADDRESS", &address);
    let (status, _, error) = finish(command::<[&str; 0], _>([], &variables)).await;
    assert_eq!(status.code(), Some(1));
    assert!(
        error.contains(&format!("can't listen on {address}")) && error.contains("WOLKVOX_LISTEN_ADDRESS"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refused_token_is_a_failed_poll_and_the_exporter_stays_up() {
    let operation = Placed::start().await;
    let state = state();
    let wrong = "another+token/of=somebody";
    let variables = with(variables(&operation, state.path()), "TOKEN", wrong);
    let exporter = Exporter::serve(&with(variables, "LOG", "trace")).await;
    let mut newest = Exposition::default();
    let page = exporter
        .scrape_until("two refusals", &mut newest, |page| page.failures("auth") >= 2.0)
        .await;
    assert!(page.up() == Some(false));
    assert_eq!(
        page.get("wolkvox_last_success_timestamp_seconds{operation=\"ventas\"}"),
        None
    );
    assert!(page.get("wolkvox_api_requests_total{code=\"403\",operation=\"ventas\"}") >= Some(2.0));
    assert_eq!(exporter.get("/-/ready").await.0, 200);
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    let (_, _, status_page) = exporter.get("/").await;
    let log = exporter.log.text();
    assert!(log.contains("WOLKVOX_TOKEN"), "the log says what to do: {log}");
    assert!(!log.contains(wrong), "the token is in the log");
    assert!(!status_page.contains(wrong), "the token is on the status page");
}

#[tokio::test]
async fn a_new_token_in_the_token_file_needs_no_restart() {
    let mut operation = Placed::start().await;
    let (state, secrets) = (state(), state());
    let file = secrets.path().join("token");
    std::fs::write(&file, format!("{}\n", operation.token())).unwrap();
    let mut variables = with(
        variables(&operation, state.path()),
        "TOKEN_FILE",
        file.to_str().unwrap(),
    );
    variables.remove("WOLKVOX_TOKEN");
    let count_from = now() - minutes(2);
    let variables = with(variables, "COUNT_FROM", &count_from.to_rfc3339());
    let exporter = Exporter::serve(&with(variables, "LOG", "trace")).await;
    let mut newest = Exposition::default();
    exporter
        .scrape_until("a poll", &mut newest, |page| page.up() == Some(true))
        .await;

    operation.handle().set_token("the+next/one==");
    operation.place(now() - seconds(5), now());
    exporter
        .scrape_until("a refusal", &mut newest, |page| page.up() == Some(false))
        .await;
    std::fs::write(&file, "the+next/one==\n").unwrap();
    exporter
        .scrape_until("all chats", &mut newest, |page| {
            page.up() == Some(true) && operation.is_counted(page)
        })
        .await;
    operation.assert_counted(&newest);
    let log = exporter.log.text();
    for token in [operation.token().as_str(), "the+next/one=="] {
        assert!(!log.contains(token), "a token is in the log");
    }
}

#[tokio::test]
async fn nothing_of_a_customer_is_in_the_log_on_a_page_or_on_disk() {
    let mut operation = Placed::start().await;
    let state = state();
    let mut variables = counting_since(minutes(3), &mut operation, state.path());
    for (name, value) in [("LOG", "trace"), ("AGENTS", "names"), ("EXEMPLARS", "true")] {
        variables = with(variables, name, value);
    }
    let exporter = Exporter::serve(&variables).await;
    let handle = operation.handle();
    let mut newest = Exposition::default();
    exporter
        .scrape_until("all chats", &mut newest, |page| operation.is_counted(page))
        .await;
    // What can't be read is the most likely to be quoted.
    for fault in [
        Fault::InvalidUtf8 {
            field: "customer_name".to_owned(),
        },
        Fault::CutBody { after_bytes: 3000 },
        Fault::PhpWarningBeforeJson,
        Fault::AnnounceMore(3),
    ] {
        let before = handle.requests().len();
        operation.place(now(), now());
        handle.misbehave(fault);
        wait_until("a request", || handle.requests().len() > before + 1).await;
    }

    let open_metrics = "application/openmetrics-text; version=1.0.0";
    let (_, _, open_metrics) = get(&client(), &exporter.url("/metrics"), open_metrics).await;
    assert!(
        open_metrics.contains("# {conn_id="),
        "the exemplars are part of what is searched"
    );
    let (_, _, text) = exporter.get("/metrics").await;
    let (_, _, status_page) = exporter.get("/").await;
    let log = exporter.log.text();
    assert!(log.contains("TRACE"), "the log is as loud as it can be");
    exporter.kill().await;
    let mut places = vec![
        ("OpenMetrics".to_owned(), open_metrics.into_bytes()),
        ("text".to_owned(), text.into_bytes()),
        ("the status page".to_owned(), status_page.into_bytes()),
        ("the log".to_owned(), log.into_bytes()),
    ];
    for entry in std::fs::read_dir(state.path()).unwrap() {
        let entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::fs::File::open(entry.path())
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        places.push((entry.file_name().to_string_lossy().into_owned(), bytes));
    }
    assert!(places.iter().any(|(name, _)| {
        std::path::Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "state")
    }));
    for (place, bytes) in &places {
        let text = String::from_utf8_lossy(bytes);
        for private in ["CANARY", operation.token().as_str()] {
            let found = text.find(private).map(|at| text[..at].lines().count());
            assert_eq!(found, None, "{private} is in {place}, at this line");
        }
        for agent in operation.expected().iter().map(|chat| chat.agent.dni.trim()) {
            assert!(
                agent.is_empty() || !text.contains(agent),
                "an agent's document is in {place}"
            );
        }
    }
}

#[tokio::test]
async fn every_path_and_method_has_its_answer() {
    let operation = Placed::start().await;
    let state = state();
    let exporter = Exporter::serve(&variables(&operation, state.path())).await;
    wait_for("readiness", || async {
        (exporter.get("/-/ready").await.0 == 200).then_some(())
    })
    .await;
    for (path, status, text) in [
        ("/-/healthy", 200, "The exporter is healthy.\n"),
        ("/-/ready", 200, "The exporter is ready.\n"),
        (
            "/nothing",
            404,
            "There is nothing here. The paths are /, /api/v1/status, /metrics, /sd, /-/healthy, /-/ready and /-/reload; behind a proxy they may come after a prefix.\n",
        ),
    ] {
        let (answered, _, body) = exporter.get(path).await;
        assert_eq!((answered, body.as_str()), (status, text), "{path}");
    }
    let (status, headers, page) = exporter.get("/").await;
    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.contains("ventas") && page.contains("href=\"metrics\""));
    let posted = client().post(exporter.url("/metrics")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["allow"], "GET, HEAD");
    assert_eq!(
        posted.text().await.unwrap(),
        "Only GET and HEAD are answered here.\n"
    );
}

#[tokio::test]
async fn curl_reads_the_same_page_compressed_and_plain() {
    let mut operation = Placed::start().await;
    let state = state();
    let variables = counting_since(minutes(3), &mut operation, state.path());
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter
        .scrape_until("all chats", &mut newest, |page| operation.is_counted(page))
        .await;
    let curl = async |options: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
            .args(options)
            .arg(exporter.url("/metrics"));
        let (status, text, error) = finish(curl).await;
        assert!(status.success(), "curl: {error}");
        text
    };
    let open_metrics = "Accept: application/openmetrics-text; version=1.0.0";
    for accept in ["Accept: text/plain", open_metrics] {
        let (plain, compressed) = wait_for("three scrapes of one page", || async {
            let before = curl(&["--header", accept]).await;
            let compressed = curl(&["--header", accept, "--compressed"]).await;
            let after = curl(&["--header", accept]).await;
            // A poll in between makes another page.
            (without_live_lines(&before) == without_live_lines(&after)).then_some((before, compressed))
        })
        .await;
        assert_eq!(without_live_lines(&plain), without_live_lines(&compressed));
        assert!(plain.contains("wolkvox_chats_total"));
    }
    let head = curl(&["--compressed", "--head"]).await;
    assert!(
        head.to_ascii_lowercase().contains("content-encoding: gzip"),
        "{head}"
    );
}
