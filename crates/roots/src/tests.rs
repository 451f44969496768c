#![allow(clippy::unwrap_used)]

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::*;

fn certificate(is_ca: IsCa) -> rcgen::Certificate {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = is_ca;
    params.self_signed(&KeyPair::generate().unwrap()).unwrap()
}

fn authority() -> String {
    certificate(IsCa::Ca(BasicConstraints::Unconstrained)).pem()
}

fn utf_16(text: &str, mark: [u8; 2]) -> Vec<u8> {
    let letters = text.encode_utf16().flat_map(u16::to_le_bytes);
    mark.into_iter().chain(letters).collect()
}

#[test]
fn roots_are_read_as_any_program_writes_text() {
    let pem = authority();
    let lines = pem.replace("\r\n", "\n");
    for (what, text) in [
        ("unix", lines.clone()),
        ("windows", lines.replace('\n', "\r\n")),
        ("a mark", format!("\u{feff}{lines}")),
        (
            "a mark and windows",
            format!("\u{feff}{}", lines.replace('\n', "\r\n")),
        ),
        ("words before", format!("# Root of the proxy\n\n{lines}")),
        ("no last line end", lines.trim_end().to_owned()),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap().len(), 1, "{what}");
    }
}

#[test]
fn files_with_marks_that_were_joined_are_read_to_their_end() {
    let marked = || format!("\u{feff}{}", authority());
    let joined = [marked(), marked(), marked()].concat();
    assert_eq!(read(joined.as_bytes()).unwrap().len(), 3);
}

#[test]
fn what_holds_no_roots_is_told_by_what_it_is() {
    let pem = authority();
    let der = certificate(IsCa::NoCa).der().to_vec();
    let cut = &pem[..pem.len() / 2];
    let broken = pem.replacen("MII", "M", 1);
    for (what, bytes, expected) in [
        ("nothing", Vec::new(), RootsError::NoCertificate),
        ("a mark", b"\xef\xbb\xbf".to_vec(), RootsError::NoCertificate),
        ("words", b"no certificate".to_vec(), RootsError::NoCertificate),
        ("cut", cut.as_bytes().to_vec(), RootsError::NoCertificate),
        (
            "a key",
            KeyPair::generate().unwrap().serialize_pem().into_bytes(),
            RootsError::NoCertificate,
        ),
        ("utf-16 of Windows", utf_16(&pem, [0xff, 0xfe]), RootsError::Utf16),
        ("utf-16", utf_16(&pem, [0xfe, 0xff]), RootsError::Utf16),
        ("binary", der, RootsError::Binary),
    ] {
        assert_eq!(read(&bytes).unwrap_err(), expected, "{what}");
    }
    let error = read(broken.as_bytes()).unwrap_err();
    assert!(
        matches!(error, RootsError::Unusable(_) | RootsError::NoCertificate),
        "{error:?}"
    );
}
