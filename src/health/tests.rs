use std::net::TcpListener;
use std::thread;

use super::*;

const SOON: Duration = Duration::from_secs(60);

/// What is said of a server that answers with this.
fn said_of(answer: String) -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let said = ask(&address.to_string(), SOON).map_err(|error| error.to_string());
    server.join().unwrap();
    said
}

#[test]
fn what_an_exporter_answers_without_a_password_or_tls_is_well() {
    for answer in [
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n{HEALTHY}"),
        format!("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: {CHALLENGE}\r\n\r\nA password is needed.\n"),
        format!("HTTP/1.1 429 Too Many Requests\r\n\r\n{RATE_LIMITED}"),
        format!("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n{SPEAKS_HTTPS}"),
    ] {
        assert!(said_of(answer.clone()).is_ok(), "{answer}");
    }
}

#[test]
fn what_another_server_answers_is_not_and_its_first_line_is_told() {
    for (answer, told) in [
        ("HTTP/1.1 200 OK\r\n\r\nIt works!", "\"HTTP/1.1 200 OK\""),
        (
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"other\"\r\n\r\n",
            "401",
        ),
        ("HTTP/1.1 400 Bad Request\r\n\r\nno", "400"),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "503"),
        ("SSH-2.0-\x1b[2Jserver\r\n", "\"SSH-2.0-[2Jserver\""),
    ] {
        let error = said_of(answer.to_owned()).unwrap_err();
        assert!(
            error.contains("is not that of a healthy exporter") && error.contains(told),
            "{error}"
        );
    }
    let error = said_of(String::new()).unwrap_err();
    assert!(error.contains("no answer from 127.0.0.1:"), "{error}");
}

#[test]
fn one_that_listens_on_all_addresses_is_asked_on_this_machine() {
    let at = |text: &str| reached_at(text.parse().unwrap()).to_string();
    assert_eq!(at("0.0.0.0:10555"), "127.0.0.1:10555");
    assert_eq!(at("[::]:10555"), "[::1]:10555");
    assert_eq!(at("192.0.2.7:10555"), "192.0.2.7:10555");
}

#[test]
fn where_nobody_listens_the_way_out_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = ask(&address, SOON).unwrap_err().to_string();
    assert!(
        error.contains(&address) && error.contains("WOLKVOX_LISTEN_ADDRESS"),
        "{error}"
    );
    let error = ask("nonsense", SOON).unwrap_err().to_string();
    assert!(error.contains("nonsense can't be looked up"), "{error}");
}
