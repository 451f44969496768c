//! TLS as the URL asks for it.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
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
    let verifier = verifier(url, Arc::clone(&provider))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::roots(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(url: &StateUrl, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    if !url.security.is_verified() {
        return Ok(Arc::new(Lenient {
            provider,
            authority: None,
        }));
    }
    let host: Arc<dyn ServerCertVerifier> = match &url.roots {
        Some(path) => WebPkiServerVerifier::builder_with_provider(named_roots(path)?, Arc::clone(&provider))
            .build()
            .map_err(|error| Error::roots(error.to_string()))?,
        None => Arc::new(
            rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
                .map_err(|error| Error::roots(error.to_string()))?,
        ),
    };
    Ok(match url.security {
        Security::Authority => Arc::new(Lenient {
            provider,
            authority: Some(host),
        }),
        _ => host,
    })
}

fn named_roots(path: &Path) -> Result<Arc<RootCertStore>, Error> {
    let pem = small_file::read(path, LARGEST_ROOTS, Links::Follow)
        .map_err(|error| Error::roots(format!("sslrootcert: {error}")))?;
    let roots = roots::read(&pem);
    let roots =
        roots.map_err(|error| Error::roots(format!("sslrootcert, {}, {error}", small_file::Shown(path))));
    roots.map(Arc::new)
}

/// Trusts more than it should: an authority's certificate for any host, as `verify-ca` says; without an authority whoever answers, as
/// `prefer` and `require` say.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<dyn ServerCertVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
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
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
