//! TLS as the URL asks for it.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use small_file::Links;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;
use crate::url::{Security, StateUrl};

/// A file of roots is never larger.
const LARGEST_ROOTS: u64 = 4 << 20;

/// Makes TLS for a database.
///
/// # Errors
/// The file of roots can't be used, or the system has none.
pub(crate) fn connector(url: &StateUrl) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(url, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::roots(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(url: &StateUrl, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let host: Arc<dyn ServerCertVerifier> = match (url.security, &url.roots) {
        (Security::Off | Security::IfOffered | Security::Unverified, _) => {
            return Ok(Arc::new(Anybody(Arc::clone(provider))));
        }
        (_, Some(_)) => WebPkiServerVerifier::builder_with_provider(named_roots(url)?, Arc::clone(provider))
            .build()
            .map_err(|error| Error::roots(error.to_string()))?,
        (_, None) => Arc::new(
            rustls_platform_verifier::Verifier::new(Arc::clone(provider))
                .map_err(|error| Error::roots(error.to_string()))?,
        ),
    };
    Ok(match url.security {
        Security::Authority => Arc::new(AnyHost(host)),
        _ => host,
    })
}

fn named_roots(url: &StateUrl) -> Result<Arc<RootCertStore>, Error> {
    let path = url.roots.as_deref().unwrap_or_else(|| std::path::Path::new(""));
    let unusable = |what: String| Error::roots(format!("sslrootcert, {}, {what}", small_file::Shown(path)));
    let pem = small_file::read(path, LARGEST_ROOTS, Links::Follow)
        .map_err(|error| Error::roots(format!("sslrootcert: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| unusable("holds a certificate that is cut".to_owned()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(format!("holds a certificate that can't be a root ({error})")))?;
    }
    if roots.is_empty() {
        return Err(unusable(
            "holds no certificates in PEM form (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(Arc::new(roots))
}

/// Trusts an authority's certificate for any host, as `verify-ca` says.
#[derive(Debug)]
struct AnyHost(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyHost {
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
        match verified {
            // The name is looked at last: all else was right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
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

/// Trusts whoever answers, as `prefer` and `require` say.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
