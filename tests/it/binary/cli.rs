//! The command line.

use wolkvox_exporter::catalogue;

use crate::support::exposition::Exposition;
use crate::support::process::{Exporter, Variables, command, finish};

async fn printed(arguments: &[&str]) -> String {
    let (status, text, error) = finish(command(arguments, &Variables::new())).await;
    assert!(status.success(), "{error}");
    assert_eq!(error, "");
    text
}

async fn refused(variables: &[(&str, &str)]) -> String {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let (status, _, error) = finish(command::<[&str; 0], _>([], &variables)).await;
    assert_eq!(status.code(), Some(64), "{error}");
    error
}

#[tokio::test]
async fn the_version_is_that_of_the_package() {
    let expected = format!("wolkvox-exporter {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(printed(&["--version"]).await, expected);
}

#[tokio::test]
async fn help_names_the_commands_and_the_variables_to_begin_with() {
    let help = printed(&["--help"]).await;
    for word in [
        "serve",
        "demo",
        "metrics",
        "--version",
        "WOLKVOX_SERVER",
        "WOLKVOX_TOKEN",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
    let demo = printed(&["demo", "--help"]).await;
    assert!(
        demo.contains("--listen") && demo.contains("--seed") && demo.contains("--operations"),
        "{demo}"
    );
}

#[tokio::test]
async fn metrics_prints_every_family_of_the_catalogue_as_markdown() {
    let reference = printed(&["metrics"]).await;
    assert!(reference.starts_with("# Metrics\n"));
    for spec in catalogue::all() {
        let row = format!("| `{}` | {} |", spec.name, spec.kind.as_str());
        assert!(reference.contains(&row), "{row} is missing");
        assert!(reference.contains(spec.help), "the help of {}", spec.name);
    }
    let rows = reference.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, catalogue::all().count());
}

#[tokio::test]
async fn metrics_prints_the_catalogue_for_programs() {
    let text = printed(&["metrics", "--format", "json"]).await;
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(reference["version"], env!("CARGO_PKG_VERSION"));
    let families = reference["families"].as_array().unwrap();
    assert_eq!(families.len(), catalogue::all().count());
    let find = |name: &str| families.iter().find(|family| family["name"] == name).unwrap();
    for spec in catalogue::all() {
        let family = find(spec.name);
        assert_eq!(family["help"], spec.help);
        assert_eq!(family["type"], spec.kind.as_str());
        assert_eq!(family["stability"], spec.stability.as_str());
    }
    let asa = find("wolkvox_chat_asa_seconds");
    assert_eq!(
        asa["labels"],
        serde_json::json!(["operation", "channel", "skill_id", "outcome"])
    );
    assert_eq!(
        (&asa["unit"], &asa["section"]),
        (&"seconds".into(), &"totals".into())
    );
    assert_eq!(asa["buckets"][0], 5.0);
    let build = find("wolkvox_exporter_build_info");
    assert_eq!(build["labels"][0], "version");
    assert!(build["unit"].is_null() && build["buckets"].is_null());
    assert_eq!(find("wolkvox_chat_openings_total")["stability"], "beta");
}

#[tokio::test]
async fn man_prints_a_page_of_the_program_and_one_of_each_command() {
    let page = printed(&["man"]).await;
    assert!(page.contains(".TH wolkvox-exporter 1"), "{page}");
    for word in [
        "WOLKVOX_SERVER",
        "wolkvox\\-exporter\\-check(1)",
        "serve",
        "backfill",
    ] {
        assert!(page.contains(word), "{word} is missing in:\n{page}");
    }
    let page = printed(&["man", "check"]).await;
    assert!(
        page.contains(".TH wolkvox-exporter-check 1") && page.contains("yesterday"),
        "{page}"
    );
    let (status, _, error) = finish(command(["man", "polll"], &Variables::new())).await;
    assert_eq!(status.code(), Some(64), "{error}");
    assert!(error.contains("there is no command \"polll\""), "{error}");
}

#[tokio::test]
async fn completion_knows_each_command_in_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let text = printed(&["completion", shell]).await;
        for word in ["serve", "demo", "check", "report", "backfill", "yesterday"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
    }
}

