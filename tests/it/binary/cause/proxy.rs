//! The proxy on the way.

use std::fs;
use std::net::SocketAddr;

use simulator::Settings;

use super::*;
use crate::support::operation::Operation;
use crate::support::peer::{Authority, Behaviour, OpenSsl, Peer, Proxy, issue};
use crate::support::process::free_port;

const SERVER: (&str, &str) = ("WOLKVOX_BASE_URL", "https://wv0010.invalid");

fn with_password(address: SocketAddr) -> String {
    format!("http://ana:{PASSWORD}@{address}")
}

#[tokio::test]
async fn what_a_proxy_answers_in_place_of_a_connection_is_told_with_its_name() {
    for (answer, cause, says) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required",
            Cause::ProxyPassword,
            "HTTP 407",
        ),
        ("HTTP/1.1 403 Forbidden", Cause::ProxyForbids, "HTTP 403"),
        ("HTTP/1.0 502 Bad Gateway", Cause::ProxyFails, "HTTP 502"),
        ("HTTP/1.1 503 Service Unavailable", Cause::ProxyFails, "HTTP 503"),
        (
            "HTTP/1.1 405 Method Not Allowed",
            Cause::ProxyUnreadable,
            "HTTP 405",
        ),
        ("SSH-2.0-OpenSSH_9.2", Cause::ProxyUnreadable, "no answer of HTTP"),
    ] {
        let head = format!("{answer}\r\nX: {TOKEN} {PASSWORD}\r\n\r\n");
        let peer = Peer::start(Behaviour::AfterHead(head.into_bytes())).await;
        meet(&Case {
            name: answer,
            variables: &[SERVER, ("HTTPS_PROXY", &with_password(peer.address))],
            cause,
            says: &[says, &format!("the proxy http://{} (HTTPS_PROXY)", peer.address)],
        })
        .await;
    }
}

#[tokio::test]
async fn a_proxy_that_can_not_be_reached_is_named_with_its_variable() {
    let free = free_port();
    meet(&Case {
        name: "refused, plain",
        variables: &[
            ("WOLKVOX_BASE_URL", "http://gateway.invalid"),
            ("http_proxy", &with_password(free)),
        ],
        cause: Cause::ProxyNotReached,
        says: &["Connection refused", "(http_proxy)"],
    })
    .await;
    let closing = Peer::start(Behaviour::Close).await;
    for (name, variable, proxy, cause, says) in [
        (
            "refused",
            "https_proxy",
            with_password(free),
            Cause::ProxyNotReached,
            "Connection refused",
        ),
        (
            "SOCKS refused",
            "ALL_PROXY",
            format!("socks5h://{free}"),
            Cause::ProxyNotReached,
            "Connection refused",
        ),
        (
            "its name",
            "HTTPS_PROXY",
            format!("http://ana:{PASSWORD}@proxy.invalid:3128"),
            Cause::ProxyName,
            "proxy.invalid",
        ),
        (
            "its name, SOCKS",
            "all_proxy",
            "socks5h://proxy.invalid:1080".to_owned(),
            Cause::ProxyName,
            "proxy.invalid",
        ),
        (
            "closed",
            "HTTPS_PROXY",
            with_password(closing.address),
            Cause::ProxyUnreadable,
            "no answer of HTTP",
        ),
    ] {
        meet(&Case {
            name,
            variables: &[SERVER, (variable, &proxy)],
            cause,
            says: &[says, &format!("({variable})")],
        })
        .await;
    }
}

#[tokio::test]
async fn a_silent_proxy_is_told_with_the_time_that_it_took() {
    let silent = Peer::start(Behaviour::Stall).await;
    meet(&Case {
        name: "silent",
        variables: &[
            SERVER,
            ("HTTPS_PROXY", &with_password(silent.address)),
            ("WOLKVOX_REQUEST_TIMEOUT", "4s"),
        ],
        cause: Cause::ProxySilent,
        says: &[
            "made no connection to wv0010.invalid within 2s (half of WOLKVOX_REQUEST_TIMEOUT)",
            "the public address of the proxy",
        ],
    })
    .await;
}

