use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::wolkvox::report::{Row, RowError};
use crate::wolkvox::{Field, Value};

#[derive(Default)]
struct Taken {
    begun: u32,
    date: Option<DateTime<Utc>>,
    rows: Vec<Result<Row, RowError>>,
}

impl Sink for Taken {
    fn begin(&mut self, date: Option<DateTime<Utc>>) {
        assert!(self.rows.is_empty());
        self.begun += 1;
        self.date = date;
    }

    fn row(&mut self, row: Result<Row, RowError>) {
        self.rows.push(row);
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
    let local = |text| crate::wolkvox::window::parse_local(text).unwrap();
    Window {
        from: DateTime::default(),
        to: DateTime::default(),
        date_ini: local("20260101000000"),
        date_end: local("20260101235959"),
    }
}

fn settings(server: &Server) -> Settings {
    Settings::new(server.base.clone(), Token::Fixed("t0ken".to_owned().into()))
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
    assert_eq!(
        rows.rows[1].as_ref().unwrap().get(Field::ConnId),
        &Value::Text("2".into())
    );
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].starts_with(
        "GET /api/v2/reports_manager.php?api=chat_1&date_ini=20260101000000&date_end=20260101235959&agent_dni=1+234%265 HTTP/1.1\r\n"
    ));
    assert!(requests[0].contains("\r\nwolkvox-token: t0ken\r\n"));
    assert!(requests[0].contains(concat!(
        "\r\nuser-agent: wolkvox-exporter/",
        env!("CARGO_PKG_VERSION"),
        "\r\n"
    )));
}

