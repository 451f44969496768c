use std::path::Path;

use super::*;
use crate::config::Config;
use crate::config::tests::{now, with};
use crate::token::TokenFile;

#[test]
fn the_vendor_sees_which_exporter_asks() {
    let server = with(&[]).unwrap().into_operation().server;
    assert_eq!(
        settings(&server, field::report(Agents::Ids, Customers::Skip)).user_agent,
        format!("wolkvox-exporter/{}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_ca_file_that_is_none_is_told_with_its_variable() {
    let refused = |path: &Path| {
        let config = with(&[("WOLKVOX_CA_FILE", path.to_str().unwrap())]).unwrap();
        open(&config.operation().server, Agents::Ids, &Tls::default()).unwrap_err()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = refused(file.path());
    assert!(matches!(error, ClientError::Roots { .. }), "{error:?}");
    let said = format!("WOLKVOX_CA_FILE: {} holds no certificates", file.path().display());
    assert!(error.to_string().starts_with(&said), "{error}");
    let error = refused(Path::new("/nonexistent"));
    assert!(matches!(error, ClientError::CaFile { .. }), "{error:?}");
    assert!(error.to_string().starts_with("WOLKVOX_CA_FILE: "), "{error}");
}

#[test]
fn advice_names_the_variables_that_are_set_and_no_other() {
    let by_number = names(&with(&[]).unwrap().into_operation().server);
    assert_eq!(
        (by_number.address, by_number.token),
        ("WOLKVOX_SERVER", "WOLKVOX_TOKEN")
    );
    let others = [
        ("WOLKVOX_BASE_URL", "https://gateway.example"),
        ("WOLKVOX_TOKEN_FILE", "/token"),
    ]
    .map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
    let others = Config::from_variables(others, now()).unwrap().into_operation();
    let by_url = names(&others.server);
    assert_eq!(
        (by_url.address, by_url.token),
        ("WOLKVOX_BASE_URL", "WOLKVOX_TOKEN_FILE")
    );
}

#[test]
fn advice_names_the_keys_of_an_operation_that_a_file_describes() {
    let mut server = with(&[]).unwrap().into_operation().server;
    server.described = Described::ByFile;
    let Names {
        address,
        token,
        roots,
        timeout,
    } = names(&server);
    assert_eq!(
        (address, token),
        ("the operation's server", "the operation's token")
    );
    assert_eq!(
        (roots, timeout),
        ("the operation's ca_file", "the operation's request_timeout")
    );
    server.addressed = Addressed::ByUrl;
    server.token = ConfiguredToken::File(TokenFile {
        path: "./token".into(),
        setting: "token_file".to_owned(),
    });
    let Names { address, token, .. } = names(&server);
    assert_eq!(
        (address, token),
        ("the operation's base_url", "the operation's token_file")
    );
}
