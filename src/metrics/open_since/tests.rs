use std::ops::RangeBounds as _;

use chrono::TimeDelta;

use super::*;
use crate::clock::SystemClock;
use crate::config::tests::with;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The value at a time, and the period of it.
fn at(hours: &str, now: DateTime<Utc>) -> (Option<f64>, Period) {
    let config = with(&[("WOLKVOX_BUSINESS_HOURS", hours)])
        .unwrap()
        .into_operation();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let open = OpenSince::of(&config, &clock).unwrap();
    let (families, period) = open.at(now);
    let family = families.first().map(|rows| Family::of(&**rows));
    let value = family.map(|family| {
        assert_eq!(family.proto.name(), "wolkvox_open_since_timestamp_seconds");
        let [metric] = family.proto.get_metric() else {
            panic!("not one sample");
        };
        assert_eq!(metric.get_label()[0].value(), "0010");
        metric.get_gauge().get_value()
    });
    (value, period)
}

#[test]
fn the_value_is_when_the_opening_began_and_absent_while_closed() {
    // Bogotá is five hours behind UTC.
    let opens = utc("2026-11-23T13:00:00Z");
    let closes = utc("2026-11-23T23:00:00Z");
    let tick = TimeDelta::nanoseconds(1);
    let (open, period) = at("Mo-Fr 08:00-18:00", opens);
    assert_eq!(open, Some(seconds_of(opens)));
    assert!(period.contains(&opens) && !period.contains(&(opens - tick)));
    assert!(period.contains(&(closes - tick)) && !period.contains(&closes));
    let (shut, period) = at("Mo-Fr 08:00-18:00", closes);
    assert_eq!(shut, None);
    assert!(period.contains(&closes) && !period.contains(&(closes + TimeDelta::hours(14))));
}

#[test]
fn what_is_open_around_the_clock_has_been_open_for_longer_than_any_rule_waits() {
    let now = utc("2026-11-23T13:00:00Z");
    let (value, period) = at("24/7", now);
    assert_eq!(value, Some(0.0));
    assert_eq!(period, (Bound::Unbounded, Bound::Unbounded));
    let (value, _) = at("24/7; off 2026-11-20", now);
    assert_eq!(value, Some(seconds_of(utc("2026-11-21T05:00:00Z"))));
}

#[test]
fn without_business_hours_there_is_nothing_to_show() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    assert!(OpenSince::of(&with(&[]).unwrap().into_operation(), &clock).is_none());
}
