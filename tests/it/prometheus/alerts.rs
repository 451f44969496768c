//! The rules, the Alertmanager example and compose.yaml, checked by the tools they are for: `promtool`, `vmalert`, `amtool`,
//! and a real Prometheus and Alertmanager started with these very files.

mod case;
mod inhibition;
mod mutant;
mod runbook;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

pub(crate) use crate::support::repository::{read, root};

/// Runs a tool and gives what it said; a tool that isn't there fails the test with where to get it.
pub(crate) fn run(program: &str, args: &[&str], folder: &Path) -> Output {
    Command::new(program)
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("{program}: {error} (Debian: apt-get install prometheus prometheus-alertmanager victoria-metrics)")
        })
}

pub(crate) fn passes(program: &str, args: &[&str], folder: &Path) {
    let output = run(program, args, folder);
    assert!(
        output.status.success(),
        "{program} {args:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A rule of `wolkvox.rules.yml`, cut out by its indentation.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) is_alert: bool,
    text: String,
}

impl Rule {
    /// The text below a key, at any depth.
    fn value(&self, key: &str) -> Option<String> {
        let mut lines = self.text.lines().skip_while(|line| {
            !line
                .trim_start()
                .trim_start_matches("- ")
                .starts_with(&format!("{key}: "))
        });
        let first = lines.next()?;
        let indent = first.len() - first.trim_start().len();
        let value = first.split_once(": ").map(|(_, value)| value.trim())?;
        if !value.starts_with(['|', '>']) {
            return Some(value.to_owned());
        }
        let block: Vec<_> = lines
            .take_while(|line| line.len() - line.trim_start().len() > indent)
            .map(str::trim)
            .collect();
        Some(block.join("\n"))
    }

    pub(crate) fn expr(&self) -> String {
        self.value("expr").unwrap_or_default()
    }
}

/// All rules, in order.
pub(crate) fn rules() -> Vec<Rule> {
    rules_of("alerts/wolkvox.rules.yml")
}

/// Those of a file.
fn rules_of(file: &str) -> Vec<Rule> {
    let mut group = String::new();
    let mut rules: Vec<Rule> = Vec::new();
    for line in read(file).lines() {
        if let Some(name) = line.strip_prefix("  - name: ") {
            name.clone_into(&mut group);
        } else if let Some((kind, name)) = line
            .strip_prefix("      - ")
            .and_then(|rule| rule.split_once(": "))
        {
            rules.push(Rule {
                group: group.clone(),
                name: name.to_owned(),
                is_alert: kind == "alert",
                text: format!("{line}\n"),
            });
        } else if let Some(rule) = rules.last_mut().filter(|_| line.starts_with("        ")) {
            rule.text += line;
            rule.text += "\n";
        }
    }
    rules
}

fn alerts() -> BTreeSet<String> {
    rules()
        .into_iter()
        .filter(|rule| rule.is_alert)
        .map(|rule| rule.name)
        .collect()
}

#[test]
fn rules_pass_promtool_and_vmalert() {
    for rules in ["alerts/wolkvox.rules.yml", "alerts/es/wolkvox.rules.yml"] {
        passes(
            "promtool",
            &["check", "rules", "--lint=all", "--lint-fatal", rules],
            root(),
        );
        passes("vmalert", &["-dryRun", &format!("-rule={rules}")], root());
    }
}

/// What Prometheus puts into a text, in its order.
fn put_in(text: &str) -> Vec<&str> {
    text.split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}"))
        .map(|(inside, _)| inside)
        .collect()
}

