use chrono::{FixedOffset, NaiveTime};
use chrono_tz::America::{Bogota, New_York, Santiago};
use chrono_tz::{Tz, UTC};
use proptest::prelude::*;

use super::State::{Closed, Open};
use super::*;
use crate::hours::tests::any_hours;

fn hours(text: &str) -> BusinessHours {
    BusinessHours::parse(text).unwrap()
}

/// An instant as `YYYY-MM-DD HH:MM:SS` of UTC.
fn utc(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%F %T").unwrap().and_utc()
}

/// The span at a time of UTC, with its ends as such times.
fn at(hours: &BusinessHours, zone: Tz, now: &str) -> (State, String, String) {
    let span = hours.at(utc(now), &zone);
    let text =
        |end: Option<DateTime<Utc>>| end.map_or("never".to_owned(), |end| end.format("%F %T").to_string());
    (span.state, text(span.from), text(span.to))
}

fn is(state: State, from: &str, to: &str) -> (State, String, String) {
    (state, from.to_owned(), to.to_owned())
}

#[test]
fn an_opening_has_its_first_instant_and_not_its_last() {
    let hours = hours("Mo-Fr 08:00-18:00; Sa 09:00-13:00");
    // 2026-11-23 is a Monday; Bogotá is five hours behind UTC.
    let monday = is(Open, "2026-11-23 13:00:00", "2026-11-23 23:00:00");
    let before = is(Closed, "2026-11-21 18:00:00", "2026-11-23 13:00:00");
    assert_eq!(at(&hours, Bogota, "2026-11-23 12:59:59"), before);
    assert_eq!(at(&hours, Bogota, "2026-11-23 13:00:00"), monday);
    assert_eq!(at(&hours, Bogota, "2026-11-23 22:59:59"), monday);
    let after = is(Closed, "2026-11-23 23:00:00", "2026-11-24 13:00:00");
    assert_eq!(at(&hours, Bogota, "2026-11-23 23:00:00"), after);
}

#[test]
fn openings_that_touch_are_one() {
    let of = hours("Mo 08:00-24:00; Tu 00:00-12:00");
    let opening = is(Open, "2026-11-23 08:00:00", "2026-11-24 12:00:00");
    for now in [
        "2026-11-23 08:00:00",
        "2026-11-23 23:59:59",
        "2026-11-24 00:00:00",
    ] {
        assert_eq!(at(&of, UTC, now), opening);
    }
    let lunch = hours("Mo 08:00-12:00,12:00-18:00");
    assert_eq!(
        at(&lunch, UTC, "2026-11-23 13:00:00"),
        is(Open, "2026-11-23 08:00:00", "2026-11-23 18:00:00")
    );
    // From the end of the week into the next one.
    let weekend = hours("Fr 12:00-24:00; Sa-Su 00:00-24:00; Mo 00:00-06:00");
    assert_eq!(
        at(&weekend, UTC, "2026-11-22 12:00:00"),
        is(Open, "2026-11-20 12:00:00", "2026-11-23 06:00:00")
    );
}

#[test]
fn a_shift_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let of = hours("Fr 22:00-02:00; off 2026-11-21");
    assert_eq!(
        at(&of, UTC, "2026-11-21 01:00:00"),
        is(Open, "2026-11-20 22:00:00", "2026-11-21 02:00:00")
    );
    let off = hours("Fr 22:00-02:00; off 2026-11-20");
    assert_eq!(
        at(&off, UTC, "2026-11-21 01:00:00"),
        is(Closed, "2026-11-14 02:00:00", "2026-11-27 22:00:00")
    );
}

#[test]
fn around_the_clock_has_a_beginning_only_after_a_day_off() {
    let always = hours("24/7");
    assert_eq!(
        at(&always, Bogota, "2026-11-23 12:00:00"),
        is(Open, "never", "never")
    );
    let of = hours("24/7; off 2025-12-25,2026-12-25");
    assert_eq!(
        at(&of, UTC, "2026-11-23 12:00:00"),
        is(Open, "2025-12-26 00:00:00", "2026-12-25 00:00:00")
    );
    assert_eq!(
        at(&of, UTC, "2026-12-25 12:00:00"),
        is(Closed, "2026-12-25 00:00:00", "2026-12-26 00:00:00")
    );
    assert_eq!(
        at(&of, UTC, "2027-12-25 12:00:00"),
        is(Open, "2026-12-26 00:00:00", "never")
    );
    assert_eq!(
        at(&of, UTC, "2024-12-25 12:00:00"),
        is(Open, "never", "2025-12-25 00:00:00")
    );
}

#[test]
fn a_long_time_off_has_both_its_ends() {
    let of = hours("Mo-Fr 08:00-18:00; off 2025-01-01..2027-12-31");
    assert_eq!(
        at(&of, UTC, "2026-11-23 12:00:00"),
        is(Closed, "2024-12-31 18:00:00", "2028-01-03 08:00:00")
    );
}

