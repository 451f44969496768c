//! Where it listens, and where the boards are.

use super::*;

#[test]
fn the_listen_address_is_host_and_port() {
    for (value, expected) in [
        (":10555", "0.0.0.0:10555"),
        ("[::1]:10555", "[::1]:10555"),
        ("[::]:0", "[::]:0"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("localhost:10555", "localhost:10555"),
    ] {
        let config = with(&[("WOLKVOX_LISTEN_ADDRESS", value)]).unwrap();
        assert_eq!(config.web.listen_address, expected);
    }
    for value in [
        "10555",
        "::1:10555",
        "localhost",
        "127.0.0.1:99999",
        ":",
        "http://127.0.0.1:80",
    ] {
        let problem = problem(with(&[("WOLKVOX_LISTEN_ADDRESS", value)]));
        assert!(problem.contains("an address and a port"), "{problem}");
    }
}

#[test]
fn the_address_of_grafana_is_one_that_a_browser_can_be_led_to() {
    let read = |url| with(&[("WOLKVOX_GRAFANA_URL", url)]);
    for (url, expected) in [
        ("https://grafana.example", "https://grafana.example"),
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        (
            "https://intranet.example/grafana/",
            "https://intranet.example/grafana",
        ),
    ] {
        assert_eq!(read(url).unwrap().web.grafana_url.as_deref(), Some(expected));
    }
    assert_eq!(with(&[]).unwrap().web.grafana_url, None);
    for (url, why) in [
        (
            "grafana.example:3000",
            "is not an address such as https://grafana.example",
        ),
        ("javascript:alert(1)", "is not an address"),
        ("https://ana:secret@grafana.example", "has a user in it"),
        ("https://grafana.example/d/x?var-a=b", "has a part behind ? or #"),
    ] {
        let problem = problem(read(url));
        assert!(
            problem.starts_with("WOLKVOX_GRAFANA_URL ") && problem.contains(why),
            "{problem}"
        );
        assert!(!problem.contains("secret"), "{problem}");
    }
}