#[test]
fn rules_in_spanish_alert_of_the_same_and_put_the_same_into_their_texts() {
    let (english, spanish) = (rules(), rules_of("alerts/es/wolkvox.rules.yml"));
    assert_eq!(english.len(), spanish.len());
    for (rule, translated) in english.iter().zip(&spanish) {
        assert_eq!((&rule.group, &rule.name), (&translated.group, &translated.name));
        let same = [
            "expr",
            "for",
            "severity",
            "category",
            "runbook_url",
            "dashboard_url",
        ];
        for key in same {
            assert_eq!(rule.value(key), translated.value(key), "{}: {key}", rule.name);
        }
        if !rule.is_alert {
            continue;
        }
        for key in ["summary", "description"] {
            let (said, translated) = (rule.value(key).unwrap(), translated.value(key).unwrap());
            assert_ne!(said, translated, "{}: {key} is not translated", rule.name);
            let only_of_rule = |text: &str| -> Vec<String> {
                let inside = put_in(text).into_iter();
                inside
                    .filter(|inside| inside.contains('$') || inside.contains("end"))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(
                only_of_rule(&said),
                only_of_rule(&translated),
                "{}: {key}",
                rule.name
            );
        }
    }
}

#[test]
fn each_alert_says_what_it_is_how_bad_it_is_and_what_to_do() {
    for rule in rules().iter().filter(|rule| rule.is_alert) {
        let value = |key| {
            rule.value(key)
                .unwrap_or_else(|| panic!("{} has no {key}", rule.name))
        };
        assert!(
            ["critical", "warning", "info"].contains(&value("severity").as_str()),
            "{}",
            rule.name
        );
        assert!(
            ["business", "exporter"].contains(&value("category").as_str()),
            "{}",
            rule.name
        );
        assert!(!value("summary").is_empty() && !value("description").is_empty());
        assert_eq!(
            value("runbook_url"),
            format!("https://runbooks.example/{}.md", rule.name)
        );
        let board = value("dashboard_url");
        let uid = board
            .strip_prefix("http://localhost:3000/d/")
            .and_then(|rest| rest.split('?').next())
            .unwrap_or_else(|| panic!("{}: {board}", rule.name));
        assert!(
            root().join(format!("dashboards/{uid}.json")).exists(),
            "{}: {uid}",
            rule.name
        );
        let runbook = read(format!("docs/runbooks/{}.md", rule.name));
        for part in ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"] {
            assert!(runbook.contains(part), "{}: {part}", rule.name);
        }
    }
}

/// The panels that a runbook names after a board, as `*Wolkvox / Skill*, "Chats in hand"`, with the board.
fn named_panels(runbook: &str) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for line in runbook.lines() {
        for after in line.split("*Wolkvox / ").skip(1) {
            let Some((board, said)) = after.split_once('*') else {
                continue;
            };
            let quoted = said.split('"').skip(1).step_by(2);
            named.extend(quoted.map(|title| (board.to_lowercase(), title.to_owned())));
        }
    }
    named
}

#[test]
fn panels_that_runbooks_name_are_on_their_board() {
    let mut count = 0;
    for alert in alerts() {
        for (board, title) in named_panels(&read(format!("docs/runbooks/{alert}.md"))) {
            count += 1;
            let text = read(format!("dashboards/wolkvox-{board}.json"));
            let board: serde_json::Value = serde_json::from_str(&text).unwrap();
            let panels = board["panels"].as_array().unwrap();
            assert!(
                panels.iter().any(|panel| panel["title"] == title.as_str()),
                "{alert}: {} has no panel {title}",
                board["title"]
            );
        }
    }
    assert!(count > 20, "only {count}");
}

#[test]
fn the_links_of_alerts_lead_where_one_says() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("python3")
        .arg(root().join("dashboards/make.py"))
        .args([
            "--grafana",
            "https://grafana.company/",
            "--runbooks",
            "https://wiki/wolkvox",
        ])
        .arg("--into")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let rules = fs::read_to_string(folder.path().join("alerts/wolkvox.rules.yml")).unwrap();
    let links: Vec<_> = rules.lines().filter(|line| line.contains("_url: ")).collect();
    assert!(links.len() > 50);
    for link in links {
        let leads = link.contains("dashboard_url: https://grafana.company/d/wolkvox-")
            || link.contains("runbook_url: https://wiki/wolkvox/Wolkvox");
        assert!(leads, "{link}");
    }
}

#[test]
fn each_runbook_and_each_test_belongs_to_an_alert() {
    let alerts = alerts();
    for (folder, suffix) in [("docs/runbooks", ".md"), ("alerts/tests", ".yml")] {
        let found: BTreeSet<_> = fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .map(|name| name.strip_suffix(suffix).unwrap_or(&name).to_owned())
            .collect();
        assert_eq!(found, alerts, "{folder}");
    }
}

