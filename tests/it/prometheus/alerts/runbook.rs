//! What runbooks tell people to type in a shell. What they say of the exporter, queries and links are held as those of all documents
//! are, in `tests/it/docs`.

use std::process::Command;

use super::{alerts, read};

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
