//! What deploy/ has for other servers: Prometheus as an agent, service levels in `OpenSLO`, and the images of the stack.

use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use promql_parser::parser;

use super::alerts::{Running, free_port, passes, read, root, run, wait_for};
use super::dashboards::{family, visit};

#[test]
fn the_service_levels_ask_for_series_that_there_are() {
    let text = read("deploy/slo/service-level.openslo.yaml");
    let queries: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("query: '")?.strip_suffix('\''))
        .collect();
    assert_eq!(queries.len(), 3);
    for query in queries {
        let parsed = parser::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut asked_for = 0;
        visit(&parsed, None, &mut |selector, _| {
            let name = selector.name.as_deref().unwrap();
            assert!(family(name).is_some(), "{query} asks for {name}");
            asked_for += 1;
        });
        assert!(asked_for > 0, "{query}");
    }
}

/// An image that is named without its version is another one tomorrow.
#[test]
fn each_image_of_the_stack_has_an_exact_version() {
    let files = ["compose.yaml", "deploy/replica.compose.yaml"];
    let text: String = files.map(read).concat();
    let images: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "))
        .filter(|image| *image != "wolkvox-exporter")
        .collect();
    assert!(images.len() >= 4, "{images:?}");
    for image in images {
        let tag = image.split_once(':').map(|(_, tag)| tag.trim_start_matches('v'));
        let is_exact = tag
            .is_some_and(|tag| tag.split('.').count() >= 2 && tag.starts_with(|c: char| c.is_ascii_digit()));
        assert!(is_exact, "{image}");
    }
}

#[test]
fn an_agent_sends_what_it_scrapes_to_another_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("remote-write-password"), "secret").unwrap();
    let as_it_is = folder.path().join("agent.yml");
    fs::copy(root().join("deploy/agent.yml"), &as_it_is).unwrap();
    passes(
        "promtool",
        &["check", "config", "--agent", as_it_is.to_str().unwrap()],
        root(),
    );

    let (receiver, agent) = (free_port(), free_port());
    let empty = folder.path().join("receiver.yml");
    fs::write(&empty, "global: {}\n").unwrap();
    let prometheus = |port: u16, more: &[String]| {
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(more)
            .stderr(Stdio::null());
        Running(command.spawn().unwrap())
    };
    let place = folder.path().display();
    let _receiver = prometheus(
        receiver,
        &[
            format!("--config.file={place}/receiver.yml"),
            format!("--storage.tsdb.path={place}/receiver"),
            "--web.enable-remote-write-receiver".to_owned(),
        ],
    );
    wait_for(&format!("http://127.0.0.1:{receiver}/-/ready"));
    // It scrapes the receiver in the exporter's place: what is sent is as good.
    let here = read("deploy/agent.yml")
        .replace(
            "https://prometheus.example",
            &format!("http://127.0.0.1:{receiver}"),
        )
        .replace("127.0.0.1:10555", &format!("127.0.0.1:{receiver}"))
        .replace("scrape_interval: 1m", "scrape_interval: 1s");
    fs::write(&as_it_is, here).unwrap();
    let _agent = prometheus(
        agent,
        &[
            format!("--config.file={place}/agent.yml"),
            format!("--storage.agent.path={place}/agent"),
            // Before Prometheus 3.
            "--enable-feature=agent".to_owned(),
        ],
    );
    let query = format!("http://127.0.0.1:{receiver}/api/v1/query?query=up");
    for _ in 0..300 {
        let answer = wait_for(&query);
        if answer.contains("\"job\":\"wolkvox\"") {
            assert!(answer.contains("\"site\":\"bogota\""), "{answer}");
            return;
        }
        thread::sleep(Duration::from_millis(200));
    }
    panic!("nothing arrives");
}

/// Alertmanager looks at a message only when it sends the first one.
#[test]
fn the_message_for_telegram_can_be_written() {
    let example = read("alerts/alertmanager.example.yml");
    let (_, message) = example.split_once("        message: |\n").unwrap();
    let lines = message.lines().take_while(|line| line.starts_with("          "));
    let text: Vec<_> = lines.map(str::trim_start).collect();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("none.tmpl"), "").unwrap();
    let data = serde_json::json!({
        "status": "firing",
        "commonLabels": { "alertname": "WolkvoxPollFailing", "operation": "ventas" },
        "commonAnnotations": { "runbook_url": "https://runbooks.example/x" },
        "alerts": [{ "status": "firing", "annotations": { "summary": "Polls fail" } }],
    });
    fs::write(at("data.json"), data.to_string()).unwrap();
    let output = run(
        "amtool",
        &[
            "template",
            "render",
            &format!("--template.glob={}", at("none.tmpl")),
            &format!("--template.data={}", at("data.json")),
            &format!("--template.text={}", text.join("\n")),
        ],
        root(),
    );
    let written = String::from_utf8_lossy(&output.stdout);
    for part in [
        "WolkvoxPollFailing",
        "ventas",
        "Polls fail",
        "https://runbooks.example/x",
    ] {
        assert!(written.contains(part), "{part}: {output:?}");
    }
}
