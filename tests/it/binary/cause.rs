//! Why no answer comes that can be read, each cause with a real server or proxy of its kind: log, status page and `check` say
//! it in the same words of the catalogue, the metrics have its reason, and none of them says a secret.

mod answer;
mod certificate;
mod connection;
mod proxy;
mod renewed;
mod roots;
mod tls;

use tokio::process::Command;
use wolkvox::Cause;

use crate::support::operation::OPERATION;
use crate::support::process::{
    Exporter, Variables, command, finish, wait_for, with, with_all, without_server,
};

const TOKEN: &str = "CANARY-token+/=";
const DOCUMENT: &str = "5219000077";
const PASSWORD: &str = "s3cr3t-p4ss";

/// What is set, and what is said of it.
struct Case<'a> {
    name: &'a str,
    variables: &'a [(&'a str, &'a str)],
    cause: Cause,
    /// Parts of the sentence.
    says: &'a [&'a str],
}

/// The variables of a case.
fn variables(directory: &std::path::Path, more: &[(&str, &str)]) -> Variables {
    let variables = with_all(
        without_server(directory),
        &[
            ("WOLKVOX_OPERATION", OPERATION),
            ("WOLKVOX_TOKEN", TOKEN),
            ("WOLKVOX_AGENT_DNI", DOCUMENT),
            ("WOLKVOX_POLL_INTERVAL", "1s"),
            ("WOLKVOX_ALLOW_INSECURE_HTTP", "true"),
        ],
    );
    with_all(with(variables, "REQUEST_TIMEOUT", "20s"), more)
}

/// Meets it with `check` and with a running exporter.
async fn meet(case: &Case<'_>) {
    let directory = tempfile::tempdir().unwrap();
    let variables = variables(directory.path(), case.variables);
    let sentence = checked(case, &variables).await;
    let exporter = Exporter::serve(&variables).await;
    let line = wait_for("a failed poll", || {
        let log = exporter.log.text();
        let line = log.lines().find(|line| line.contains("poll failed: "));
        std::future::ready(line.map(str::to_owned))
    })
    .await;
    let name = case.name;
    assert!(line.contains(&sentence), "{name}: {line}\nis not {sentence}");
    let reason = case.cause.reason().as_str();
    assert!(line.contains(&format!("reason=\"{reason}\"")), "{name}: {line}");
    let page = wait_for("the page says so", || async {
        let (_, _, page) = exporter.get("/").await;
        page.contains("Failed</strong>").then_some(page)
    })
    .await;
    let page = unescaped(&page);
    assert!(
        page.contains(&sentence),
        "{name}: {page}\ndoes not say {sentence}"
    );
    assert!(exporter.scrape().await.failures(reason) > 0.0, "{name}: {reason}");
    assert_says_no_secret(name, &exporter.log.text());
    assert_says_no_secret(name, &page);
}

/// The sentence that `check` says.
async fn checked(case: &Case<'_>, variables: &Variables) -> String {
    checked_by(case, command(["check"], variables)).await
}

/// The same for a command that becomes `check`.
async fn checked_by(case: &Case<'_>, check: Command) -> String {
    let (status, output, error) = finish(check).await;
    let name = case.name;
    assert_eq!(status.code(), Some(1), "{name}: {output}{error}");
    let problem = output.lines().find(|line| line.starts_with("PROBLEM"));
    let problem = problem.unwrap_or_else(|| panic!("{name}: {output}{error}"));
    let subject = case.cause.subject().as_str();
    let sentence = problem["PROBLEM".len()..].trim_start();
    let sentence = sentence
        .strip_prefix(subject)
        .unwrap_or_else(|| panic!("{name}: not filed under {subject}: {problem}"))
        .trim_start();
    for part in case.says {
        assert!(sentence.contains(part), "{name}: {sentence}\nlacks {part}");
    }
    assert!(!sentence.contains(['{', '}', '?']), "{name}: {sentence}");
    // Only where it may be the cause.
    let may_be = ["allow-list"].contains(&subject)
        || matches!(
            case.cause,
            Cause::Unreachable | Cause::ProxyFails | Cause::ProxySilent | Cause::HandshakeSilent
        );
    assert_eq!(sentence.contains("allow-list"), may_be, "{name}: {sentence}");
    assert_says_no_secret(name, &(output.clone() + &error));
    sentence.to_owned()
}

/// Those that are met elsewhere, and those that stand for whatever nobody has seen yet.
const NOT_HERE: [(Cause, &str); 3] = [
    (
        Cause::NoLookup,
        "a unit test: where threads have run out, the state fails after it, and is told",
    ),
    (Cause::Other, "any other failure of a connection"),
    (Cause::OtherTls, "any other failure of a handshake"),
];

#[test]
fn every_cause_is_met_with_a_server_of_its_kind() {
    let sources = [
        include_str!("cause/answer.rs"),
        include_str!("cause/certificate.rs"),
        include_str!("cause/connection.rs"),
        include_str!("cause/proxy.rs"),
        include_str!("cause/renewed.rs"),
        include_str!("cause/tls.rs"),
    ]
    .concat();
    for cause in Cause::ALL {
        // Not as a part of a longer name.
        let is_met = [",", ")"]
            .iter()
            .any(|end| sources.contains(&format!("Cause::{cause:?}{end}")));
        let is_elsewhere = NOT_HERE.iter().any(|(other, _)| other == cause);
        assert_ne!(is_met, is_elsewhere, "{cause:?}");
    }
}

fn assert_says_no_secret(name: &str, said: &str) {
    for secret in [TOKEN, "CANARY", DOCUMENT, PASSWORD, "s3cr3t"] {
        assert!(!said.contains(secret), "{name}: {secret} is in {said}");
    }
}

fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (entity, plain)| {
        text.replace(entity, plain)
    })
}
