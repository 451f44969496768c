//! What must not get out, and what must not get in.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use chrono::{TimeDelta, Utc};
use simulator::{Agent, Fault, Settings, SimulatedChat};

use crate::support::operation::Operation;
use crate::support::process::{
    Exporter, Variables, client, command, finish, get, wait_for, wait_until, with, with_all, without_server,
};
use crate::support::web::run;

/// How the names and the identity documents of all agents begin.
const AGENT: &str = "Zoraida Quintanilla";
const DOCUMENT: &str = "5219000077";

const TOKEN: &str = "CANARY-token+/=";

/// An operation with 200 chats, placed by hand: to make up one takes long where many tests run.
async fn lively() -> Operation {
    let operation = empty().await;
    let closed = Utc::now() - TimeDelta::minutes(5);
    operation.add((0..200).map(|number| {
        let opened = closed - TimeDelta::minutes(2);
        let mut chat = SimulatedChat::new(&format!("7{number:03}"), opened, closed);
        chat.agent = Agent {
            id: (1001 + number % 20).to_string(),
            name: format!("{AGENT} {number}"),
            dni: format!("{DOCUMENT}{:02}", number % 20),
        };
        chat
    }));
    operation
}

/// An operation without chats, which is given the token of these tests.
async fn empty() -> Operation {
    Operation::start(Settings {
        token: TOKEN.to_owned(),
        ..Settings::empty()
    })
    .await
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

#[tokio::test]
async fn words_of_the_server_bring_neither_token_nor_document_into_log_page_or_check() {
    let operation = lively().await;
    let directory = tempfile::tempdir().unwrap();
    let document = format!("{DOCUMENT}07");
    let exporter = exporter(directory.path(), &operation, &[("WOLKVOX_AGENT_DNI", &document)]).await;
    for fault in indiscreet_words(&document) {
        operation.handle().always(Some(fault.clone()));
        let before = operation.handle().requests().len();
        // The first may have begun before; with the third, all is said of the second answer.
        wait_until(&format!("{fault:?} was met"), || {
            operation.handle().requests().len() > before + 2
        })
        .await;
        assert_nothing_is_said(directory.path(), &exporter).await;
        let variables = with(variables(directory.path(), &operation), "AGENT_DNI", &document);
        let (_, output, error) = finish(command(["check"], &variables)).await;
        let said = output + &error;
        assert!(said.contains("allow-list"), "{fault:?}: {said}");
        assert_says_no_secret("check", &said);
    }
    let log = exporter.log.text();
    assert!(log.contains("token [secret] agent [secret]"), "{log}");
}

fn variables(directory: &Path, operation: &Operation) -> Variables {
    let mut variables = without_server(directory);
    variables.extend(operation.variables());
    variables
}

async fn exporter(directory: &Path, operation: &Operation, more: &[(&str, &str)]) -> Exporter {
    let count_from = (Utc::now() - TimeDelta::hours(1)).to_rfc3339();
    let variables = with_all(
        variables(directory, operation),
        &[
            ("WOLKVOX_POLL_INTERVAL", "1s"),
            ("WOLKVOX_REQUEST_TIMEOUT", "10s"),
            ("WOLKVOX_COUNT_FROM", &count_from),
            ("WOLKVOX_EXEMPLARS", "true"),
            ("WOLKVOX_LOG", "trace"),
            ("RUST_BACKTRACE", "1"),
        ],
    );
    Exporter::serve(&with_all(variables, more)).await
}

async fn pages(exporter: &Exporter) -> [String; 3] {
    let client = client();
    let page = async |path: &str, accept: &str| get(&client, &exporter.url(path), accept).await.2;
    [
        page("/metrics", "text/plain").await,
        page("/metrics", "application/openmetrics-text").await,
        page("/", "text/html").await,
    ]
}

/// Waits until chats are counted.
async fn wait_for_chats(exporter: &Exporter) {
    wait_for("chats are counted", async || {
        let [text, ..] = pages(exporter).await;
        text.contains("\nwolkvox_chats_total{").then_some(())
    })
    .await;
}

/// Everything that leaves the exporter: log, pages, files.
async fn all_that_is_said(directory: &Path, exporter: &Exporter) -> Vec<(String, String)> {
    let mut said = vec![("the log".to_owned(), exporter.log.text())];
    said.extend(pages(exporter).await.map(|page| ("a page".to_owned(), page)));
    for entry in fs::read_dir(directory.join("state")).unwrap() {
        let path = entry.unwrap().path();
        said.push((
            path.display().to_string(),
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
        ));
    }
    said
}

#[tokio::test]
async fn nothing_personal_and_no_token_is_said_of_a_good_answer() {
    let operation = lively().await;
    let directory = tempfile::tempdir().unwrap();
    let exporter = exporter(directory.path(), &operation, &[]).await;
    wait_for_chats(&exporter).await;
    assert_nothing_is_said(directory.path(), &exporter).await;
}

#[tokio::test]
async fn ids_and_phones_of_customers_are_said_nowhere_where_recontacts_are_counted() {
    let operation = lively().await;
    // Half of them come back, and others have a phone alone.
    let closed = Utc::now() - TimeDelta::minutes(1);
    operation.add((0..100).map(|number| {
        let mut chat = SimulatedChat::new(&format!("8{number:03}"), closed - TimeDelta::minutes(2), closed);
        chat.customer = format!("7{number:03}");
        let field = if number % 2 == 0 {
            "customer_id"
        } else {
            "customer_name"
        };
        chat.with_raw(field, Some("\"-\""))
    }));
    let directory = tempfile::tempdir().unwrap();
    let exporter = exporter(directory.path(), &operation, &[("WOLKVOX_RECONTACT", "24h")]).await;
    wait_for("a customer came back", async || {
        let [text, ..] = pages(&exporter).await;
        let recontacts = |line: &&str| line.starts_with("wolkvox_chat_recontacts_total{");
        let line = text.lines().find(recontacts)?;
        (!line.ends_with(" 0")).then_some(())
    })
    .await;
    assert_nothing_is_said(directory.path(), &exporter).await;
    let said = all_that_is_said(directory.path(), &exporter).await;
    assert!(
        said.iter().any(|(_, text)| text.contains("\"customers\"")),
        "their hashes are in the state"
    );
}

#[tokio::test]
async fn nothing_personal_and_no_token_is_said_whatever_becomes_of_an_answer() {
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
        let operation = lively().await;
        operation.handle().always(Some(fault.clone()));
        let directory = tempfile::tempdir().unwrap();
        let exporter = exporter(directory.path(), &operation, &[]).await;
        // With the second request, all is said of the first answer.
        wait_until(&format!("{fault:?} was met"), || {
            operation.handle().requests().len() > 1
        })
        .await;
        assert_nothing_is_said(directory.path(), &exporter).await;
    }
}

