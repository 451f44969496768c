//! A web configuration, and what clients need that are programs of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};
use tokio::process::Command;

use super::process::{Exporter, Variables, with, without_server};

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

/// An exporter with this web configuration, which is `web.yml` of the place.
pub(crate) async fn serve_with(place: &Place, web: &str) -> Exporter {
    fs::write(place.path("web.yml"), web).unwrap();
    Exporter::serve(&with_web(place)).await
}

/// The variables that lead to `web.yml` of the place.
pub(crate) fn with_web(place: &Place) -> Variables {
    with(
        without_server(place.0.path()),
        "WEB_CONFIG_FILE",
        &place.text_path("web.yml"),
    )
}

/// Runs a program to its end.
pub(crate) async fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env_remove("https_proxy")
        .env_remove("http_proxy")
        .env("no_proxy", "*")
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// The status that curl sees, 0 where there is none; and the body.
pub(crate) async fn curl(arguments: &[&str]) -> (u16, String) {
    let mut all = vec!["--silent", "--max-time", "60", "--write-out", "\n%{http_code}"];
    all.extend(arguments);
    let output = String::from_utf8(run("curl", &all).await.stdout).unwrap();
    let (body, status) = output.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}
