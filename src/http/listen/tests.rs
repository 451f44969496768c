use super::*;

#[tokio::test]
async fn a_name_that_is_no_name_is_reported() {
    let error = bind("there is no such name:10555").await.unwrap_err().to_string();
    assert!(
        error.contains("can't be looked up") && error.contains("WOLKVOX_LISTEN_ADDRESS"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_of_another_machine_is_an_error_and_not_passed_over() {
    // Reserved for documentation.
    let error = bind("192.0.2.1:0").await.unwrap_err().to_string();
    assert!(error.starts_with("can't listen on 192.0.2.1:0: "), "{error}");
}

#[tokio::test]
async fn many_connections_may_wait_to_be_accepted() {
    let listeners = bind("127.0.0.1:0").await.unwrap();
    let address = listeners[0].local_addr().unwrap();
    // More than the 128 that used to be usual; beyond them the system answers late.
    let waiting: Vec<_> = (0..300)
        .map(|_| std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_secs(20)))
        .collect();
    assert!(waiting.iter().all(Result::is_ok), "{waiting:?}");
}

#[tokio::test]
async fn all_addresses_of_a_name_have_one_port() {
    let listeners = bind("localhost:0").await.unwrap();
    let ports: Vec<_> = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect();
    assert!(
        !ports.is_empty() && ports.iter().all(|port| *port == ports[0]),
        "{ports:?}"
    );
}
