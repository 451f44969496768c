//! The boards: the rules of Grafana's dashboard-linter for Prometheus (and ours), and that what they and the alerts ask for is
//! what the catalogue declares.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{self, Expr, VectorSelector};
use serde_json::Value;

use wolkvox_exporter::catalogue::{self, Kind, Spec};

use crate::prometheus::alerts;

pub(crate) const BOARDS: [&str; 5] = ["wall", "operations", "skill", "agent", "exporter"];

/// Made by Prometheus itself.
const OF_PROMETHEUS: &[&str] = &["up", "ALERTS"];

/// Alerts are of an operation, whichever instance they were told of.
const OF_ALERTS: &[&str] = &["ALERTS"];

/// In no board and no alert, on purpose.
const UNUSED: &[(&str, &str)] = &[
    (
        "wolkvox_operation_lease_seconds",
        "for a look at replicas while something is wrong; wolkvox_operation_held is on the board",
    ),
    (
        "wolkvox_exporter_commits_fenced_total",
        "for the runbook of takeovers",
    ),
    (
        "wolkvox_exporter_commits_unknown_total",
        "for a look at replicas while something is wrong",
    ),
    (
        "wolkvox_window_chats",
        "boards use the totals, with a window of the viewer's choice",
    ),
    ("wolkvox_window_agent_chats", "as above"),
    ("wolkvox_window_asa_mean_seconds", "as above"),
    ("wolkvox_window_duration_mean_seconds", "as above"),
    ("wolkvox_window_time_on_agent_mean_seconds", "as above"),
    ("wolkvox_window_service_level_ratio", "as above"),
    ("wolkvox_window_start_timestamp_seconds", "as above"),
    ("wolkvox_window_end_timestamp_seconds", "as above"),
    ("wolkvox_window_seconds", "as above"),
    (
        "wolkvox_today_answered_within_target",
        "for wallboards without PromQL; boards use the totals",
    ),
    ("wolkvox_today_asa_mean_seconds", "as above"),
    ("wolkvox_today_service_level_ratio", "as above"),
    ("wolkvox_today_agent_chats", "as above"),
    ("wolkvox_today_start_timestamp_seconds", "as above"),
    (
        "wolkvox_chat_recontacts_total",
        "off by default: a board would have an empty panel nearly everywhere",
    ),
    (
        "wolkvox_state_last_commit_timestamp_seconds",
        "the commit counters and the age of the data show it",
    ),
    (
        "wolkvox_exporter_timezone_data_info",
        "looked up by people when a country changes its clocks",
    ),
    (
        "wolkvox_report_fields_unknown",
        "harmless; `check` names the keys",
    ),
    ("process_max_fds", "the exporter keeps a few dozen open"),
    ("process_virtual_memory_bytes", "says nothing"),
    ("process_threads", "does not change"),
];

pub(crate) fn board(name: &str) -> Value {
    serde_json::from_str(&alerts::read(format!("dashboards/wolkvox-{name}.json"))).unwrap()
}

/// A board in English and in Spanish, with what it is called in messages.
fn in_both_languages(name: &str) -> [(String, Value); 2] {
    let spanish = alerts::read(format!("dashboards/es/wolkvox-{name}.json"));
    [
        (name.to_owned(), board(name)),
        (format!("{name} (es)"), serde_json::from_str(&spanish).unwrap()),
    ]
}

pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn each_panel(check: impl Fn(&str, &Value)) {
    for (name, board) in BOARDS.into_iter().flat_map(in_both_languages) {
        for panel in list(&board, "/panels")
            .iter()
            .filter(|panel| text(panel, "/type") != "row")
        {
            check(&format!("{name}: {}", text(panel, "/title")), panel);
        }
    }
}

/// A query with Grafana's variables replaced, as the linter does.
fn resolved(expr: &str) -> String {
    let mut text = expr.to_owned();
    for (variable, value) in [
        ("$__rate_interval", "20m"),
        ("$__range", "12h"),
        ("$window", "1h"),
        ("$period", "7d"),
        ("$seconds", "30"),
    ] {
        text = text.replace(variable, value);
    }
    text
}

