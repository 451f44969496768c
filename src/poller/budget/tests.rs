use proptest::prelude::*;

use super::*;
use crate::config::tests::with;

fn config(name: &str, variables: &[(&str, &str)]) -> OperationConfig {
    let named = [
        ("WOLKVOX_OPERATION", name),
        ("WOLKVOX_TIMEZONE", "America/Bogota"),
    ];
    with(&[&named, variables].concat()).unwrap().into_operation()
}

/// A local time of the tenth of March 2026 in Bogotá, five hours behind UTC.
fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    let local = today().and_hms_opt(hour, minute, 0).unwrap();
    local.and_utc() + TimeDelta::hours(5)
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 10).unwrap()
}

const LIMITED: [(&str, &str); 2] = [
    ("WOLKVOX_API_DAILY_LIMIT", "400"),
    ("WOLKVOX_API_DAILY_RESERVE", "0.1"),
];

/// At noon 144 polls and 12 sweeps are still to come; 360 of 400 calls are ours.
fn at_noon(calls: u64) -> Pace {
    let share = Share::of(&Arc::default(), &config("a", &LIMITED));
    share.note(today(), calls);
    share.pace(at(12, 0)).unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn without_a_limit_the_pace_is_as_configured_whatever_was_called() {
    let share = Share::of(&Arc::default(), &config("a", &[]));
    share.note(today(), 1_000_000);
    let pace = share.pace(at(12, 0)).unwrap();
    assert_eq!((pace.slowdown, pace.interval), (Slowdown::None, minutes(5)));
}

#[test]
fn sweeps_are_left_out_first_then_the_interval_grows() {
    assert_eq!(at_noon(360 - 156).slowdown, Slowdown::None);
    let without_sweeps = at_noon(360 - 155);
    assert_eq!(
        (without_sweeps.slowdown, without_sweeps.interval),
        (Slowdown::NoSweeps, minutes(5))
    );
    assert_eq!(at_noon(360 - 144).slowdown, Slowdown::NoSweeps);
    let slower = at_noon(360 - 72);
    assert_eq!(
        (slower.slowdown, slower.interval),
        (Slowdown::LongerInterval, minutes(10))
    );
}

#[test]
fn without_a_call_left_the_next_poll_is_at_midnight_and_the_reserve_stays() {
    for calls in [360, 361, 400, 5_000] {
        let pace = at_noon(calls);
        assert_eq!(
            (pace.slowdown, pace.interval),
            (Slowdown::LongerInterval, minutes(12 * 60)),
            "{calls}"
        );
    }
}

#[test]
fn the_calls_of_yesterday_are_not_those_of_today() {
    let share = Share::of(&Arc::default(), &config("a", &LIMITED));
    share.note(today(), 360);
    let next_day = at(23, 59) + TimeDelta::minutes(2);
    assert_eq!(share.pace(next_day).unwrap().slowdown, Slowdown::None);
}

#[test]
fn the_operations_of_a_group_share_its_calls_and_the_least_of_their_limits() {
    let group = Arc::default();
    let one = Share::of(&group, &config("one", &[("WOLKVOX_API_DAILY_LIMIT", "1000")]));
    let two = Share::of(&group, &config("two", &[("WOLKVOX_API_DAILY_LIMIT", "900")]));
    one.note(today(), 300);
    two.note(today(), 366);
    // 810 are ours, 144 are left, and both want 144 polls.
    for share in [&one, &two] {
        let pace = share.pace(at(12, 0)).unwrap();
        assert_eq!(
            (pace.slowdown, pace.interval),
            (Slowdown::LongerInterval, minutes(10))
        );
    }
    assert_eq!(one.calls_of_group(at(12, 0)), 666);
    drop(two);
    assert_eq!(
        one.calls_of_group(at(12, 0)),
        666,
        "those that have left count on"
    );
    assert_eq!(one.pace(at(12, 0)).unwrap().slowdown, Slowdown::None);
}

#[test]
fn a_day_that_begins_at_one_has_a_midnight_too() {
    // Daylight saving began at midnight in Havana.
    let zone: Zone = "America/Havana".parse().unwrap();
    let evening = DateTime::parse_from_rfc3339("2026-03-07T22:00:00-05:00").unwrap();
    assert_eq!(until_midnight(zone, evening.to_utc()), minutes(120));
}

proptest! {
    #[test]
    fn what_is_planned_never_passes_the_calls_that_are_left(
        limit in 1_u64..3_000,
        calls in 0_u64..3_000,
        interval in 1_u64..3_600,
        hour in 0_u32..24,
        minute in 0_u32..60,
    ) {
        let variables = [
            ("WOLKVOX_API_DAILY_LIMIT", limit.to_string()),
            ("WOLKVOX_POLL_INTERVAL", format!("{interval}s")),
        ];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let share = Share::of(&Arc::default(), &config("a", &variables));
        share.note(today(), calls);
        let now = at(hour, minute);
        let pace = share.pace(now).unwrap();
        let left = config("a", &variables).polling.calls_allowed().unwrap().saturating_sub(calls) as f64;
        let time = until_midnight("America/Bogota".parse().unwrap(), now);
        // A poll at midnight is one of the next day. Rounding to nanoseconds may lose one.
        let polls = (time.as_secs_f64() / pace.interval.as_secs_f64() - 1e-6).floor();
        prop_assert!(polls <= left, "{polls} polls with {left} calls left: {pace:?}");
        prop_assert!(pace.interval >= Duration::from_secs(interval));
    }
}

#[test]
fn what_an_operation_called_that_has_left_is_called_for_today_and_not_counted_twice_when_it_comes_back() {
    let budget = Arc::<Budget>::default();
    let [stays, leaves] = ["stays", "leaves"].map(|name| config(name, &LIMITED));
    let stays = Share::of(&budget, &stays);
    let leaving = Share::of(&budget, &leaves);
    leaving.note(today(), 288);
    drop(leaving);
    let slowed = stays.pace(at(12, 0)).unwrap();
    assert_eq!(
        (slowed.slowdown, slowed.interval),
        (Slowdown::LongerInterval, minutes(10))
    );
    let back = Share::of(&budget, &leaves);
    let interval = |share: &Share| share.pace(at(12, 0)).unwrap().interval;
    assert_eq!(interval(&stays), minutes(20), "two of them have 72 calls");
    back.note(today(), 288);
    assert_eq!(interval(&stays), minutes(20), "the same calls");
    let tomorrow = stays.pace(at(12, 0) + TimeDelta::days(1)).unwrap();
    assert_eq!(tomorrow.slowdown, Slowdown::None);
}
