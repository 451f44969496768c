//! The TLS handshake, but for its certificates.

use super::certificate::{HERE, Roots, directory, tell};
use super::*;
use crate::support::peer::{Authority, Behaviour, OpenSsl, Peer, Proxy as HttpProxy, issue};

#[tokio::test]
async fn an_old_protocol_and_a_client_certificate_that_is_wanted_are_told() {
    let directory = directory();
    let path = directory.path();
    issue(path, &Authority::new("Root"), HERE, |_| {});
    for (name, options, cause, says) in [
        (
            "TLS 1.1",
            &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
            Cause::OldTls,
            "TLS 1.1 or older",
        ),
        (
            "client certificate",
            &["-Verify", "1", "-verify_return_error", "-tls1_3"],
            Cause::ClientCertificate,
            "wants a client certificate",
        ),
        (
            "client certificate, 1.2",
            &["-Verify", "1", "-verify_return_error", "-tls1_2"],
            Cause::HandshakeRefused,
            "it may want a client certificate",
        ),
        (
            "no common cipher",
            &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
            Cause::HandshakeRefused,
            "no cipher in common",
        ),
    ] {
        let server = OpenSsl::serve(path, options).await;
        tell(name, path, server.address, Roots::Named, cause, &[says]).await;
    }
}

#[tokio::test]
async fn what_speaks_no_tls_or_hangs_up_within_the_handshake_is_told() {
    let directory = directory();
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\nThis is a plain HTTP port".to_vec();
    for (name, behaviour, cause, says) in [
        (
            "HTTP",
            Behaviour::Send(http),
            Cause::NotTls,
            "whether it is http and not https",
        ),
        (
            "mail",
            Behaviour::Send(b"220 mail.example.com ESMTP\r\n".to_vec()),
            Cause::NotTls,
            "does not speak TLS",
        ),
        (
            "closed",
            Behaviour::Close,
            Cause::ClosedInHandshake,
            "within the TLS handshake",
        ),
        (
            "reset",
            Behaviour::Reset,
            Cause::ClosedInHandshake,
            "within the TLS handshake",
        ),
    ] {
        let peer = Peer::start(behaviour).await;
        tell(
            name,
            directory.path(),
            peer.address,
            Roots::System,
            cause,
            &[says],
        )
        .await;
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_told_as_that_and_the_connection_as_made() {
    let silent = Peer::start(Behaviour::Stall).await;
    let said = format!("{} took the connection", silent.address);
    meet(&Case {
        name: "silent",
        variables: &[
            ("WOLKVOX_BASE_URL", &format!("https://{}", silent.address)),
            ("WOLKVOX_REQUEST_TIMEOUT", "4s"),
        ],
        cause: Cause::HandshakeSilent,
        says: &[&said, "within 2s (half of WOLKVOX_REQUEST_TIMEOUT)", "(MTU)"],
    })
    .await;
    let proxy = format!("https://{}", silent.address);
    meet(&Case {
        name: "silent, at the proxy",
        variables: &[
            ("WOLKVOX_BASE_URL", "https://wv0010.invalid"),
            ("HTTPS_PROXY", &proxy),
            ("WOLKVOX_REQUEST_TIMEOUT", "8s"),
        ],
        cause: Cause::ProxyHandshakeSilent,
        says: &[
            &format!("the proxy {proxy} (HTTPS_PROXY) took the connection"),
            "check the port in HTTPS_PROXY, and whether it is http and not https",
        ],
    })
    .await;
    // Behind the tunnel nothing answers: the proxy has done its part.
    let tunnel = HttpProxy::http(silent.address).await;
    meet(&Case {
        name: "silent, behind the proxy",
        variables: &[
            ("WOLKVOX_BASE_URL", "https://wv0010.invalid"),
            ("HTTPS_PROXY", &format!("http://{}", tunnel.address)),
            ("WOLKVOX_REQUEST_TIMEOUT", "4s"),
        ],
        cause: Cause::HandshakeSilent,
        says: &[
            "wv0010.invalid took the connection",
            "the public address of the proxy",
        ],
    })
    .await;
}
