use chrono::NaiveDateTime;
use wolkvox::{RowError, Value};

use super::*;

/// The keys that the tests read, by their index.
const KEYS: [&str; 3] = ["conn_id", "date_close", "skill_id"];
const CONN_ID: usize = 0;
const SKILL_ID: usize = 2;

/// A clock that stands still at noon.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        utc("2026-03-10 12:00:00")
    }
}

/// Keeps the rows that it is handed.
#[derive(Default)]
struct Rows(Vec<Row<'static>>);

impl Rows {
    fn texts(&self, field: usize) -> Vec<&str> {
        self.0.iter().map(|row| text(row, field)).collect()
    }
}

fn text<'a>(row: &'a Row<'_>, field: usize) -> &'a str {
    match row.get(field) {
        Value::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

impl Sink for Rows {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        self.0.push(row.unwrap().into_owned());
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .unwrap()
        .and_utc()
}

fn window(from: &str, to: &str) -> Window {
    let (from, to) = (utc(from), utc(to));
    Window {
        from,
        to,
        date_ini: from.naive_utc(),
        date_end: to.naive_utc(),
    }
}

/// A server with a chat that closes at each of these times of the day, named after it.
fn server(closed: &[&str]) -> MemorySource {
    let server = MemorySource::new(Arc::new(Noon), Tz::UTC, KEYS);
    let chats = closed
        .iter()
        .map(|at| Chat::new(*at, utc(&format!("2026-03-10 {at}"))));
    server.with(|state| state.chats.extend(chats));
    server
}

/// The answer to a call for 11:00:00 to 11:10:00.
async fn ask(server: &MemorySource) -> (Rows, Exchange) {
    let mut rows = Rows::default();
    let window = window("2026-03-10 11:00:00", "2026-03-10 11:10:00");
    let exchange = server.report(&window, &mut rows).await;
    (rows, exchange)
}

#[tokio::test(start_paused = true)]
async fn a_window_holds_its_first_second_and_by_the_setting_its_last() {
    let server = server(&["10:59:59", "11:00:00", "11:10:00", "11:10:01"]);
    assert_eq!(ask(&server).await.0.texts(CONN_ID), ["11:00:00", "11:10:00"]);
    server.with(|state| state.end_is_exclusive = true);
    assert_eq!(ask(&server).await.0.texts(CONN_ID), ["11:00:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_row_appears_when_its_delay_after_the_close_has_passed() {
    let server = server(&[]);
    for (id, delay) in [("seen", 55), ("not yet", 56)] {
        let chat = Chat::new(id, utc("2026-03-10 11:05:00")).delayed(TimeDelta::minutes(delay));
        server.with(|state| state.chats.push(chat));
    }
    assert_eq!(ask(&server).await.0.texts(CONN_ID), ["seen"]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_on_opening_finds_a_chat_where_it_was_opened() {
    let server = server(&["11:04:00", "11:14:00"]);
    server.with(|state| state.filter = Filter::OpenTime);
    assert_eq!(ask(&server).await.0.texts(CONN_ID), ["11:14:00"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_chat_has_of_its_own_replaces_what_all_have() {
    let server = server(&["11:01:00"]);
    let chat = Chat::new("own", utc("2026-03-10 11:02:00")).with(SKILL_ID, "8");
    server.with(|state| state.chats.push(chat));
    assert_eq!(ask(&server).await.0.texts(SKILL_ID), ["7", "8"]);
}

#[tokio::test(start_paused = true)]
async fn faults_come_in_the_order_of_the_script_and_then_the_answer() {
    let server = server(&["11:01:00", "11:02:00", "11:03:00"]);
    server.with(|state| {
        state.script.extend([Some(Fault::half()), Some(Fault::silence())]);
    });
    let (rows, cut) = ask(&server).await;
    assert_eq!(rows.0.len(), 2);
    assert_eq!(cut.result.unwrap_err().reason(), Reason::Truncated);
    let (rows, silent) = ask(&server).await;
    assert_eq!((rows.0.len(), silent.result.unwrap()), (0, Answer::default()));
    let (rows, whole) = ask(&server).await;
    assert_eq!((rows.0.len(), whole.result.unwrap().rows), (3, 3));
    assert!(server.with(|state| state.has_hidden && state.answered.len() == 1));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "as if it were empty")]
async fn a_window_that_the_vendor_does_not_answer_is_a_fault_of_the_caller() {
    let across = window("2026-03-31 23:00:00", "2026-04-01 01:00:00");
    server(&[]).report(&across, &mut Rows::default()).await;
}
