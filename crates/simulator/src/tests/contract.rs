use super::*;

const NOW: &str = "2026-03-20T15:00:00Z";

#[tokio::test]
async fn the_same_window_gives_the_same_bytes() {
    let (one, two) = (
        serve(Settings::default(), NOW).await,
        serve(Settings::default(), NOW).await,
    );
    let first = ask(&one, "20260320080000", "20260320090000").await;
    assert_eq!(first.status, 200);
    assert_eq!(
        first.body,
        ask(&two, "20260320080000", "20260320090000").await.body
    );
}

#[tokio::test]
async fn windows_that_share_their_bounds_cover_the_truth_exactly() {
    let server = serve(Settings::demo(), NOW).await;
    let (from, to) = (utc("2026-03-20T12:00:00Z"), utc("2026-03-20T13:30:00Z"));
    let mut found = BTreeSet::new();
    let mut start = from;
    for minutes in [1, 17, 30, 2, 40] {
        let end = start + TimeDelta::minutes(minutes);
        let reply = ask_between(&server, Tz::America__Bogota, start, end).await;
        assert_eq!(reply.msg(), format!("{} records were found", reply.rows().len()));
        assert_eq!(reply.ids(), ids(&server.handle().truth(start, end)));
        found.extend(reply.ids());
        start = end;
    }
    assert_eq!(start, to);
    assert_eq!(found, ids(&server.handle().truth(from, to)));
}

