//! An exporter with a web configuration, and what its clients need.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};

/// Far longer than anything here takes: reaching it means that it never happens.
pub(crate) const NEVER: Duration = Duration::from_secs(120);

/// Waits until `found` has something.
pub(crate) fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < NEVER, "never happened: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A directory of certificates: `ca.pem`, and `<name>.pem` with `<name>.key` for server, client, expired, stranger.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let ca = authority();
        fs::write(place.path("ca.pem"), ca.1).unwrap();
        place.issue(&ca.0, "server", 2100);
        place.issue(&ca.0, "client", 2100);
        place.issue(&ca.0, "expired", 2021);
        place.issue(&authority().0, "stranger", 2100);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text_path(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn issue(&self, ca: &Issuer<'_, KeyPair>, name: &str, until: i32) {
        let mut params = CertificateParams::new(["localhost".to_owned(), format!("{name}.example")]).unwrap();
        params
            .subject_alt_names
            .push(SanType::IpAddress([127, 0, 0, 1].into()));
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, ca).unwrap();
        fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// A running exporter; it is killed when it is dropped.
pub(crate) struct Exporter {
    child: Child,
    log: PathBuf,
    pub(crate) url: String,
}

/// The exporter's command in `directory`, with nothing of the environment, and these variables.
pub(crate) fn command(directory: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolkvox-exporter"));
    command
        .env_clear()
        .env("WOLKVOX_LISTEN_ADDRESS", "127.0.0.1:0")
        .env("WOLKVOX_STATE_DIR", directory.join("state"))
        // Nobody is there.
        .env("WOLKVOX_BASE_URL", "http://127.0.0.1:9")
        .env("WOLKVOX_TOKEN", "token")
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command
}

impl Exporter {
    /// Starts one and waits until it listens.
    pub(crate) fn start(directory: &Path, variables: &[(&str, &str)]) -> Self {
        let log = directory.join("log");
        let file = fs::File::create(&log).unwrap();
        let child = command(directory, variables)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        let mut exporter = Self {
            child,
            log,
            url: String::new(),
        };
        exporter.url = eventually("the exporter listens", || {
            assert!(exporter.child.try_wait().unwrap().is_none(), "{}", exporter.log());
            let log = exporter.log();
            let (_, rest) = log.split_once("metrics are at ")?;
            let (url, _) = rest.split_once("/metrics")?;
            Some(url.to_owned())
        });
        exporter
    }

    /// Starts one with this web configuration.
    pub(crate) fn with_web(place: &Place, web: &str) -> Self {
        fs::write(place.path("web.yml"), web).unwrap();
        Self::start(
            place.0.path(),
            &[("WOLKVOX_WEB_CONFIG_FILE", &place.text_path("web.yml"))],
        )
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env_remove("https_proxy")
        .env_remove("http_proxy")
        .env("no_proxy", "*")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// The status that curl sees, 0 where there is none; and the body.
pub(crate) fn curl(arguments: &[&str]) -> (u16, String) {
    let mut all = vec!["--silent", "--max-time", "60", "--write-out", "\n%{http_code}"];
    all.extend(arguments);
    let output = String::from_utf8(run("curl", &all).stdout).unwrap();
    let (body, status) = output.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}
