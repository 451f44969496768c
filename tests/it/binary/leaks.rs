//! What must not get out, and what must not get in.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use chrono::{TimeDelta, Utc};
use simulator::{Agent, Fault, Handle, Server, Settings, SimulatedChat, Simulator};

use crate::support::web::{Exporter, command, curl, eventually, run};

/// How the names and the identity documents of all agents begin.
const AGENT: &str = "Zoraida Quintanilla";
const DOCUMENT: &str = "5219000077";

const TOKEN: &str = "CANARY-token+/=";

/// A Wolkvox server, and the runtime that it lives in.
struct Upstream {
    _runtime: tokio::runtime::Runtime,
    _server: Server,
    handle: Handle,
    url: String,
}

/// A server with 200 chats, placed by hand: to make up an operation takes long where many tests run.
fn lively() -> Upstream {
    let upstream = upstream(Settings::empty());
    let closed = Utc::now() - TimeDelta::minutes(5);
    upstream.handle.extra_chats((0..200).map(|number| {
        let opened = closed - TimeDelta::minutes(2);
        let mut chat = SimulatedChat::new(&format!("7{number:03}"), opened, closed);
        chat.agent = Agent {
            id: (1001 + number % 20).to_string(),
            name: format!("{AGENT} {number}"),
            dni: format!("{DOCUMENT}{:02}", number % 20),
        };
        chat
    }));
    upstream
}

fn upstream(settings: Settings) -> Upstream {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings {
        token: TOKEN.to_owned(),
        ..settings
    };
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let server = runtime
        .block_on(Server::start(
            address,
            Simulator::new(settings),
            Arc::new(simulator::SystemClock),
        ))
        .unwrap();
    let (handle, url) = (server.handle(), server.base_url());
    Upstream {
        _runtime: runtime,
        _server: server,
        handle,
        url,
    }
}

