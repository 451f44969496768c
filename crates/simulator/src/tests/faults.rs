use std::io::{self, Read};

use http_body_util::BodyExt;

use super::*;

const NOW: &str = "2026-03-20T15:00:00Z";

async fn server() -> Server {
    serve(Settings::default(), NOW).await
}

/// Asks for a morning; `None` if no answer began.
async fn morning(server: &Server) -> Option<Reply> {
    send(
        server,
        &target("20260320000000", "20260320095959"),
        Some(&Settings::default().token),
    )
    .await
}

/// The connection on which a morning was asked for; it is kept alive.
async fn ask_for_the_morning(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let target = target("20260320000000", "20260320095959");
    let token = Settings::default().token;
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nwolkvox-token: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_fault_takes_one_request_and_a_lasting_one_takes_all() {
    let server = server().await;
    let handle = server.handle();
    handle.misbehave(Fault::Status {
        code: 403,
        msg: "BACKUP".into(),
        retry_after: Some("120".into()),
    });
    let reply = morning(&server).await.unwrap();
    assert_eq!((reply.status, reply.msg().as_str()), (403, "BACKUP"));
    assert!(reply.head.contains("retry-after: 120"));
    assert_eq!(morning(&server).await.unwrap().status, 200);
    handle.always(Some(Fault::Html502));
    for _ in 0..2 {
        let reply = morning(&server).await.unwrap();
        assert_eq!(reply.status, 502);
        assert!(reply.body.starts_with(b"<!DOCTYPE"));
    }
    handle.always(None);
    assert_eq!(morning(&server).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_that_is_reset_brings_no_answer() {
    let server = server().await;
    for fault in [Fault::ResetBeforeHeaders, Fault::DropConnections] {
        server.handle().misbehave(fault);
        assert!(morning(&server).await.is_none());
        assert!(morning(&server).await.is_some());
    }
    assert_eq!(server.handle().requests()[0].status, None);
}

#[tokio::test]
async fn a_cut_body_ends_where_it_was_cut() {
    let server = server().await;
    let length = morning(&server).await.unwrap().body.len();
    for (after_bytes, arrived) in [(0, 0), (1, 1), (40_000, 40_000), (usize::MAX, length)] {
        server.handle().misbehave(Fault::CutBody { after_bytes });
        let reply = morning(&server).await.unwrap();
        assert_eq!(
            (reply.status, reply.body.len(), reply.whole),
            (200, arrived, false)
        );
    }
}

#[tokio::test]
async fn a_body_that_is_cut_may_end_with_a_reset_or_in_good_order() {
    let server = server().await;
    let (after_bytes, reset) = (700, io::ErrorKind::ConnectionReset);
    for (fault, ends) in [
        (Fault::CutBody { after_bytes }, Ok(())),
        (Fault::ResetBody { after_bytes }, Err(reset)),
    ] {
        server.handle().misbehave(fault);
        let mut stream = ask_for_the_morning(&server).await;
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes).await;
        assert_eq!(ended.map(drop).map_err(|error| error.kind()), ends);
        let reply = parsed(&bytes).unwrap();
        assert_eq!(
            (reply.status, reply.body.len(), reply.whole),
            (200, after_bytes, false)
        );
    }
}

#[tokio::test]
async fn a_wrong_length_leaves_the_client_waiting_for_more() {
    let server = server().await;
    server
        .handle()
        .misbehave(Fault::WrongContentLength { missing: 10 });
    let reply = morning(&server).await.unwrap();
    assert!(!reply.whole);
    assert!(!reply.rows().is_empty(), "all rows came");
}

#[tokio::test]
async fn a_stalled_body_begins_and_does_not_end() {
    let server = server().await;
    server.handle().misbehave(Fault::StallBody { after_bytes: 100 });
    let mut stream = ask_for_the_morning(&server).await;
    let mut bytes = Vec::new();
    while parsed(&bytes).is_none_or(|reply| reply.body.len() < 100) {
        assert!(
            stream.read_buf(&mut bytes).await.unwrap() > 0,
            "the connection stays open"
        );
    }
    assert_eq!(server.handle().in_flight(), 1);
    drop(stream);
    while server.handle().in_flight() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn answers_that_are_not_what_they_should_be() {
    let server = server().await;
    let handle = server.handle();
    handle.misbehave(Fault::EmptyBody);
    let reply = morning(&server).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    handle.misbehave(Fault::PhpWarningBeforeJson);
    assert!(
        morning(&server)
            .await
            .unwrap()
            .body
            .starts_with(b"<br />\n<b>Warning</b>")
    );
    handle.misbehave(Fault::OtherCodeIn200 {
        code: "500".into(),
        msg: "Error".into(),
    });
    let reply = morning(&server).await.unwrap();
    assert_eq!(
        (reply.status, reply.json()["code"].to_string().trim_matches('"')),
        (200, "500")
    );
    handle.misbehave(Fault::AnnounceMore(3));
    let reply = morning(&server).await.unwrap();
    assert_eq!(
        reply.msg(),
        format!("{} records were found", reply.rows().len() + 3)
    );
    handle.misbehave(Fault::Redirect {
        location: "http://127.0.0.1:1/".into(),
    });
    let reply = morning(&server).await.unwrap();
    assert!(reply.status == 302 && reply.head.contains("location: http://127.0.0.1:1/"));
}

#[tokio::test]
async fn bytes_that_are_not_utf8_stay_in_their_field() {
    let server = server().await;
    server.handle().misbehave(Fault::InvalidUtf8 {
        field: "channel".into(),
    });
    let body = morning(&server).await.unwrap().body;
    assert!(std::str::from_utf8(&body).is_err());
    let readable: Value = serde_json::from_str(&String::from_utf8_lossy(&body)).unwrap();
    let rows = readable["data"].as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| row["channel"].as_str().unwrap().contains('\u{fffd}'))
    );
    assert!(
        rows.iter()
            .all(|row| !row["agent_name"].as_str().unwrap().contains('\u{fffd}'))
    );
}

#[tokio::test]
async fn an_endless_body_goes_on_for_as_long_as_it_is_read() {
    let server = server().await;
    server.handle().misbehave(Fault::EndlessBody);
    let mut stream = ask_for_the_morning(&server).await;
    let mut some = vec![0; 1_000_000];
    stream.read_exact(&mut some).await.unwrap();
}

#[test]
fn a_bomb_is_small_on_the_wire() {
    let mut bomb = body::AnswerBody::new(
        body::Source::bomb("{"),
        Some(body::Ending {
            after: 10_000,
            stall: false,
        }),
        None,
    );
    let mut wire = Vec::new();
    while let Some(chunk) = bomb.chunk() {
        wire.extend(chunk);
    }
    assert_eq!(wire.len(), 10_000);
    let mut plain = Vec::new();
    // The stream has no end: what came so far is what counts.
    flate2::read::GzDecoder::new(wire.as_slice())
        .read_to_end(&mut plain)
        .ok();
    assert!(
        plain.len() > 5_000_000 && plain.starts_with(b"{  "),
        "{} bytes",
        plain.len()
    );
}

#[tokio::test]
async fn a_body_of_our_own_is_sent_as_it_is() {
    let server = server().await;
    server.handle().misbehave(Fault::Body(b"{\xff".to_vec()));
    let reply = morning(&server).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"{\xff".as_slice()));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_comes_byte_by_byte_and_whole() {
    let mut slow = body::AnswerBody::new(body::Source::whole("abc"), None, None).slowly();
    let begun = tokio::time::Instant::now();
    let mut came = Vec::new();
    while let Some(frame) = slow.frame().await {
        came.push((begun.elapsed().as_secs(), frame.unwrap().into_data().unwrap()));
    }
    let expected = [(0, "a"), (1, "b"), (2, "c")].map(|(second, byte)| (second, byte.into()));
    assert_eq!(came, expected);
}

