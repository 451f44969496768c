//! A server that sends bytes as a test has them: what no HTTP library would send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::operation::OPERATION;
use super::placed::{minutes, now};
use super::process::{Variables, with, without_server};
use super::web::Place;

/// It answers each call with the next of its answers, over and over, and closes the connection.
pub(crate) struct Wire {
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    scheme: &'static str,
}

impl Wire {
    /// Without TLS.
    pub(crate) fn start(answers: Vec<Vec<u8>>) -> Wire {
        Wire::serve("http", answers, |stream, answer| talk(&mut { stream }, answer))
    }

    /// With TLS, and without `close_notify` at the end of a connection.
    pub(crate) fn without_close_notify(place: &Place, answers: Vec<Vec<u8>>) -> Wire {
        let certificates = CertificateDer::pem_file_iter(place.path("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(place.path("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates.map(Result::unwrap).collect(), key)
            .unwrap();
        let config = Arc::new(config);
        Wire::serve("https", answers, move |stream, answer| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            talk(&mut StreamOwned::new(connection, stream), answer);
        })
    }

    fn serve(
        scheme: &'static str,
        answers: Vec<Vec<u8>>,
        talk: impl Fn(TcpStream, &[u8]) + Send + 'static,
    ) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answered);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let next = count.load(Ordering::SeqCst) % answers.len();
                talk(stream.unwrap(), &answers[next]);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Wire {
            address,
            answered,
            scheme,
        }
    }

    /// How many calls were answered.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// An exporter that asks this server each second, without sweeps, and counts what closed in the last two minutes.
    pub(crate) fn variables(&self, directory: &Path) -> Variables {
        let mut variables = without_server(directory);
        for (name, value) in [
            ("BASE_URL", format!("{}://{}", self.scheme, self.address)),
            ("COUNT_FROM", (now() - minutes(2)).to_rfc3339()),
            ("OPERATION", OPERATION.to_owned()),
            ("POLL_INTERVAL", "1s".to_owned()),
            ("WINDOW", "4m".to_owned()),
            ("SWEEP_INTERVAL", "0s".to_owned()),
            ("REQUEST_TIMEOUT", "5m".to_owned()),
        ] {
            variables = with(variables, name, &value);
        }
        variables
    }
}

fn talk(stream: &mut (impl Read + Write), answer: &[u8]) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        // Who tries whether the port is open says nothing.
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        request.push(byte[0]);
    }
    // A client that has seen enough hangs up.
    drop(stream.write_all(answer).and_then(|()| stream.flush()));
}

/// HTTP 200 with these lines of its head, each with its end.
pub(crate) fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n{head}\r\n");
    [head.as_bytes(), body].concat()
}

/// The same, whose body ends with the connection.
pub(crate) fn unframed(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\n");
    [head.as_bytes(), body].concat()
}

/// One member of gzip.
pub(crate) fn gzip(parts: &[(&[u8], usize)]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for (part, times) in parts {
        let many = part.repeat((*times).min(100_000));
        for _ in 0..times.div_ceil(100_000) {
            encoder.write_all(&many).unwrap();
        }
    }
    encoder.finish().unwrap()
}

/// A row of a chat that closed then.
pub(crate) fn row(conn_id: &str, closed: DateTime<Utc>) -> String {
    let local = closed.with_timezone(&chrono_tz::America::Bogota);
    let at = local.format("%Y-%m-%d %H:%M:%S");
    format!(
        r#"{{"conn_id":"{conn_id}","channel":"whatsapp","date":"{at}","date_close":"{at}","agent_id":"2001","skill_id":"7","chat_duration":"00:00:00","ASA":"00:00:02"}}"#
    )
}

/// An envelope around `data`, which announces so many rows.
pub(crate) fn envelope(announced: usize, data: &str) -> Vec<u8> {
    format!(r#"{{"code":"200","error":null,"msg":"{announced} records were found","data":{data}}}"#)
        .into_bytes()
}
