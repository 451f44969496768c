use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;

use super::*;
use crate::clock::SystemClock;
use crate::exposition::{Options, Page, build};
use crate::http::status::tests::started as status;
use crate::metrics::process::Process;
use crate::metrics::published;

fn shared() -> Arc<Shared> {
    let process = Process::register(prometheus::Registry::new()).unwrap();
    Arc::new(Shared::new(Options::default(), Arc::new(SystemClock), process))
}

/// Publishes a page with one family.
fn publish(shared: &Shared, operation: &str) {
    let labels = [("operation", operation)];
    let family = build::counter("chats_total", "Chats.", &[(&labels, 3.0)]);
    let page = Page::new(published([family]), None, Options::default());
    shared.insert(status(operation), None).publish(page);
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(bytes(response).await.to_vec()).unwrap()
}

async fn answered(shared: &Arc<Shared>, request: &Request<()>) -> Response<Body> {
    answer(shared, request, "http").await
}

#[tokio::test]
async fn metrics_answers_with_its_own_state_before_anything_was_published() {
    let response = answered(&shared(), &request("GET", "/metrics", &[])).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(header(&response, "cache-control"), "no-store");
    let text = text(response).await;
    assert!(text.ends_with("\nwolkvox_exporter_scrapes_total 0\n"), "{text}");
}

#[tokio::test]
async fn a_scrape_counts_once_its_body_was_taken() {
    let shared = shared();
    drop(answered(&shared, &request("GET", "/metrics", &[])).await);
    assert_eq!(shared.scrapes(), 0);
    text(answered(&shared, &request("GET", "/metrics", &[])).await).await;
    assert_eq!(shared.scrapes(), 1);
    let text = text(answered(&shared, &request("GET", "/metrics?x=y", &[])).await).await;
    assert!(text.contains("\nwolkvox_exporter_scrapes_total 1\n"), "{text}");
}

