//! What silences what, asked of a real Alertmanager with the example's configuration.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::{alertmanager, root, rules, wait_for};

/// An alert of an operation, or of an exporter, as Prometheus sends it.
fn firing(name: &str, of: (&str, &str)) -> Value {
    let rule = rules()
        .into_iter()
        .find(|rule| rule.is_alert && rule.name == name)
        .unwrap();
    let mut labels = json!({ "alertname": name, "job": "wolkvox" });
    for key in ["severity", "category"] {
        labels[key] = rule.value(key).into();
    }
    labels[of.0] = of.1.into();
    json!({ "labels": labels })
}

/// Those that are silenced while all of these fire: name, and the value of its own label.
fn silenced(alerts: &[(&'static str, (&'static str, &'static str))]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let config = root().join("alerts/alertmanager.example.yml");
    let (_alertmanager, port) = alertmanager(&config, folder.path());
    let url = format!("http://127.0.0.1:{port}/api/v2/alerts");
    let body: Vec<_> = alerts.iter().map(|(name, of)| firing(name, *of)).collect();
    let status = Command::new("curl")
        .args(["-sf", "-H", "Content-Type: application/json", "-d"])
        .args([Value::Array(body).to_string(), url.clone()])
        .status()
        .unwrap();
    assert!(status.success());
    let known: Value = serde_json::from_str(&wait_for(&url)).unwrap();
    let known = known.as_array().unwrap();
    assert_eq!(known.len(), alerts.len());
    let name = |alert: &Value| {
        let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}{}{}",
            label("alertname"),
            label("operation"),
            label("skill_id"),
            label("instance")
        )
    };
    known
        .iter()
        .filter(|alert| !alert["status"]["inhibitedBy"].as_array().unwrap().is_empty())
        .map(name)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn trouble_of_one_operation_silences_no_other() {
    let ventas = ("operation", "ventas");
    let soporte = ("operation", "soporte");
    let shown = silenced(&[
        ("WolkvoxTokenRejected", ventas),
        ("WolkvoxDataStale", ventas),
        ("WolkvoxChatsMissing", ventas),
        ("WolkvoxDataStale", soporte),
        ("WolkvoxPollFailing", soporte),
        ("WolkvoxASAHigh", ("operation", "cobros")),
        ("WolkvoxChatsMissing", ("operation", "cobros")),
    ]);
    assert_eq!(
        shown,
        set(&["WolkvoxChatsMissing ventas", "WolkvoxDataStale ventas"])
    );
}

#[test]
fn of_what_is_said_of_a_service_level_the_worst_is_enough() {
    let shown = silenced(&[
        ("WolkvoxServiceLevelBudgetBurn", ("skill_id", "12")),
        ("WolkvoxServiceLevelLow", ("skill_id", "12")),
        ("WolkvoxServiceLevelLow", ("skill_id", "13")),
        ("WolkvoxOperationServiceLevelLow", ("operation", "ventas")),
    ]);
    assert_eq!(shown, set(&["WolkvoxServiceLevelLow 12"]));
}

#[test]
fn an_exporter_that_is_down_silences_no_operation_of_another_one() {
    let shown = silenced(&[
        ("WolkvoxExporterDown", ("instance", "exporter-1:10555")),
        ("WolkvoxASAHigh", ("operation", "ventas")),
        ("WolkvoxTokenRejected", ("operation", "soporte")),
        ("WolkvoxExporterDown", ("instance", "exporter-2:10555")),
        // Of a Prometheus that has lost its only exporter; the others' go on.
        ("WolkvoxExporterAbsent", ("prometheus", "second")),
    ]);
    assert_eq!(shown, set(&[]));
}
