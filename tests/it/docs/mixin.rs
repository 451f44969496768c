//! `mixin.libsonnet`: the boards and rules for those who put their monitoring together by jsonnet.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{assert_is, read, root};

/// What the mixin's fields come to.
fn evaluated() -> Value {
    let fields = "local mixin = import 'mixin.libsonnet';
        { alerts: mixin.prometheusAlerts, records: mixin.prometheusRules, boards: mixin.grafanaDashboards }";
    let output = Command::new("jsonnet")
        .args(["-e", fields])
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("jsonnet: {error} (Debian: apt-get install jsonnet)"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// jsonnet writes 1.0 as 1, and 0.1 with 17 digits, which are not always read as the same.
fn same_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().map(|number| format!("{number:.9e}"))),
        Value::Array(values) => values.into_iter().map(same_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(key, value)| (key, same_numbers(value))).collect())
        }
        other => other,
    }
}

fn rules() -> Value {
    serde_saphyr::from_str(&read("alerts/wolkvox.rules.yml")).unwrap()
}

/// The jsonnet of some distributions can't read these rules as YAML.
#[test]
fn the_rules_of_the_mixin_are_those_of_the_file() {
    let path = root().join("deploy/mixin/rules.json");
    let actual = fs::read_to_string(&path).unwrap_or_default();
    assert_is(&path, &actual, &format!("{:#}\n", rules()));
}

#[test]
fn the_mixin_has_each_rule_once_in_its_group_and_each_board() {
    let mixin = evaluated();
    let all = rules();
    let groups = all["groups"].as_array().unwrap();
    for (field, key) in [("alerts", "alert"), ("records", "record")] {
        let having = |group: &Value| {
            let rules = group["rules"].as_array().unwrap().iter();
            let rules: Vec<_> = rules.filter(|rule| rule.get(key).is_some()).cloned().collect();
            let mut group = group.clone();
            group["rules"] = json!(rules);
            (!rules.is_empty()).then_some(group)
        };
        let expected: Vec<_> = groups.iter().filter_map(having).collect();
        assert_eq!(mixin[field]["groups"], json!(expected), "{field}");
        assert!(!expected.is_empty());
    }
    let boards = mixin["boards"].as_object().unwrap();
    let folder = fs::read_dir(root().join("dashboards")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    assert_eq!(boards.len(), paths.len());
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let board: Value = serde_json::from_str(&read(&path)).unwrap();
        assert_eq!(same_numbers(boards[name].clone()), same_numbers(board), "{name}");
    }
}
