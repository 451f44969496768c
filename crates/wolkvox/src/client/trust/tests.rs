use rcgen::{CertificateParams, DnType, IsCa, KeyPair};

use super::*;

fn certificate(is_ca: IsCa, name: &str) -> rcgen::Certificate {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Organization");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = is_ca;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn the_issuer_of_a_certificate_is_known_by_its_common_name() {
    let named = certificate(IsCa::NoCa, "Zscaler Root CA");
    let parsed = webpki::EndEntityCert::try_from(named.der()).unwrap();
    assert_eq!(common_name(parsed.issuer()).unwrap(), "Zscaler Root CA");
    for name in [
        &b""[..],
        b"\x06\x03\x55\x04\x03",
        b"\x06\x03\x55\x04\x03\x0c\x09abc",
        b"\x06\x03\x55\x04\x03\x0c\x00",
    ] {
        assert_eq!(common_name(name), None, "{name:?}");
    }
}

#[test]
fn a_certificate_that_vouches_for_itself_is_told_from_one_of_an_unknown_issuer() {
    let kind = |is_ca, error| {
        let certificate = certificate(is_ca, "name");
        untrusted(&rustls::Error::InvalidCertificate(error), certificate.der())
            .map(|untrusted| untrusted.kind)
    };
    let other = |error: webpki::Error| CertificateError::Other(OtherError(Arc::new(error)));
    assert_eq!(
        kind(IsCa::NoCa, CertificateError::UnknownIssuer),
        Some(UntrustedKind::SelfSigned)
    );
    assert_eq!(
        kind(IsCa::NoCa, other(webpki::Error::CaUsedAsEndEntity)),
        Some(UntrustedKind::AuthorityAsServer)
    );
    assert_eq!(
        kind(IsCa::NoCa, CertificateError::BadSignature),
        Some(UntrustedKind::AnotherKey)
    );
    assert_eq!(kind(IsCa::NoCa, CertificateError::Expired), None);
    assert_eq!(kind(IsCa::NoCa, other(webpki::Error::MalformedExtensions)), None);
}