#[tokio::test]
async fn a_word_that_is_no_command_is_refused_with_the_usage() {
    let (status, _, error) = finish(command(["polll"], &Variables::new())).await;
    assert_eq!(status.code(), Some(2), "{error}");
    assert!(error.contains("Usage: wolkvox-exporter"), "{error}");
}

#[tokio::test]
async fn an_unknown_variable_is_refused_and_the_nearest_named() {
    let error = refused(&[("WOLKVOX_SERVR", "0010"), ("WOLKVOX_TOKEN", "some-token")]).await;
    let expected = "WOLKVOX_SERVR is not a variable of this exporter; did you mean WOLKVOX_SERVER?";
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains("some-token"), "{error}");
}

#[tokio::test]
async fn what_kubernetes_injects_for_a_service_of_this_name_is_tolerated() {
    let error = refused(&[
        ("WOLKVOX_PORT", "tcp://10.0.0.11:10555"),
        ("WOLKVOX_PORT_10555_TCP", "tcp://10.0.0.11:10555"),
        ("WOLKVOX_PORT_10555_TCP_ADDR", "10.0.0.11"),
        ("WOLKVOX_PORT_10555_TCP_PORT", "10555"),
        ("WOLKVOX_PORT_10555_TCP_PROTO", "tcp"),
        ("WOLKVOX_SERVICE_HOST", "10.0.0.11"),
        ("WOLKVOX_SERVICE_PORT", "10555"),
        ("WOLKVOX_SERVICE_PORT_METRICS", "10555"),
        ("WOLKVOX_EXPORTER_SERVICE_HOST", "10.0.0.12"),
        ("WOLKVOX_EXPORTER_PORT_10555_TCP", "tcp://10.0.0.12:10555"),
    ])
    .await;
    assert!(!error.contains("not a variable"), "{error}");
    // The other problems are still reported.
    assert!(error.contains("WOLKVOX_SERVER is not set"), "{error}");
}

#[tokio::test]
async fn the_demo_serves_numbers_that_move() {
    let demo = Exporter::start(["demo", "--listen", "127.0.0.1:0"], &Variables::new()).await;
    assert!(
        demo.log
            .text()
            .contains("the simulated Wolkvox server is at http://127.0.0.1:")
    );
    let chats = |page: &Exposition| page.sum("wolkvox_chats_total");
    let mut newest = Exposition::default();
    let first = demo
        .scrape_until("chats", &mut newest, |page| chats(page) > 0.0)
        .await;
    let more = demo
        .scrape_until("more chats", &mut newest, |page| chats(page) > chats(&first))
        .await;
    assert!(more.sum("wolkvox_window_chats") > 0.0);
    assert!(more.sum("wolkvox_chat_asa_seconds_count") > 0.0);
    // Its skills have the names that the simulated server lists.
    demo.scrape_until("names of skills", &mut newest, |page| {
        page.sum("wolkvox_skill_info").round() as usize == 4
    })
    .await;
}

#[tokio::test]
async fn a_ca_file_without_certificates_ends_each_command_as_a_setting_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let variables: Variables = [
        ("WOLKVOX_SERVER", "0001"),
        ("WOLKVOX_TOKEN", "t0ken"),
        ("WOLKVOX_CA_FILE", file.to_str().unwrap()),
        ("WOLKVOX_STATE_DIR", directory.path().to_str().unwrap()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let range = ["--from", "2026-01-01", "--to", "2026-01-02"];
    for arguments in [
        vec!["serve"],
        vec!["check"],
        [&["report"], range.as_slice()].concat(),
        [&["backfill"], range.as_slice()].concat(),
    ] {
        let (status, _, error) = finish(command(&arguments, &variables)).await;
        assert_eq!(status.code(), Some(64), "{arguments:?}: {error}");
        assert!(error.contains("WOLKVOX_CA_FILE"), "{arguments:?}: {error}");
    }
}
