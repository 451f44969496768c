//! Whether `cipher_suites` leaves TLS 1.2 anything that the certificate can sign with.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ProtocolVersion, SignatureAlgorithm, SupportedProtocolVersion};

/// What is wrong with the suites, where TLS 1.2 is to be spoken and none of them fits the key. A key that can't be
/// used at all is another problem, and not reported here.
pub(super) fn misfit(
    provider: &CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
    key: &PrivateKeyDer<'static>,
) -> Option<String> {
    let speaks_12 = versions
        .iter()
        .any(|version| version.version == ProtocolVersion::TLSv1_2);
    let key = provider.key_provider.load_private_key(key.clone_key()).ok()?;
    let fits = provider.cipher_suites.iter().any(|suite| {
        suite.version().version == ProtocolVersion::TLSv1_2
            && suite.usable_for_signature_algorithm(key.algorithm())
    });
    if !speaks_12 || fits {
        return None;
    }
    let (kind, name) = match key.algorithm() {
        SignatureAlgorithm::RSA => ("an RSA key", "TLS_ECDHE_RSA_"),
        _ => ("an ECDSA or Ed25519 key", "TLS_ECDHE_ECDSA_"),
    };
    Some(format!(
        "names no suite of TLS 1.2 that fits the certificate, which has {kind}: name one that begins with {name}, or \
         write min_version: TLS13"
    ))
}
