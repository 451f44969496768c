mod list;
mod secret;
mod size;
mod transport;
mod verdict;

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::report::{Row, RowError};
use crate::{Key, Read, Value};

#[derive(Default)]
struct Taken {
    begun: u32,
    date: Option<DateTime<Utc>>,
    rows: Vec<Result<Row<'static>, RowError>>,
}

impl Sink for Taken {
    fn begin(&mut self, date: Option<DateTime<Utc>>) {
        assert!(self.rows.is_empty());
        self.begun += 1;
        self.date = date;
    }

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        self.rows.push(row.map(Row::into_owned));
    }
}

/// What the server does when it has sent its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    Reset,
    Stall,
}

struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Answers each connection's first request with the same bytes.
async fn serve(answer: impl Into<Vec<u8>>, end: End) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (answer, seen) = (answer.into(), Arc::clone(&requests));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(talk(stream, answer.clone(), end, Arc::clone(&seen)));
        }
    });
    Server { base, requests }
}

async fn talk(mut stream: TcpStream, answer: Vec<u8>, end: End, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    seen.lock().unwrap().push(String::from_utf8(request).unwrap());
    // A client that has seen enough hangs up.
    drop(stream.write_all(&answer).await);
    match end {
        End::Close => drop(stream.shutdown().await),
        End::Reset => stream.set_zero_linger().unwrap(),
        End::Stall => std::future::pending().await,
    }
}

fn http(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn window() -> Window {
    let local = |text| crate::window::parse_local(text).unwrap();
    Window {
        from: DateTime::default(),
        to: DateTime::default(),
        date_ini: local("20260101000000"),
        date_end: local("20260101235959"),
    }
}

fn report() -> Report {
    Report {
        name: "chat_1",
        keys: vec![Key {
            name: "conn_id",
            index: 0,
            rank: 0,
            read: Read::Value,
        }],
        unread: &["comments"],
    }
}

fn token() -> Token {
    "t0ken".parse().unwrap()
}

fn settings(server: &Server) -> Settings {
    Settings::new(server.base.clone(), token(), report())
}

async fn ask_with(settings: Settings) -> (Exchange, Taken) {
    let mut rows = Taken::default();
    let exchange = Client::new(settings).unwrap().report(&window(), &mut rows).await;
    (exchange, rows)
}

async fn ask(answer: impl Into<Vec<u8>>, end: End) -> (Exchange, Taken) {
    ask_with(settings(&serve(answer, end).await)).await
}

async fn reason(answer: impl Into<Vec<u8>>, end: End) -> Reason {
    let (exchange, _) = ask(answer, end).await;
    exchange.result.unwrap_err().reason()
}

const GOOD: &str =
    r#"{"code":"200","error":"null","msg":"2 records were found","data":[{"conn_id":"1"},{"conn_id":2}]}"#;

#[tokio::test]
async fn a_good_answer_hands_over_its_rows() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    let mut settings = settings(&server);
    settings.agent_dni = Some("1 234&5".to_owned().into());
    settings.user_agent = "caller/1.2".to_owned();
    let (exchange, rows) = ask_with(settings).await;
    assert_eq!(
        exchange.result.unwrap(),
        Answer {
            rows: 2,
            announced: Some(2)
        }
    );
    assert_eq!((exchange.status, exchange.bytes), (Some(200), GOOD.len() as u64));
    assert_eq!(exchange.date, DateTime::from_timestamp(784_111_777, 0));
    assert_eq!((rows.begun, rows.date), (1, exchange.date));
    assert_eq!(rows.rows[1].as_ref().unwrap().get(0_usize), Value::Text("2"));
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].starts_with(
        "GET /api/v2/reports_manager.php?api=chat_1&date_ini=20260101000000&date_end=20260101235959&agent_dni=1+234%265 HTTP/1.1\r\n"
    ));
    assert!(requests[0].contains("\r\nwolkvox-token: t0ken\r\n"));
    assert!(requests[0].contains("\r\nuser-agent: caller/1.2\r\n"));
}

#[tokio::test]
async fn a_window_that_the_server_would_answer_as_empty_is_not_asked() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    let client = Client::new(settings(&server)).unwrap();
    let reversed = Window {
        date_ini: window().date_end,
        date_end: window().date_ini,
        ..window()
    };
    let exchange = client.report(&reversed, &mut Taken::default()).await;
    assert_eq!(exchange.result.unwrap_err().reason(), Reason::BadRequest);
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn a_base_or_roots_that_are_none_are_told() {
    for base in [
        "",
        "wv1.wolkvox.com",
        "ftp://a",
        "https://",
        "https://u:p@a",
        "https://a/?b",
    ] {
        assert!(
            matches!(
                Client::new(Settings::new(base, token(), report())),
                Err(SetupError::Base)
            ),
            "{base}"
        );
    }
    for roots in ["", "no certificate"] {
        let mut settings = Settings::new("https://wv1.wolkvox.com", token(), report());
        settings.roots = Some(roots.into());
        assert!(matches!(
            Client::new(settings),
            Err(SetupError::Roots(RootsError::NoCertificate))
        ));
    }
}