/// Words of a server that repeat what they must not, in each way in which a server can say something.
fn indiscreet_words(document: &str) -> Vec<Fault> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let both = format!("token {TOKEN} agent {document}");
    // What was cut here left all but the last character of the token.
    let late = format!("{} {TOKEN}", "x".repeat(200 - TOKEN.len()));
    let escaped = format!(
        "{} & CANARY-token%2b%2F%3d & %43ANARY-token&#43;/&equals;",
        &document[..9]
    );
    let good = |msg: &str| {
        let closed = "2026-01-01 00:00:00";
        let body = format!(
            r#"{{"code":"200","msg":{},"data":[{{"conn_id":"1","date_close":"{closed}"}}]}}"#,
            json(msg)
        );
        Fault::Body(body.into_bytes())
    };
    vec![
        good(&both),
        good(&late),
        Fault::status(403, &both),
        Fault::status(403, &late),
        Fault::status(404, &escaped),
        Fault::status(500, &format!("{}…", &TOKEN[..12])),
        Fault::OtherCodeIn200 {
            code: "418".to_owned(),
            msg: both.replace("CANARY", "CAN\u{200b}ARY"),
        },
        Fault::Body(format!(r#"{{"error":{}}}"#, json(&both)).into_bytes()),
        Fault::Redirect {
            location: format!("http://127.0.0.1:9/?{both}"),
        },
    ]
}

#[test]
fn words_of_the_server_bring_neither_token_nor_document_into_log_page_or_check() {
    let upstream = lively();
    let directory = tempfile::tempdir().unwrap();
    let document = format!("{DOCUMENT}07");
    let exporter = exporter(directory.path(), &upstream, &[("WOLKVOX_AGENT_DNI", &document)]);
    for fault in indiscreet_words(&document) {
        upstream.handle.always(Some(fault.clone()));
        let before = upstream.handle.requests().len();
        // The first may have begun before; with the third, all is said of the second answer.
        eventually(&format!("{fault:?} was met"), || {
            (upstream.handle.requests().len() > before + 2).then_some(())
        });
        assert_nothing_is_said(directory.path(), &exporter);
        let variables = [
            ("WOLKVOX_BASE_URL", upstream.url.as_str()),
            ("WOLKVOX_TOKEN", TOKEN),
            ("WOLKVOX_AGENT_DNI", &document),
        ];
        let check = command(directory.path(), &variables)
            .arg("check")
            .output()
            .unwrap();
        let said = String::from_utf8([check.stdout, check.stderr].concat()).unwrap();
        assert!(said.contains("allow-list"), "{fault:?}: {said}");
        assert_says_no_secret("check", &said);
    }
    let log = exporter.log();
    assert!(log.contains("token [secret] agent [secret]"), "{log}");
}

fn exporter(directory: &Path, upstream: &Upstream, more: &[(&str, &str)]) -> Exporter {
    let count_from = (Utc::now() - TimeDelta::hours(1)).to_rfc3339();
    let mut variables = vec![
        ("WOLKVOX_BASE_URL", upstream.url.as_str()),
        ("WOLKVOX_TOKEN", TOKEN),
        ("WOLKVOX_POLL_INTERVAL", "1s"),
        ("WOLKVOX_REQUEST_TIMEOUT", "10s"),
        ("WOLKVOX_COUNT_FROM", &count_from),
        ("WOLKVOX_EXEMPLARS", "true"),
        ("WOLKVOX_LOG", "trace"),
        ("RUST_BACKTRACE", "1"),
    ];
    variables.extend(more);
    Exporter::start(directory, &variables)
}

fn pages(exporter: &Exporter) -> [String; 3] {
    let get = |path: &str, accept: &str| {
        curl(&[
            "--header",
            &format!("Accept: {accept}"),
            &format!("{}{path}", exporter.url),
        ])
        .1
    };
    [
        get("/metrics", "text/plain"),
        get("/metrics", "application/openmetrics-text"),
        get("/", "text/html"),
    ]
}

/// Waits until chats are counted.
fn wait_for_chats(exporter: &Exporter) {
    eventually("chats are counted", || {
        let [text, ..] = pages(exporter);
        text.contains("\nwolkvox_chats_total{").then_some(())
    });
}

/// Everything that leaves the exporter: log, pages, files.
fn all_that_is_said(directory: &Path, exporter: &Exporter) -> Vec<(String, String)> {
    let mut said = vec![("the log".to_owned(), exporter.log())];
    said.extend(pages(exporter).map(|page| ("a page".to_owned(), page)));
    for entry in fs::read_dir(directory.join("state")).unwrap() {
        let path = entry.unwrap().path();
        said.push((
            path.display().to_string(),
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
        ));
    }
    said
}

#[test]
fn nothing_personal_and_no_token_is_said_of_a_good_answer() {
    let upstream = lively();
    let directory = tempfile::tempdir().unwrap();
    let exporter = exporter(directory.path(), &upstream, &[]);
    wait_for_chats(&exporter);
    assert_nothing_is_said(directory.path(), &exporter);
}

#[test]
fn nothing_personal_and_no_token_is_said_whatever_becomes_of_an_answer() {
    for fault in [
        Fault::CutBody { after_bytes: 5_000 },
        Fault::CutBody { after_bytes: 40_123 },
        Fault::StallBody { after_bytes: 9_000 },
        Fault::WrongContentLength { missing: 10 },
        Fault::AnnounceMore(3),
        Fault::InvalidUtf8 {
            field: "customer_name".to_owned(),
        },
        Fault::InvalidUtf8 {
            field: "agent_id".to_owned(),
        },
        Fault::PhpWarningBeforeJson,
        Fault::status(403, &format!("NO TOKEN {TOKEN}")),
        Fault::OtherCodeIn200 {
            code: "500".to_owned(),
            msg: format!("{TOKEN} FAILED"),
        },
    ] {
        let upstream = lively();
        upstream.handle.always(Some(fault.clone()));
        let directory = tempfile::tempdir().unwrap();
        let exporter = exporter(directory.path(), &upstream, &[]);
        // With the second request, all is said of the first answer.
        eventually(&format!("{fault:?} was met"), || {
            (upstream.handle.requests().len() > 1).then_some(())
        });
        assert_nothing_is_said(directory.path(), &exporter);
    }
}

fn assert_nothing_is_said(directory: &Path, exporter: &Exporter) {
    for (place, text) in all_that_is_said(directory, exporter) {
        assert_says_no_secret(&place, &text);
    }
}

fn assert_says_no_secret(place: &str, text: &str) {
    for secret in ["CANARY", AGENT, DOCUMENT] {
        if let Some((before, _)) = text.split_once(secret) {
            let from = before.rfind('\n').unwrap_or(0);
            panic!("{place} says {:?}{secret}", &before[from..]);
        }
    }
}

#[test]
fn the_token_does_not_follow_a_redirect() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!(
        "http://{}/api/v2/reports_manager.php",
        other.local_addr().unwrap()
    );
    let visits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&visits);
    thread::spawn(move || {
        for visit in other.incoming() {
            drop(visit);
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let upstream = lively();
    upstream.handle.misbehave(Fault::Redirect {
        location: location.clone(),
    });
    upstream.handle.misbehave(Fault::Redirect { location });
    let directory = tempfile::tempdir().unwrap();
    // It goes out in the request's address.
    let document = format!("{DOCUMENT}07");
    let exporter = exporter(directory.path(), &upstream, &[("WOLKVOX_AGENT_DNI", &document)]);
    wait_for_chats(&exporter);
    let asked = upstream.handle.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.agent_dni.as_deref() == Some(document.as_str()))
    );
    for (place, text) in all_that_is_said(directory.path(), &exporter) {
        assert!(!text.contains(&document), "{place}");
    }
    let redirected = upstream
        .handle
        .requests()
        .iter()
        .filter(|request| request.status == Some(302))
        .count();
    assert_eq!((redirected, visits.load(Ordering::SeqCst)), (2, 0));
    assert!(!exporter.log().contains("CANARY"));
}

