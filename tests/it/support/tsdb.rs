//! Real databases on loopback: Prometheus and `VictoriaMetrics` as Debian packages them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A running database; it is killed when it is dropped.
pub(crate) struct Database {
    base: String,
    _child: Child,
    directory: TempDir,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(program: &str, arguments: &[String]) -> Child {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} should be installed: {error}"))
}

/// A client for servers on this machine.
pub(crate) fn http() -> reqwest::Client {
    // Fails only where there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap()
}

/// Makes blocks of a file with promtool, in a new data directory. They are as long as they can be (it knows 2, 6, 18, 54,
/// 162, 486 hours): for each block it reads the whole file.
pub(crate) async fn blocks(file: &Path) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("promtool")
        .args([
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "--max-block-duration=486h",
            "--quiet",
        ])
        .arg(file)
        .arg(directory.path().join("data"))
        .output()
        .await
        .expect("promtool should be installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool: {said}");
    directory
}

impl Database {
    /// Prometheus over the data directory that [`blocks`] made, scraping as `scrape_configs` says.
    pub(crate) async fn prometheus(directory: TempDir, scrape_configs: &str) -> Database {
        Database::configured(directory, &format!("scrape_configs: {scrape_configs}\n")).await
    }

    /// Prometheus over the data directory that [`blocks`] made, with this configuration.
    pub(crate) async fn configured(directory: TempDir, configuration: &str) -> Database {
        let config = directory.path().join("prometheus.yml");
        std::fs::write(&config, configuration).unwrap();
        let port = free_port();
        let arguments = [
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", directory.path().join("data").display()),
            "--storage.tsdb.retention.time=100y".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let child = spawn("prometheus", &arguments);
        Database::ready(port, child, directory, "/-/ready").await
    }

    /// `VictoriaMetrics`, empty, scraping as `scrape_configs` says.
    pub(crate) async fn victoria_metrics(scrape_configs: &str) -> Database {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("scrape.yml");
        std::fs::write(&config, format!("scrape_configs: {scrape_configs}\n")).unwrap();
        let port = free_port();
        let arguments = [
            format!("-promscrape.config={}", config.display()),
            // Otherwise the newest half a minute is left out.
            "-search.latencyOffset=0s".to_owned(),
            format!("-storageDataPath={}", directory.path().join("data").display()),
            "-retentionPeriod=100y".to_owned(),
            format!("-httpListenAddr=127.0.0.1:{port}"),
        ];
        let child = spawn("victoria-metrics", &arguments);
        Database::ready(port, child, directory, "/health").await
    }

    async fn ready(port: u16, child: Child, directory: TempDir, path: &str) -> Database {
        let database = Database {
            base: format!("http://127.0.0.1:{port}"),
            _child: child,
            directory,
        };
        for _ in 0..600 {
            if let Ok(answer) = http().get(format!("{}{path}", database.base)).send().await
                && answer.status().is_success()
            {
                return database;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "the database in {} did not start",
            database.directory.path().display()
        );
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        self.base.clone()
    }

    /// Hands a file to the import of `VictoriaMetrics`.
    pub(crate) async fn import(&self, file: &Path) {
        let url = format!("{}/api/v1/import/prometheus", self.base);
        let body = std::fs::read(file).unwrap();
        let answer = http().post(url).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        self.flush().await;
    }

    /// Makes what `VictoriaMetrics` has taken in visible to queries.
    pub(crate) async fn flush(&self) {
        let url = format!("{}/internal/force_flush", self.base);
        http().get(url).send().await.unwrap();
    }

    /// The `data` of an answer of the API.
    pub(crate) async fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let mut url = reqwest::Url::parse(&format!("{}/api/v1/{path}", self.base)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let answer = http().get(url).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let mut json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["status"], "success", "{parameters:?}: {text}");
        json["data"].take()
    }

    /// An instant query at a Unix time: values by one label (empty for none).
    pub(crate) async fn query(&self, promql: &str, at: f64, label: &str) -> BTreeMap<String, f64> {
        let name = |series: &Value| series["metric"][label].as_str().unwrap_or_default().to_owned();
        let value = |series: &Value| series["value"][1].as_str().unwrap().parse().unwrap();
        let result = self.result(promql, at).await;
        result
            .iter()
            .map(|series| (name(series), value(series)))
            .collect()
    }

    /// The series that an instant query finds at a Unix time: all their labels, as JSON.
    pub(crate) async fn series(&self, promql: &str, at: f64) -> BTreeSet<String> {
        let result = self.result(promql, at).await;
        result.iter().map(|series| series["metric"].to_string()).collect()
    }

    async fn result(&self, promql: &str, at: f64) -> Vec<Value> {
        let at = format!("{at:.3}");
        // What was imported since may not be in the answers that VictoriaMetrics keeps.
        let parameters = [("query", promql), ("time", &at), ("nocache", "1")];
        let mut data = self.api("query", &parameters).await;
        serde_json::from_value(data["result"].take()).unwrap()
    }
}
