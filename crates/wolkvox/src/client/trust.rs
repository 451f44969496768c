//! Which certificates are trusted, and what is kept of one that is not: whose it is.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};

pub use roots::RootsError;

/// Whom to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust<'a> {
    /// Nobody: there is no TLS.
    Nobody,
    /// The system's roots.
    System,
    /// These, PEM.
    Only(&'a [u8]),
}

/// Why there is no configuration of TLS.
#[derive(Debug)]
pub(super) enum TrustError {
    Roots(RootsError),
    Tls(rustls::Error),
}

/// What TLS is made with. Without a verifier nobody is trusted.
pub(super) fn config(
    verifier: Option<Arc<NamingVerifier>>,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TrustError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?;
    let mut config = match verifier {
        Some(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth(),
        None => builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads roots, PEM; the system's where there are none.
pub(super) fn verifier(
    pem: Option<&[u8]>,
    provider: &Arc<CryptoProvider>,
) -> Result<NamingVerifier, TrustError> {
    let provider = Arc::clone(provider);
    let Some(pem) = pem else {
        let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(TrustError::Tls)?;
        return Ok(NamingVerifier(Arc::new(verifier)));
    };
    let roots = Arc::new(roots::read(pem).map_err(TrustError::Roots)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
    let verifier = verifier.map_err(|error| TrustError::Tls(rustls::Error::General(error.to_string())))?;
    Ok(NamingVerifier(verifier))
}

/// Judges as another does, and says whose certificate it was that nobody vouches for.
#[derive(Debug)]
pub(super) struct NamingVerifier(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for NamingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| named(error, end_entity))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// A certificate that no root vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Untrusted {
    /// The common name of its issuer, as the server sends it.
    pub(super) issuer: Option<String>,
    /// How it is untrusted.
    pub(super) kind: UntrustedKind,
}

/// How a certificate is untrusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UntrustedKind {
    UnknownIssuer,
    SelfSigned,
    /// It is its own issuer, and a trusted one with its name has another key.
    AnotherKey,
    AuthorityAsServer,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            UntrustedKind::UnknownIssuer => "unknown issuer",
            UntrustedKind::SelfSigned => "self-signed",
            UntrustedKind::AnotherKey => "self-signed with another key than the one that is trusted",
            UntrustedKind::AuthorityAsServer => "an authority's certificate is used as a server's",
        })
    }
}

impl std::error::Error for Untrusted {}

fn named(error: rustls::Error, end_entity: &CertificateDer<'_>) -> rustls::Error {
    let Some(untrusted) = untrusted(&error, end_entity) else {
        return error;
    };
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
}

fn untrusted(error: &rustls::Error, end_entity: &CertificateDer<'_>) -> Option<Untrusted> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    let certificate = webpki::EndEntityCert::try_from(end_entity).ok()?;
    let kind = match error {
        CertificateError::UnknownIssuer if is_own_issuer(&certificate) => UntrustedKind::SelfSigned,
        // A short key has the same error, and may be the right one.
        CertificateError::BadSignature if is_own_issuer(&certificate) && !has_short_key(&certificate) => {
            UntrustedKind::AnotherKey
        }
        CertificateError::UnknownIssuer => UntrustedKind::UnknownIssuer,
        CertificateError::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => UntrustedKind::AuthorityAsServer,
            _ => return None,
        },
        _ => return None,
    };
    Some(Untrusted {
        issuer: common_name(certificate.issuer()),
        kind,
    })
}

fn is_own_issuer(certificate: &webpki::EndEntityCert<'_>) -> bool {
    certificate.issuer() == certificate.subject()
}

/// Whether it has a key of RSA with fewer than 2048 bits, which are 256 bytes: around them are few.
fn has_short_key(certificate: &webpki::EndEntityCert<'_>) -> bool {
    /// 1.2.840.113549.1.1.1
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let key = certificate.subject_public_key_info();
    key.len() < 288 && key.windows(RSA.len()).any(|part| part == RSA)
}

/// The common name within a distinguished name in DER: what follows its identifier, 2.5.4.3, is a text with its kind and a
/// length of one byte.
fn common_name(name: &[u8]) -> Option<String> {
    const IDENTIFIER: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];
    let at = name
        .windows(IDENTIFIER.len())
        .position(|part| part == IDENTIFIER)?;
    let [_, length, text @ ..] = &name[at + IDENTIFIER.len()..] else {
        return None;
    };
    let text = text.get(..usize::from(*length))?;
    let text = String::from_utf8_lossy(text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
