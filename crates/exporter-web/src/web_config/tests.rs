use super::*;

const HASH: &str = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A directory with `cert.pem`, `key.pem` and the given file.
fn with_file(text: &str) -> (tempfile::TempDir, Result<WebConfig, WebConfigError>) {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = pair();
    std::fs::write(directory.path().join("cert.pem"), cert).unwrap();
    std::fs::write(directory.path().join("key.pem"), key).unwrap();
    let path = directory.path().join("web.yml");
    std::fs::write(&path, text).unwrap();
    let (_, loaded) = load(&path);
    (directory, loaded)
}

fn load(path: &Path) -> (Fingerprint, Result<WebConfig, WebConfigError>) {
    WebConfig::load(path, &Costs::of_machine(Duration::from_secs(10), ORDINARY_SPEED))
}

fn problems(text: &str) -> String {
    let (_directory, loaded) = with_file(text);
    loaded
        .err()
        .map_or_else(String::new, |error| error.problems.join("\n"))
}

fn tls(keys: &str) -> String {
    format!("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n{keys}")
}

#[test]
fn an_explicit_nothing_is_plain_http_for_everyone() {
    for text in [
        "{}",
        "---\n{}\n",
        "tls_server_config: {}",
        "tls_server_config: {}\nbasic_auth_users: {}\nhttp_server_config: {}\nrate_limit: {}\n",
    ] {
        let (_directory, loaded) = with_file(text);
        let config = loaded.unwrap();
        assert!(
            config.tls.is_none()
                && config.users.is_empty()
                && config.headers.is_empty()
                && config.rate.is_none()
        );
    }
}

#[test]
fn an_empty_file_is_an_error_that_says_how_to_have_no_protection() {
    for text in ["", " \n", "---\n", "# a comment\n", "~", "null\n", "\u{feff}"] {
        let reported = problems(text);
        assert!(
            reported.starts_with("it is empty, or holds nothing but comments")
                && reported.contains("unset WOLKVOX_WEB_CONFIG_FILE, or write {}"),
            "{text:?}: {reported}"
        );
    }
}

#[test]
fn a_key_with_nothing_under_it_is_an_error() {
    for (text, key) in [
        ("basic_auth_users:\n", "basic_auth_users: nothing stands under it"),
        (
            "tls_server_config:\nbasic_auth_users: {}\n",
            "tls_server_config: nothing",
        ),
        ("http_server_config: ~\n", "http_server_config: nothing"),
        ("rate_limit: null\n", "rate_limit: nothing"),
        (
            &tls("  client_auth_type:\n"),
            "tls_server_config.client_auth_type: has no value",
        ),
        (
            &tls("  client_allowed_sans:\n"),
            "tls_server_config.client_allowed_sans: has no value",
        ),
        (
            &tls("  min_version:\n"),
            "tls_server_config.min_version: has no value",
        ),
    ] {
        let reported = problems(text);
        assert!(reported.contains(key), "{text:?}: {reported}");
    }
    let without_hash = problems("basic_auth_users:\n  alice:\n");
    assert!(without_hash.starts_with("line 2, column "), "{without_hash}");
}

#[test]
fn suites_that_fit_no_certificate_are_reported() {
    // The certificate's key is one of ECDSA.
    for suites in ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"] {
        let reported = problems(&tls(&format!("  cipher_suites: [{suites}]\n")));
        assert!(
            reported.contains(
                "names no suite of TLS 1.2 that fits the certificate, which has an ECDSA or Ed25519 key"
            ) && reported.contains("TLS_ECDHE_ECDSA_"),
            "{reported}"
        );
        let text = tls(&format!("  cipher_suites: [{suites}]\n  min_version: TLS13\n"));
        assert_eq!(problems(&text), "", "it isn't spoken");
    }
}

