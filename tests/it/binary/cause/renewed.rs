//! Certificates with the name of one that is trusted, and another key.

use std::fs;
use std::path::Path;

use super::certificate::{Roots, directory, tell};
use super::*;
use crate::support::peer::{OpenSsl, openssl};

/// `server.pem` with a key of RSA that it signed with itself.
async fn self_signed_rsa(directory: &Path, bits: &str) {
    let key = format!("rsa:{bits}");
    let make = ["req", "-x509", "-nodes", "-newkey", &key, "-keyout", "server.key"];
    let names = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"];
    let form = ["-addext", "basicConstraints=critical,CA:FALSE", "-days", "900"];
    openssl(
        directory,
        &[&make[..], &["-out", "server.pem"], &names, &form].concat(),
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_told_from_a_key_that_is_too_short() {
    let directory = directory();
    let path = directory.path();
    self_signed_rsa(path, "2048").await;
    fs::copy(path.join("server.pem"), path.join("ca.pem")).unwrap();
    self_signed_rsa(path, "2048").await;
    let server = OpenSsl::serve(path, &[]).await;
    tell(
        "renewed",
        path,
        server.address,
        Roots::Named,
        Cause::AnotherKey,
        &[
            "one that is trusted (in the file of WOLKVOX_CA_FILE), but another key",
            "if it was renewed, put the new one into the file of WOLKVOX_CA_FILE",
        ],
    )
    .await;
    // It is the right one, and its key is not accepted.
    self_signed_rsa(path, "1024").await;
    fs::copy(path.join("server.pem"), path.join("ca.pem")).unwrap();
    let server = OpenSsl::serve(path, &["-cipher", "ALL:@SECLEVEL=0"]).await;
    tell(
        "short",
        path,
        server.address,
        Roots::Named,
        Cause::BadSignature,
        &["keys of at least 2048 bits (RSA)"],
    )
    .await;
}

/// As on a machine whose own certificate has the name of the server's: Debian's `ssl-cert` makes such.
#[tokio::test]
async fn a_certificate_with_the_name_of_one_of_the_systems_is_told_without_a_file_that_is_not_set() {
    let directory = directory();
    let path = directory.path();
    self_signed_rsa(path, "2048").await;
    fs::copy(path.join("server.pem"), path.join("system.pem")).unwrap();
    self_signed_rsa(path, "2048").await;
    let server = OpenSsl::serve(path, &[]).await;
    let base = format!("https://{}", server.address);
    let system = path.join("system.pem");
    let case = Case {
        name: "system",
        variables: &[],
        cause: Cause::AnotherKey,
        says: &[
            "one that is trusted (by this machine), but another key",
            "put the new one into a file that WOLKVOX_CA_FILE names",
        ],
    };
    let mut check = command(["check"], &variables(path, &[("WOLKVOX_BASE_URL", &base)]));
    check.env("SSL_CERT_FILE", system);
    checked_by(&case, check).await;
}