async fn assert_nothing_is_said(directory: &Path, exporter: &Exporter) {
    for (place, text) in all_that_is_said(directory, exporter).await {
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

#[tokio::test]
async fn the_token_does_not_follow_a_redirect() {
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
    let operation = lively().await;
    operation.handle().misbehave(Fault::Redirect {
        location: location.clone(),
    });
    operation.handle().misbehave(Fault::Redirect { location });
    let directory = tempfile::tempdir().unwrap();
    // It goes out in the request's address.
    let document = format!("{DOCUMENT}07");
    let exporter = exporter(directory.path(), &operation, &[("WOLKVOX_AGENT_DNI", &document)]).await;
    wait_for_chats(&exporter).await;
    let asked = operation.handle().requests();
    assert!(
        asked
            .iter()
            .all(|request| request.agent_dni.as_deref() == Some(document.as_str()))
    );
    for (place, text) in all_that_is_said(directory.path(), &exporter).await {
        assert!(!text.contains(&document), "{place}");
    }
    let redirected = operation
        .handle()
        .requests()
        .iter()
        .filter(|request| request.status == Some(302))
        .count();
    assert_eq!((redirected, visits.load(Ordering::SeqCst)), (2, 0));
    assert!(!exporter.log.text().contains("CANARY"));
}

#[tokio::test]
async fn a_hostile_report_forges_no_series_no_line_and_no_exemplar() {
    let operation = empty().await;
    let evil = "x\"}<script> 1\nforged_total{a=\"b\"} 5 # {trace_id=\"y\"} 1\n# EOF\nforged 7\r\n\u{2028}\\";
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
    operation.add(chats);
    let directory = tempfile::tempdir().unwrap();
    let exporter = exporter(directory.path(), &operation, &[("WOLKVOX_AGENTS", "names")]).await;
    wait_for_chats(&exporter).await;
    let [text, open_metrics, html] = pages(&exporter).await;
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
    // The status page shows ids of skills and agents.
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("<script"));
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
    )
    .await;
    let reported = String::from_utf8_lossy(&[check.stdout, check.stderr].concat()).into_owned();
    assert!(
        check.status.success() || !reported.contains("error"),
        "{reported}"
    );
}
