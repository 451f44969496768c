use crate::config::Config;
use crate::config::tests::{at, now, with};

fn config(variables: &[(&str, &str)]) -> Config {
    with(variables).unwrap()
}

/// The only problem, which never shows the password.
fn problem(variables: &[(&str, &str)]) -> String {
    let problems = with(variables).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].contains("s3cr3t"), "{problems:?}");
    problems.into_iter().next().unwrap()
}

fn proxy(variables: &[(&str, &str)]) -> Option<String> {
    config(variables)
        .into_operation()
        .server
        .proxy
        .map(|proxy| proxy.to_string())
}

#[test]
fn the_first_variable_for_the_servers_scheme_counts() {
    let (one, two) = ("http://one:1", "http://two:2");
    for (variables, expected) in [
        (&[("HTTPS_PROXY", one)][..], Some("http://one:1 (HTTPS_PROXY)")),
        (
            &[("https_proxy", " http://one:1\n")],
            Some("http://one:1 (https_proxy)"),
        ),
        (&[("ALL_PROXY", one)], Some("http://one:1 (ALL_PROXY)")),
        (
            &[("all_proxy", one), ("https_proxy", two)],
            Some("http://two:2 (https_proxy)"),
        ),
        (
            &[("HTTPS_PROXY", " "), ("https_proxy", two)],
            Some("http://two:2 (https_proxy)"),
        ),
        (&[("HTTP_PROXY", one), ("http_proxy", one)], None),
        (&[], None),
    ] {
        assert_eq!(proxy(variables).as_deref(), expected, "{variables:?}");
    }
    let plain = [
        ("WOLKVOX_ALLOW_INSECURE_HTTP", "true"),
        ("HTTP_PROXY", one),
        ("HTTPS_PROXY", two),
    ];
    let proxy = at("http://gateway.example", &plain)
        .unwrap()
        .into_operation()
        .server
        .proxy
        .unwrap();
    assert_eq!(proxy.to_string(), "http://one:1 (HTTP_PROXY)");
}

#[test]
fn a_proxy_that_is_none_is_a_problem_without_its_password() {
    for (value, said) in [
        (
            "\"http://ana:s3cr3t@proxy:3128\"",
            "HTTPS_PROXY has quotes around its value",
        ),
        (
            "'http://ana:s3cr3t@proxy:3128",
            "HTTPS_PROXY begins or ends with a quote",
        ),
        ("${PROXY}", "HTTPS_PROXY refers to a variable"),
        ("http://ana:s3cr3t@proxy", "HTTPS_PROXY has no port"),
        (
            "ftp://ana:s3cr3t@proxy:1",
            "HTTPS_PROXY is the address of a proxy of an unknown kind",
        ),
        (
            "http://ana:s3cr3t @proxy:1 2",
            "HTTPS_PROXY is no address of a proxy",
        ),
    ] {
        let problem = problem(&[("HTTPS_PROXY", value)]);
        assert!(problem.starts_with(said), "{value}: {problem}");
    }
    for name in ["https_proxy", "ALL_PROXY", "all_proxy"] {
        let problem = problem(&[(name, "s3cr3t")]);
        assert!(problem.starts_with(&format!("{name} has no port")), "{problem}");
    }
    let unreadable = [
        ("WOLKVOX_SERVER".to_owned(), Ok("0010".to_owned())),
        ("WOLKVOX_TOKEN".to_owned(), Ok("SECRET123".to_owned())),
        ("HTTPS_PROXY".to_owned(), Err("http://s3cr3t\u{fffd}".to_owned())),
    ];
    let problems = Config::from_variables(unreadable, now()).unwrap_err().problems;
    assert_eq!(problems, ["HTTPS_PROXY is not UTF-8 text"]);
}

#[test]
fn what_counts_for_no_request_of_this_server_is_not_judged() {
    let bad = "'s3cr3t";
    for variables in [
        &[("HTTP_PROXY", bad)][..],
        &[("HTTPS_PROXY", bad), ("NO_PROXY", ".wolkvox.com")],
        &[("HTTPS_PROXY", "http://one:1"), ("ALL_PROXY", bad)],
        &[("NO_PROXY", bad)],
    ] {
        config(variables);
    }
    let here = at("https://localhost:1", &[("HTTPS_PROXY", bad)]).unwrap();
    assert!(here.operation().server.proxy.is_none());
    let quoted = problem(&[("HTTPS_PROXY", "http://one:1"), ("NO_PROXY", "'.wolkvox.com'")]);
    assert!(quoted.starts_with("NO_PROXY has quotes"), "{quoted}");
}

#[test]
fn two_spellings_that_differ_are_a_warning_without_the_values() {
    let config = config(&[
        ("HTTPS_PROXY", "http://one:1"),
        ("https_proxy", "http://u:s3cr3t@two:2"),
    ]);
    assert_eq!(
        config.operation().warnings,
        ["HTTPS_PROXY and https_proxy are both set and differ: HTTPS_PROXY counts"]
    );
    assert!(!format!("{config:?}").contains("s3cr3t"));
}

#[test]
fn a_proxy_for_the_other_scheme_alone_is_a_warning() {
    let proxy = ("HTTP_PROXY", "http://u:s3cr3t@one:1");
    assert_eq!(
        config(&[proxy]).into_operation().warnings,
        [
            "HTTP_PROXY is set and HTTPS_PROXY is not: Wolkvox is asked directly, because its address begins with https"
        ]
    );
    for more in [("ALL_PROXY", "http://two:2"), ("NO_PROXY", ".wolkvox.com")] {
        assert_eq!(
            config(&[proxy, more]).into_operation().warnings,
            Vec::<String>::new(),
            "{more:?}"
        );
    }
    assert_eq!(
        at("https://localhost", &[proxy])
            .unwrap()
            .into_operation()
            .warnings,
        Vec::<String>::new()
    );
}
