//! What runbooks tell people to type: programs and Prometheus must understand it.

use std::fs;
use std::process::Command;

use promql_parser::parser;

use super::{alerts, read, root, run};
use crate::prometheus::dashboards::{family, visit};

/// Programs of the system, whose lines a shell must be able to read.
const OF_THE_SYSTEM: &[&str] = &[
    "chronyc",
    "curl",
    "df",
    "dmesg",
    "docker",
    "kubectl",
    "ls",
    "systemctl",
    "timedatectl",
];

/// The text in backticks, with the runbook that has it.
fn quoted() -> Vec<(String, String)> {
    let of_runbook = |alert: String| {
        let runbook = read(format!("docs/runbooks/{alert}.md"));
        let spans: Vec<_> = runbook.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        spans.into_iter().map(move |span| (alert.clone(), span))
    };
    alerts().into_iter().flat_map(of_runbook).collect()
}

/// A query, and not the name of a metric or of a function alone.
fn is_query(span: &str) -> bool {
    let asks = ["wolkvox_", "process_"].iter().any(|name| span.contains(name));
    asks && span.contains(['(', '=', '<', '>']) && !span.starts_with("curl")
}

#[test]
fn the_exporter_has_the_commands_and_options_that_runbooks_name() {
    let exporter = env!("CARGO_BIN_EXE_wolkvox-exporter");
    let mut count = 0;
    for (alert, span) in quoted() {
        let Some(arguments) = span.strip_prefix("wolkvox-exporter ") else {
            continue;
        };
        count += 1;
        let arguments: Vec<_> = arguments.split(' ').chain(["--help"]).collect();
        let output = run(exporter, &arguments, root());
        assert!(output.status.success(), "{alert}: {span}");
    }
    assert!(count >= 3, "only {count}");
}

#[test]
fn queries_of_runbooks_are_queries_of_metrics_that_there_are() {
    let mut count = 0;
    for (alert, span) in quoted().into_iter().filter(|(_, span)| is_query(span)) {
        count += 1;
        let query = parser::parse(&span).unwrap_or_else(|error| panic!("{alert}: {span}: {error}"));
        visit(&query, None, &mut |selector, _| {
            let name = selector.name.as_deref().unwrap_or_default();
            assert!(
                name.is_empty() || family(name).is_some(),
                "{alert}: there is no {name}"
            );
        });
    }
    assert!(count >= 4, "only {count}");
}

#[test]
fn a_shell_can_read_the_commands_of_runbooks() {
    let mut count = 0;
    for (alert, span) in quoted() {
        let program = span.split(' ').next().unwrap_or_default();
        if !OF_THE_SYSTEM.contains(&program) {
            continue;
        }
        count += 1;
        let status = Command::new("bash").args(["-n", "-c", &span]).status().unwrap();
        assert!(status.success(), "{alert}: {span}");
    }
    assert!(count >= 10, "only {count}");
}

#[test]
fn runbooks_link_to_pages_that_there_are() {
    let folder = root().join("docs/runbooks");
    for alert in alerts() {
        for link in read(format!("docs/runbooks/{alert}.md")).split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            let is_there = target.starts_with("http") || fs::exists(folder.join(target)).unwrap();
            assert!(is_there, "{alert}: {target}");
        }
    }
}