#[tokio::test]
async fn each_status_is_judged() {
    for (status, msg, reason) in [
        ("404 Not Found", "report not enabled", Reason::HttpStatus),
        (
            "400 Bad Request",
            "SOME PARAMETERS ARE REQUIRED",
            Reason::BadRequest,
        ),
        ("401 Unauthorized", "PLEASE ENTER THE WOLKVOX-TOKEN", Reason::Auth),
        ("403 Forbidden", "Please validate token ", Reason::Auth),
        ("403 Forbidden", "TOKEN LIMIT EXCEEDED", Reason::Quota),
        (
            "403 Forbidden",
            "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
            Reason::Concurrency,
        ),
        ("403 Forbidden", "BACKUP", Reason::Forbidden),
        ("429 Too Many Requests", "", Reason::HttpStatus),
        ("503 Service Unavailable", "", Reason::HttpStatus),
    ] {
        let body = format!(r#"{{"msg":"{msg}","error":null,"code":"1","data":null}}"#);
        let (exchange, rows) = ask(http(status, body), End::Close).await;
        let error = exchange.result.unwrap_err();
        assert_eq!(error.reason(), reason, "{status} {msg}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(error.to_string().contains(msg.trim()) && rows.begun == 1);
        assert_eq!(exchange.status.unwrap().to_string(), status[..3]);
    }
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_bring_it_into_the_log() {
    let body = r#"{"code":403,"msg":"token t0ken is not known"}"#;
    let error = ask(http("403 Forbidden", body), End::Close)
        .await
        .0
        .result
        .unwrap_err();
    assert!(
        error.to_string().contains("token [secret] is not known"),
        "{error}"
    );
}

#[tokio::test]
async fn a_404_about_the_dates_is_an_empty_window_and_no_other_is() {
    let body = r#"{"code":"404","error":"x","msg":" validate dates ENTERED","data":[]}"#;
    assert_eq!(
        ask(http("404 Not Found", body), End::Close)
            .await
            .0
            .result
            .unwrap(),
        Answer::default()
    );
    assert_eq!(
        ask(http("200 OK", body), End::Close).await.0.result.unwrap(),
        Answer::default()
    );
    assert_eq!(
        reason(http("404 Not Found", "Validate dates entered"), End::Close).await,
        Reason::HttpStatus
    );
    assert_eq!(
        reason(http("404 Not Found", "<html>"), End::Close).await,
        Reason::HttpStatus
    );
    let contradiction = body.replace("[]", "[{}]");
    assert_eq!(
        reason(http("200 OK", contradiction), End::Close).await,
        Reason::NotJson
    );
}

#[tokio::test]
async fn a_200_with_another_code_is_judged_by_that_code() {
    for (body, expected) in [
        (
            r#"{"code":403,"msg":"TOKEN LIMIT EXCEEDED","data":[]}"#,
            Reason::Quota,
        ),
        (
            r#"{"data":[{"conn_id":"1"}],"msg":"","code":"500"}"#,
            Reason::HttpStatus,
        ),
        (r#"{"code":"401","data":null}"#, Reason::Auth),
        (r#"{"code":"ERROR","data":[]}"#, Reason::NotJson),
        (
            r#"{"code":200,"msg":"0 records were found","data":null}"#,
            Reason::NotJson,
        ),
        (r#"{"code":200}"#, Reason::NotJson),
        ("{}", Reason::NotJson),
    ] {
        assert_eq!(reason(http("200 OK", body), End::Close).await, expected, "{body}");
    }
    for body in [
        r#"{"data":[]}"#,
        r#"{"code":"","data":[]}"#,
        r#"{"code":"0","data":[]}"#,
    ] {
        assert!(ask(http("200 OK", body), End::Close).await.0.result.is_ok());
    }
}

#[tokio::test]
async fn fewer_rows_than_announced_are_truncated_and_more_are_fine() {
    let answer = |announced: &str| http("200 OK", GOOD.replace("2 records", announced));
    assert_eq!(reason(answer("3 records"), End::Close).await, Reason::Truncated);
    for fine in ["1 records", "some records"] {
        assert_eq!(ask(answer(fine), End::Close).await.0.result.unwrap().rows, 2);
    }
}

#[tokio::test]
async fn a_body_cut_short_is_truncated() {
    let whole = http("200 OK", GOOD);
    assert_eq!(
        reason(&whole[..whole.len() - 1], End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(&whole[..whole.len() - GOOD.len()], End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(http("200 OK", &GOOD[..GOOD.len() - 5]), End::Close).await,
        Reason::Truncated
    );
    // The JSON is whole, but the server had announced more.
    let longer = String::from_utf8(whole)
        .unwrap()
        .replace(&format!("Length: {}", GOOD.len()), "Length: 1000");
    assert_eq!(reason(longer, End::Close).await, Reason::Truncated);
}

#[tokio::test]
async fn what_is_no_json_is_told_even_if_cut_short() {
    for body in ["", "<html>", "<b>Warning</b>: x {}"] {
        assert_eq!(reason(http("200 OK", body), End::Close).await, Reason::NotJson);
    }
    let cut = http("200 OK", "<html></html>");
    assert_eq!(reason(&cut[..cut.len() - 3], End::Close).await, Reason::NotJson);
    assert_eq!(reason(&cut[..cut.len() - 3], End::Stall).await, Reason::NotJson);
}

#[tokio::test]
async fn a_stall_is_a_timeout_and_keeps_the_status() {
    let whole = http("200 OK", GOOD);
    for (length, status) in [(0, None), (whole.len() - 5, Some(200))] {
        let mut settings = settings(&serve(&whole[..length], End::Stall).await);
        settings.timeout = Duration::from_millis(300);
        let (exchange, rows) = ask_with(settings).await;
        let error = exchange.result.unwrap_err();
        assert_eq!((error.reason(), exchange.status), (Reason::Timeout, status));
        assert!(!error.is_retryable() && rows.begun == u32::from(status.is_some()));
        assert_eq!(error.to_string().contains("allow-list"), status.is_none());
        // One that had begun may be too large for the time allowed.
        assert_eq!(error.is_about_size(), status.is_some());
    }
}

#[tokio::test]
async fn a_connection_that_fails_before_the_headers_is_connect() {
    for end in [End::Reset, End::Close] {
        let (exchange, rows) = ask("", end).await;
        let error = exchange.result.unwrap_err();
        assert_eq!(
            (error.reason(), exchange.status, rows.begun),
            (Reason::Connect, None, 0)
        );
        assert!(error.is_retryable() && error.to_string().contains("allow-list"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut settings = Settings::new(base, Token::Fixed("t0ken".to_owned().into()));
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::Connect);
    assert!(!error.to_string().contains("PRIVATE") && !error.to_string().contains("t0ken"));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_tls() {
    let server = serve("HTTP/1.1 400 Bad Request\r\n\r\n", End::Close).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let mut settings = settings(&server);
    settings.base = base;
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::Tls);
    assert!(error.to_string().contains("WOLKVOX_CA_FILE"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_token_elsewhere() {
    let other = serve(http("200 OK", GOOD), End::Close).await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n",
        other.base
    );
    let (exchange, _) = ask(answer, End::Close).await;
    assert_eq!(exchange.status, Some(302));
    assert_eq!(exchange.result.unwrap_err().reason(), Reason::HttpStatus);
    assert!(other.requests.lock().unwrap().is_empty());
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, body).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_gzip_body_is_read_and_counted_unpacked() {
    let (exchange, rows) = ask(gzipped(&gzip(GOOD.as_bytes())), End::Close).await;
    assert_eq!((exchange.result.unwrap().rows, rows.rows.len()), (2, 2));
    assert_eq!(exchange.bytes, GOOD.len() as u64);
    let whole = gzip(GOOD.as_bytes());
    assert_eq!(
        reason(gzipped(&whole[..whole.len() / 2]), End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(gzipped(b"no gzip at all, but long enough"), End::Close).await,
        Reason::NotJson
    );
}

#[tokio::test]
async fn too_many_bytes_are_too_large_unpacked_too() {
    let body = format!("{{\"x\":\"{}\"}}", "a".repeat(2_000_000));
    for answer in [http("200 OK", &body), gzipped(&gzip(body.as_bytes()))] {
        let mut settings = settings(&serve(answer, End::Close).await);
        settings.max_bytes = 1_000_000;
        let (exchange, _) = ask_with(settings).await;
        assert_eq!(exchange.result.unwrap_err().reason(), Reason::TooLarge);
    }
}

#[tokio::test]
async fn as_many_rows_as_the_limit_are_too_many() {
    for (count, is_good) in [(199, true), (200, false), (5000, false)] {
        let body = format!("{{\"data\":[{}]}}", vec!["{\"conn_id\":\"1\"}"; count].join(","));
        let mut settings = settings(&serve(http("200 OK", body), End::Close).await);
        settings.max_rows = 200;
        let (exchange, rows) = ask_with(settings).await;
        assert!(rows.rows.len() < 200);
        match exchange.result {
            Ok(answer) => assert!(is_good && answer.rows == 199),
            Err(error) => assert!(!is_good && error.reason() == Reason::TooManyRows),
        }
    }
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

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    let mut settings = settings(&server);
    settings.token = Token::File("/nonexistent/token".into());
    assert_eq!(
        ask_with(settings).await.0.result.unwrap_err().reason(),
        Reason::Auth
    );
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn a_base_or_a_ca_file_that_is_none_is_told() {
    let token = || Token::Fixed("t0ken".to_owned().into());
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
                Client::new(Settings::new(base, token())),
                Err(SetupError::Base(_))
            ),
            "{base}"
        );
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut settings = Settings::new("https://wv1.wolkvox.com", token());
    settings.ca_file = Some(file.path().to_owned());
    assert!(matches!(
        Client::new(settings.clone()),
        Err(SetupError::NoCertificate(_))
    ));
    settings.ca_file = Some("/nonexistent".into());
    assert!(matches!(Client::new(settings), Err(SetupError::CaFile { .. })));
}

#[test]
fn settings_never_show_what_is_secret() {
    let mut settings = Settings::new("https://a", Token::Fixed("t0ken".to_owned().into()));
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let shown = format!("{settings:?}");
    assert!(!shown.contains("t0ken") && !shown.contains("PRIVATE"));
}
