//! The Helm chart and the Kustomize folders agree with the program, and with the boards and rules beside them. What only Helm and
//! Kubernetes can judge is tested by `tests/run --kubernetes`.

mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use chrono::Utc;
use serde_json::Value;
use wolkvox_exporter::config::variable::Variable;
use wolkvox_exporter::config::{Config, Place};

use super::{assert_has_table, assert_is, read, root, words};

const CHART: &str = "deploy/helm/wolkvox-exporter";

/// What is mounted for the exporter in a pod.
const MOUNTED: &str = "/etc/wolkvox-exporter";

fn chart() -> PathBuf {
    root().join(CHART)
}

/// The files of a folder with this end of their names, by name.
fn named(folder: &Path, end: &str) -> BTreeMap<String, PathBuf> {
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name.ends_with(end))
        .collect()
}

/// All files below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut files): (Vec<_>, Vec<_>) = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| below(folder)));
    files
}

/// Helm takes no files from outside of a chart, so there are copies.
fn assert_copied(from: &str, end: &str, to: &Path) {
    let originals = named(&root().join(from), end);
    assert!(!originals.is_empty(), "{from} has no *{end}");
    let copies = named(to, "");
    for (name, copy) in copies.iter().filter(|(name, _)| !originals.contains_key(*name)) {
        assert!(env::var_os("UPDATE_DOCS").is_some(), "{from} has no {name}");
        fs::remove_file(copy).unwrap();
    }
    for (name, original) in originals {
        let actual = copies.get(&name).map(read).unwrap_or_default();
        assert_is(&to.join(name), &actual, &read(&original));
    }
}

#[test]
fn the_boards_and_rules_of_the_chart_are_those_beside_it() {
    assert_copied("dashboards", ".json", &chart().join("files/dashboards"));
    assert_copied("alerts", ".rules.yml", &chart().join("files/rules"));
}

#[test]
fn the_chart_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let text = read(chart().join("Chart.yaml"));
    for line in [format!("version: {version}"), format!("appVersion: {version}")] {
        assert!(text.lines().any(|found| found == line), "Chart.yaml lacks {line}");
    }
}

#[test]
fn the_tables_of_values_are_those_of_the_file() {
    let table = values::markdown(&read(chart().join("values.yaml")));
    assert_has_table(&chart().join("README.md"), "values", &table);
}

#[test]
fn the_schema_knows_each_value_and_no_other() {
    let schema: Value = serde_json::from_str(&read(chart().join("values.schema.json"))).unwrap();
    let mut known = BTreeSet::new();
    leaves(&schema, "", &mut known);
    let known: BTreeSet<_> = known
        .into_iter()
        .filter(|path| !path.starts_with("settings.") && path != "global")
        .chain(["settings".to_owned()])
        .collect();
    let described: BTreeSet<_> = values::paths(&read(chart().join("values.yaml")))
        .into_iter()
        .collect();
    assert_eq!(known, described);
}

/// The paths of a schema that have no properties of their own.
fn leaves(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        found.insert(path.to_owned());
        return;
    };
    for (name, below) in properties {
        let dot = if path.is_empty() { "" } else { "." };
        leaves(below, &format!("{path}{dot}{name}"), found);
    }
}

#[test]
fn each_variable_is_set_by_the_chart_or_among_its_settings() {
    let pod = read(chart().join("templates/_pod.tpl"));
    let by_chart: BTreeSet<_> = pod
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- name: "))
        .filter(|name| name.starts_with("WOLKVOX_"))
        .collect();
    let schema: Value = serde_json::from_str(&read(chart().join("values.schema.json"))).unwrap();
    let settings = schema["properties"]["settings"]["properties"]
        .as_object()
        .unwrap();
    // Each has a form that the chart takes in its place.
    let never = ["WOLKVOX_TOKEN", "WOLKVOX_STATE_URL"];
    let check = read(chart().join("templates/_check.tpl"));
    for variable in Variable::all() {
        let name = variable.name();
        let is_set = by_chart.contains(name.as_str());
        let is_taken = is_set || never.contains(&name.as_str());
        assert_eq!(is_taken, !settings.contains_key(&name), "settings and {name}");
        let is_refused = check.contains(&format!("\"{name}\""));
        assert_eq!(is_taken, is_refused, "extraEnv and {name}: see _check.tpl");
    }
}

#[test]
fn each_variable_in_the_files_for_kubernetes_exists() {
    let known: BTreeSet<_> = Variable::all().map(Variable::name).collect();
    let files = ["deploy/helm", "deploy/kustomize", "deploy/kubernetes.yaml"]
        .map(|name| root().join(name))
        .into_iter()
        .flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] });
    for path in files {
        for name in words(&read(&path), "WOLKVOX_") {
            let is_known = known.contains(name) || name == "WOLKVOX_";
            assert!(is_known, "{}: {name}", path.display());
        }
    }
}

/// What a manifest sets in the environment of a container, without what it takes from Secrets.
fn variables(manifest: &str, mounted: &Path) -> Vec<(String, Result<String, String>)> {
    let lines: Vec<_> = manifest.lines().map(str::trim_start).collect();
    let named = lines.windows(2).filter_map(|pair| {
        let name = pair[0].strip_prefix("- name: ")?;
        Some((name, pair[1].strip_prefix("value: ")?))
    });
    // The ConfigMap with the variables of Kustomize.
    let listed = lines.iter().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.starts_with("WOLKVOX_").then_some((name, value))
    });
    named
        .chain(listed)
        .map(|(name, value)| {
            let value = value
                .trim_matches('"')
                .replace(MOUNTED, mounted.to_str().unwrap())
                .replace("[$(POD_IP)]", "[2001:db8::7]")
                .replace("$(POD_IP)", "10.1.2.3");
            (name.to_owned(), Ok(value))
        })
        .collect()
}

/// A folder with what a pod gets mounted.
fn mounted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let overlay = root().join("tests/kubernetes/overlay/operations/operations.toml");
    for (name, text) in [
        ("operations/operations.toml", read(&overlay)),
        (
            "postgresql/url",
            "postgres://wolkvox:not-a-password@db.example/wolkvox".to_owned(),
        ),
        ("web/web-config.yml", "{}".to_owned()),
        ("ca/ca.crt", String::new()),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn the_program_takes_the_settings_of_each_manifest() {
    let mounted = mounted();
    let golden = below(&root().join("tests/kubernetes/golden"));
    assert!(!golden.is_empty());
    for path in golden {
        let manifest = read(&path);
        let config = Config::from_variables(variables(&manifest, mounted.path()), Utc::now());
        let config = config.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let is_in_database = matches!(config.state.place, Place::Database(_));
        assert_eq!(
            is_in_database,
            manifest.contains("kind: Deployment"),
            "{}",
            path.display()
        );
        // Replicas need it.
        assert_eq!(
            config.fleet.advertise_address.is_some(),
            is_in_database,
            "{}",
            path.display()
        );
    }
}
