//! `tls_server_config` → what rustls needs.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    NamedGroup, ProtocolVersion, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};
use sha2::{Digest as _, Sha256};
use small_file::Shown;

use super::client_auth::{AllowedName, Policy, Verifier};
use super::file::Fingerprint;
use super::protection::{Names, TlsProtection};
use super::{raw, shown, suite};

const SECTION: &str = "tls_server_config";

/// A section that can be used.
pub(super) struct Tls {
    pub(super) config: ServerConfig,
    pub(super) protection: TlsProtection,
    /// Of all settings and contents: the same for the same section, whatever else the file says.
    pub(super) digest: [u8; 32],
}

/// The setting can't be used, and the problem is in the list.
#[derive(Debug)]
struct Reported;

/// Gathers all problems of the section: none may hide another.
pub(super) struct Builder<'a> {
    /// What relative paths are relative to.
    pub(super) directory: &'a Path,
    pub(super) files: &'a mut Fingerprint,
    pub(super) problems: &'a mut Vec<String>,
    digest: Sha256,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        directory: &'a Path,
        files: &'a mut Fingerprint,
        problems: &'a mut Vec<String>,
    ) -> Self {
        Self {
            directory,
            files,
            problems,
            digest: Sha256::new(),
        }
    }

    /// `None` if there are problems.
    pub(super) fn build(mut self, raw: &raw::TlsSection) -> Option<Tls> {
        // The contents are added where they are read; the key itself is not in here.
        self.digest.update(format!("{raw:?}"));
        let config = self.server_config(raw).ok()?;
        let protection = self.protection(raw).ok()?;
        Some(Tls {
            config,
            protection,
            digest: self.digest.finalize().into(),
        })
    }

    fn protection(&mut self, raw: &raw::TlsSection) -> Result<TlsProtection, Reported> {
        let names = match &raw.client_allowed_sans {
            Some(_) => Names::Listed,
            None => Names::Any,
        };
        Ok(TlsProtection {
            policy: self.policy(raw)?,
            names,
            min_version: self.min_version(raw)?,
        })
    }

    fn server_config(&mut self, raw: &raw::TlsSection) -> Result<ServerConfig, Reported> {
        let certificates = self.certificates(raw);
        let key = self.key(raw);
        let versions = self.versions(raw);
        let provider = self.provider(raw);
        let verifier = self.verifier(raw, provider.as_ref());
        let (provider, versions, key) = (provider?, versions?, key?);
        if let Some(what) = suite::misfit(&provider, &versions, &key) {
            return self.problem("cipher_suites", &what);
        }
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&versions);
        let builder = match builder {
            Ok(builder) => builder,
            Err(error) => {
                return self.problem(
                    "cipher_suites",
                    &format!("and the versions leave nothing to speak ({error})"),
                );
            }
        };
        let builder = match verifier? {
            Some(verifier) => builder.with_client_cert_verifier(Arc::new(verifier)),
            None => builder.with_no_client_auth(),
        };
        match builder.with_single_cert(certificates?, key) {
            Ok(mut config) => {
                config.ignore_client_order = raw.prefer_server_cipher_suites.unwrap_or(true);
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                Ok(config)
            }
            Err(error) => self.problem(
                "cert_file",
                &format!("and key_file can't be used together ({error}): is the key the one of the first certificate?"),
            ),
        }
    }

    fn problem<T>(&mut self, key: &str, what: &str) -> Result<T, Reported> {
        self.problems.push(format!("{SECTION}.{key}: {what}"));
        Err(Reported)
    }

    /// A problem of what `key` or its file holds, where people will look for it.
    fn problem_in<T>(&mut self, key: &str, file: Option<&str>, what: &str) -> Result<T, Reported> {
        let Some(file) = file.filter(|file| !file.trim().is_empty()) else {
            return self.problem(key, what);
        };
        let path = self.directory.join(file);
        self.problem(&format!("{key}_file"), &format!("{} {what}", Shown(&path)))
    }

    /// The PEM of `key` or of the file named by `key_file`. `None` if neither is set.
    fn pem(
        &mut self,
        key: &str,
        inline: Option<&str>,
        file: Option<&str>,
    ) -> Result<Option<Vec<u8>>, Reported> {
        let set = |text: Option<&str>| text.filter(|text| !text.trim().is_empty()).map(str::to_owned);
        match (set(inline), set(file)) {
            (Some(_), Some(_)) => self.problem(key, &format!("and {key}_file are both set; one is needed")),
            (Some(pem), None) => Ok(Some(self.noted(pem.into_bytes()))),
            (None, Some(file)) => match self.files.read(&self.directory.join(file)) {
                Ok(mut pem) => {
                    small_file::remove_marks(&mut pem);
                    Ok(Some(self.noted(pem)))
                }
                Err(error) => self.problem(&format!("{key}_file"), &error.to_string()),
            },
            (None, None) => Ok(None),
        }
    }

    fn noted(&mut self, pem: Vec<u8>) -> Vec<u8> {
        self.digest.update((pem.len() as u64).to_be_bytes());
        self.digest.update(&pem);
        pem
    }

    fn certificates(&mut self, raw: &raw::TlsSection) -> Result<Vec<CertificateDer<'static>>, Reported> {
        match self.pem("cert", raw.cert.as_deref(), raw.cert_file.as_deref())? {
            Some(pem) => self.certificates_of("cert", raw.cert_file.as_deref(), &pem),
            None => self.problem("cert_file", "is missing: TLS needs a certificate and its key"),
        }
    }

    fn certificates_of(
        &mut self,
        key: &str,
        file: Option<&str>,
        pem: &[u8],
    ) -> Result<Vec<CertificateDer<'static>>, Reported> {
        match CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>() {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => self.problem_in(
                key,
                file,
                "holds no certificates in PEM form (-----BEGIN CERTIFICATE-----)",
            ),
        }
    }

    fn key(&mut self, raw: &raw::TlsSection) -> Result<PrivateKeyDer<'static>, Reported> {
        let inline = raw.key.as_ref().map(secrecy::ExposeSecret::expose_secret);
        match self.pem("key", inline, raw.key_file.as_deref())? {
            Some(pem) => match PrivateKeyDer::from_pem_slice(&pem) {
                Ok(key) => Ok(key),
                Err(_) => self.problem_in(
                    "key",
                    raw.key_file.as_deref(),
                    "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----); one with a passphrase can't be used",
                ),
            },
            None => self.problem("key_file", "is missing: TLS needs a certificate and its key"),
        }
    }

    fn versions(
        &mut self,
        raw: &raw::TlsSection,
    ) -> Result<Vec<&'static SupportedProtocolVersion>, Reported> {
        let least = self.min_version(raw);
        let most = self.version(
            "max_version",
            raw.max_version.as_deref(),
            ProtocolVersion::TLSv1_3,
        );
        let (least, most) = (u16::from(least?), u16::from(most?));
        if least > most {
            return self.problem("min_version", "is above max_version");
        }
        let spoken = rustls::ALL_VERSIONS.iter().copied();
        Ok(spoken
            .filter(|version| (least..=most).contains(&u16::from(version.version)))
            .collect())
    }

    fn min_version(&mut self, raw: &raw::TlsSection) -> Result<ProtocolVersion, Reported> {
        let name = raw.min_version.as_deref();
        self.version("min_version", name, ProtocolVersion::TLSv1_2)
    }

    fn version(
        &mut self,
        key: &str,
        name: Option<&str>,
        default: ProtocolVersion,
    ) -> Result<ProtocolVersion, Reported> {
        match name {
            None | Some("") => Ok(default),
            Some("TLS12") => Ok(ProtocolVersion::TLSv1_2),
            Some("TLS13") => Ok(ProtocolVersion::TLSv1_3),
            Some(old @ ("TLS10" | "TLS11")) => self.problem(
                key,
                &format!("{old} is broken and not spoken by this exporter; write TLS12 or TLS13"),
            ),
            Some(other) => self.problem(key, &format!("is {}; it must be TLS12 or TLS13", shown(other))),
        }
    }

    fn provider(&mut self, raw: &raw::TlsSection) -> Result<Arc<CryptoProvider>, Reported> {
        let mut provider = ring::default_provider();
        let mut outcome = Ok(());
        if let Some(names) = raw.cipher_suites.as_ref().filter(|names| !names.is_empty()) {
            // The list is for TLS 1.2 only, in Go as well; those of TLS 1.3 are always there.
            let (mut suites, of_12): (Vec<SupportedCipherSuite>, Vec<SupportedCipherSuite>) = provider
                .cipher_suites
                .iter()
                .partition(|suite| suite.tls13().is_some());
            for name in names {
                let found = of_12
                    .iter()
                    .find(|suite| suite.suite().as_str() == Some(name.as_str()));
                match found {
                    Some(suite) => suites.push(*suite),
                    None if is_of_tls13(name) => {}
                    None => {
                        let known: Vec<_> = of_12.iter().filter_map(|suite| suite.suite().as_str()).collect();
                        outcome = self.problem(
                            "cipher_suites",
                            &format!("{} is not spoken; there are {}", shown(name), known.join(", ")),
                        );
                    }
                }
            }
            provider.cipher_suites = suites;
        }
        if let Some(names) = raw.curve_preferences.as_ref().filter(|names| !names.is_empty()) {
            let all = std::mem::take(&mut provider.kx_groups);
            for name in names {
                let wanted = curve(name);
                if let Some(group) = all.iter().find(|group| Some(group.name()) == wanted) {
                    provider.kx_groups.push(*group);
                } else {
                    outcome = self.problem(
                        "curve_preferences",
                        &format!(
                            "{} is not spoken; there are X25519, CurveP256 and CurveP384",
                            shown(name)
                        ),
                    );
                }
            }
        }
        outcome.map(|()| Arc::new(provider))
    }

    /// `None` if no certificate of clients is asked for.
    fn verifier(
        &mut self,
        raw: &raw::TlsSection,
        provider: Result<&Arc<CryptoProvider>, &Reported>,
    ) -> Result<Option<Verifier>, Reported> {
        let policy = self.policy(raw)?;
        let ca = self.pem(
            "client_ca",
            raw.client_ca.as_deref(),
            raw.client_ca_file.as_deref(),
        )?;
        let names = self.allowed_names(raw, policy);
        match (&ca, policy) {
            (Some(_), Policy::No) => {
                return self.problem(
                    "client_ca_file",
                    "is set, and client_auth_type is not: nobody would be asked for a certificate. \
                     RequireAndVerifyClientCert is probably meant",
                );
            }
            (None, policy) if policy.verifies() => {
                return self.problem(
                    "client_ca_file",
                    "is missing: who may have signed the clients' certificates?",
                );
            }
            _ => {}
        }
        let provider = provider.map_err(|_| Reported)?;
        let chain = match ca {
            Some(pem) => Some(self.chain(raw.client_ca_file.as_deref(), &pem, provider)?),
            None => None,
        };
        let verifier = Verifier {
            policy,
            chain,
            names: names?,
            algorithms: provider.signature_verification_algorithms,
        };
        Ok((policy != Policy::No).then_some(verifier))
    }

    fn policy(&mut self, raw: &raw::TlsSection) -> Result<Policy, Reported> {
        let name = raw.client_auth_type.as_deref().unwrap_or_default();
        match Policy::named(name) {
            Some(policy) => Ok(policy),
            None => self.problem(
                "client_auth_type",
                &format!(
                    "is {}; it must be NoClientCert, RequestClientCert, RequireAnyClientCert, \
                     VerifyClientCertIfGiven or RequireAndVerifyClientCert",
                    shown(name)
                ),
            ),
        }
    }

    fn chain(
        &mut self,
        file: Option<&str>,
        pem: &[u8],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, Reported> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates_of("client_ca", file, pem)? {
            if let Err(error) = roots.add(certificate) {
                return self.problem_in(
                    "client_ca",
                    file,
                    &format!("holds a certificate that can't be used ({error})"),
                );
            }
        }
        match WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build() {
            Ok(verifier) => Ok(verifier),
            Err(error) => self.problem_in("client_ca", file, &format!("can't be used ({error})")),
        }
    }

    fn allowed_names(&mut self, raw: &raw::TlsSection, policy: Policy) -> Result<Vec<AllowedName>, Reported> {
        let Some(list) = &raw.client_allowed_sans else {
            return Ok(Vec::new());
        };
        if list.is_empty() {
            return self.problem(
                "client_allowed_sans",
                "is empty: nobody could be let in; name somebody, or leave it out",
            );
        }
        if !policy.requires() {
            return self.problem(
                "client_allowed_sans",
                "needs a client_auth_type that requires a certificate: RequireAndVerifyClientCert, or RequireAnyClientCert",
            );
        }
        let mut names = Vec::new();
        for text in list {
            match AllowedName::of(text) {
                Some(name) => names.push(name),
                None => {
                    return self.problem(
                        "client_allowed_sans",
                        &format!(
                            "{}: mail addresses can't be checked; DNS names, IP addresses and URIs can",
                            shown(text)
                        ),
                    );
                }
            }
        }
        Ok(names)
    }
}

fn is_of_tls13(name: &str) -> bool {
    matches!(
        name,
        "TLS_AES_128_GCM_SHA256" | "TLS_AES_256_GCM_SHA384" | "TLS_CHACHA20_POLY1305_SHA256"
    )
}

fn curve(name: &str) -> Option<NamedGroup> {
    match name {
        "X25519" => Some(NamedGroup::X25519),
        "CurveP256" => Some(NamedGroup::secp256r1),
        "CurveP384" => Some(NamedGroup::secp384r1),
        _ => None,
    }
}