#[tokio::test]
async fn format_and_encoding_are_those_asked_for() {
    let shared = shared();
    publish(&shared, "ventas");
    let headers = [
        ("accept", "application/openmetrics-text"),
        ("accept-encoding", "gzip"),
    ];
    let response = answered(&shared, &request("GET", "/metrics", &headers)).await;
    assert_eq!(
        header(&response, "content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert_eq!(header(&response, "vary"), "Accept, Accept-Encoding");
    let mut text = String::new();
    GzDecoder::new(&bytes(response).await[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(
        text.contains("\nchats_total{operation=\"ventas\"} 3.0\n") && text.ends_with("\n# EOF\n"),
        "{text}"
    );

    let response = answered(&shared, &request("GET", "/metrics", &[("accept-encoding", "br")])).await;
    assert_eq!(header(&response, "content-encoding"), "");
    assert!(
        self::text(response)
            .await
            .contains("\nchats_total{operation=\"ventas\"} 3\n")
    );
}

#[tokio::test]
async fn protobuf_is_answered_to_those_who_ask_for_it_first() {
    let shared = shared();
    publish(&shared, "ventas");
    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                  application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1";
    for encoding in ["gzip", "identity"] {
        let headers = [("accept", accept), ("accept-encoding", encoding)];
        let response = answered(&shared, &request("GET", "/metrics", &headers)).await;
        assert_eq!(
            header(&response, "content-type"),
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        );
        let mut body = bytes(response).await.to_vec();
        if encoding == "gzip" {
            let mut plain = Vec::new();
            GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
            body = plain;
        }
        let families = exposition_reader::protobuf::families(&body);
        assert_eq!(families[0].name(), "chats_total");
        assert_eq!(families.last().unwrap().name(), "wolkvox_exporter_scrapes_total");
    }
}

#[tokio::test]
async fn operations_are_shown_together_or_one_alone_or_the_exporter_alone() {
    let shared = shared();
    publish(&shared, "soporte & más");
    publish(&shared, "ventas");
    let get = async |path| text(answered(&shared, &request("GET", path, &[])).await).await;
    let one = |operation| format!("chats_total{{operation=\"{operation}\"}} 3\n");
    let head = "# HELP chats_total Chats.\n# TYPE chats_total counter\n";
    let [support, sales] = ["soporte & más", "ventas"].map(one);
    let all = get("/metrics?x=y").await;
    assert!(
        all.starts_with(&format!("{head}{support}{sales}# HELP ")),
        "{all}"
    );
    assert!(all.contains("\nwolkvox_exporter_build_info{"), "{all}");
    assert_eq!(get("/metrics?operation=ventas").await, format!("{head}{sales}"));
    assert_eq!(
        get("/metrics?operation=soporte+%26%20m%C3%A1s").await,
        format!("{head}{support}")
    );
    for path in ["/metrics?exporter", "/metrics?exporter=10.0.0.1:9090"] {
        let exporter = get(path).await;
        assert!(!exporter.contains("chats_total"), "{exporter}");
        assert!(
            exporter.contains("\nwolkvox_exporter_build_info{")
                && exporter.contains("\nwolkvox_exporter_scrapes_total "),
            "{exporter}"
        );
    }
}

#[tokio::test]
async fn what_an_operation_alone_can_not_be_shown_for_is_said() {
    let shared = shared();
    let get = async |path| {
        let response = answered(&shared, &request("GET", path, &[])).await;
        (response.status().as_u16(), text(response).await)
    };
    let unknown = get("/metrics?operation=nadie%0A").await;
    assert_eq!(
        unknown,
        (
            404,
            "There is no operation \"nadie\\n\" here. 0 operations are known; /sd lists what there is.\n"
                .to_owned()
        )
    );
    let operation = shared.insert(status("ventas"), None);
    assert!(
        get("/metrics?operation=nadie")
            .await
            .1
            .contains("1 operation is known")
    );
    let (code, words) = get("/metrics?operation=ventas").await;
    assert!(code == 503 && words.contains("starting"), "{words}");
    operation.withdraw();
    let (code, words) = get("/metrics?operation=ventas").await;
    assert!(code == 503 && words.contains("stands still"), "{words}");
    assert_eq!(get("/metrics").await.0, 200);
    let (code, words) = get("/metrics?operation=ventas&exporter").await;
    assert!(
        code == 400 && words.contains("/metrics?operation=NAME"),
        "{words}"
    );
    assert_eq!(shared.scrapes(), 1, "what shows nothing is no scrape");
}

#[tokio::test]
async fn readiness_follows_what_was_set_and_health_does_not() {
    let shared = shared();
    let status = async |path| {
        answered(&shared, &request("GET", path, &[]))
            .await
            .status()
            .as_u16()
    };
    assert_eq!((status("/-/healthy").await, status("/-/ready").await), (200, 503));
    shared.set_ready();
    assert_eq!((status("/-/healthy").await, status("/-/ready").await), (200, 200));
}

#[tokio::test]
async fn an_unknown_path_names_the_known_ones() {
    for path in ["/metrics/", "/favicon.ico", "//"] {
        let response = answered(&shared(), &request("GET", path, &[])).await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(text(response).await.contains("/metrics"));
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_answered() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let response = answered(&shared(), &request(method, "/metrics", &[])).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "allow")),
            (405, "GET, HEAD")
        );
        assert!(text(response).await.ends_with(".\n"));
    }
}

#[tokio::test]
async fn the_status_page_may_load_nothing_but_its_own_style() {
    let shared = shared();
    let mut status = status("<ventas>");
    status.demo = true;
    shared.insert(status, None);
    let response = answered(&shared, &request("GET", "/", &[])).await;
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    let policy = header(&response, "content-security-policy").to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let text = text(response).await;
    assert!(text.contains("&lt;ventas&gt;") && text.contains("demo"), "{text}");
    assert!(!text.contains(" style=\""), "the policy forbids it: {text}");
}

#[tokio::test]
async fn the_status_is_answered_as_json_too() {
    let shared = shared();
    for name in ["soporte", "ventas & más"] {
        shared.insert(status(name), None);
    }
    let names = async |path| {
        let response = answered(&shared, &request("GET", path, &[])).await;
        assert_eq!(
            header(&response, "content-type"),
            "application/json; charset=utf-8"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        let answer: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
        let operations = answer["operations"].as_array().unwrap();
        operations
            .iter()
            .map(|one| one["operation"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("/api/v1/status").await, ["soporte", "ventas & más"]);
    assert_eq!(
        names("/api/v1/status?operation=ventas+%26+m%C3%A1s").await,
        ["ventas & más"]
    );
}

#[tokio::test]
async fn an_operation_that_is_not_there_has_no_status() {
    let shared = shared();
    shared.insert(status("ventas"), None);
    for path in ["/?operation=nadie", "/api/v1/status?operation=nadie"] {
        let response = answered(&shared, &request("GET", path, &[])).await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(
            text(response)
                .await
                .contains("There is no operation \"nadie\" here")
        );
    }
    let one = answered(&shared, &request("GET", "/?operation=ventas", &[])).await;
    assert_eq!(one.status(), 200);
}

#[tokio::test]
async fn a_reload_that_was_refused_is_told_on_the_page() {
    let shared = shared();
    shared.insert(status("ventas"), None);
    shared.note_reload(None);
    shared.set_warnings(vec!["WOLKVOX_WINDOW is odd".to_owned()]);
    let page = text(answered(&shared, &request("GET", "/", &[])).await).await;
    assert!(page.contains("The last reload was refused"), "{page}");
    assert!(page.contains("WOLKVOX_WINDOW is odd"), "{page}");
}