#[test]
fn alertmanager_notifies_the_right_people() {
    let config = "alerts/alertmanager.example.yml";
    passes("amtool", &["check-config", config], root());
    let argument = format!("--config.file={config}");
    for (receiver, labels) in [
        (
            "on-call",
            [
                "category=exporter",
                "severity=critical",
                "alertname=WolkvoxExporterDown",
            ],
        ),
        (
            "exporter-team",
            [
                "category=exporter",
                "severity=warning",
                "alertname=WolkvoxLateRows",
            ],
        ),
        (
            "nobody",
            [
                "category=exporter",
                "severity=info",
                "alertname=WolkvoxCatchingUp",
            ],
        ),
        (
            "supervisors",
            [
                "category=business",
                "severity=critical",
                "alertname=WolkvoxChatsMissing",
            ],
        ),
        (
            "supervisors",
            [
                "category=business",
                "severity=warning",
                "alertname=WolkvoxASAHigh",
            ],
        ),
        (
            "supervisors",
            [
                "category=business",
                "severity=info",
                "alertname=WolkvoxServiceLevelBudgetBurn",
            ],
        ),
    ] {
        let verify = format!("--verify.receivers={receiver}");
        let args: Vec<_> = ["config", "routes", "test", &argument, &verify]
            .into_iter()
            .chain(labels)
            .collect();
        passes("amtool", &args, root());
    }
    let known = alerts();
    for word in read(config)
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| w.starts_with("Wolkvox") && *w != "Wolkvox")
    {
        assert!(known.contains(word), "{config} names {word}, which is no alert");
    }
}

/// The files that `compose.yaml` mounts: here, and in the container.
fn mounts() -> Vec<(String, String)> {
    read("compose.yaml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ./"))
        .filter_map(|mount| {
            let mut parts = mount.split(':');
            Some((
                parts.next()?.to_owned(),
                parts.next()?.trim_start_matches('/').to_owned(),
            ))
        })
        .collect()
}

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn get(url: &str) -> Option<String> {
    let output = Command::new("curl")
        .args(["-sf", "--max-time", "5", url])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn wait_for(url: &str) -> String {
    let began = Instant::now();
    loop {
        if let Some(answer) = get(url) {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{url} does not answer");
        thread::sleep(Duration::from_millis(200));
    }
}

/// An Alertmanager that is ready, and its port.
fn alertmanager(config: &Path, folder: &Path) -> (Running, u16) {
    let port = free_port();
    let running = Running(
        Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.join("am").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_for(&format!("http://127.0.0.1:{port}/-/ready"));
    (running, port)
}

#[test]
fn compose_mounts_files_that_work() {
    let container = tempfile::tempdir().unwrap();
    for (here, there) in mounts() {
        let target = container.path().join(there);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(root().join(&here), target).unwrap_or_else(|error| panic!("{here}: {error}"));
    }
    let of_replicas = container.path().join("etc/prometheus/replicas.yml");
    let config = container.path().join("etc/prometheus/prometheus.yml");
    for config in [&of_replicas, &config] {
        passes("promtool", &["check", "config", config.to_str().unwrap()], root());
    }
    for (board, uid) in
        ["wall", "operations", "skill", "agent", "exporter"].map(|b| (b, format!("wolkvox-{b}")))
    {
        let path = container
            .path()
            .join(format!("var/lib/grafana/dashboards/{uid}.json"));
        assert!(fs::read_to_string(path).unwrap().contains(&uid), "{board}");
    }

    let port = free_port();
    let _prometheus = Running(
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                container.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_for(&format!("http://127.0.0.1:{port}/-/ready"));
    let loaded = wait_for(&format!("http://127.0.0.1:{port}/api/v1/rules"));
    for rule in rules() {
        assert!(
            loaded.contains(&format!("\"name\":\"{}\"", rule.name)),
            "{} is not loaded",
            rule.name
        );
    }

    let config = container.path().join("etc/alertmanager/alertmanager.yml");
    let (_alertmanager, port) = alertmanager(&config, container.path());
    let status = wait_for(&format!("http://127.0.0.1:{port}/api/v2/status"));
    assert!(status.contains("business-hours"), "{status}");
}
