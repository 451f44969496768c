use super::*;

fn at(minute: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800 + i64::from(minute) * 60, 0).unwrap()
}

#[test]
fn a_sweep_that_is_left_says_how_far_it_came_and_names_what_failed() {
    let error = wolkvox::Error::new(wolkvox::Reason::HttpStatus, "HTTP 500: scripted");
    let left = ReadSummary {
        failures: 2,
        last_failure: Some(error),
        ..ReadSummary::new(at(0))
    };
    assert_eq!((left.from, left.to, left.outcome()), (at(0), at(0), "left"));
    assert_eq!(
        left.words(),
        "nothing read yet (2 failed calls, the last: HTTP 500: scripted); it goes on in the next cycle"
    );
    let partial = ReadSummary {
        answers: 1,
        counted: 5,
        to: at(2),
        ..ReadSummary::new(at(0))
    };
    assert_eq!(
        partial.words(),
        "5 new chats counted, read up to 2026-03-10T15:02:00Z; it goes on in the next cycle"
    );
    let whole = ReadSummary {
        is_whole: true,
        ..partial
    };
    assert_eq!(
        (whole.words().as_str(), whole.outcome()),
        ("5 new chats counted", "ok")
    );
}

#[test]
fn a_poll_that_succeeds_after_failed_calls_names_the_last_of_them() {
    let read = ReadSummary {
        is_whole: true,
        counted: 1,
        failures: 1,
        last_failure: Some(wolkvox::Error::new(
            wolkvox::Reason::Truncated,
            "the answer was cut",
        )),
        ..ReadSummary::new(at(0))
    };
    assert_eq!(
        read.words(),
        "1 new chat counted (1 failed call, the last: the answer was cut)"
    );
}
