use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::http::overview::{Exporter, Overview};
use crate::http::status::tests::{at, bad, good, polled, started};
use crate::http::status::{NotHeld, Pace, Pause, Readiness};
use crate::poller::PauseReason;

fn verdict(status: &Status) -> Verdict {
    of(status, None, at(0))
}

#[test]
fn an_operation_that_was_just_started_is_starting() {
    let verdict = verdict(&started("ventas"));
    assert_eq!(verdict.state, State::Starting);
    assert_eq!(verdict.text, "Starting: the first poll has not ended yet");
}

#[test]
fn an_operation_that_never_read_anything_does_not_say_how_old_its_data_is() {
    let mut status = started("ventas");
    // It begins to count a minute ago, and everything before that is known to be of no interest.
    (status.counting_since, status.watermark) = (Some(at(-60)), Some(at(-60)));
    assert_eq!(verdict(&status).state, State::Starting);
    for cycle in 1..=3 {
        status.polls.note(&bad(cycle, at(-10)));
    }
    let verdict = verdict(&status);
    assert_eq!(verdict.state, State::Failing);
    assert_eq!(verdict.text, "Nothing was read yet, 3 polls failed");
    assert_eq!(verdict.why.as_deref(), Some("The disk is full: make room"));
}

#[test]
fn after_a_restart_the_age_of_the_stored_data_is_told() {
    let mut status = polled("ventas", at(-7_200));
    status.polls = started("ventas").polls;
    let verdict = verdict(&status);
    assert_eq!(verdict.state, State::Starting);
    assert_eq!(verdict.text, "Starting: data is 2 hours old");
}

#[test]
fn an_operation_whose_data_is_new_is_well() {
    for age in [0, 299, 600] {
        assert_eq!(verdict(&polled("ventas", at(-age))), Verdict::well(), "{age}");
    }
}

#[test]
fn one_failed_poll_is_a_warning_and_old_data_a_failure() {
    for (age, polls, state, text) in [
        (310, 1, State::Warning, "Data is 5 minutes old, 1 poll failed"),
        (599, 2, State::Warning, "Data is 9 minutes old, 2 polls failed"),
        (780, 3, State::Failing, "Data is 13 minutes old, 3 polls failed"),
    ] {
        let mut status = polled("ventas", at(-age));
        for cycle in 0..polls {
            status.polls.note(&bad(2 + cycle, at(-1)));
        }
        let verdict = verdict(&status);
        assert_eq!((verdict.state, &*verdict.text), (state, text));
        assert!(verdict.why.unwrap().contains("make room"));
    }
}

#[test]
fn data_that_is_old_though_no_poll_failed_says_what_is_waited_for() {
    let mut status = polled("ventas", at(-3_000));
    status.next_poll = Some(at(600));
    status.pause = Some(Pause {
        until: at(600),
        reason: PauseReason::Quota,
        asked: None,
    });
    let paused = verdict(&status);
    assert_eq!(
        (paused.state, &*paused.text),
        (State::Failing, "Data is 50 minutes old")
    );
    let why = paused.why.unwrap();
    assert!(
        why.starts_with("No call for another 10 minutes: the day's calls are used up"),
        "{why}"
    );
    status.pause = None;
    assert!(verdict(&status).why.unwrap().starts_with("The next poll is late"));
    status.next_poll = Some(at(-10));
    assert!(verdict(&status).why.unwrap().starts_with("A poll is under way"));
}

#[test]
fn an_operation_that_reads_all_but_is_limited_asks_for_a_look() {
    let limited = |change: fn(&mut Status)| {
        let mut status = polled("ventas", at(-10));
        change(&mut status);
        let verdict = verdict(&status);
        assert_eq!(verdict.state, State::Warning);
        verdict.text
    };
    assert_eq!(
        limited(|status| {
            status.pace = Some(Pace {
                slowdown: Slowdown::LongerInterval,
                interval: Duration::from_secs(1_800),
            });
        }),
        "Slowed down: no sweeps, and 30 minutes between two polls"
    );
    assert_eq!(
        limited(|status| status.seconds_skipped = 3),
        "3 seconds of the report passed over"
    );
    assert_eq!(
        limited(|status| status.series.limited = 1),
        "1 chat counted as \"other\""
    );
}

#[test]
fn a_longer_interval_makes_older_data_good() {
    let mut status = polled("ventas", at(-3_000));
    status.pace = Some(Pace {
        slowdown: Slowdown::LongerInterval,
        interval: Duration::from_secs(1_800),
    });
    assert_eq!(verdict(&status).state, State::Warning);
}

#[test]
fn an_operation_that_is_not_polled_here_says_why() {
    let mut status = polled("ventas", at(-10));
    status.not_held = Some(NotHeld::StandsStill("another process holds it".to_owned()));
    let still = verdict(&status);
    assert_eq!(still.state, State::Failing);
    assert_eq!(still.why.as_deref(), Some("another process holds it"));
    status.not_held = Some(NotHeld::Elsewhere);
    let elsewhere = of(&status, Some("http://two.example:10555"), at(0));
    assert_eq!(elsewhere.state, State::Elsewhere);
    assert!(elsewhere.text.ends_with("http://two.example:10555"));
    assert_eq!(verdict(&status).state, State::Warning);
}

/// The verdict on operations of these ages.
fn of_ages(ages: &[(&str, i64)], problems: &[&str]) -> Verdict {
    let status = |(name, age): &(&str, i64)| {
        let mut status = polled(name, at(-age));
        if *age > 300 {
            status.polls.note(&bad(2, at(0)));
        } else {
            status.polls.note(&good(2, at(0)));
        }
        Arc::new(status)
    };
    let statuses: Vec<_> = ages.iter().map(status).collect();
    let exporter = Exporter {
        now: at(0),
        readiness: Readiness::Ready,
        problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
        warnings: Vec::new(),
        grafana_url: None,
        elsewhere: &|_| None,
    };
    Overview::of(&statuses, exporter).verdict
}

#[test]
fn of_several_operations_those_that_are_worst_are_named() {
    assert_eq!(of_ages(&[("a", 10), ("b", 20)], &[]), Verdict::well());
    assert_eq!(
        of_ages(&[("a", 10), ("b", 900), ("c", 400)], &[]).text,
        "1 of 3 operations fails: b"
    );
    assert_eq!(
        of_ages(&[("e", 900), ("d", 900), ("c", 900), ("b", 900), ("a", 1)], &[]).text,
        "4 of 5 operations fail: b, c, d and 1 more"
    );
    assert_eq!(
        of_ages(&[("a", 400), ("b", 10)], &[]).text,
        "1 of 2 operations needs a look: a"
    );
    assert_eq!(of_ages(&[], &[]).text, "No operation is polled here");
}

#[test]
fn a_problem_of_the_exporter_is_told_unless_an_operation_fails() {
    let verdict = of_ages(&[("a", 10), ("b", 20)], &["the last reload was refused"]);
    assert_eq!(verdict.state, State::Warning);
    assert_eq!(verdict.text, "The exporter has a problem");
    assert_eq!(verdict.why.as_deref(), Some("the last reload was refused"));
    let failing = of_ages(&[("a", 900)], &["the last reload was refused"]);
    assert_eq!(failing.state, State::Failing);
}
