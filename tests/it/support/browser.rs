//! A Chromium without a window, driven by its `DevTools` protocol over a pipe.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

/// Only against a browser that would hang for ever.
const GUARD: Duration = Duration::from_secs(300);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// Where pictures are kept, where they are wanted.
const PICTURES: &str = "EXPORTER_TEST_PICTURES";

/// What a page is shown on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) theme: Theme,
}

/// What the user prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    fn word(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// A browser with one tab. When it is dropped, it is killed.
pub(crate) struct Browser {
    _child: Child,
    _profile: TempDir,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    commands: u64,
    /// What it complained of, such as a style that the page's policy forbids.
    complaints: Vec<String>,
}

impl Browser {
    pub(crate) async fn start() -> Browser {
        let profile = tempfile::tempdir().unwrap();
        // The protocol is spoken on descriptors 3 and 4. The root of a container has no sandbox, and the page is ours.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--hide-scrollbars",
            ])
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell");
        let mut browser = Browser {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
            _child: child,
            _profile: profile,
            session: None,
            commands: 0,
            complaints: Vec::new(),
        };
        let tab = browser
            .ask("Target.createTarget", json!({ "url": "about:blank" }))
            .await;
        let attach = json!({ "targetId": tab["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach).await;
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Log", "Runtime"] {
            browser.ask(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Loads a page, and waits until all of it is there.
    pub(crate) async fn open(&mut self, url: &str, screen: Screen) {
        let theme = json!({ "name": "prefers-color-scheme", "value": screen.theme.word() });
        self.ask("Emulation.setEmulatedMedia", json!({ "features": [theme] }))
            .await;
        let metrics = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": false
        });
        self.ask("Emulation.setDeviceMetricsOverride", metrics).await;
        let loaded = self.ask("Page.navigate", json!({ "url": url })).await;
        assert!(loaded["errorText"].is_null(), "{url}: {loaded}");
        let is_ready = "document.readyState === 'complete' && location.href !== 'about:blank'";
        self.wait_until(is_ready).await;
    }

    /// Waits until an expression on the page is true.
    pub(crate) async fn wait_until(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.evaluate(expression).await != Value::Bool(true) {
            assert!(begun.elapsed() < GUARD, "waited in vain for {expression}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The value of an expression on the page.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let answer = self.ask("Runtime.evaluate", asked).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// What the page says, as people see it.
    pub(crate) async fn text(&mut self) -> String {
        let text = self.evaluate("document.body.innerText").await;
        text.as_str().unwrap().to_owned()
    }

    /// Keeps a picture of the whole page, where pictures are wanted.
    pub(crate) async fn keep_picture(&mut self, name: &str) {
        let Some(directory) = std::env::var_os(PICTURES).map(PathBuf::from) else {
            return;
        };
        let whole = json!({ "captureBeyondViewport": true });
        let picture = self.ask("Page.captureScreenshot", whole).await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap());
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{name}.png")), bytes.unwrap()).unwrap();
    }

    /// What the browser complained of since it started.
    pub(crate) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    async fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&command).unwrap();
        bytes.push(0);
        self.to
            .write_all(&bytes)
            .await
            .expect("the browser takes commands");
        loop {
            let message = tokio::time::timeout(GUARD, self.next()).await.expect("an answer");
            if message["method"] == "Log.entryAdded" {
                self.complaints.push(message["params"]["entry"].to_string());
            }
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    async fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).await.expect("it can be read");
        assert!(
            bytes.pop() == Some(0),
            "the browser has ended: is chromium installed?"
        );
        serde_json::from_slice(&bytes).expect("JSON")
    }
}
