use super::*;

fn persistent(has_answered: bool) -> Persistence {
    Persistence {
        has_answered,
        ..Persistence::default()
    }
}

/// The pauses up to where it gives up, in seconds.
fn pauses(mut persistent: Persistence, error: &Error) -> Vec<u64> {
    let pauses = Pauses::default();
    std::iter::from_fn(|| persistent.pause(&pauses, error).map(|pause| pause.as_secs()))
        .take(1000)
        .collect()
}

#[test]
fn a_server_in_trouble_is_asked_again_after_longer_and_longer_pauses() {
    let error = Error::new(Reason::HttpStatus, "").with_status(503);
    assert_eq!(
        pauses(persistent(true), &error),
        [10, 20, 40, 80, 160, 320, 640, 1280]
    );
}

#[test]
fn too_many_calls_at_once_are_forgotten_after_half_a_minute() {
    let error = Error::new(Reason::Concurrency, "").with_status(403);
    assert_eq!(pauses(persistent(true), &error), [30; 8]);
}

#[test]
fn a_used_up_quota_is_waited_out_for_more_than_a_day_at_most_an_hour_at_a_time() {
    let error = Error::new(Reason::Quota, "").with_status(403);
    let pauses = pauses(persistent(true), &error);
    assert_eq!(pauses[..6], [300, 600, 1200, 2400, 3600, 3600]);
    assert!(pauses.iter().sum::<u64>() > 86_400);
}

#[test]
fn the_servers_own_word_on_when_to_come_back_counts_up_to_an_hour() {
    for (asked, pause) in [(7, 7), (86_400, 3600)] {
        let error = Error::new(Reason::HttpStatus, "")
            .with_status(429)
            .with_retry_after(Some(Duration::from_secs(asked)));
        assert_eq!(pauses(persistent(true), &error), [pause; 8]);
    }
}

#[test]
fn a_server_that_never_answered_is_given_up_sooner() {
    let error = Error::new(Reason::Connect, "");
    assert_eq!(pauses(persistent(true), &error).len(), 8);
    assert_eq!(pauses(persistent(false), &error).len(), 3);
}

#[test]
fn what_does_not_pass_ends_at_once() {
    for reason in [
        Reason::Auth,
        Reason::BadRequest,
        Reason::Tls,
        // Where it can't be less.
        Reason::TooLarge,
        Reason::TooManyRows,
    ] {
        assert!(pauses(persistent(true), &Error::new(reason, "")).is_empty());
    }
    let not_enabled = Error::new(Reason::HttpStatus, "").with_status(404);
    assert!(pauses(persistent(true), &not_enabled).is_empty());
}
