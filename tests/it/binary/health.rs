//! `wolkvox-exporter health`, beside an exporter with any web configuration.

use std::process::ExitStatus;

use crate::support::process::{Exporter, Variables, command, finish, free_port, state, with, without_server};
use crate::support::web::{Place, serve_with};

async fn asked(arguments: &[&str], variables: &Variables) -> (ExitStatus, String, String) {
    finish(command([&["health"], arguments].concat(), variables)).await
}

/// With the variables that say where it listens.
async fn asked_of(exporter: &Exporter) -> (ExitStatus, String, String) {
    let variables = with(Variables::new(), "LISTEN_ADDRESS", exporter.address());
    asked(&[], &variables).await
}

#[tokio::test]
async fn an_exporter_that_answers_is_healthy_whatever_stands_before_its_pages() {
    let place = Place::new();
    let tls = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n";
    let users = format!(
        "basic_auth_users:\n  alice: {}\n",
        bcrypt::hash("wonderland", 4).unwrap()
    );
    for web in [
        "{}".to_owned(),
        users.clone(),
        tls.to_owned(),
        format!("{tls}{clients}{users}"),
    ] {
        let exporter = serve_with(&place, &web).await;
        let (status, output, error) = asked_of(&exporter).await;
        assert!(status.success(), "{web}: {error}");
        assert_eq!(
            output,
            format!("the exporter at {} is healthy\n", exporter.address())
        );
    }
}

#[tokio::test]
async fn neither_nobody_nor_another_server_is_healthy() {
    let nobody = free_port().to_string();
    let (status, _, error) = asked(&["--listen", &nobody], &Variables::new()).await;
    assert_eq!(status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("no answer from {nobody}")), "{error}");
    let other = simulator::Server::start(
        "127.0.0.1:0".parse().unwrap(),
        simulator::Simulator::new(simulator::Settings::demo()),
        std::sync::Arc::new(simulator::SystemClock),
    );
    let other = other.await.unwrap();
    let address = other.base_url().replace("http://", "");
    let (status, _, error) = asked(&["--listen", &address], &Variables::new()).await;
    assert_eq!(status.code(), Some(1), "{error}");
    assert!(error.contains("is not that of a healthy exporter"), "{error}");
}

#[tokio::test]
async fn health_needs_no_other_setting_and_refuses_an_address_that_is_none() {
    let place = state();
    let exporter = Exporter::serve(&without_server(place.path())).await;
    let (status, _, error) = asked(&["--listen", exporter.address()], &Variables::new()).await;
    assert!(status.success(), "{error}");
    let wrong = with(Variables::new(), "LISTEN_ADDRESS", "localhost");
    let (status, _, error) = asked(&[], &wrong).await;
    assert_eq!(status.code(), Some(64), "{error}");
    assert!(error.contains("WOLKVOX_LISTEN_ADDRESS"), "{error}");
}