#[test]
fn a_hostile_report_forges_no_series_no_line_and_no_exemplar() {
    let upstream = upstream(Settings::empty());
    let evil = "x\"} 1\nforged_total{a=\"b\"} 5 # {trace_id=\"y\"} 1\n# EOF\nforged 7\r\n\u{2028}\\";
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let closed = Utc::now() - TimeDelta::minutes(5);
    let chats = (0..20).map(|number| {
        let id = format!("{number}\"}} 1\nforged 1");
        let mut chat = SimulatedChat::new(&id, closed - TimeDelta::minutes(2), closed);
        for field in [
            "channel",
            "agent_id",
            "agent_name",
            "skill_id",
            "cod_act",
            "description_cod_act",
            "feeling",
            "last_participant_who_spoke",
        ] {
            let text = match number % 4 {
                0 => evil.to_owned(),
                1 => evil.repeat(2_000),
                2 => format!("{}{evil}", "ñ".repeat(127)),
                _ => "\\".repeat(300),
            };
            chat = chat.with_raw(field, Some(&json(&text)));
        }
        chat
    });
    upstream.handle.extra_chats(chats);
    let directory = tempfile::tempdir().unwrap();
    let exporter = exporter(directory.path(), &upstream, &[("WOLKVOX_AGENTS", "names")]);
    wait_for_chats(&exporter);
    let [text, open_metrics, html] = pages(&exporter);
    assert!(
        text.contains("forged_total"),
        "the text itself is there, as a label's value"
    );
    for page in [&text, &open_metrics] {
        let read = exposition_reader::parse(page);
        for sample in &read.samples {
            assert!(
                sample.name.starts_with("wolkvox_") || sample.name.starts_with("process_"),
                "{sample:?}"
            );
            let known = sample
                .labels
                .iter()
                .all(|(_, value)| value.chars().count() <= 128);
            assert!(known, "{sample:?}");
            if let Some((labels, ..)) = &sample.exemplar {
                assert!(labels.iter().all(|(name, _)| name == "conn_id"), "{sample:?}");
            }
        }
        assert!(page.lines().all(|line| !line.starts_with("forged")));
    }
    assert_eq!(open_metrics.lines().filter(|line| *line == "# EOF").count(), 1);
    assert!(!html.contains("forged"));
    fs::write(directory.path().join("page"), &text).unwrap();
    let check = run(
        "sh",
        &[
            "-c",
            &format!(
                "promtool check metrics < {}",
                directory.path().join("page").display()
            ),
        ],
    );
    let reported = String::from_utf8_lossy(&[check.stdout, check.stderr].concat()).into_owned();
    assert!(
        check.status.success() || !reported.contains("error"),
        "{reported}"
    );
}