#[tokio::test]
async fn a_poisoned_second_spoils_the_windows_that_hold_it_until_it_is_healed() {
    let server = server().await;
    let handle = server.handle();
    handle.poison(utc("2026-03-20T10:00:00Z"), Fault::Html502); // 05:00:00 in Bogotá
    let ask = async |from, to| {
        let target = target(from, to);
        let reply = send(&server, &target, Some(&Settings::default().token)).await;
        reply.unwrap().status
    };
    assert_eq!(ask("20260320000000", "20260320095959").await, 502);
    assert_eq!(ask("20260320050000", "20260320050000").await, 502);
    assert_ne!(ask("20260320050001", "20260320095959").await, 502);
    handle.heal();
    assert_eq!(ask("20260320000000", "20260320095959").await, 200);
}

#[tokio::test]
async fn chance_spoils_about_its_share_and_the_same_requests_for_the_same_seed() {
    let server = server().await;
    let handle = server.handle();
    let run = async |seed| {
        handle.by_chance(seed, 0.5, vec![Fault::Html502, Fault::Html200]);
        let mut spoiled = Vec::new();
        for _ in 0..60 {
            let target = target("20260320050000", "20260320050000");
            let reply = send(&server, &target, Some(&Settings::default().token))
                .await
                .unwrap();
            spoiled.push((reply.status == 502, reply.body.starts_with(b"<!DOCTYPE")));
        }
        spoiled
    };
    let first = run(1).await;
    let count = first.iter().filter(|(_, html)| *html).count();
    assert!((15..=45).contains(&count), "{count} of 60");
    assert!(first.contains(&(true, true)) && first.contains(&(false, true)));
    assert_eq!(run(1).await, first);
    assert_ne!(run(2).await, first);
}

#[tokio::test]
async fn lists_go_wrong_without_the_report() {
    let server = server().await;
    let token = Settings::default().token;
    let skills = async || {
        send(&server, "/api/v2/information.php?api=skills", Some(&token))
            .await
            .unwrap()
    };
    for (fault, status) in [
        (Fault::status(404, "NOT ENABLED"), 404),
        (Fault::status(403, "BACKUP"), 403),
        (Fault::Html200, 200),
    ] {
        server.handle().always_for_lists(Some(fault));
        let reply = skills().await;
        assert_eq!(reply.status, status);
        assert!(!String::from_utf8_lossy(&reply.body).contains("Sales"));
        assert_eq!(morning(&server).await.unwrap().status, 200);
    }
    server.handle().always_for_lists(None);
    assert_eq!(skills().await.rows().len(), 4);
}

#[tokio::test]
async fn the_closed_chats_by_channel_go_wrong_without_the_report() {
    let server = server().await;
    let token = Settings::default().token;
    let target = "/api/v2/reports_manager.php?api=chat_13&date_ini=20260310000000&date_end=20260310235959";
    let counts = async || send(&server, target, Some(&token)).await.unwrap();
    server
        .handle()
        .always_for_counts(Some(Fault::status(404, "NOT ENABLED")));
    assert_eq!(
        (counts().await.status, counts().await.msg().as_str()),
        (404, "NOT ENABLED")
    );
    assert_eq!(morning(&server).await.unwrap().status, 200);
    server.handle().always_for_counts(None);
    assert_eq!(counts().await.status, 200);
}
