//! The list of skills, and the closed chats by channel.

use std::collections::BTreeMap;

use super::*;

const NOW: &str = "2026-03-20T15:00:00Z";

fn skills_target() -> &'static str {
    "/api/v2/information.php?api=skills"
}

#[tokio::test]
async fn the_skills_are_listed_by_name_without_dates() {
    let settings = Settings::default();
    let server = serve(settings.clone(), NOW).await;
    let reply = send(&server, skills_target(), Some(&settings.token))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, reply.msg().as_str()),
        (200, "4 records were found")
    );
    let rows = reply.rows();
    let named = |row: &Value| (row["skill_id"].clone(), row["skill_name"].clone());
    assert_eq!(named(&rows[0]), ("12".into(), "Sales".into()));
    assert!(rows.iter().all(|row| row["skill_id"] != "0"));
    assert_eq!(server.handle().requests()[0].page, Page::Information);
}

#[tokio::test]
async fn a_call_for_the_skills_needs_a_token_and_counts_against_the_quota() {
    let settings = Settings {
        quota: Some(1),
        ..Settings::default()
    };
    let server = serve(settings.clone(), NOW).await;
    let ask = async |token| send(&server, skills_target(), token).await.unwrap();
    assert_eq!(ask(None).await.status, 401);
    assert_eq!(ask(Some("another")).await.status, 403);
    assert_eq!(ask(Some(settings.token.as_str())).await.status, 200);
    assert_eq!(
        ask(Some(settings.token.as_str())).await.msg(),
        "TOKEN LIMIT EXCEEDED"
    );
}

fn counts_target() -> &'static str {
    "/api/v2/reports_manager.php?api=chat_13&date_ini=20260310000000&date_end=20260310235959"
}

/// The channels of that report and their chats.
fn counted(reply: &Reply, key: &str) -> BTreeMap<String, Value> {
    let row = |row: &Value| (row[key].as_str().unwrap().to_owned(), row["interaction"].clone());
    reply.rows().iter().map(row).collect()
}

#[tokio::test]
async fn the_closed_chats_by_channel_are_those_of_the_report_and_those_that_no_agent_took() {
    let settings = Settings::default();
    let server = serve(settings.clone(), "2026-03-12T12:00:00Z").await;
    let ask = async || {
        send(&server, counts_target(), Some(&settings.token))
            .await
            .unwrap()
    };
    let day = utc("2026-03-10T05:00:00Z");
    let mut truth = BTreeMap::<String, u64>::new();
    for chat in server
        .handle()
        .truth(day, day + TimeDelta::days(1) - TimeDelta::seconds(1))
    {
        *truth.entry(chat.channel).or_default() += 1;
    }
    let shown = |truth: &BTreeMap<String, u64>| -> BTreeMap<String, Value> {
        let text = truth
            .iter()
            .map(|(channel, chats)| (channel.clone(), chats.to_string().into()));
        text.collect()
    };
    assert!(truth.len() > 1);
    assert_eq!(counted(&ask().await, "chanel"), shown(&truth));
    // Whichever time the report filters on.
    server.handle().set_filter(Filter::OpenTime);
    assert_eq!(counted(&ask().await, "chanel"), shown(&truth));
    let second = TimeDelta::seconds(1);
    server
        .handle()
        .leave_untaken("web", [day, day + second, day - second]);
    *truth.entry("web".to_owned()).or_default() += 2;
    assert_eq!(counted(&ask().await, "chanel"), shown(&truth));
}

#[tokio::test]
async fn a_day_without_closed_chats_is_an_empty_window_and_numbers_may_be_numbers() {
    let mut settings = Settings::empty();
    settings.dialect.numbers_as_strings = false;
    settings.dialect.channel_key = "channel".to_owned();
    let server = serve(settings.clone(), "2026-03-12T12:00:00Z").await;
    let ask = async || {
        send(&server, counts_target(), Some(&settings.token))
            .await
            .unwrap()
    };
    let reply = ask().await;
    assert_eq!(
        (reply.status, reply.msg().as_str()),
        (404, "Validate dates entered")
    );
    server
        .handle()
        .leave_untaken("web", [utc("2026-03-10T12:00:00Z")]);
    assert_eq!(
        counted(&ask().await, "channel"),
        [("web".to_owned(), 1.into())].into()
    );
}
