//! The port, where its address is a name.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use tempfile::TempDir;
use tokio::process::Command;

use crate::support::names::with_hosts;
use crate::support::operation::Operation;
use crate::support::placed::Placed;
use crate::support::process::{Exporter, client, command, finish, free_port, get, state, variables, with};

/// What looks names up in a file with these lines, and listens on this name.
struct Named {
    directory: TempDir,
    operation: Placed,
}

impl Named {
    async fn start() -> Named {
        Named {
            directory: state(),
            operation: Placed::start().await,
        }
    }

    fn command(&self, hosts: &str, listen: &str) -> Command {
        let file: PathBuf = self.directory.path().join("hosts");
        std::fs::write(&file, hosts).unwrap();
        let state = self.directory.path().join("state");
        let operation: &Operation = &self.operation;
        let variables = with(variables(operation, &state), "LISTEN_ADDRESS", listen);
        with_hosts(&file, &command::<[&str; 0], _>([], &variables))
    }
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

const BOTH: &str = "127.0.0.1 both.test\n::1 both.test\n";

#[tokio::test]
async fn a_name_of_both_families_is_listened_on_in_both() {
    let named = Named::start().await;
    let exporter = Exporter::run(named.command(BOTH, "both.test:0")).await;
    let port = exporter.address().rsplit_once(':').unwrap().1.to_owned();
    let mut hosts = vec!["127.0.0.1"];
    if has_ipv6() {
        hosts.push("[::1]");
    } else {
        assert!(
            exporter.log.text().contains("passed over"),
            "{}",
            exporter.log.text()
        );
    }
    for host in hosts {
        let url = format!("http://{host}:{port}/-/healthy");
        assert_eq!(get(&client(), &url, "*/*").await.0, 200, "{url}");
        let reported = format!("metrics are at http://{host}:{port}/metrics");
        assert!(exporter.log.text().contains(&reported), "{}", exporter.log.text());
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_the_others_are_not_opened() {
    let named = Named::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let command = named.command(
        "127.0.0.1 two.test\n127.0.0.2 two.test\n",
        &format!("two.test:{port}"),
    );
    let (status, _, error) = finish(command).await;
    assert_eq!(status.code(), Some(1), "{error}");
    let reported = format!("can't listen on 127.0.0.1:{port}, one of the addresses of two.test:{port}: ");
    assert!(
        error.contains(&reported) && error.contains("WOLKVOX_LISTEN_ADDRESS"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_the_machine_lacks_is_passed_over_where_another_is_there() {
    let named = Named::start().await;
    // The second and third are for documentation: no machine has them.
    let hosts = "127.0.0.1 part.test\n192.0.2.1 part.test\n2001:db8::1 part.test\n";
    let port = free_port().port();
    let exporter = Exporter::run(named.command(hosts, &format!("part.test:{port}"))).await;
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    let log = exporter.log.text();
    for address in ["192.0.2.1", "[2001:db8::1]"] {
        let reported = format!("this machine has no address {address}:{port}");
        assert!(log.contains(&reported), "{log}");
    }
    exporter.kill().await;
    let nowhere = named.command("192.0.2.1 away.test\n", &format!("away.test:{port}"));
    let (status, _, error) = finish(nowhere).await;
    assert_eq!(status.code(), Some(1));
    assert!(error.contains("can't listen on 192.0.2.1"), "{error}");
}

#[tokio::test]
async fn all_addresses_of_ipv6_take_ipv4_as_the_system_has_it() {
    let named = Named::start().await;
    let command = named.command(BOTH, "[::]:0");
    if TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_err() {
        let (status, _, error) = finish(command).await;
        assert_eq!(status.code(), Some(1), "{error}");
        assert!(error.contains("can't listen on [::]:0: "), "{error}");
        return;
    }
    let dual_stack = std::fs::read_to_string("/proc/sys/net/ipv6/bindv6only")
        .unwrap()
        .trim()
        == "0";
    let exporter = Exporter::run(command).await;
    let port: SocketAddr = exporter.address().parse().unwrap();
    let url = format!("http://127.0.0.1:{}/-/healthy", port.port());
    assert_eq!(client().get(&url).send().await.is_ok(), dual_stack);
}
