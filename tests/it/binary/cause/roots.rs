//! The CA file.

use std::fs;

use super::certificate::{HERE, directory};
use super::*;
use crate::support::peer::{Authority, OpenSsl, issue};

#[tokio::test]
async fn a_ca_file_is_read_as_windows_programs_write_it_and_what_is_none_is_told_with_64() {
    let directory = directory();
    let path = directory.path();
    issue(path, &Authority::new("Root"), HERE, |_| {});
    let server = OpenSsl::serve(path, &[]).await;
    let base = format!("https://{}", server.address);
    let pem = fs::read_to_string(path.join("ca.pem"))
        .unwrap()
        .replace("\r\n", "\n");
    let utf_16 = |text: &str| -> Vec<u8> {
        let letters = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(letters).collect()
    };
    for (name, bytes, status, says) in [
        (
            "BOM",
            format!("\u{feff}{pem}").into_bytes(),
            1,
            "answers (HTTP 200",
        ),
        (
            "CRLF",
            pem.replace('\n', "\r\n").into_bytes(),
            1,
            "answers (HTTP 200",
        ),
        (
            "joined",
            format!("\u{feff}{}\u{feff}{pem}", Authority::new("Other").pem).into_bytes(),
            1,
            "answers (HTTP 200",
        ),
        ("UTF-16", utf_16(&pem), 64, "is UTF-16 text"),
        (
            "no PEM",
            b"not a certificate".to_vec(),
            64,
            "holds no certificates in PEM form",
        ),
    ] {
        let file = path.join("roots");
        fs::write(&file, bytes).unwrap();
        let more = [
            ("WOLKVOX_BASE_URL", base.as_str()),
            ("WOLKVOX_CA_FILE", file.to_str().unwrap()),
        ];
        let (code, output, error) = finish(command(["check"], &variables(path, &more))).await;
        let said = output + &error;
        assert_eq!(code.code(), Some(status), "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
    }
}
