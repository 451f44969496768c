use super::*;

fn route(server: &str, proxy: Option<&str>) -> Route {
    Route {
        server: server.parse().unwrap(),
        proxy: proxy.map(|proxy| Proxy::parse(proxy, "HTTPS_PROXY").unwrap()),
        roots: RootsIn::System,
        names: Names::OF_SETTINGS,
        connect_limit: Duration::from_secs(20),
    }
}

/// Judges a failed lookup of a name.
fn looked_up(route: &Route, name: &str, why: WhyNot) -> (Cause, String) {
    let error = reqwest::Client::builder().user_agent("\n").build().unwrap_err();
    let gate = Gate::new([]);
    let judgement = Judgement {
        route,
        error: &error,
        gate: &gate,
    };
    let Judged { cause, slots } = judgement.of_lookup(&LookupError {
        name: name.to_owned(),
        why,
    });
    (cause, cause.tell(&slots))
}

fn says(text: &str) -> WhyNot {
    WhyNot::System(io::Error::other(format!(
        "failed to lookup address information: {text}"
    )))
}

#[test]
fn a_name_server_that_does_not_answer_is_told_from_a_name_that_is_not_known() {
    let route = route("https://wv8.wolkvox.com", None);
    for (text, expected) in [
        ("Name or service not known", Cause::UnknownName),
        ("nodename nor servname provided, or not known", Cause::UnknownName),
        ("Name does not resolve", Cause::UnknownName),
        ("Temporary failure in name resolution", Cause::NameServer),
        ("Try again", Cause::NameServer),
    ] {
        let (cause, told) = looked_up(&route, "wv8.wolkvox.com", says(text));
        assert_eq!(cause, expected, "{told}");
        assert!(
            told.contains("the name wv8.wolkvox.com") && told.contains(text),
            "{told}"
        );
    }
    let (cause, told) = looked_up(&route, "wv8.wolkvox.com", WhyNot::NoAddress);
    assert!(
        cause == Cause::UnknownName && told.contains("it has no address"),
        "{told}"
    );
}

#[test]
fn where_no_thread_looks_a_name_up_the_limit_is_told_whole() {
    let limit = offload::Error::NoThread(io::Error::from_raw_os_error(11));
    let (cause, told) = looked_up(
        &route("https://wv0010.wolkvox.com", None),
        "wv0010.wolkvox.com",
        WhyNot::NotAsked(limit),
    );
    assert_eq!(cause, Cause::NoLookup);
    assert!(
        told.ends_with("TasksMax= of systemd, the pids limit of a container)"),
        "{told}"
    );
}

#[test]
fn the_name_of_a_proxy_is_told_from_that_of_the_server() {
    let route = route("https://wv0010.wolkvox.com", Some("socks5://proxy.example:1080"));
    let unknown = || says("Name or service not known");
    let (cause, told) = looked_up(&route, "proxy.example", unknown());
    assert!(
        cause == Cause::ProxyName && told.contains("check HTTPS_PROXY"),
        "{told}"
    );
    // It is looked up here, and asked for at the proxy by its address.
    let (cause, told) = looked_up(&route, "wv0010.wolkvox.com", unknown());
    assert!(
        cause == Cause::UnknownName && told.contains("check `base`"),
        "{told}"
    );
}

#[test]
fn only_a_proxy_that_sees_plain_http_answers_in_the_servers_place() {
    let (plain, tls) = ("http://gateway.example", "https://gateway.example");
    let (http, socks) = (Some("http://proxy.example:1"), Some("socks5h://proxy.example:1"));
    let answered = |server, proxy, status| {
        let error = route(server, proxy).answered_by_proxy(status);
        error.and_then(|error| error.cause())
    };
    assert_eq!(answered(plain, http, 407), Some(Cause::ProxyPassword));
    assert_eq!(answered(plain, http, 403), Some(Cause::ProxyForbids));
    assert_eq!(answered(plain, http, 504), Some(Cause::ProxyFails));
    for (server, proxy, status) in [
        (plain, http, 500),
        (plain, http, 404),
        (plain, socks, 407),
        (plain, None, 407),
        (tls, http, 502),
    ] {
        assert_eq!(
            answered(server, proxy, status),
            None,
            "{server} {proxy:?} {status}"
        );
    }
}

#[test]
fn a_name_that_is_not_known_here_may_be_known_to_a_proxy() {
    let told = |proxy| {
        let route = route("https://wv0010.wolkvox.com", proxy);
        looked_up(&route, "wv0010.wolkvox.com", says("Name or service not known")).1
    };
    for (proxy, way) in [
        (None, "or set HTTPS_PROXY if this machine reaches"),
        (
            Some("socks5://proxy.example:1080"),
            "or write socks5h:// in HTTPS_PROXY",
        ),
        (
            Some("socks4://proxy.example:1080"),
            "or write socks4a:// in HTTPS_PROXY",
        ),
    ] {
        let told = told(proxy);
        assert!(told.contains(way), "{told}");
    }
}

#[test]
fn a_password_is_asked_for_where_there_is_none_and_as_the_proxy_takes_it() {
    let told = |proxy| {
        let slots = route("https://wv0010.wolkvox.com", Some(proxy)).slots(Peer::Proxy);
        Cause::ProxyPassword.tell(&slots)
    };
    for (proxy, says, is_http) in [
        (
            "http://proxy.example:1",
            "write them into HTTPS_PROXY before",
            true,
        ),
        ("http://a:b@proxy.example:1", "check those in HTTPS_PROXY", true),
        (
            "socks5h://proxy.example:1",
            "write them into HTTPS_PROXY before",
            false,
        ),
        (
            "socks5h://a:b@proxy.example:1",
            "check those in HTTPS_PROXY",
            false,
        ),
    ] {
        let told = told(proxy);
        assert!(told.contains(says), "{told}");
        assert_eq!(told.contains("must take Basic"), is_http, "{told}");
    }
}