#[tokio::test]
async fn a_proxy_of_socks_says_why_it_makes_no_connection() {
    // No password is wanted; not allowed, refused by the server, or one is.
    let granted = |reply: u8| [&[5, 0, 5, reply, 0, 1][..], &[0; 6]].concat();
    for (name, bytes, cause) in [
        ("rules", granted(2), Cause::ProxyForbids),
        ("refused", granted(5), Cause::ProxyFails),
        ("unreachable", granted(4), Cause::ProxyFails),
        ("password", vec![5, 0xff], Cause::ProxyPassword),
        (
            "HTTP",
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            Cause::ProxyUnreadable,
        ),
    ] {
        let peer = Peer::start(Behaviour::Send(bytes)).await;
        let proxy = format!("socks5h://{}", peer.address);
        meet(&Case {
            name,
            variables: &[SERVER, ("HTTPS_PROXY", &proxy)],
            cause,
            says: &[&format!("the proxy {proxy} (HTTPS_PROXY)")],
        })
        .await;
    }
}

#[tokio::test]
async fn a_proxy_that_answers_in_the_place_of_a_server_without_tls_is_named_too() {
    for (answer, cause, says) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required",
            Cause::ProxyPassword,
            "HTTP 407",
        ),
        ("HTTP/1.1 502 Bad Gateway", Cause::ProxyFails, "HTTP 502"),
    ] {
        let head = format!("{answer}\r\nContent-Length: 6\r\n\r\n<html>");
        let peer = Peer::start(Behaviour::AfterHead(head.into_bytes())).await;
        meet(&Case {
            name: answer,
            variables: &[
                ("WOLKVOX_BASE_URL", "http://gateway.invalid"),
                ("HTTP_PROXY", &with_password(peer.address)),
            ],
            cause,
            says: &[says, "(HTTP_PROXY)"],
        })
        .await;
    }
}