#[test]
fn paths_are_relative_to_the_file_and_all_that_can_be_honoured_is_taken() {
    let (_directory, loaded) = with_file(&tls(
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n  client_allowed_sans: [a.example, 10.0.0.1, 'spiffe://a/b']\n  min_version: TLS12\n  max_version: TLS13\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n  prefer_server_cipher_suites: false\n  curve_preferences: [CurveP256, X25519]\nhttp_server_config:\n  http2: false\n  headers: {X-Frame-Options: deny, Content-Security-Policy: ''}\nrate_limit: {interval: 1s, burst: 20}\n",
    ));
    let config = loaded.unwrap();
    let tls = config.tls.unwrap();
    assert!(!tls.ignore_client_order);
    let groups: Vec<_> = tls
        .crypto_provider()
        .kx_groups
        .iter()
        .map(|group| group.name())
        .collect();
    assert_eq!(
        groups,
        [rustls::NamedGroup::secp256r1, rustls::NamedGroup::X25519]
    );
    assert_eq!(config.headers.len(), 1, "a blank header is not set");
    assert!(config.rate.is_some());
}

#[test]
fn certificate_and_key_may_stand_in_the_file() {
    let (cert, key) = pair();
    let indented = |pem: &str| {
        pem.lines()
            .fold(String::new(), |text, line| format!("{text}    {line}\n"))
    };
    let text = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}",
        indented(&cert),
        indented(&key)
    );
    assert_eq!(problems(&text), "");
}

#[test]
fn files_may_begin_with_the_mark_that_windows_programs_write() {
    let (cert, key) = pair();
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("\u{feff}{text}").replace('\n', "\r\n")).unwrap();
        path
    };
    write("server.pem", &cert);
    write("server.key", &key);
    let path = write(
        "web.yml",
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n",
    );
    let (_, loaded) = load(&path);
    let problems = loaded.err().map(|error| error.problems);
    assert_eq!(problems, None);
}

#[test]
fn what_is_not_known_is_reported_with_its_line_and_the_nearest_key() {
    assert_eq!(
        problems("tls_server_config:\n  cert_flie: x\n"),
        "line 2, column 3: the key `cert_flie` is not known here; did you mean `cert_file`?"
    );
    assert!(problems("basic_auth_user: {}").contains("did you mean `basic_auth_users`?"));
    assert!(problems("rate_limit: {}\nrate_limit: {}").contains("there twice"));
}

#[test]
fn what_can_not_be_honoured_is_reported() {
    for (keys, expected) in [
        ("  min_version: TLS10\n", "min_version: TLS10 is broken"),
        ("  max_version: TLS11\n", "max_version: TLS11 is broken"),
        (
            "  min_version: TLS13\n  max_version: TLS12\n",
            "is above max_version",
        ),
        ("  min_version: '1.2'\n", "it must be TLS12 or TLS13"),
        (
            "  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]\n",
            "is not spoken; there are TLS_ECDHE",
        ),
        ("  curve_preferences: [CurveP521]\n", "`CurveP521` is not spoken"),
        ("  client_auth_type: Maybe\n", "it must be NoClientCert"),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n",
            "client_ca_file: is missing",
        ),
        (
            "  client_auth_type: VerifyClientCertIfGiven\n",
            "client_ca_file: is missing",
        ),
        (
            "  client_ca_file: cert.pem\n",
            "nobody would be asked for a certificate",
        ),
        ("  client_ca_file: nowhere.pem\n", "can't be read"),
        (
            "  client_allowed_sans: [a]\n",
            "needs a client_auth_type that requires",
        ),
        (
            "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: ['a@b']\n",
            "mail addresses",
        ),
        (
            "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n",
            "is empty",
        ),
        ("  cert: x\n", "are both set"),
        (
            "http_server_config: {http2: true}\n",
            "http2: true can't be honoured",
        ),
        (
            "http_server_config: {headers: {Server: x}}\n",
            "can't be set; these can",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: no}}\n",
            "it must be deny or sameorigin",
        ),
        ("rate_limit: {interval: 1s}\n", "rate_limit.burst"),
        ("rate_limit: {interval: soon, burst: 1}\n", "rate_limit.interval"),
        ("rate_limit: {burst: 1}\n", "rate_limit.interval: is missing"),
        (
            "rate_limit: {interval: 0, burst: 1}\n",
            "rate_limit.interval: is zero",
        ),
        (
            "rate_limit: {interval: 0s, burst: 1}\n",
            "rate_limit.interval: is zero",
        ),
        ("rate_limit: {interval: 61m, burst: 1}\n", "write an hour"),
        ("rate_limit: {interval: 1s, burst: 0}\n", "rate_limit.burst"),
        (
            "basic_auth_users: {'a:b': $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n",
            "has a colon",
        ),
    ] {
        let reported = problems(&tls(keys));
        assert!(reported.contains(expected), "{keys}: {reported}");
    }
    assert!(problems("tls_server_config: {min_version: TLS12}").contains("cert_file: is missing"));
    assert!(
        problems("tls_server_config: {cert_file: key.pem, key_file: key.pem}")
            .contains("tls_server_config.cert_file: ")
    );
    assert!(
        problems("tls_server_config: {cert_file: cert.pem, key_file: cert.pem}")
            .contains("cert.pem holds no private key")
    );
    let two = problems(
        "tls_server_config: {cert: none, key_file: key.pem, client_auth_type: RequireAndVerifyClientCert, client_ca_file: key.pem}",
    );
    assert!(
        two.contains("tls_server_config.cert: holds no certificates"),
        "{two}"
    );
    assert!(
        two.contains("tls_server_config.client_ca_file: ") && two.contains("key.pem holds no certificates"),
        "{two}"
    );
    assert!(problems("tls_server_config: {cert_file: cert.pem, key_file: .}").contains("is a directory"));
}

