use chrono::NaiveDateTime;

use super::*;
use crate::poller::ReadSummary;
use wolkvox::Error;

fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(&format!("2026-03-10 {text}"), "%F %T%.f")
        .unwrap()
        .and_utc()
}

fn good() -> Cycle {
    let now = at("15:00:00");
    Cycle::of(Ok(ReadSummary {
        answers: 1,
        ..ReadSummary::new(now)
    }))
}

fn failed_by(error: Error) -> Cycle {
    Cycle::of(Err(error.into()))
}

fn failed(reason: Reason) -> Cycle {
    failed_by(Error::new(reason, ""))
}

const FIVE_MINUTES: Duration = Duration::from_secs(300);

#[test]
fn cycles_begin_at_multiples_of_the_interval() {
    let schedule = Schedule::new(FIVE_MINUTES);
    for (started, now, next) in [
        ("15:00:00", "15:00:02", "15:05:00"),
        ("15:00:40", "15:00:41", "15:05:00"),
        ("15:04:59", "15:04:59", "15:10:00"),
        ("15:00:00", "15:04:59.9995", "15:10:00"),
        ("15:00:00", "15:05:00", "15:10:00"),
        ("15:00:00", "15:17:00", "15:20:00"),
        ("15:02:30", "15:02:30", "15:10:00"),
        ("15:02:29", "15:02:30", "15:05:00"),
    ] {
        assert_eq!(schedule.next(at(started), at(now)), at(next), "{started} {now}");
    }
}

#[test]
fn a_quota_pause_doubles_up_to_an_hour_and_a_good_cycle_ends_it() {
    let mut schedule = Schedule::new(FIVE_MINUTES);
    let start = at("15:00:00");
    let mut pause =
        |cycle: &Cycle| (schedule.after(cycle, start, start, Duration::ZERO).at - start).num_minutes();
    let quota = failed(Reason::Quota);
    assert_eq!([(); 6].map(|()| pause(&quota)), [5, 10, 20, 40, 60, 60]);
    for _ in 0..80 {
        assert_eq!(pause(&quota), 60);
    }
    assert_eq!(pause(&good()), 5);
    assert_eq!(pause(&quota), 5);
    assert_eq!(pause(&failed(Reason::Auth)), 5);
    assert_eq!(pause(&quota), 5);
}

#[test]
fn an_interval_beyond_the_longest_pause_is_not_shortened() {
    let mut schedule = Schedule::new(Duration::from_secs(7200));
    let start = at("14:00:00");
    for _ in 0..4 {
        let next = schedule.after(&failed(Reason::Quota), start, start, Duration::ZERO);
        assert_eq!((next.at, next.pause), (at("16:00:00"), None));
    }
}

#[test]
fn the_server_is_given_the_time_that_it_asks_for_up_to_an_hour() {
    let mut schedule = Schedule::new(FIVE_MINUTES);
    let mut next = |seconds| {
        let error = Error::new(Reason::HttpStatus, "").with_retry_after(Some(Duration::from_secs(seconds)));
        let next = schedule.after(&failed_by(error), at("15:00:00"), at("15:00:10"), Duration::ZERO);
        (next.at, next.pause)
    };
    let asked = Some(PauseReason::RetryAfter);
    assert_eq!(next(20), (at("15:05:00"), None));
    assert_eq!(next(290), (at("15:05:00"), None));
    assert_eq!(next(291), (at("15:10:00"), asked));
    assert_eq!(next(86_400), (at("16:05:00"), asked));
}

#[test]
fn a_sweeps_quota_failure_pauses_too() {
    let mut schedule = Schedule::new(FIVE_MINUTES);
    let start = at("15:00:00");
    let cycle = Cycle {
        sweep: Some(failed(Reason::Quota).poll),
        ..good()
    };
    schedule.after(&cycle, start, start, Duration::ZERO);
    let next = schedule.after(&cycle, start, start, Duration::ZERO);
    assert_eq!((next.at, next.pause), (at("15:10:00"), Some(PauseReason::Quota)));
}

#[test]
fn cycles_of_another_phase_begin_a_share_of_the_interval_later() {
    let schedule = Schedule::new(Duration::from_secs(300)).at_phase(0.6);
    assert_eq!(schedule.next(at("15:00:00"), at("15:00:00")), at("15:03:00"));
    assert_eq!(schedule.next(at("15:03:00"), at("15:03:01")), at("15:08:00"));
}

#[test]
fn a_longer_interval_counts_from_the_end_of_the_cycle_so_that_the_next_one_is_not_before_midnight() {
    let mut schedule = Schedule::new(Duration::from_secs(300));
    let longer = Duration::from_secs(420);
    let next = schedule.after(&good(), at("15:00:00"), at("15:00:10"), longer);
    assert_eq!((next.at, next.pause), (at("15:07:10"), None));
}
