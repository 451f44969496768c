use super::*;

#[test]
fn each_reason_has_its_own_name() {
    let names: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::as_str).into();
    assert_eq!(names.len(), Reason::ALL.len());
}

#[test]
fn only_connections_429_and_5xx_are_retried_soon() {
    let http = |status| Error::new(Reason::HttpStatus, "").with_status(status).class();
    assert!(
        [429, 500, 503, 599]
            .map(http)
            .iter()
            .all(|class| *class == Class::Retry)
    );
    assert!(
        [302, 404, 418]
            .map(http)
            .iter()
            .all(|class| *class == Class::GiveUp)
    );
    for reason in Reason::ALL {
        let is_retry = Error::new(reason, "").class() == Class::Retry;
        assert_eq!(is_retry, reason == Reason::Connect, "{reason:?}");
    }
}

#[test]
fn where_a_proxy_refuses_it_is_not_asked_again() {
    let class = |cause| Error::of(cause, String::new()).class();
    for cause in Cause::ALL {
        let is_given_up = matches!(cause, Cause::ProxyPassword | Cause::ProxyForbids);
        let expected = match cause.reason() {
            Reason::Connect if !is_given_up => Class::Retry,
            Reason::Timeout => Class::Wait,
            _ => Class::GiveUp,
        };
        assert_eq!(class(*cause), expected, "{cause:?}");
    }
}

#[test]
fn a_time_out_is_about_size_only_where_the_answer_had_begun() {
    let timeout = Error::new(Reason::Timeout, "");
    assert_eq!(timeout.class(), Class::Wait);
    assert_eq!(timeout.with_status(200).class(), Class::Smaller);
}

#[test]
fn a_connection_that_is_waited_for_in_vain_was_not_made_either() {
    let was_not_made = |cause| Error::of(cause, String::new()).is_without_connection();
    for cause in [
        Cause::Refused,
        Cause::NoConnection,
        Cause::HandshakeSilent,
        Cause::ProxySilent,
    ] {
        assert!(was_not_made(cause), "{cause:?}");
    }
    // It was made, and Wolkvox may be busy.
    assert!(!was_not_made(Cause::NoAnswer));
    assert!(
        !Error::new(Reason::Timeout, "")
            .with_status(200)
            .is_without_connection()
    );
}