#[tokio::test]
async fn a_row_carries_every_field_of_the_report_as_a_string() {
    let server = serve(Settings::empty(), NOW).await;
    server
        .handle()
        .extra_chats([chat("900000001", "2026-03-20T05:00:00Z", 1500)]);
    server.handle().set_clock_offset(TimeDelta::days(2));
    let reply = ask(&server, "20260321000000", "20260321235959").await;
    let row = &reply.rows()[0];
    for (key, value) in [
        ("conn_id", "900000001"),
        ("date", "2026-03-20 00:00:00"),
        ("date_close", "2026-03-21 01:00:00"),
        ("chat_duration", "25:00:00"),
        ("ASA", "00:00:12"),
        ("agent_anwers ", "6"),
        ("customer_phone", "CANARY-customer_phone-900000001"),
        ("transfer_type", "-"),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    assert!(row.as_object().unwrap().values().all(Value::is_string));
    assert!(
        reply
            .head
            .contains("content-type: application/json; charset=utf-8"),
        "{}",
        reply.head
    );
    assert!(
        reply.head.contains("date: sun, 22 mar 2026 15:00:00 gmt"),
        "{}",
        reply.head
    );
}

#[tokio::test]
async fn a_dialect_changes_how_a_row_is_written() {
    let dialect = Dialect {
        asa: AsaForm::Decimal,
        asa_key: "first_response_time".to_owned(),
        answers_key: "agent_answers".to_owned(),
        envelope: EnvelopeForm::Plain,
        data_first: true,
        numbers_as_strings: false,
        ..Dialect::default()
    };
    let settings = Settings {
        dialect,
        date_close: false,
        transfer: false,
        ..Settings::empty()
    };
    let server = serve(settings, NOW).await;
    let placed = chat("900000001", "2026-03-20T12:00:00Z", 5);
    let placed = placed
        .with_raw("skill_id", Some("null"))
        .with_raw("user_id", None)
        .with_raw("new", Some("[1]"));
    server.handle().extra_chats([placed]);
    let reply = ask(&server, "20260320000000", "20260320235959").await;
    assert!(reply.body.starts_with(b"{\"data\":["));
    assert_eq!(reply.json()["code"].to_string(), "200");
    let row = &reply.rows()[0];
    let body = String::from_utf8_lossy(&reply.body);
    assert!(body.contains("\"first_response_time\":12.00,"), "{body}");
    assert_eq!(
        (row["agent_answers"].to_string(), row["agent_chars"].to_string()),
        ("6".into(), "240".into())
    );
    assert_eq!(
        (&row["skill_id"], row["new"].to_string()),
        (&Value::Null, "[1]".into())
    );
    for absent in ["date_close", "transfer", "user_id", "ASA"] {
        assert_eq!(row.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn an_empty_window_is_a_404() {
    let server = serve(Settings::empty(), NOW).await;
    let reply = ask(&server, "20260320000000", "20260320235959").await;
    assert_eq!(
        (reply.status, reply.msg().as_str()),
        (404, "Validate dates entered")
    );
    assert_eq!(reply.json()["code"].to_string().trim_matches('"'), "404");
}

#[tokio::test]
async fn a_window_the_server_does_not_like_reads_as_an_empty_one() {
    let server = serve(Settings::default(), NOW).await;
    for (ini, end) in [
        ("20260320090000", "20260320080000"),
        ("20260228000000", "20260301000000"),
        ("2026032008", "20260320090000"),
        ("20241201000000", "20241231235959"),
    ] {
        let reply = ask(&server, ini, end).await;
        assert_eq!(
            (reply.status, reply.msg().as_str()),
            (404, "Validate dates entered"),
            "{ini} {end}"
        );
    }
}

#[tokio::test]
async fn refusals_have_the_vendors_words() {
    let server = serve(
        Settings {
            quota: Some(2),
            ..Settings::default()
        },
        NOW,
    )
    .await;
    let token = Settings::default().token;
    let good = target("20260320080000", "20260320090000");
    let path = "/api/v2/reports_manager.php";
    for (target, token, status, msg) in [
        (good.as_str(), None, 401, "PLEASE ENTER THE WOLKVOX-TOKEN"),
        (good.as_str(), Some("wrong"), 403, "PLEASE VALIDATE TOKEN"),
        (path, Some(token.as_str()), 400, "SOME PARAMETERS ARE REQUIRED"),
        (
            &good.replace("chat_1", "chat_9"),
            Some(&token),
            400,
            "THE API YOU WANT TO CONSULT DOES NOT EXIST",
        ),
        (good.as_str(), Some(&token), 403, "TOKEN LIMIT EXCEEDED"),
    ] {
        let reply = send(&server, target, token).await.unwrap();
        assert_eq!((reply.status, reply.msg().as_str()), (status, msg));
    }
    let handle = server.handle();
    assert_eq!(
        handle
            .requests()
            .iter()
            .map(|request| request.status)
            .collect::<Vec<_>>(),
        [Some(401), Some(403), Some(400), Some(400), Some(403),]
    );
    assert_eq!(handle.requests()[0].date_ini.as_deref(), Some("20260320080000"));
    handle.set_quota(None);
    handle.set_token("new");
    assert_eq!(send(&server, &good, Some("new")).await.unwrap().status, 200);
    let elsewhere = send(&server, "/", Some("new")).await.unwrap();
    assert_eq!(elsewhere.status, 404);
    assert!(elsewhere.head.contains("text/html"));
}

#[tokio::test]
async fn the_quota_is_new_each_local_day() {
    let server = serve(
        Settings {
            quota: Some(1),
            ..Settings::default()
        },
        "2026-03-20T04:59:00Z",
    )
    .await;
    assert_eq!(ask(&server, "20260319200000", "20260319210000").await.status, 200);
    assert_eq!(ask(&server, "20260319200000", "20260319210000").await.status, 403);
    server.handle().set_clock_offset(TimeDelta::minutes(1));
    assert_eq!(ask(&server, "20260319200000", "20260319210000").await.status, 200);
}

#[tokio::test]
async fn a_third_call_at_once_is_refused() {
    let server = Arc::new(serve(Settings::default(), NOW).await);
    let handle = server.handle();
    let mut stalled = Vec::new();
    for waiting in 1..=2 {
        handle.misbehave(Fault::Stall);
        let server = Arc::clone(&server);
        stalled.push(tokio::spawn(async move {
            ask(&server, "20260320080000", "20260320090000").await
        }));
        while handle.in_flight() < waiting {
            tokio::task::yield_now().await;
        }
    }
    let reply = ask(&server, "20260320080000", "20260320090000").await;
    assert_eq!(
        (reply.status, reply.msg().as_str()),
        (403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)")
    );
    stalled.iter().for_each(tokio::task::JoinHandle::abort);
    while handle.in_flight() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(ask(&server, "20260320080000", "20260320090000").await.status, 200);
}

#[tokio::test]
async fn a_late_row_is_not_there_until_it_is_visible() {
    let server = serve(Settings::empty(), "2026-03-20T12:30:00Z").await;
    let mut late = chat("900000001", "2026-03-20T12:00:00Z", 5);
    late.visible = utc("2026-03-20T12:30:01Z");
    server.handle().extra_chats([late]);
    assert_eq!(ask(&server, "20260320000000", "20260320235959").await.status, 404);
    server.handle().set_clock_offset(TimeDelta::seconds(1));
    assert_eq!(
        ask(&server, "20260320000000", "20260320235959")
            .await
            .rows()
            .len(),
        1
    );
}

#[tokio::test]
async fn an_open_filter_shows_a_chat_where_it_was_opened_after_it_was_closed() {
    let server = serve(
        Settings {
            filter: Filter::OpenTime,
            ..Settings::empty()
        },
        "2026-03-20T12:00:00Z",
    )
    .await;
    server
        .handle()
        .extra_chats([chat("900000001", "2026-03-19T13:00:00Z", 23 * 60 + 1)]);
    assert_eq!(ask(&server, "20260319080000", "20260319080000").await.status, 404);
    server.handle().set_clock_offset(TimeDelta::minutes(1));
    assert_eq!(
        ask(&server, "20260319080000", "20260319080000")
            .await
            .rows()
            .len(),
        1
    );
    assert_eq!(ask(&server, "20260320000000", "20260320235959").await.status, 404);
    server.handle().set_filter(Filter::CloseTime);
    assert_eq!(
        ask(&server, "20260320000000", "20260320235959")
            .await
            .rows()
            .len(),
        1
    );
}

#[tokio::test]
async fn an_open_filter_finds_all_generated_chats_of_a_range_once_they_are_closed() {
    let settings = Settings {
        filter: Filter::OpenTime,
        ..Settings::default()
    };
    let server = serve(settings, NOW).await;
    let (from, to) = (utc("2026-03-18T12:00:00Z"), utc("2026-03-18T14:00:00Z"));
    let reply = ask_between(&server, Tz::America__Bogota, from, to).await;
    let mut truth = server.handle().truth(from, utc(NOW));
    truth.retain(|chat| (from..=to).contains(&chat.opened));
    assert_eq!(reply.ids(), ids(&truth));
}

#[tokio::test]
async fn a_repeated_hour_answers_with_both_of_its_passes() {
    let zone = Tz::America__New_York;
    let server = serve(
        Settings {
            zone,
            ..Settings::empty()
        },
        "2026-11-02T12:00:00Z",
    )
    .await;
    // On 2026-11-01 at 06:00Z clocks went back from 02:00 to 01:00.
    server.handle().extra_chats([
        chat("900000001", "2026-11-01T05:20:00Z", 10),
        chat("900000002", "2026-11-01T06:20:00Z", 10),
    ]);
    let reply = ask(&server, "20261101013000", "20261101013000").await;
    assert_eq!(reply.rows().len(), 2);
    assert!(
        reply
            .rows()
            .iter()
            .all(|row| row["date_close"] == "2026-11-01 01:30:00")
    );
}

#[tokio::test]
async fn the_end_of_a_window_can_be_exclusive() {
    let server = serve(Settings::empty(), NOW).await;
    server
        .handle()
        .extra_chats([chat("900000001", "2026-03-20T12:00:00Z", 5)]);
    assert_eq!(
        ask(&server, "20260320070500", "20260320070500")
            .await
            .rows()
            .len(),
        1
    );
    server.handle().set_end_inclusive(false);
    assert_eq!(ask(&server, "20260320070400", "20260320070500").await.status, 404);
    assert_eq!(
        ask(&server, "20260320070500", "20260320070501")
            .await
            .rows()
            .len(),
        1
    );
}

#[tokio::test]
async fn an_agent_can_be_asked_for() {
    let server = serve(Settings::default(), NOW).await;
    let whole = ask(&server, "20260320000000", "20260320095959").await;
    let dni = whole.rows()[0]["agent_dni"].as_str().unwrap().to_owned();
    let target = format!("{}&agent_dni={dni}", target("20260320000000", "20260320095959"));
    let reply = send(&server, &target, Some(&Settings::default().token))
        .await
        .unwrap();
    assert!(reply.rows().len() < whole.rows().len());
    assert!(reply.rows().iter().all(|row| row["agent_dni"] == dni.as_str()));
}

#[tokio::test]
async fn rows_above_the_limit_are_cut_in_silence() {
    let server = serve(
        Settings {
            row_limit: 5,
            ..Settings::default()
        },
        NOW,
    )
    .await;
    let reply = ask(&server, "20260320000000", "20260320095959").await;
    assert_eq!(
        (reply.rows().len(), reply.msg().as_str()),
        (5, "5 records were found")
    );
    let settings = Settings {
        row_limit: 5,
        over_limit: OverLimit::Error,
        ..Settings::default()
    };
    assert_eq!(
        ask(&serve(settings, NOW).await, "20260320000000", "20260320095959")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_stopped_server_frees_its_port() {
    let server = serve(Settings::empty(), NOW).await;
    let address = server.addr();
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