/// All queries: where, and the expression as it is written.
fn queries() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in BOARDS {
        let board = board(name);
        for panel in list(&board, "/panels") {
            for target in list(panel, "/targets") {
                found.push((
                    format!("{name}: {}", text(panel, "/title")),
                    text(target, "/expr").to_owned(),
                ));
            }
        }
        for annotation in list(&board, "/annotations/list")
            .iter()
            .filter(|a| a.get("expr").is_some())
        {
            found.push((
                format!("{name}: annotation"),
                text(annotation, "/expr").to_owned(),
            ));
        }
        for variable in list(&board, "/templating/list") {
            let query = text(variable, "/query/query");
            if let Some(expr) = lookup(query) {
                found.push((format!("{name}: ${}", text(variable, "/name")), expr.to_owned()));
            }
        }
    }
    found
}

/// The selector or the query behind a variable's values.
pub(crate) fn lookup(query: &str) -> Option<&str> {
    let (kind, inside) = query.strip_suffix(')')?.split_once('(')?;
    match kind {
        "label_values" => inside.rsplit_once(", ").map(|(selector, _)| selector),
        "query_result" => Some(inside),
        _ => None,
    }
}

pub(crate) fn is_range(target: &Value) -> bool {
    target.get("range") == Some(&Value::Bool(true))
}

#[test]
fn boards_are_what_make_py_makes() {
    let status = Command::new("python3")
        .arg(alerts::root().join("dashboards/make.py"))
        .arg("--check")
        .status()
        .unwrap();
    assert!(status.success(), "run python3 dashboards/make.py");
}

#[test]
fn boards_for_another_poll_interval_step_and_lag_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("python3")
        .arg(alerts::root().join("dashboards/make.py"))
        .args(["--poll-interval", "10m", "--into"])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let rules = std::fs::read_to_string(folder.path().join("alerts/wolkvox.rules.yml")).unwrap();
    assert!(
        !rules.contains("late_chats:increase30m"),
        "30m holds three polls of 10m"
    );
    assert!(rules.contains("late_chats:increase1h"));
    for name in BOARDS {
        let path = folder.path().join(format!("dashboards/wolkvox-{name}.json"));
        let board: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for target in list(&board, "/panels")
            .iter()
            .flat_map(|panel| list(panel, "/targets"))
            .filter(|target| is_range(target) && text(target, "/expr").contains("$__rate_interval"))
        {
            assert_eq!(text(target, "/interval"), "10m");
            for after in text(target, "/expr").split("[$__rate_interval]").skip(1) {
                assert!(after.starts_with(" offset 5m)") || after.starts_with(" offset 1w5m)"));
            }
        }
    }
}

