use super::*;

fn parse(text: &str) -> Result<Proxy, ProxyError> {
    Proxy::parse(text, "HTTPS_PROXY")
}

#[test]
fn a_proxy_is_shown_with_its_variable_and_without_user_and_password() {
    for (text, shown) in [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("HTTP://PROXY.example:80/", "http://proxy.example:80"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("https://ana:s3cr3t@10.0.0.1:443", "https://10.0.0.1:443"),
        ("socks5h://ana:s3cr3t@[::1]:1080", "socks5h://[::1]:1080"),
        ("ana:s3cr3t@proxy:8080", "http://proxy:8080"),
    ] {
        let proxy = parse(text).unwrap();
        assert_eq!(proxy.to_string(), format!("{shown} (HTTPS_PROXY)"));
        let debug = format!("{proxy:?}");
        assert!(!debug.contains("s3cr3t") && !debug.contains("ana"), "{debug}");
        assert!(proxy.for_all().is_ok(), "{text}");
    }
}

#[test]
fn what_is_no_proxy_is_refused_with_its_cause_and_never_shown() {
    for (text, error) in [
        ("ftp://s3cr3t@proxy:1", ProxyError::Scheme),
        ("socks://ana:s3cr3t@proxy:1080", ProxyError::Scheme),
        ("http:///proxy", ProxyError::Port),
        ("http://ana:s3cr3t@proxy", ProxyError::Port),
        ("http://ana:s3cr3t@[::1]", ProxyError::Port),
        ("socks5://proxy", ProxyError::Port),
        ("http://proxy:0", ProxyError::Port),
        ("s3cr3t", ProxyError::Port),
        ("http://proxy:3128/s3cr3t.pac", ProxyError::More),
        ("http://proxy:3128/?s3cr3t", ProxyError::More),
        ("http://", ProxyError::Form),
        ("http://:3128", ProxyError::Form),
        ("http://ana:s3cr3t@:3128", ProxyError::Form),
        ("http://ana:s3#cr3t@proxy:3128", ProxyError::Form),
        ("http://pro xy:3128", ProxyError::Form),
        ("http://proxy:99999", ProxyError::Form),
        ("http://proxy:port", ProxyError::Form),
        ("direct", ProxyError::Port),
        ("http//ana:s3cr3t@proxy:1", ProxyError::Form),
        ("http//proxy:1", ProxyError::Form),
        ("http://DOMAIN\\ana:s3cr3t@proxy:1", ProxyError::Form),
        ("http://ana:s3cr3t#@proxy:1", ProxyError::Form),
        ("http://ana:53#@proxy:1", ProxyError::Form),
        ("http://$PROXY:1", ProxyError::Reference),
        ("http://ana:s3cr3t@${PROXY}:1", ProxyError::Reference),
        ("proxy:$PORT", ProxyError::Reference),
    ] {
        let found = parse(text).unwrap_err();
        assert_eq!(found, error, "{text}");
        assert!(!found.to_string().contains("s3"), "{found}");
    }
}

#[test]
fn a_password_is_kept_whole_and_no_word_of_the_proxy_may_repeat_it() {
    let proxy = parse("http://ana:p%40ss%3Aw%2Ford@proxy:3128").unwrap();
    assert_eq!(proxy.secrets(), ["p@ss:w/ord", "YW5hOnBAc3M6dy9vcmQ="]);
    // An @ that nobody wrote as %40 is taken as it was meant.
    assert_eq!(parse("http://ana:p@ss@proxy:3128").unwrap().secrets()[0], "p@ss");
    assert_eq!(parse("http://proxy:3128").unwrap().secrets(), [""; 0]);
    assert_eq!(parse("http://ana:p$ss@proxy:3128").unwrap().secrets()[0], "p$ss");
}

#[test]
fn this_machine_and_what_no_proxy_lists_are_asked_directly() {
    let is_direct = |server: &str, list: &str| Proxy::is_bypassed(&Url::parse(server).unwrap(), list);
    for server in ["http://localhost:1", "https://127.9.9.9", "http://[::1]:1"] {
        assert!(is_direct(server, ""), "{server}");
    }
    let server = "https://wv0010.wolkvox.com";
    for list in [
        "wv0010.wolkvox.com",
        "other, .wolkvox.com",
        "a wolkvox.com",
        "*.wolkvox.com",
        "*",
        "WOLKVOX.com",
    ] {
        assert!(is_direct(server, list), "{list}");
    }
    for list in ["", "kvox.com", "*.com.co", "10.0.0.0/8", "wv0011.wolkvox.com"] {
        assert!(!is_direct(server, list), "{list}");
    }
    assert!(is_direct("https://10.1.2.3:8443", "10.0.0.0/8"));
}
