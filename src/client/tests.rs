use super::*;
use crate::config::tests::with;

#[test]
fn the_vendor_sees_which_exporter_asks() {
    let server = with(&[]).unwrap().server;
    assert_eq!(
        settings(&server, Agents::Ids).user_agent,
        format!("wolkvox-exporter/{}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_ca_file_that_is_none_is_told_with_its_variable() {
    let refused = |path: &Path| {
        let config = with(&[("WOLKVOX_CA_FILE", path.to_str().unwrap())]).unwrap();
        open(&config.server, Agents::Ids).unwrap_err()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = refused(file.path());
    assert!(matches!(error, ClientError::Roots { .. }), "{error:?}");
    let said = format!("WOLKVOX_CA_FILE: {} holds no certificates", file.path().display());
    assert!(error.to_string().starts_with(&said), "{error}");
    let error = refused(Path::new("/nonexistent"));
    assert!(matches!(error, ClientError::CaFile(_)), "{error:?}");
    assert!(error.to_string().starts_with("WOLKVOX_CA_FILE: "), "{error}");
}