#[test]
fn boards_have_what_each_board_has() {
    for (name, board) in BOARDS.into_iter().flat_map(in_both_languages) {
        let uid = format!("wolkvox-{}", name.trim_end_matches(" (es)"));
        assert_eq!(text(&board, "/uid"), uid);
        assert!(text(&board, "/title").starts_with("Wolkvox / "));
        assert!(
            !text(&board, "/description").is_empty() && list(&board, "/tags").contains(&"wolkvox".into())
        );
        assert_eq!(board["editable"], false);
        assert_eq!(board["schemaVersion"], 39);
        assert!(board.get("id").is_none(), "an id belongs to one Grafana");
        let ids: BTreeSet<_> = list(&board, "/panels")
            .iter()
            .map(|panel| panel["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids.len(), list(&board, "/panels").len());
        // The links keep time and variables, and lead to the other boards.
        assert_eq!(list(&board, "/links").len(), BOARDS.len() - 1);
        for link in list(&board, "/links") {
            assert!(link["keepTime"] == true && link["includeVars"] == true);
            assert!(
                BOARDS
                    .iter()
                    .any(|other| text(link, "/url") == format!("/d/wolkvox-{other}"))
            );
        }
        assert!(
            list(&board, "/annotations/list")
                .iter()
                .any(|a| text(a, "/expr").starts_with("ALERTS{"))
        );
    }
}

#[test]
fn variables_are_chained_and_take_all() {
    for (name, board) in BOARDS.into_iter().flat_map(in_both_languages) {
        let variables = list(&board, "/templating/list");
        let names: Vec<_> = variables.iter().map(|variable| text(variable, "/name")).collect();
        assert_eq!(
            names[..4],
            ["datasource", "job", "instance", "operation"],
            "{name}"
        );
        assert_eq!(text(&variables[0], "/query"), "prometheus");
        for (at, variable) in variables.iter().enumerate() {
            let what = format!("{name}: ${}", names[at]);
            assert!(!text(variable, "/label").is_empty(), "{what}");
            if text(variable, "/type") != "query" {
                continue;
            }
            assert!(
                variable["multi"] == true && variable["includeAll"] == true,
                "{what}"
            );
            assert_eq!(text(variable, "/allValue"), ".+", "{what}");
            assert_eq!(variable["refresh"], 2, "{what}: on time change");
            assert_eq!(text(variable, "/datasource/uid"), "${datasource}", "{what}");
            let before: &[&str] = match names[at] {
                "job" => &[],
                "instance" => &["job"],
                "operation" => &["job", "instance"],
                _ => &["job", "instance", "operation"],
            };
            for other in before {
                assert!(
                    text(variable, "/query/query").contains(&format!("{other}=~\"${other}\"")),
                    "{what}"
                );
            }
        }
    }
}

/// Words that are the same in both languages.
const SAME: &[&str] = &[
    "Skill",
    "Skills",
    "Chats",
    "Timeouts",
    "CPU",
    "Series",
    "Chats, $window",
    "Wolkvox / Skill",
];

#[test]
fn boards_in_spanish_ask_the_same_and_their_colours_follow_the_names() {
    for [(name, english), (_, spanish)] in BOARDS.map(in_both_languages) {
        let panels = list(&english, "/panels").iter().zip(list(&spanish, "/panels"));
        assert_eq!(list(&english, "/panels").len(), list(&spanish, "/panels").len());
        for (panel, translated) in panels {
            let title = text(panel, "/title");
            let what = format!("{name}: {title}");
            assert!(
                SAME.contains(&title) || title != text(translated, "/title"),
                "{what} is not translated"
            );
            for key in ["/id", "/type", "/gridPos", "/fieldConfig/defaults/unit"] {
                assert_eq!(panel.pointer(key), translated.pointer(key), "{what}: {key}");
            }
            let (targets, others) = (list(panel, "/targets"), list(translated, "/targets"));
            let asked = |targets: &[Value]| targets.iter().map(|one| one["expr"].clone()).collect::<Vec<_>>();
            assert_eq!(asked(targets), asked(others), "{what}");
            let overrides = list(panel, "/fieldConfig/overrides");
            for (one, other) in overrides.iter().zip(list(translated, "/fieldConfig/overrides")) {
                // What matches the name of a curve matches it in Spanish too.
                let of = |by_name: &Value, targets: &[Value]| {
                    let legend = text(by_name, "/matcher/options").to_owned();
                    targets
                        .iter()
                        .position(|target| text(target, "/legendFormat") == legend)
                };
                assert_eq!(of(one, targets), of(other, others), "{what}");
            }
        }
    }
}

#[test]
fn panels_say_what_they_show() {
    each_panel(|what, panel| {
        assert!(text(panel, "/title").len() > 1, "{what}");
        assert!(text(panel, "/description").len() > 10, "{what}: description");
        assert_eq!(text(panel, "/datasource/uid"), "${datasource}", "{what}");
        let defaults = &panel["fieldConfig"]["defaults"];
        assert!(!text(defaults, "/unit").is_empty(), "{what}: unit");
        assert!(!text(defaults, "/noValue").is_empty(), "{what}: noValue");
        assert!(
            !list(defaults, "/thresholds/steps").is_empty(),
            "{what}: thresholds"
        );
        assert!(!list(panel, "/targets").is_empty(), "{what}: targets");
        let at = &panel["gridPos"];
        assert!(
            at["x"].as_u64().unwrap() + at["w"].as_u64().unwrap() <= 24,
            "{what}: too wide"
        );
        for target in list(panel, "/targets") {
            assert_eq!(text(target, "/datasource/uid"), "${datasource}", "{what}");
            // Polling sets the resolution: $__rate_interval is at least four polls.
            let has_days_of_its_own = panel.get("timeFrom").is_some();
            if is_range(target) && !has_days_of_its_own {
                assert_eq!(text(target, "/interval"), "5m", "{what}: min step");
            }
        }
        // Cells take the palette's colour unless the override says that thresholds colour them.
        for properties in list(panel, "/fieldConfig/overrides")
            .iter()
            .map(|o| list(o, "/properties"))
        {
            let has = |id: &str| properties.iter().find(|property| text(property, "/id") == id);
            if has("thresholds").is_some() {
                assert_eq!(
                    has("color").map(|color| text(color, "/value/mode")),
                    Some("thresholds"),
                    "{what}"
                );
            }
        }
    });
}

#[test]
fn targets_keep_the_linters_rules() {
    each_panel(|what, panel| {
        for target in list(panel, "/targets") {
            let written = text(target, "/expr");
            let expr = parser::parse(&resolved(written))
                .unwrap_or_else(|error| panic!("{what}: {error}\n{written}"));
            visit(&expr, None, &mut |selector, function| {
                let name = selector.name.as_deref().unwrap_or("");
                // What the rules record is of all instances of a job.
                let labels = if name.contains(':') {
                    &["job"][..]
                } else {
                    &["job", "instance"][..]
                };
                for label in labels {
                    assert!(
                        OF_ALERTS.contains(&name)
                            || selector.matchers.matchers.iter().any(|matcher| {
                                matcher.name == *label
                                    && matches!(matcher.op, MatchOp::Re(_))
                                    && matcher.value == format!("${label}")
                            }),
                        "{what}: {name} without {label}=~\"${label}\""
                    );
                }
                let is_counter =
                    name.ends_with("_total") || name.ends_with("_bucket") || name.ends_with("_count");
                assert!(
                    !is_counter || matches!(function, Some("rate" | "increase")),
                    "{what}: the counter {name} without rate or increase"
                );
            });
            if is_range(target) {
                for after in written.split("rate(").skip(1) {
                    let range = after
                        .split_once('[')
                        .and_then(|(_, rest)| rest.split_once(']'))
                        .unwrap()
                        .0;
                    assert_eq!(range, "$__rate_interval", "{what}");
                }
                // Between two polls: see `span` in dashboards/source/promql.py.
                for after in written.split("[$__rate_interval]").skip(1) {
                    let is_between_polls = [" offset 2m30s)", " offset 1w2m30s)"]
                        .iter()
                        .any(|offset| after.starts_with(offset));
                    assert!(is_between_polls, "{what}: {written}");
                }
            }
        }
    });
}

/// Calls `found` with each selector, and the function around it.
pub(crate) fn visit(
    expr: &Expr,
    function: Option<&str>,
    found: &mut dyn FnMut(&VectorSelector, Option<&str>),
) {
    match expr {
        Expr::VectorSelector(selector) => found(selector, function),
        Expr::MatrixSelector(matrix) => found(&matrix.vs, function),
        Expr::Call(call) => {
            for argument in &call.args.args {
                visit(argument, Some(call.func.name), found);
            }
        }
        Expr::Aggregate(aggregate) => {
            visit(&aggregate.expr, function, found);
            if let Some(parameter) = &aggregate.param {
                visit(parameter, None, found);
            }
        }
        Expr::Binary(binary) => {
            visit(&binary.lhs, None, found);
            visit(&binary.rhs, None, found);
        }
        Expr::Unary(unary) => visit(&unary.expr, function, found),
        Expr::Paren(paren) => visit(&paren.expr, function, found),
        Expr::Subquery(subquery) => visit(&subquery.expr, function, found),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// The family behind a name in a query, and whether what is asked for is a counter.
pub(crate) fn family(name: &str) -> Option<(&'static str, Vec<&'static str>, bool)> {
    let with_operation = |spec: &'static Spec, counter: bool| {
        let mut labels = spec.labels.to_vec();
        labels.extend(spec.is_per_operation().then_some("operation"));
        labels.extend(name.ends_with("_bucket").then_some("le"));
        (spec.name, labels, counter)
    };
    if let Some(spec) = catalogue::all().find(|spec| spec.name == name) {
        return matches!(spec.kind, Kind::Counter | Kind::Gauge)
            .then(|| with_operation(spec, spec.kind == Kind::Counter));
    }
    ["_bucket", "_sum", "_count"].iter().find_map(|suffix| {
        let base = name.strip_suffix(suffix)?;
        let spec = catalogue::all().find(|spec| spec.name == base)?;
        let fits = match spec.kind {
            Kind::Histogram(_) => true,
            Kind::Summary => *suffix != "_bucket",
            _ => false,
        };
        fits.then(|| with_operation(spec, true))
    })
}

fn labels_of(matchers: &Matchers) -> impl Iterator<Item = &str> {
    matchers.matchers.iter().map(|matcher| matcher.name.as_str())
}

#[test]
fn everything_asked_for_is_in_the_catalogue_and_the_other_way_round() {
    let recorded: BTreeSet<_> = alerts::rules()
        .into_iter()
        .filter(|rule| !rule.is_alert)
        .map(|rule| rule.name)
        .collect();
    let mut used: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut asked = queries();
    asked.extend(
        alerts::rules()
            .iter()
            .map(|rule| (format!("rule {}", rule.name), rule.expr())),
    );
    assert!(asked.len() > 150);
    for (what, written) in asked {
        let expr =
            parser::parse(&resolved(&written)).unwrap_or_else(|error| panic!("{what}: {error}\n{written}"));
        // The values of a variable are looked up, not calculated with.
        let is_lookup = what.contains(": $");
        visit(&expr, None, &mut |selector, function| {
            let name = selector.name.as_deref().unwrap();
            if OF_PROMETHEUS.contains(&name) || recorded.contains(name) {
                return;
            }
            let (family, labels, is_counter) = family(name)
                .unwrap_or_else(|| panic!("{what}: {name} is not in the catalogue, or not of that type"));
            for label in labels_of(&selector.matchers) {
                assert!(
                    ["job", "instance"].contains(&label) || labels.contains(&label),
                    "{what}: {name} has no label {label}"
                );
            }
            let needs_counter = matches!(function, Some("rate" | "increase" | "irate"));
            // A count since the start of the process, shown as that.
            let reported = name == "wolkvox_state_recoveries_total";
            assert!(
                is_lookup || reported || needs_counter == is_counter,
                "{what}: {name} in {function:?}"
            );
            *used.entry(family).or_default() += 1;
        });
    }
    let on_purpose: BTreeSet<_> = UNUSED.iter().map(|(name, _)| *name).collect();
    let forgotten: Vec<_> = catalogue::all()
        .map(|spec| spec.name)
        .filter(|name| !used.contains_key(name) && !on_purpose.contains(name))
        .collect();
    assert!(
        forgotten.is_empty(),
        "neither used nor unused on purpose: {forgotten:?}"
    );
    let both: Vec<_> = on_purpose
        .iter()
        .filter(|name| used.contains_key(**name))
        .collect();
    assert!(both.is_empty(), "used after all: {both:?}");
}

#[test]
fn boards_survive_grafanas_own_types() {
    let venv = alerts::root().join("target/sdk-venv");
    let run = |program: &std::path::Path, args: &[&str]| {
        let output = Command::new(program)
            .args(args)
            .current_dir(alerts::root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{} {args:?}\n{}{}",
            program.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let python = venv.join("bin/python");
    if !venv.join("lib").exists() || !venv.join("complete").exists() {
        run("python3".as_ref(), &["-m", "venv", "target/sdk-venv"]);
        let sdk = "grafana-foundation-sdk==1769699379!11.6.0";
        run(&python, &["-m", "pip", "install", "--quiet", sdk]);
        std::fs::write(venv.join("complete"), sdk).unwrap();
    }
    let boards = BOARDS.map(|name| format!("dashboards/wolkvox-{name}.json"));
    let spanish = BOARDS.map(|name| format!("dashboards/es/wolkvox-{name}.json"));
    let mut args = vec!["tests/round_trip.py"];
    args.extend(boards.iter().chain(&spanish).map(String::as_str));
    run(&python, &args);
}