#[test]
fn what_begins_in_the_missing_hour_begins_after_it() {
    // In New York 2026-03-08 02:00 became 03:00, which was 07:00 UTC.
    let of = hours("Su 02:30-06:00");
    assert_eq!(
        at(&of, New_York, "2026-03-08 08:00:00"),
        is(Open, "2026-03-08 07:00:00", "2026-03-08 10:00:00")
    );
    let until = hours("Su 00:00-02:30,03:00-05:00");
    assert_eq!(
        at(&until, New_York, "2026-03-08 07:30:00"),
        is(Open, "2026-03-08 05:00:00", "2026-03-08 09:00:00"),
        "the break lies in the missing hour"
    );
    let within = hours("Su 02:10-02:50");
    assert_eq!(
        at(&within, New_York, "2026-03-08 07:00:00"),
        is(Closed, "2026-03-01 07:50:00", "2026-03-15 06:10:00")
    );
    // In Santiago midnight itself was missing: 2026-09-06 00:00 became 01:00, which was 04:00 UTC.
    let night = hours("Su 00:00-06:00");
    assert_eq!(
        at(&night, Santiago, "2026-09-06 05:00:00"),
        is(Open, "2026-09-06 04:00:00", "2026-09-06 09:00:00")
    );
}

#[test]
fn a_local_time_that_comes_twice_is_the_first_one() {
    // In New York 2026-11-01 02:00 became 01:00 again, which was 06:00 UTC.
    let of = hours("Su 01:30-06:00");
    let opening = is(Open, "2026-11-01 05:30:00", "2026-11-01 11:00:00");
    assert_eq!(at(&of, New_York, "2026-11-01 05:30:00"), opening);
    assert_eq!(
        at(&of, New_York, "2026-11-01 06:10:00"),
        opening,
        "01:10 for the second time"
    );
    let night = hours("Sa 22:00-01:30");
    assert_eq!(
        at(&night, New_York, "2026-11-01 06:10:00"),
        is(Closed, "2026-11-01 05:30:00", "2026-11-08 03:00:00")
    );
    let whole = hours("Sa 22:00-06:00");
    assert_eq!(
        at(&whole, New_York, "2026-11-01 06:30:00"),
        is(Open, "2026-11-01 02:00:00", "2026-11-01 11:00:00"),
        "nine hours"
    );
}

/// Zones that change their clocks by an hour, by half an hour, at midnight, or never.
const ZONES: [Tz; 8] = [
    Tz::America__Bogota,
    Tz::America__New_York,
    Tz::America__Santiago,
    Tz::America__Sao_Paulo,
    Tz::America__Havana,
    Tz::Australia__Lord_Howe,
    Tz::Europe__Madrid,
    Tz::Asia__Kathmandu,
];

/// From 2025-11-01 on, four months.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4 * 31 * 24 * 60).prop_map(|minutes| utc("2025-11-01 00:00:00") + TimeDelta::minutes(minutes))
}

/// Whether the wall shows a time that is open.
fn by_the_wall(hours: &BusinessHours, local: NaiveDateTime) -> bool {
    let days = [local.date() - Days::new(1), local.date()];
    let mut openings = days.into_iter().flat_map(|date| hours.on(date));
    openings.any(|(from, to)| from <= local && local < to)
}

proptest! {
    #[test]
    fn without_changes_of_clocks_it_is_open_when_the_wall_says_so(
        hours in any_hours(),
        now in instants(),
        quarters in -40_i32..40,
    ) {
        let zone = FixedOffset::east_opt(quarters * 900).unwrap();
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
        let span = hours.at(now, &zone);
        prop_assert_eq!(span.state == State::Open, by_the_wall(&hours, local(now)));
        // All that lies between, as far as anybody wants to count.
        for minute in -3000_i64..3000 {
            let at = now + TimeDelta::minutes(minute);
            if span.holds(at) {
                prop_assert_eq!(span.state == State::Open, by_the_wall(&hours, local(at)), "{}", at);
            }
        }
    }

    #[test]
    fn spans_follow_one_another_without_a_gap_in_any_zone(
        hours in any_hours(),
        now in instants(),
        zone in proptest::sample::select(&ZONES),
    ) {
        let span = hours.at(now, &zone);
        prop_assert!(span.holds(now), "{:?}", span);
        let tick = TimeDelta::nanoseconds(1);
        if let Some(to) = span.to {
            prop_assert_eq!(hours.at(to - tick, &zone), span);
            let next = hours.at(to, &zone);
            prop_assert_eq!(next.from, Some(to));
            prop_assert_ne!(next.state, span.state);
        }
        if let Some(from) = span.from {
            prop_assert_eq!(hours.at(from, &zone), span);
            let before = hours.at(from - tick, &zone);
            prop_assert_eq!(before.to, Some(from));
            prop_assert_ne!(before.state, span.state);
        }
    }

    #[test]
    fn only_around_the_clock_an_opening_has_no_beginning(
        hours in any_hours(),
        now in instants(),
        zone in proptest::sample::select(&ZONES),
    ) {
        let span = hours.at(now, &zone);
        let monday = NaiveDate::from_ymd_opt(2024, 6, 3).unwrap().and_time(NaiveTime::MIN);
        let mut minutes = (0..7 * 24 * 60).map(|minute| monday + TimeDelta::minutes(minute));
        let never_closes = minutes.all(|local| by_the_wall(&hours, local));
        if !never_closes {
            prop_assert!(span.from.is_some() && span.to.is_some(), "{:?}", span);
        }
    }
}
