//! Which server, and by which token.

use super::*;

#[test]
fn the_server_is_its_number_in_any_spelling() {
    for server in ["0010", "wv0010", "WV0010", " 0010 "] {
        let config = read(&[("WOLKVOX_SERVER", server), ("WOLKVOX_TOKEN", "SECRET123")]).unwrap();
        assert_eq!(
            config.operation().server.base_url.as_str(),
            "https://wv0010.wolkvox.com/",
            "{server}"
        );
        assert_eq!(config.operation().server.operation, "0010");
    }
    for server in [
        "wv",
        "0010.wolkvox.com",
        "https://wv0010.wolkvox.com",
        "0010/x",
        "0010@evil",
        "00 10",
    ] {
        let problem = problem(read(&[
            ("WOLKVOX_SERVER", server),
            ("WOLKVOX_TOKEN", "SECRET123"),
        ]));
        assert!(problem.starts_with("WOLKVOX_SERVER is "), "{problem}");
    }
}

#[test]
fn a_number_that_lost_its_zeros_is_a_warning() {
    let warnings = |server| {
        let set = [("WOLKVOX_SERVER", server), ("WOLKVOX_TOKEN", "SECRET123")];
        read(&set).unwrap().into_operation().warnings
    };
    for server in ["8", "10", "wv8", "008"] {
        let warning = warnings(server);
        assert_eq!(warning.len(), 1, "{server}: {warning:?}");
        assert!(
            warning[0].starts_with(&format!("WOLKVOX_SERVER is {server}, and")),
            "{warning:?}"
        );
    }
    for server in ["0010", "wv0010", "12345", "a1"] {
        assert_eq!(warnings(server), Vec::<String>::new(), "{server}");
    }
}

#[test]
fn exactly_one_of_server_and_base_url_is_needed() {
    let none = problem(read(&[("WOLKVOX_TOKEN", "SECRET123")]));
    assert!(
        none.contains("WOLKVOX_SERVER is not set") && none.contains("WOLKVOX_BASE_URL"),
        "{none}"
    );
    let both = problem(with(&[("WOLKVOX_BASE_URL", "https://gateway.example")]));
    assert!(
        both.contains("WOLKVOX_SERVER and WOLKVOX_BASE_URL are both set"),
        "{both}"
    );
}

#[test]
fn exactly_one_of_token_and_token_file_is_needed() {
    let none = problem(read(&[("WOLKVOX_SERVER", "0010")]));
    assert!(
        none.contains("WOLKVOX_TOKEN is not set") && none.contains("WOLKVOX_TOKEN_FILE"),
        "{none}"
    );
    let both = problem(with(&[("WOLKVOX_TOKEN_FILE", "/run/secrets/token")]));
    assert!(
        both.contains("WOLKVOX_TOKEN and WOLKVOX_TOKEN_FILE are both set"),
        "{both}"
    );
    let file = read(&[
        ("WOLKVOX_SERVER", "0010"),
        ("WOLKVOX_TOKEN_FILE", "/not/there/yet"),
    ])
    .unwrap();
    assert!(
        matches!(&file.operation().server.token, ConfiguredToken::File(file) if file.path.ends_with("not/there/yet"))
    );
}

#[test]
fn a_token_is_never_shown() {
    let config = with(&[("WOLKVOX_AGENT_DNI", "DNI98765")]).unwrap();
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("SECRET123") && !shown.contains("DNI98765"),
        "{shown}"
    );
    let ConfiguredToken::Fixed(token) = config.into_operation().server.token else {
        panic!("the token is fixed");
    };
    assert_eq!(token.expose_secret(), "SECRET123");
    let error = read(&[
        ("WOLKVOX_SERVER", "?"),
        ("WOLKVOX_TOKEN", "SECRET 123"),
        ("WOLKVOX_AGENTS", "?"),
    ])
    .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    assert!(
        error
            .to_string()
            .contains("WOLKVOX_TOKEN holds something that no token does"),
        "{error}"
    );
    let user = problem(at("https://user:SECRET@gateway.example", &[]));
    assert!(!user.contains("SECRET"), "{user}");
}

#[test]
fn plain_http_goes_to_this_machine_only_unless_allowed() {
    for base in [
        "http://localhost:1",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:1",
        "https://gateway.example",
    ] {
        assert_eq!(
            at(base, &[]).unwrap().into_operation().warnings,
            Vec::<String>::new(),
            "{base}"
        );
    }
    for base in [
        "http://gateway.example",
        "http://10.0.0.1:80",
        "http://localhost.example",
    ] {
        let problem = problem(at(base, &[]));
        assert!(problem.contains("plain http") && problem.contains("WOLKVOX_ALLOW_INSECURE_HTTP=true"));
        let allowed = at(base, &[("WOLKVOX_ALLOW_INSECURE_HTTP", "true")]).unwrap();
        assert_eq!(
            allowed.operation().warnings.len(),
            1,
            "{:?}",
            allowed.operation().warnings
        );
    }
}

#[test]
fn a_base_url_is_scheme_host_and_port_alone() {
    let config = at("https://gateway.example:8443/", &[]).unwrap();
    assert_eq!(
        config.operation().server.base_url.as_str(),
        "https://gateway.example:8443/"
    );
    assert_eq!(config.operation().server.operation, "gateway.example");
    for base in [
        "https://gateway.example/api",
        "https://gateway.example/?a=b",
        "https://gateway.example/#a",
        "https://user@gateway.example",
        "https://:word@gateway.example",
    ] {
        assert!(
            problem(at(base, &[])).contains("scheme, host and port alone"),
            "{base}"
        );
    }
    for base in [
        "gateway.example",
        "ftp://gateway.example",
        "https://",
        "gateway.example:8443",
    ] {
        assert!(problem(at(base, &[])).contains("is not an address"), "{base}");
    }
}

#[test]
fn the_token_is_the_credential_of_systemd_unless_set() {
    let credentials = tempfile::tempdir().unwrap();
    let directory = credentials.path().to_str().unwrap();
    let with_credential = |text: &str, more: &[(&str, &str)]| {
        std::fs::write(credentials.path().join("token"), text).unwrap();
        let variables = [("WOLKVOX_SERVER", "0010"), ("CREDENTIALS_DIRECTORY", directory)];
        let variables = variables.iter().chain(more);
        let read = Config::from_variables(
            variables.map(|(name, value)| ((*name).to_owned(), Ok((*value).to_owned()))),
            now(),
        );
        read.map(|config| config.into_operation().server.token)
    };
    let is_file = |read: Result<ConfiguredToken, _>| matches!(read, Ok(ConfiguredToken::File(_)));
    let is_fixed = |read: Result<ConfiguredToken, _>| matches!(read, Ok(ConfiguredToken::Fixed(_)));
    assert!(is_file(with_credential("t0ken", &[])));
    assert!(is_fixed(with_credential("t0ken", &[("WOLKVOX_TOKEN", "other")])));
    // The package makes an empty one, for those who set the variable.
    assert!(is_fixed(with_credential("", &[("WOLKVOX_TOKEN", "other")])));
    let error = with_credential("", &[]).unwrap_err().to_string();
    assert!(error.contains("WOLKVOX_TOKEN is not set"), "{error}");
}
