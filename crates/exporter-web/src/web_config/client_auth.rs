//! Which certificates clients must show: the five policies of Go's `crypto/tls`, which the file's values are named for.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::EndEntityCert;

/// `client_auth_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    No,
    Request,
    RequireAny,
    VerifyIfGiven,
    RequireAndVerify,
}

impl Policy {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "NoClientCert" => Some(Self::No),
            "RequestClientCert" => Some(Self::Request),
            // The second is the toolkit's old name.
            "RequireAnyClientCert" | "RequireClientCert" => Some(Self::RequireAny),
            "VerifyClientCertIfGiven" => Some(Self::VerifyIfGiven),
            "RequireAndVerifyClientCert" => Some(Self::RequireAndVerify),
            _ => None,
        }
    }

    pub(super) fn requires(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }

    pub(super) fn verifies(self) -> bool {
        matches!(self, Self::VerifyIfGiven | Self::RequireAndVerify)
    }
}

/// One of `client_allowed_sans`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AllowedName {
    /// A DNS name or an URI.
    Text(String),
    Address(IpAddr),
}

impl AllowedName {
    /// `None` for mail addresses, which the certificate library does not read.
    pub(super) fn of(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(address) => Some(Self::Address(address)),
            Err(_) if text.contains('@') && !text.contains("://") => None,
            Err(_) => Some(Self::Text(text.to_owned())),
        }
    }

    fn is_in(&self, certificate: &EndEntityCert<'_>) -> bool {
        match self {
            Self::Text(name) => certificate
                .valid_dns_names()
                .chain(certificate.valid_uri_names())
                .any(|held| held == name),
            Self::Address(address) => {
                let name = ServerName::IpAddress((*address).into());
                certificate.verify_is_valid_for_subject_name(&name).is_ok()
            }
        }
    }
}

/// Judges certificates of clients by a policy. That the client holds the key is checked under every policy.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) policy: Policy,
    /// Checks chain, time and purpose; without it there is no CA to check against.
    pub(super) chain: Option<Arc<dyn ClientCertVerifier>>,
    /// Empty: any name.
    pub(super) names: Vec<AllowedName>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.policy.requires()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain
            .as_ref()
            .map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.policy.verifies() {
            // It was not built without one; to let everyone in would be the wrong way to fail.
            let chain = self.chain.as_ref().ok_or(CertificateError::UnknownIssuer)?;
            chain.verify_client_cert(end_entity, intermediates, now)?;
        }
        if !self.names.is_empty() {
            let certificate =
                EndEntityCert::try_from(end_entity).map_err(|_| CertificateError::BadEncoding)?;
            if !self.names.iter().any(|name| name.is_in(&certificate)) {
                return Err(CertificateError::ApplicationVerificationFailure.into());
            }
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
