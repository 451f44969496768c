//! Certificates, right and wrong.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// One that issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }
}

/// For these names, or without any.
fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

/// Writes `server.pem` and `server.key` for these names, and `ca.pem`, into a directory.
pub(crate) fn issue(
    directory: &Path,
    authority: &Authority,
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) {
    let mut params = params(names);
    params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    write(directory, &certificate, &key, &authority.pem);
}

/// The same for a certificate that vouches for itself.
pub(crate) fn self_signed(directory: &Path, names: &[&str], is_ca: IsCa) {
    let mut params = params(names);
    params.is_ca = is_ca;
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    write(directory, &certificate, &key, &certificate.pem());
}

fn write(directory: &Path, certificate: &Certificate, key: &KeyPair, root: &str) {
    fs::write(directory.join("server.pem"), certificate.pem()).unwrap();
    fs::write(directory.join("server.key"), key.serialize_pem()).unwrap();
    fs::write(directory.join("ca.pem"), root).unwrap();
}
