//! A real Prometheus, Debian's, and what stands between it and an exporter.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::exposition::canonical;
use super::process::{Log, client, get, wait_for};

/// A running Prometheus. It is killed when it is dropped.
pub(crate) struct Prometheus {
    _child: Child,
    _directory: TempDir,
    base: String,
    client: reqwest::Client,
}

/// A target that is scraped, a job of its own.
pub(crate) struct Job<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: &'a str,
    /// Further lines of its scrape configuration.
    pub(crate) settings: &'a [&'a str],
}

/// Which Prometheus, and how it is started.
pub(crate) struct Build<'a> {
    pub(crate) program: &'a str,
    pub(crate) features: &'a str,
    /// What comes before its address in its log.
    pub(crate) listening: &'a str,
}

/// Debian's.
const DEBIANS: Build<'static> = Build {
    program: "prometheus",
    features: "exemplar-storage",
    listening: "msg=\"Listening on\" address=",
};

impl Prometheus {
    /// Scrapes each of these targets, a job by that name, every second. Returns when it is ready.
    pub(crate) async fn scraping(targets: &[(&str, &str)]) -> Prometheus {
        let jobs: Vec<_> = targets
            .iter()
            .map(|(name, address)| Job {
                name,
                address,
                settings: &[],
            })
            .collect();
        Prometheus::start(&DEBIANS, &jobs).await
    }

    /// Scrapes each of these jobs every second. Returns when it is ready.
    pub(crate) async fn start(build: &Build<'_>, jobs: &[Job<'_>]) -> Prometheus {
        let mut configuration = String::new();
        for job in jobs {
            configuration += &format!("  - job_name: {}\n", job.name);
            for setting in job.settings {
                configuration += &format!("    {setting}\n");
            }
            configuration += &format!("    static_configs:\n      - targets: [\"{}\"]\n", job.address);
        }
        Prometheus::configured(build, &configuration).await
    }

    /// As this text says that stands under `scrape_configs`, every second. Returns when it is ready.
    pub(crate) async fn discovering(scrape_configs: &str) -> Prometheus {
        Prometheus::configured(&DEBIANS, scrape_configs).await
    }

    async fn configured(build: &Build<'_>, scrape_configs: &str) -> Prometheus {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let configuration = format!(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n{scrape_configs}"
        );
        let file = directory.path().join("prometheus.yml");
        std::fs::write(&file, configuration).unwrap();
        let log = Log::new();
        let child = Command::new(build.program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            // It goes to another target five seconds after it was told at the most, and not up to ten.
            .arg("--scrape.discovery-reload-interval=1s")
            .arg(format!("--enable-feature={}", build.features))
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.stdio())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} starts (tests/run installs it): {error}", build.program));
        let address = wait_for("the port of Prometheus", || async {
            log.word_after(build.listening)
        })
        .await;
        let (base, client) = (format!("http://{address}"), client());
        wait_for("Prometheus", || async {
            (get(&client, &format!("{base}/-/ready"), "*/*").await.0 == 200).then_some(())
        })
        .await;
        Prometheus {
            _child: child,
            _directory: directory,
            base,
            client,
        }
    }

    /// The `data` of an answer of the API.
    pub(crate) async fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let mut url = reqwest::Url::parse(&format!("{}/api/v1/{path}", self.base)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let (status, _, text) = get(&self.client, url.as_str(), "application/json").await;
        assert_eq!(status, 200, "{text}");
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["status"], "success", "{text}");
        answer["data"].take()
    }

    /// An instant query at a time (Unix seconds), now if there is none. By the labels of the result.
    pub(crate) async fn query(&self, query: &str, time: Option<f64>) -> BTreeMap<String, f64> {
        let time = time.map(|time| time.to_string());
        let mut parameters = vec![("query", query)];
        parameters.extend(time.as_deref().map(|time| ("time", time)));
        let data = self.api("query", &parameters).await;
        let results = data["result"].as_array().expect("a vector");
        results
            .iter()
            .map(|result| {
                let labels: Vec<_> = result["metric"]
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let value = result["value"][1].as_str().unwrap().parse().unwrap();
                (canonical(&format!("{{{}}}", labels.join(","))), value)
            })
            .collect()
    }

    /// The only value of an instant query.
    pub(crate) async fn value(&self, query: &str, time: Option<f64>) -> Option<f64> {
        let results = self.query(query, time).await;
        assert!(results.len() <= 1, "{query}: {results:?}");
        results.into_values().next()
    }
}

/// Stands between Prometheus and an exporter and notes which format was asked for and given. It can ask for another
/// one instead: Debian's Prometheus can't be set to ask for text alone, or for protobuf.
pub(crate) struct Relay {
    pub(crate) address: String,
    formats: Arc<Mutex<Vec<(String, String)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Relay {
    pub(crate) async fn to(exporter: &str, accept: Option<&'static str>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let formats = Arc::new(Mutex::new(Vec::new()));
        let (noted, upstream) = (Arc::clone(&formats), format!("http://{exporter}/metrics"));
        let client = client();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, client, upstream) = (Arc::clone(&noted), client.clone(), upstream.clone());
                tokio::spawn(async move { relay(stream, &client, &upstream, accept, &noted).await });
            }
        });
        Relay {
            address,
            formats,
            task,
        }
    }

    /// What Prometheus asked for and what it got, of the newest scrape.
    pub(crate) fn newest(&self) -> Option<(String, String)> {
        self.formats.lock().unwrap().last().cloned()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One scrape. A client that goes away is its own affair.
async fn relay(
    mut stream: TcpStream,
    client: &reqwest::Client,
    upstream: &str,
    accept: Option<&str>,
    noted: &Mutex<Vec<(String, String)>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let asked = head
        .lines()
        .find_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("accept"))
        })
        .map_or("", |(_, value)| value);
    let request = client.get(upstream).header("Accept", accept.unwrap_or(asked));
    let answer = request.send().await.unwrap();
    let (status, given) = (answer.status().as_u16(), answer.headers()["content-type"].clone());
    let given = given.to_str().unwrap();
    let body = answer.bytes().await.unwrap();
    noted.lock().unwrap().push((asked.to_owned(), given.to_owned()));
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: {given}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}
