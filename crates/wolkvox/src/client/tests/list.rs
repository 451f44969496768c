use super::*;
use crate::List;

fn skills() -> List {
    let key = |name, index| Key {
        name,
        index,
        rank: 0,
        read: Read::Value,
    };
    List {
        page: "information.php",
        report: Report {
            name: "skills",
            keys: vec![key("skill_id", 0), key("skill_name", 1)],
            unread: &[],
        },
        max_bytes: 1000,
        max_rows: 4,
    }
}

async fn list(server: &Server) -> (Exchange, Taken) {
    let mut settings = settings(server);
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let mut rows = Taken::default();
    let exchange = Client::new(settings).unwrap().list(&skills(), &mut rows).await;
    (exchange, rows)
}

fn rows(count: usize) -> String {
    let row = r#"{"Skill_Name ":"Sales","SKILL_ID":12}"#;
    format!(
        r#"{{"data":[{}],"code":"200","msg":"{count} records were found"}}"#,
        vec![row; count].join(",")
    )
}

#[tokio::test]
async fn a_list_is_asked_for_at_its_page_without_dates_or_agent() {
    let server = serve(http("200 OK", rows(2)), End::Close).await;
    let (exchange, rows) = list(&server).await;
    assert_eq!(exchange.result.unwrap().rows, 2);
    let row = rows.rows[0].as_ref().unwrap();
    assert_eq!(
        (row.get(0_usize), row.get(1_usize)),
        (Value::Text("12"), Value::Text("Sales"))
    );
    let requests = server.requests.lock().unwrap();
    assert!(
        requests[0].starts_with("GET /api/v2/information.php?api=skills HTTP/1.1\r\n"),
        "{requests:?}"
    );
    assert!(requests[0].contains("\r\nwolkvox-token: t0ken\r\n"));
}

#[tokio::test]
async fn a_list_has_bounds_of_its_own() {
    let long = format!(r#"{{"data":[{{"skill_name":"{}"}}]}}"#, "x".repeat(2000));
    for (body, reason) in [(rows(4), Reason::TooManyRows), (long, Reason::TooLarge)] {
        let server = serve(http("200 OK", body), End::Close).await;
        let (exchange, _) = list(&server).await;
        assert_eq!(exchange.result.unwrap_err().reason(), reason);
    }
}

#[tokio::test]
async fn a_list_that_is_not_there_is_told_by_its_name() {
    let body = r#"{"code":"404","msg":"NOT ENABLED"}"#;
    let server = serve(http("404 Not Found", body), End::Close).await;
    let error = list(&server).await.0.result.unwrap_err();
    assert_eq!((error.reason(), error.status()), (Reason::HttpStatus, Some(404)));
    let told = error.to_string();
    assert!(
        told.contains("the skills report") && !told.contains("chat_1"),
        "{told}"
    );
}
