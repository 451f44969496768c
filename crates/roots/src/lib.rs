//! Root certificates that a person names in a file, and what is said where it holds none.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Why roots can't be used. It goes on after the name of where they come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// No certificate, or one that is cut or mistyped.
    #[error("holds no certificates in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoCertificate,
    /// Text of two bytes a letter.
    #[error("is UTF-16 text, as Windows programs write it; save it as UTF-8 or ASCII")]
    Utf16,
    /// The bytes of a certificate.
    #[error(
        "is a certificate in binary form (DER); write it as PEM: openssl x509 -inform der -in FILE -out FILE.pem"
    )]
    Binary,
    /// PEM, and in it something else than a certificate that can be a root.
    #[error("holds a certificate that can't be a root ({0}): it may be cut or of an old form")]
    Unusable(String),
}

/// Reads roots, PEM: as any program writes text, with words between the certificates or without.
///
/// # Errors
/// See [`RootsError`].
pub fn read(pem: &[u8]) -> Result<RootCertStore, RootsError> {
    if UTF_16_MARKS.iter().any(|mark| pem.starts_with(mark)) {
        return Err(RootsError::Utf16);
    }
    let mut pem = pem.to_vec();
    small_file::remove_marks(&mut pem);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| RootsError::NoCertificate)?;
        let added = roots.add(certificate);
        added.map_err(|error| RootsError::Unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        let is_der = webpki::EndEntityCert::try_from(&CertificateDer::from(&*pem)).is_ok();
        return Err(if is_der {
            RootsError::Binary
        } else {
            RootsError::NoCertificate
        });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
