//! `check --yesterday`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use simulator::{Fault, Filter, Settings, SimulatedChat};

use crate::support::operation::Operation;

/// The beginning of yesterday in Bogotá, five hours behind UTC.
fn yesterday() -> DateTime<Utc> {
    let today = (Utc::now() - TimeDelta::hours(5)).date_naive();
    today.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(5) - TimeDelta::days(1)
}

/// What it printed of yesterday, a line each, and its status.
async fn check(operation: &Operation) -> (Vec<String>, Option<i32>) {
    let output = operation.run(&["check", "--yesterday"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    eprint!("{text}{}", String::from_utf8_lossy(&output.stderr));
    let said = text.lines().filter(|line| line.contains(" yesterday "));
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    (said.map(words).collect(), output.status.code())
}

/// Chats of yesterday by channel.
fn truth(operation: &Operation) -> BTreeMap<String, u64> {
    let to = yesterday() + TimeDelta::days(1) - TimeDelta::seconds(1);
    let mut truth = BTreeMap::new();
    for chat in operation.handle().truth(yesterday(), to) {
        *truth.entry(chat.channel.to_lowercase()).or_default() += 1;
    }
    truth
}

/// Chats that were closed yesterday, one after another, of these channels.
async fn of_channels(channels: &[&str]) -> Operation {
    let chats = channels.iter().zip(1..).map(|(channel, number)| {
        let closed = yesterday() + TimeDelta::minutes(number);
        let mut chat = SimulatedChat::new(
            &format!("90000000{number}"),
            closed - TimeDelta::minutes(9),
            closed,
        );
        (*channel).clone_into(&mut chat.channel);
        chat
    });
    Operation::of(chats.collect()).await
}

/// The reports that it asked for, in their order.
fn asked(operation: &Operation) -> Vec<String> {
    let requests = operation.handle().requests();
    requests.into_iter().filter_map(|request| request.api).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_count_is_said_by_channel_and_in_all_whichever_time_the_report_filters_on() {
    let operation = Operation::start(Settings {
        chats_per_hour: 20.0,
        ..Settings::default()
    })
    .await;
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        operation.handle().set_filter(filter);
        operation.handle().clear_requests();
        let (said, status) = check(&operation).await;
        let truth = truth(&operation);
        for (channel, chats) in &truth {
            let line = format!("ok yesterday channel {channel}: {chats} by chat_1, and the same by chat_13");
            assert!(said.contains(&line), "{line}: {said:?}");
        }
        let date = (yesterday() - TimeDelta::hours(5)).date_naive();
        let all = format!(
            "ok yesterday all chats that were closed on {date} (local time of America/Bogota): {} by chat_1, and the same by chat_13",
            truth.values().sum::<u64>()
        );
        assert_eq!(said.last(), Some(&all));
        assert_eq!((said.len(), status), (truth.len() + 1, Some(0)));
        let asked = asked(&operation);
        assert_eq!(asked[..3], ["chat_1", "chat_13", "chat_1"]);
        // One that filters on the opening time has some of the day's chats in the days before.
        assert_eq!(asked.len() > 3, filter == Filter::OpenTime, "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_said_with_what_is_known_of_it_and_is_no_failure() {
    let operation = of_channels(&["web", "WhatsApp", "whatsapp"]).await;
    operation
        .handle()
        .leave_untaken("web", [yesterday(), yesterday() + TimeDelta::hours(23)]);
    let (said, status) = check(&operation).await;
    assert_eq!(
        said[0],
        "note yesterday channel web: 1 by chat_1, 3 by chat_13, which has 2 more"
    );
    assert_eq!(
        said[1],
        "ok yesterday channel whatsapp: 2 by chat_1, and the same by chat_13"
    );
    assert!(
        said[2].starts_with("note yesterday all chats that were closed on ")
            && said[2].ends_with("3 by chat_1, 5 by chat_13, which has 2 more. What is known of it: chat_1, which the exporter counts, has no chats that no agent took, and rows without a conn_id are not counted"),
        "{said:?}"
    );
    assert_eq!((said.len(), status), (3, Some(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_is_read_however_it_is_written_and_what_can_not_be_read_is_said() {
    let operation = of_channels(&["web", "telegram"]).await;
    let counts = |rows: &str| {
        let body = format!("{{\"code\":\"200\",\"error\":null,\"msg\":\"\",\"data\":[{rows}]}}");
        operation
            .handle()
            .always_for_counts(Some(Fault::Body(body.into_bytes())));
    };
    counts(
        r#"{"Channel":" Web ","interaction":"1,001","extra":{"a":1}},{"chanel":"telegram","interaction":1},{"chanel":"-","interaction":""}"#,
    );
    let (said, status) = check(&operation).await;
    assert_eq!(
        said[..3],
        [
            "note yesterday 1 row of chat_13 left out: `interaction` is no whole number there",
            "ok yesterday channel telegram: 1 by chat_1, and the same by chat_13",
            "note yesterday channel web: 1 by chat_1, 1001 by chat_13, which has 1000 more",
        ]
    );
    assert_eq!(status, Some(0));
    counts(r#"{"chanel":"chat web","interaction":"1"},{"chanel":"telegram","interaction":"0"}"#);
    let (said, _) = check(&operation).await;
    assert!(
        said[3].ends_with("1 by chat_13, which has 1 fewer. What is known of it: chat_1, which the exporter counts, has no chats that no agent took, and rows without a conn_id are not counted; what chat_13 leaves out, and by which time of a chat it goes, Wolkvox does not say; the two reports may call a channel by different names"),
        "{said:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_without_chats_is_none_on_both_sides_and_no_list_of_channels() {
    let operation = Operation::start(Settings::empty()).await;
    let (said, status) = check(&operation).await;
    assert_eq!((said.len(), status), (1, Some(0)));
    assert!(
        said[0].ends_with(": 0 by chat_1, and the same by chat_13"),
        "{said:?}"
    );
    let operation = of_channels(&["web"]).await;
    let none = Fault::status(404, "validate dates entered ");
    operation.handle().always_for_counts(Some(none));
    let (said, status) = check(&operation).await;
    assert_eq!(
        said[0],
        "note yesterday channel web: 1 by chat_1, 0 by chat_13, which has 1 fewer"
    );
    assert_eq!(status, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_that_report_is_told_so_and_is_no_failure() {
    let operation = of_channels(&["web"]).await;
    for (status, msg) in [
        (404, "NOT ENABLED"),
        (400, "THE API YOU WANT TO CONSULT DOES NOT EXIST"),
    ] {
        operation
            .handle()
            .always_for_counts(Some(Fault::status(status, msg)));
        operation.handle().clear_requests();
        let (said, code) = check(&operation).await;
        assert_eq!((said.len(), code), (1, Some(0)));
        assert!(
            said[0].starts_with("note yesterday not compared: this server does not answer chat_13, Wolkvox' own count of closed chats, as not every server does.")
                && said[0].contains(msg),
            "{said:?}"
        );
        assert_eq!(
            asked(&operation),
            ["chat_1", "chat_13"],
            "no call is made in vain"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_that_can_not_be_read_is_a_problem() {
    let operation = of_channels(&["web"]).await;
    for fault in [
        Fault::Html200,
        Fault::status(403, "BACKUP"),
        Fault::status(500, "ERROR"),
        Fault::CutBody { after_bytes: 20 },
        Fault::AnnounceMore(1),
        Fault::ResetBeforeHeaders,
    ] {
        operation.handle().always_for_counts(Some(fault.clone()));
        let (said, code) = check(&operation).await;
        assert_eq!((said.len(), code), (1, Some(1)), "{fault:?}");
        assert!(
            said[0].starts_with(
                "PROBLEM yesterday chat_13, Wolkvox' own count of closed chats, can't be read: "
            ),
            "{said:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_compared_where_the_first_call_fails_or_one_agent_is_asked_for() {
    let operation = of_channels(&["web"]).await.with("AGENT_DNI", "5219043");
    let (said, code) = check(&operation).await;
    assert_eq!(
        said,
        [
            "note yesterday not compared: WOLKVOX_AGENT_DNI asks for the chats of one agent, and chat_13 counts those of all"
        ]
    );
    assert_eq!((asked(&operation), code), (vec!["chat_1".to_owned()], Some(0)));
    operation.handle().set_token("another");
    operation.handle().clear_requests();
    let (said, code) = check(&operation).await;
    assert_eq!((said.len(), code), (0, Some(1)));
    assert_eq!(asked(&operation), ["chat_1"]);
}