#[test]
fn a_key_of_another_certificate_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("cert.pem"), pair().0).unwrap();
    std::fs::write(path("key.pem"), pair().1).unwrap();
    std::fs::write(path("web.yml"), tls("")).unwrap();
    let error = load(&path("web.yml")).1.err().unwrap();
    assert!(
        error
            .to_string()
            .contains("is the key the one of the first certificate?"),
        "{error}"
    );
}

#[test]
fn no_error_shows_a_value_that_may_be_secret() {
    for text in [
        "basic_auth_users: SECRET",
        "basic_auth_users: [SECRET]",
        "basic_auth_users: {alice: SECRET}",
        "basic_auth_users:\n  alice: {SECRET: 1}\n",
        "basic_auth_users:\n  alice: 'SECRET\n",
        "basic_auth_users:\n  alice: *SECRET\n",
        "basic_auth_users:\n  alice: !SECRET x\n",
        "basic_auth_users:\n\talice: SECRET\n",
        "tls_server_config: {cert: SECRET, key: SECRET}",
        "tls_server_config: {key: [SECRET]}",
        "tls_server_config: {key: {a: SECRET}}",
        "SECRET",
        "rate_limit: {burst: SECRET}",
    ] {
        let (_directory, loaded) = with_file(text);
        let error = loaded.err().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(
            !format!("{error} {error:?}").contains("SECRET"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_secret_in_the_place_of_a_name_is_not_shown() {
    // Found by fuzzing: a key or a hash, where indentation or order is lost.
    for text in [
        "t SECRETtls_server_config:\n  cert: x\n",
        "{ttp_server_config:Y\n  http_SECRET\n rs:\n}",
        "tls_server_config:\n  key: |\nMIISECRET+/: x\n",
        "basic_auth_users: {$2y$10$SECRET: alice}",
        "http_server_config: {headers: {$SECRET: x}}",
        "tls_server_config: {client_auth_type: $SECRET}",
        "rate_limit: {interval: $SECRET, burst: 1}",
    ] {
        let reported = problems(text);
        assert!(
            !reported.is_empty() && !reported.contains("SECRET"),
            "{text}: {reported}"
        );
    }
}

#[test]
fn a_hash_that_would_take_for_ever_is_refused() {
    let slow = HASH.replace("$10$", "$31$");
    assert!(problems(&format!("basic_auth_users: {{alice: {slow}}}")).contains("has a cost of 31"));
    assert_eq!(problems(&format!("basic_auth_users: {{alice: {HASH}}}")), "");
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.yml");
    let reported = || load(&path).1.err().unwrap().to_string();
    assert!(reported().starts_with("WOLKVOX_WEB_CONFIG_FILE: ") && reported().contains("can't be read"));
    std::fs::write(&path, b"\xff").unwrap();
    assert!(reported().contains("is not UTF-8 text"));
}
