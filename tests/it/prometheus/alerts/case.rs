//! The cases of the alerts, `alerts/tests/*.yml`: each alert's rules, without those that it doesn't need, are put to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use super::{Rule, alerts, read, rules, run};

/// A test file, cut into its cases.
pub(super) struct Cases {
    head: String,
    /// With their titles.
    cases: Vec<(String, String)>,
}

impl Cases {
    /// All cases of an alert.
    pub(super) fn of(alert: &str) -> Cases {
        let text = read(format!("alerts/tests/{alert}.yml"));
        let (head, cases) = text.split_once("tests:\n").unwrap();
        let mut found: Vec<(String, String)> = Vec::new();
        for line in cases.split_inclusive('\n') {
            if let Some(title) = line.strip_prefix("  - name: ") {
                found.push((title.trim().to_owned(), line.to_owned()));
            } else {
                found.last_mut().unwrap().1 += line;
            }
        }
        Cases {
            head: format!("{head}tests:\n"),
            cases: found,
        }
    }

    /// Those whose title has `part`, each alone. The one that a changed rule is most likely to break comes first.
    pub(super) fn each(self, part: &str) -> Vec<Cases> {
        let wanted = self.cases.into_iter().filter(|(title, _)| title.contains(part));
        let mut each: Vec<_> = wanted
            .map(|case| Cases {
                head: self.head.clone(),
                cases: vec![case],
            })
            .collect();
        each.sort_by_key(|cases| !cases.cases[0].0.contains("just past the edge"));
        each
    }

    /// Puts these rules to the cases, in a folder of their own.
    pub(super) fn try_on(&self, rules: &str, folder: &Path) -> Output {
        fs::create_dir_all(folder.join("tests")).unwrap();
        fs::write(folder.join("wolkvox.rules.yml"), rules).unwrap();
        // The order of evaluation names groups; those that are not needed here are gone.
        let is_there = |line: &&str| {
            line.strip_prefix("  - ").is_none_or(|group| {
                !group.starts_with("wolkvox-") || rules.contains(&format!("- name: {group}"))
            })
        };
        let mut test: String = self.head.split_inclusive('\n').filter(is_there).collect();
        for (_, case) in &self.cases {
            test += case;
        }
        fs::write(folder.join("tests/test.yml"), test).unwrap();
        run("promtool", &["test", "rules", "tests/test.yml"], folder)
    }
}

/// What a tool said.
pub(super) fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// An empty place for the files of a test.
pub(super) fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// These alerting rules, and the recording rules that they need.
pub(super) fn only(all: &[Rule], is_wanted: impl Fn(&Rule) -> bool) -> Vec<Rule> {
    let mut wanted: Vec<&Rule> = all
        .iter()
        .filter(|rule| rule.is_alert && is_wanted(rule))
        .collect();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    while let Some(rule) = wanted.pop() {
        let expr = rule.expr();
        for other in all
            .iter()
            .filter(|other| !other.is_alert && expr.contains(&other.name))
        {
            if names.insert(&other.name) {
                wanted.push(other);
            }
        }
    }
    all.iter()
        .filter(|rule| {
            if rule.is_alert {
                is_wanted(rule)
            } else {
                names.contains(rule.name.as_str())
            }
        })
        .cloned()
        .collect()
}

/// The text of a file with these rules.
pub(super) fn file(rules: &[Rule]) -> String {
    let mut text = "groups:\n".to_owned();
    let mut group = "";
    for rule in rules {
        if rule.group != group {
            group = &rule.group;
            text += &format!("  - name: {group}\n    rules:\n");
        }
        text += &rule.text;
    }
    text
}

/// Two at a time: promtool is busy on one core.
pub(super) fn in_parallel<T: Sync>(items: &[T], check: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let worker = || {
            let mut found = Vec::new();
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                found.extend(check(item));
            }
            found
        };
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

#[test]
fn rules_pass_their_unit_tests() {
    let all = rules();
    let folder = scratch("rules");
    let alerts: Vec<_> = alerts().into_iter().collect();
    let failures = in_parallel(&alerts, |alert| {
        let rules = file(&only(&all, |rule| rule.name == *alert));
        let output = Cases::of(alert).try_on(&rules, &folder.join(alert));
        (!output.status.success()).then(|| format!("{alert}\n{}", said(&output)))
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