#[tokio::test]
async fn a_proxy_whose_tls_is_wrong_is_named_and_not_the_server() {
    let plain = Peer::start(Behaviour::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
    meet(&Case {
        name: "no TLS at the proxy",
        variables: &[SERVER, ("HTTPS_PROXY", &format!("https://{}", plain.address))],
        cause: Cause::NotTls,
        says: &[
            "the proxy https://",
            "check the port in HTTPS_PROXY, and whether it is http and not https",
        ],
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    issue(
        directory.path(),
        &Authority::new("Proxy Root"),
        &["127.0.0.1"],
        |_| {},
    );
    let server = OpenSsl::serve(directory.path(), &[]).await;
    let stranger = directory.path().join("other.pem");
    fs::write(&stranger, Authority::new("Other Root").pem).unwrap();
    let proxy = format!("https://ana:{PASSWORD}@{}", server.address);
    meet(&Case {
        name: "TLS of the proxy",
        variables: &[
            SERVER,
            ("HTTPS_PROXY", &proxy),
            ("WOLKVOX_CA_FILE", stranger.to_str().unwrap()),
        ],
        cause: Cause::NotInRoots,
        says: &[
            &format!(
                "the certificate of the proxy https://{} (HTTPS_PROXY)",
                server.address
            ),
            "issued by \"Proxy Root\"",
        ],
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_asked_through_proxies_of_both_kinds_with_their_password_and_this_machine_never() {
    let operation = Operation::start(Settings {
        token: TOKEN.to_owned(),
        ..Settings::empty()
    })
    .await;
    let server: SocketAddr = operation
        .base_url()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let socks = Proxy::socks(server).await;
    let http = Proxy::http(server).await;
    let directory = tempfile::tempdir().unwrap();
    let check = async |base: &str, proxy: &str, no_proxy: &str| {
        let more = [
            ("WOLKVOX_BASE_URL", base),
            ("ALL_PROXY", proxy),
            ("NO_PROXY", no_proxy),
        ];
        let (status, output, error) = finish(command(["check"], &variables(directory.path(), &more))).await;
        (status.code(), output + &error)
    };
    let (status, said) = check(
        "http://gateway.invalid",
        &format!("socks5h://{}", socks.address),
        "",
    )
    .await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("asked through the proxy socks5h://"), "{said}");
    assert!(said.contains("the address of the proxy socks5h://"), "{said}");
    assert_eq!(socks.asked(), ["gateway.invalid"]);
    // This machine, and what is listed, are asked directly: the proxy hears nothing of it.
    let (status, said) = check(&operation.base_url(), &with_password(http.address), "").await;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = check(
        "https://gateway.invalid",
        &with_password(http.address),
        "*.invalid",
    )
    .await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("the name gateway.invalid is not known"), "{said}");
    assert_eq!(http.asked(), [""; 0]);
    // Behind the tunnel there is no TLS.
    let (_, said) = check("https://gateway.invalid", &with_password(http.address), "").await;
    assert!(said.contains("gateway.invalid does not speak TLS"), "{said}");
    assert!(
        http.asked()[0].starts_with("CONNECT gateway.invalid:443 HTTP/1.1\r\n"),
        "{:?}",
        http.asked()
    );
    let authorization = format!(
        "Proxy-Authorization: Basic {}",
        base64(&format!("ana:{PASSWORD}"))
    );
    assert!(
        http.asked()[0]
            .to_lowercase()
            .contains(&authorization.to_lowercase()),
        "{:?}",
        http.asked()
    );
}

fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text)
}

#[tokio::test]
async fn a_proxy_that_is_none_ends_the_start_with_64_and_never_says_the_password() {
    for (name, value, says) in [
        (
            "HTTPS_PROXY",
            format!("\"http://ana:{PASSWORD}@proxy:3128\""),
            "has quotes around its value",
        ),
        (
            "https_proxy",
            format!("http://ana:{PASSWORD}@proxy"),
            "has no port",
        ),
        (
            "ALL_PROXY",
            format!("ftp://ana:{PASSWORD}@proxy:1"),
            "of an unknown kind",
        ),
        (
            "all_proxy",
            format!("socks://ana:{PASSWORD}@proxy:1"),
            "of an unknown kind",
        ),
        (
            "HTTPS_PROXY",
            format!("http://ana:{PASSWORD}#x@proxy:1"),
            "is no address of a proxy",
        ),
    ] {
        for arguments in [
            &["check"][..],
            &[],
            &["report", "--from", "2026-03-02", "--to", "2026-03-09"],
        ] {
            let directory = tempfile::tempdir().unwrap();
            let variables = variables(directory.path(), &[SERVER, (name, &value)]);
            let (status, output, error) = finish(command(arguments, &variables)).await;
            assert_eq!(status.code(), Some(64), "{name}: {output}{error}");
            assert!(
                error.contains(&format!("{name} {says}")) || error.contains(&format!("{name} is ")),
                "{name}: {error}"
            );
            assert!(error.contains(says), "{name}: {error}");
            assert_says_no_secret(name, &(output + &error));
        }
    }
}

#[tokio::test]
async fn the_log_has_the_proxy_and_its_variable_in_fields_of_their_own() {
    let closing = Peer::start(Behaviour::Close).await;
    let proxy = with_password(closing.address);
    let directory = tempfile::tempdir().unwrap();
    let exporter = Exporter::serve(&variables(directory.path(), &[SERVER, ("HTTPS_PROXY", &proxy)])).await;
    let line = wait_for("the proxy is named", || {
        let log = exporter.log.text();
        let line = log.lines().find(|line| line.contains("asked through the proxy"));
        std::future::ready(line.map(str::to_owned))
    })
    .await;
    let fields = format!("proxy=http://{} variable=\"HTTPS_PROXY\"", closing.address);
    assert!(line.contains(&fields), "{line}");
    assert_says_no_secret("proxy", &line);
}
