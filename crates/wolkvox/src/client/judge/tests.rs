use reqwest::header::HeaderValue;

use super::*;

fn saying(msg: &str) -> Envelope {
    Envelope {
        msg: RawText::new(msg),
        ..Envelope::default()
    }
}

fn words() -> Words<'static> {
    Words {
        gate: Gate::new([]),
        names: &Names::OF_SETTINGS,
        asked: "chat_1",
    }
}

#[test]
fn a_status_is_judged_as_the_vendor_means_it() {
    for (code, msg, reason) in [
        (400, "SOME PARAMETERS ARE REQUIRED", Reason::BadRequest),
        (401, "PLEASE ENTER THE WOLKVOX-TOKEN", Reason::Auth),
        (403, " please validate TOKEN ", Reason::Auth),
        (403, "TOKEN LIMIT EXCEEDED", Reason::Quota),
        (
            403,
            "Exceeds the limit of simultaneous requests per token (2)",
            Reason::Concurrency,
        ),
        (403, "", Reason::Forbidden),
        (403, "Validate dates entered", Reason::Forbidden),
        (404, "", Reason::HttpStatus),
        (404, "Validate dates entered!", Reason::HttpStatus),
        (302, "", Reason::HttpStatus),
        (429, "", Reason::HttpStatus),
        (502, "", Reason::HttpStatus),
    ] {
        let error = status(code, Some(&saying(msg)), &words()).unwrap_err();
        assert_eq!((error.reason(), error.status()), (reason, Some(code)), "{msg}");
        assert!(error.to_string().contains(msg.trim()));
    }
    assert!(status(404, Some(&saying("\tVALIDATE dates entered ")), &words()).is_ok());
    assert!(status(404, None, &words()).is_err());
}

#[test]
fn a_servers_text_is_short_and_harmless() {
    let error = status(500, Some(&saying(&"a\u{1b}[31m\n".repeat(1000))), &words())
        .unwrap_err()
        .to_string();
    assert!(!error.chars().any(char::is_control));
    assert!(error.chars().count() < 400);
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
    let date = DateTime::from_timestamp(784_111_777, 0);
    let wait = |text: &'static str| {
        retry_after(
            503,
            &HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]),
            date,
        )
    };
    assert_eq!(wait("120"), Some(Duration::from_secs(120)));
    assert_eq!(
        wait("Sun, 06 Nov 1994 08:50:37 GMT"),
        Some(Duration::from_secs(60))
    );
    assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("18446744073709551615"), Some(LONGEST_WAIT));
    assert_eq!(wait("soon"), None);
    assert_eq!(retry_after(503, &HeaderMap::new(), date), None);
}

#[test]
fn retry_after_binds_with_429_and_503_only() {
    let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("86400"))]);
    for status in (100..600).filter(|status| !matches!(status, 429 | 503)) {
        assert_eq!(retry_after(status, &headers, None), None, "{status}");
    }
    for status in [429, 503] {
        assert_eq!(retry_after(status, &headers, None), Some(LONGEST_WAIT));
    }
}

#[test]
fn advice_names_the_settings_as_the_caller_calls_them() {
    let words = Words {
        gate: Gate::new([]),
        names: &Names {
            address: "ADDRESS",
            token: "TOKEN",
            roots: "ROOTS",
            timeout: "TIMEOUT",
        },
        asked: "chat_1",
    };
    let of_status = |code, msg| status(code, Some(&saying(msg)), &words).unwrap_err();
    for (error, advice) in [
        (of_status(302, ""), "check ADDRESS, and"),
        (of_status(401, ""), "check TOKEN"),
        (
            of_status(403, "Please validate token"),
            "check TOKEN, and that it belongs to the server of ADDRESS",
        ),
        (of_status(404, ""), "check ADDRESS, and"),
        (decoding(&DecodeError::Empty, words.names), "Check ADDRESS, and"),
    ] {
        let said = error.to_string();
        assert!(said.contains(advice) && !said.contains('`'), "{said}");
    }
}

#[test]
fn trouble_of_the_server_has_a_way_out() {
    for (code, advice) in [
        (500, "if it stays, ask Wolkvox"),
        (503, "if it stays, ask Wolkvox"),
        (204, "check `base`, and whether a proxy or portal answers"),
    ] {
        let error = status(code, None, &words()).unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
}

#[test]
fn the_words_of_a_library_are_told_without_a_link_to_its_documents() {
    let link = "peer closed connection without sending TLS close_notify: \
                https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof";
    assert_eq!(
        root_cause(&io::Error::other(link)),
        RawText::new("peer closed connection without sending TLS close_notify")
    );
}
