//! Certificates that are not accepted.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use tempfile::TempDir;

use super::*;
use crate::support::peer::{Authority, OpenSsl, issue, openssl, self_signed};

pub(super) const HERE: &[&str] = &["127.0.0.1"];

/// What openssl is to do to sign the server's request.
const SIGN: [&str; 9] = [
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
];

/// The server's certificate is told to be wrong.
pub(super) async fn tell(
    name: &str,
    directory: &Path,
    address: SocketAddr,
    roots: Roots,
    cause: Cause,
    says: &[&str],
) {
    let base = format!("https://{address}");
    let ca_file = directory.join("ca.pem");
    let mut variables = vec![("WOLKVOX_BASE_URL", base.as_str())];
    if roots == Roots::Named {
        variables.push(("WOLKVOX_CA_FILE", ca_file.to_str().unwrap()));
    }
    meet(&Case {
        name,
        variables: &variables,
        cause,
        says,
    })
    .await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    Named,
    System,
}

pub(super) fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn an_issuer_that_is_not_trusted_is_named_and_roots_that_are_set_are_not_asked_for_again() {
    let directory = directory();
    issue(
        directory.path(),
        &Authority::new("Inspecting Proxy CA"),
        HERE,
        |_| {},
    );
    let server = OpenSsl::serve(directory.path(), &[]).await;
    let path = directory.path();
    tell(
        "unknown",
        path,
        server.address,
        Roots::System,
        Cause::UnknownIssuer,
        &[
            "was issued by \"Inspecting Proxy CA\"",
            "name the issuer's root certificate in WOLKVOX_CA_FILE",
        ],
    )
    .await;
    fs::write(path.join("ca.pem"), Authority::new("Another").pem).unwrap();
    tell(
        "not in the file",
        path,
        server.address,
        Roots::Named,
        Cause::NotInRoots,
        &[
            "was issued by \"Inspecting Proxy CA\"",
            "none of the certificates in the file of WOLKVOX_CA_FILE is its root",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_told_and_can_be_named() {
    let directory = directory();
    let path = directory.path();
    self_signed(path, HERE, IsCa::NoCa);
    let server = OpenSsl::serve(path, &[]).await;
    tell(
        "self-signed",
        path,
        server.address,
        Roots::System,
        Cause::SelfSigned,
        &[
            "is signed by itself",
            "put it into a file that WOLKVOX_CA_FILE names",
        ],
    )
    .await;
    // What is advised helps: the answer is that of openssl, which is no JSON.
    let base = format!("https://{}", server.address);
    let ca_file = path.join("ca.pem");
    let variables = variables(
        path,
        &[
            ("WOLKVOX_BASE_URL", &base),
            ("WOLKVOX_CA_FILE", ca_file.to_str().unwrap()),
        ],
    );
    let (_, output, error) = finish(command(["check"], &variables)).await;
    assert!(!output.contains("certificate"), "{output}{error}");
    assert!(
        output.contains(&format!("{} answers (HTTP 200", server.address)),
        "{output}{error}"
    );
}

#[tokio::test]
async fn an_authority_in_the_place_of_a_server_is_told_whether_it_is_named_or_not() {
    let directory = directory();
    self_signed(directory.path(), HERE, IsCa::Ca(BasicConstraints::Unconstrained));
    let server = OpenSsl::serve(directory.path(), &[]).await;
    for roots in [Roots::System, Roots::Named] {
        tell(
            "an authority",
            directory.path(),
            server.address,
            roots,
            Cause::AuthorityAsServer,
            &["CA:TRUE"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_told_with_its_date_and_this_machines_clock() {
    for (name, cause, from, until, says) in [
        (
            "expired",
            Cause::Expired,
            2020,
            2021,
            "expired on 2021-01-01T00:00:00Z",
        ),
        (
            "not yet",
            Cause::NotYetValid,
            2099,
            2100,
            "is valid from 2099-01-01T00:00:00Z on",
        ),
    ] {
        let directory = directory();
        issue(directory.path(), &Authority::new("Root"), HERE, |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
        });
        let server = OpenSsl::serve(directory.path(), &[]).await;
        let today = chrono::Utc::now()
            .format("the clock of this machine says %Y-%m-")
            .to_string();
        let says = [says, &today, "set it (NTP)"];
        // The clock differs between two tries.
        let base = format!("https://{}", server.address);
        let ca_file = directory.path().join("ca.pem");
        let variables = variables(
            directory.path(),
            &[
                ("WOLKVOX_BASE_URL", &base),
                ("WOLKVOX_CA_FILE", ca_file.to_str().unwrap()),
            ],
        );
        let case = Case {
            name,
            variables: &[],
            cause,
            says: &says,
        };
        checked(&case, &variables).await;
        let exporter = Exporter::serve(&variables).await;
        wait_for("a failed poll", || {
            let log = exporter.log.text();
            let told = says.iter().all(|part| log.contains(part)) && log.contains("reason=\"tls\"");
            std::future::ready(told.then_some(()))
        })
        .await;
    }
}

#[tokio::test]
async fn a_certificate_for_other_names_or_none_is_told_with_the_name_that_was_asked_for() {
    let authority = Authority::new("Root");
    let directory = directory();
    let path = directory.path();
    issue(path, &authority, &["portal.example", "10.1.2.3"], |_| {});
    let server = OpenSsl::serve(path, &[]).await;
    tell(
        "another name",
        path,
        server.address,
        Roots::Named,
        Cause::WrongName,
        &["is not for 127.0.0.1, which was asked for, but for portal.example"],
    )
    .await;
    issue(path, &authority, &[], |_| {});
    let server = OpenSsl::serve(path, &[]).await;
    tell(
        "no name",
        path,
        server.address,
        Roots::Named,
        Cause::NoNames,
        &["it has no subjectAltName", "with 127.0.0.1 as subjectAltName"],
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_for_servers_is_told() {
    let directory = directory();
    issue(directory.path(), &Authority::new("Root"), HERE, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let server = OpenSsl::serve(directory.path(), &[]).await;
    tell(
        "purpose",
        directory.path(),
        server.address,
        Roots::Named,
        Cause::WrongPurpose,
        &["serverAuth"],
    )
    .await;
}

/// `server.pem` and `ca.pem` of RSA, as openssl makes them.
async fn rsa(directory: &Path, bits: &str, digest: &str) {
    let extension = "subjectAltName=IP:127.0.0.1\n";
    fs::write(directory.join("extension"), extension).unwrap();
    let key = format!("rsa:{bits}");
    let root = [
        "req", "-x509", "-nodes", "-newkey", &key, "-keyout", "ca.key", "-out", "ca.pem",
    ];
    let root = [&root[..], &["-subj", "/CN=Root", "-days", "900", "-sha256"]].concat();
    openssl(directory, &root).await;
    let request = [
        "req",
        "-new",
        "-nodes",
        "-newkey",
        &key,
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    ];
    openssl(directory, &[&request[..], &["-subj", "/CN=server"]].concat()).await;
    let sign = [
        &SIGN[..],
        &[
            "-extfile",
            "extension",
            "-days",
            "900",
            digest,
            "-out",
            "server.pem",
        ],
    ]
    .concat();
    openssl(directory, &sign).await;
}

#[tokio::test]
async fn signatures_and_keys_that_are_too_weak_are_told_as_that() {
    for (name, bits, digest, cause, says) in [
        ("SHA-1", "2048", "-sha1", Cause::WeakSignature, "such as SHA-1"),
        (
            "RSA 1024",
            "1024",
            "-sha256",
            Cause::BadSignature,
            "keys of at least 2048 bits (RSA)",
        ),
    ] {
        let directory = directory();
        rsa(directory.path(), bits, digest).await;
        let server = OpenSsl::serve(directory.path(), &["-cipher", "ALL:@SECLEVEL=0"]).await;
        tell(
            name,
            directory.path(),
            server.address,
            Roots::Named,
            cause,
            &[says],
        )
        .await;
    }
}

#[tokio::test]
async fn a_certificate_of_an_old_form_is_told_as_one_that_can_not_be_used() {
    let directory = directory();
    let path = directory.path();
    rsa(path, "2048", "-sha256").await;
    // Without extensions it is one of version 1.
    openssl(
        path,
        &[&SIGN[..], &["-days", "900", "-out", "server.pem"]].concat(),
    )
    .await;
    let server = OpenSsl::serve(path, &[]).await;
    tell(
        "version 1",
        path,
        server.address,
        Roots::Named,
        Cause::BadCertificate,
        &["can't be used"],
    )
    .await;
}
