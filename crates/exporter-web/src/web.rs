//! The web configuration in force, read again when its files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use hyper::header::HeaderMap;

use super::auth::Gatekeeper;
use super::web_config::{Fingerprint, WebConfig};

/// How often the files are looked at: a few kilobytes each time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How clients come in: by TLS or not, as whom.
pub struct Web {
    current: ArcSwap<WebConfig>,
    gatekeeper: Gatekeeper,
    file: Option<PathBuf>,
    /// Of the last attempt, good or bad.
    read: Mutex<Fingerprint>,
}

impl Web {
    /// Without a file: plain HTTP for everyone.
    ///
    /// # Errors
    /// The file can't be used (a [`crate::WebConfigError`]), or the system gave no random bytes.
    pub fn open(file: Option<&Path>) -> anyhow::Result<Self> {
        let gatekeeper = Gatekeeper::new().context("no random bytes")?;
        let (read, config) = match file {
            Some(file) => {
                let (read, config) = WebConfig::load(file);
                (read, config?)
            }
            None => Default::default(),
        };
        Ok(Self {
            current: ArcSwap::from_pointee(config),
            gatekeeper,
            file: file.map(Path::to_owned),
            read: Mutex::new(read),
        })
    }

    /// Whether clients have to speak TLS now.
    pub fn is_secure(&self) -> bool {
        self.current.load().tls.is_some()
    }

    /// The configuration in force.
    pub fn current(&self) -> Arc<WebConfig> {
        self.current.load_full()
    }

    /// Whether a request may come in.
    pub async fn admits(&self, config: &WebConfig, headers: &HeaderMap) -> bool {
        let authorization = headers.get(hyper::header::AUTHORIZATION);
        self.gatekeeper.admits(&config.users, authorization).await
    }

    /// Looks for changes, for ever.
    pub async fn watch(self: Arc<Self>) {
        if self.file.is_none() {
            return;
        }
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            let web = Arc::clone(&self);
            // The files may lie on a network that hangs. If it panics, the old configuration stays.
            let _ = tokio::task::spawn_blocking(move || web.look()).await;
        }
    }

    /// Looks for changes at once.
    pub fn reload(&self) {
        self.look();
    }

    /// Takes what has changed into force; a bad file is told once, and the old configuration stays.
    fn look(&self) {
        let Some(file) = &self.file else { return };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_current() {
            return;
        }
        let (now_read, config) = WebConfig::load(file);
        *read = now_read;
        match config {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!(file = %file.display(), "the web configuration has changed and is in force");
            }
            Err(error) => tracing::error!(
                "the web configuration has changed and is not taken over, the one before stays in force. {}",
                error.to_string().replace('\n', " ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_comes_into_force_and_a_bad_one_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("web.yml");
        let write = |frame: &str| {
            std::fs::write(
                &file,
                format!("http_server_config: {{headers: {{X-Frame-Options: {frame}}}}}"),
            )
            .unwrap();
        };
        write("deny");
        let web = Web::open(Some(&file)).unwrap();
        let frame = || web.current().headers[0].1.to_str().unwrap().to_owned();
        let before = web.current();
        web.look();
        assert!(Arc::ptr_eq(&before, &web.current()), "nothing has changed");
        write("sameorigin");
        web.look();
        assert_eq!(frame(), "sameorigin");
        write("nobody");
        web.look();
        assert_eq!(frame(), "sameorigin");
        std::fs::remove_file(&file).unwrap();
        web.look();
        assert_eq!(frame(), "sameorigin");
        write("deny");
        web.look();
        assert_eq!(frame(), "deny");
    }
}
