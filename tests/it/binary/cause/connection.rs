//! Names and connections.

use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::*;
use crate::support::peer::{Behaviour, Peer};
use crate::support::process::{free_port, is_root, through};

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_as_that() {
    meet(&Case {
        name: "unknown name",
        variables: &[("WOLKVOX_BASE_URL", "https://wv8.invalid")],
        cause: Cause::UnknownName,
        says: &[
            "the name wv8.invalid is not known",
            "check WOLKVOX_BASE_URL, where",
            "in YAML (which makes 8 of it)",
        ],
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let variables = variables(
        directory.path(),
        &[("WOLKVOX_BASE_URL", "https://gw.invalid:8443")],
    );
    let (_, output, error) = finish(command(["check"], &variables)).await;
    assert!(
        output.contains("the name gw.invalid is not known"),
        "{output}{error}"
    );
    assert!(
        !output.contains("YAML") && !output.contains("WOLKVOX_SERVER"),
        "{output}"
    );
}

#[tokio::test]
async fn connections_that_are_refused_closed_or_not_answered_are_the_allow_lists() {
    let free = format!("http://{}", free_port());
    let closing = Peer::start(Behaviour::Close).await;
    let closed = format!("http://{}", closing.address);
    let silent = Peer::start(Behaviour::Stall).await;
    let stalled = format!("http://{}", silent.address);
    let cases = [
        ("refused", &free, Cause::Refused, "refused it"),
        ("closed", &closed, Cause::Closed, "closed it without an answer"),
        ("no answer", &stalled, Cause::NoAnswer, "within 2s"),
    ];
    for (name, base, cause, says) in cases {
        meet(&Case {
            name,
            variables: &[("WOLKVOX_BASE_URL", base), ("WOLKVOX_REQUEST_TIMEOUT", "2s")],
            cause,
            says: &[
                says,
                "ask Wolkvox whether the public address of this machine is on it",
            ],
        })
        .await;
    }
}

/// A listener whose queue is full: the system passes further connections over, as a firewall does that drops packets.
#[tokio::test]
async fn a_connection_that_is_never_taken_is_told_with_the_time_that_was_waited() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        queue.push(stream);
    }
    meet(&Case {
        name: "full",
        variables: &[
            ("WOLKVOX_BASE_URL", &format!("https://{address}")),
            ("WOLKVOX_REQUEST_TIMEOUT", "4s"),
        ],
        cause: Cause::NoConnection,
        says: &["did not take it within 2s (half of WOLKVOX_REQUEST_TIMEOUT)"],
    })
    .await;
}

/// In a network of its own no packet comes out, and no name server can be asked.
#[tokio::test]
async fn a_machine_without_a_network_is_told_and_not_the_allow_list_alone() {
    let forbidding = "ip route add prohibit 198.51.100.0/24 && exec \"$0\" \"$@\"";
    let user = if is_root() { "-n" } else { "-rn" };
    for (name, base, cause, says) in [
        (
            "not let out",
            "https://198.51.100.1",
            Cause::Forbidden,
            "this machine does not let the exporter connect to 198.51.100.1",
        ),
        (
            "no way",
            "https://192.0.2.1",
            Cause::Unreachable,
            "no way leads from this machine to 192.0.2.1",
        ),
        (
            "no name server",
            "https://wv0010.invalid",
            Cause::NameServer,
            "the name server of this machine gave no answer",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let variables = variables(directory.path(), &[("WOLKVOX_BASE_URL", base)]);
        let check = through(
            &["unshare", user, "sh", "-c", forbidding],
            &command(["check"], &variables),
        );
        let case = Case {
            name,
            variables: &[],
            cause,
            says: &[says],
        };
        checked_by(&case, check).await;
    }
}
