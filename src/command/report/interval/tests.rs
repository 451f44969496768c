use chrono::TimeDelta;
use chrono_tz::{America, Australia, Europe, Pacific, TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;

const HOUR: Unit = Unit::Seconds(3600);
const HALF_HOUR: Unit = Unit::Seconds(1800);
const QUARTER: Unit = Unit::Seconds(900);

fn utc_of(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The intervals of some local days: where each begins, and for how many minutes it lasts.
fn of_days(from: &str, to: &str, unit: Unit, zone: Tz) -> Vec<(String, i64)> {
    let midnight = |day: &str| window::midnight(day.parse().unwrap(), zone);
    Intervals::covering(midnight(from), midnight(to), unit, zone.into())
        .iter()
        .map(|interval| {
            (
                interval.start.format("%d %H:%M%:z").to_string(),
                interval.length().num_minutes(),
            )
        })
        .collect()
}

fn is_among(intervals: &[(String, i64)], label: &str, minutes: i64) -> bool {
    intervals.contains(&(label.to_owned(), minutes))
}

#[test]
fn a_day_without_a_change_of_the_clocks_has_24_hours_48_halves_and_96_quarters() {
    for (unit, count) in [(Unit::Day, 1), (HOUR, 24), (HALF_HOUR, 48), (QUARTER, 96)] {
        let found = of_days("2026-03-02", "2026-03-03", unit, America::Bogota);
        assert_eq!(found.len(), count, "{unit:?}");
        assert_eq!(found[0].0, "02 00:00-05:00");
    }
}

#[test]
fn a_day_whose_clocks_go_forward_has_23_hours_and_one_whose_clocks_go_back_25() {
    let spring = of_days("2026-03-29", "2026-03-30", HOUR, Europe::Madrid);
    assert_eq!(spring.len(), 23);
    assert!(is_among(&spring, "29 01:00+01:00", 60));
    assert!(is_among(&spring, "29 03:00+02:00", 60));
    let autumn = of_days("2026-10-25", "2026-10-26", HOUR, Europe::Madrid);
    assert_eq!(autumn.len(), 25);
    assert!(is_among(&autumn, "25 02:00+02:00", 60));
    assert!(is_among(&autumn, "25 02:00+01:00", 60));
    let days = of_days("2026-10-24", "2026-10-27", Unit::Day, Europe::Madrid);
    assert_eq!(
        days.iter().map(|day| day.1 / 60).collect::<Vec<_>>(),
        [24, 25, 24]
    );
}

#[test]
fn clocks_that_change_at_midnight_or_by_half_an_hour_leave_no_hole() {
    // Chile repeats the last hour of a day, and skips the first of another.
    let autumn = of_days("2026-04-04", "2026-04-05", HOUR, America::Santiago);
    assert_eq!(autumn.len(), 25);
    assert!(is_among(&autumn, "04 23:00-03:00", 60) && is_among(&autumn, "04 23:00-04:00", 60));
    let spring = of_days("2026-09-06", "2026-09-07", HOUR, America::Santiago);
    assert_eq!((spring.len(), spring[0].0.as_str()), (23, "06 01:00-03:00"));
    // Lord Howe goes back by half an hour: the half hour that comes twice is a piece of its own.
    let howe = of_days("2026-04-05", "2026-04-06", HOUR, Australia::Lord_Howe);
    assert_eq!(howe.len(), 25);
    assert!(is_among(&howe, "05 01:00+11:00", 60) && is_among(&howe, "05 01:30+10:30", 30));
    // Samoa had no 30 December in 2011.
    let samoa = of_days("2011-12-29", "2012-01-01", Unit::Day, Pacific::Apia);
    let labels: Vec<_> = samoa.iter().map(|day| &day.0[..2]).collect();
    assert_eq!(labels, ["29", "31"]);
    // Newfoundland once went back at a minute past midnight: that minute belongs to its day, and the repeated evening too.
    let newfoundland = of_days("2010-11-06", "2010-11-08", Unit::Day, America::St_Johns);
    assert_eq!(
        newfoundland,
        [("06 00:00-02:30".into(), 1440), ("07 00:00-02:30".into(), 1500)]
    );
}

#[test]
fn an_interval_that_the_range_cuts_keeps_its_name_and_has_the_length_that_is_left() {
    let (from, to) = (utc_of("2026-03-02T13:50:00Z"), utc_of("2026-03-02T15:10:30Z"));
    let intervals = Intervals::covering(from, to, HOUR, America::Bogota.into());
    let found: Vec<_> = intervals
        .iter()
        .map(|interval| {
            (
                interval.start.format("%H").to_string(),
                interval.length().num_seconds(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [("08".into(), 600), ("09".into(), 3600), ("10".into(), 630)]
    );
    assert_eq!(intervals.at(from - TimeDelta::seconds(1)), None);
    assert_eq!(intervals.at(to), None);
}

fn zones() -> impl Strategy<Value = Zone> {
    prop_oneof![
        2 => prop::sample::select(vec![
            America::Santiago, America::Havana, America::St_Johns, Europe::Madrid, Australia::Lord_Howe, Pacific::Apia,
        ]).prop_map(Zone::Named),
        2 => prop::sample::select(TZ_VARIANTS.to_vec()).prop_map(Zone::Named),
        1 => (-15_i32 * 4..=15 * 4).prop_map(|quarters| Zone::Fixed(FixedOffset::east_opt(quarters * 900).unwrap())),
    ]
}

fn units() -> impl Strategy<Value = Unit> {
    prop::sample::select(vec![Unit::Day, HOUR, HALF_HOUR, QUARTER])
}

/// Seconds from 2010 to 2036, half of them within two days of a change of the clocks where the zone has any.
fn instants(zone: Zone) -> impl Strategy<Value = i64> {
    let seconds = 1_262_304_000_i64..2_082_758_400;
    (seconds, any::<bool>(), -200_000_i64..200_000).prop_map(move |(second, is_near, distance)| {
        let half_a_year_on = second + 183 * 86_400;
        let other = offset(half_a_year_on, zone);
        if is_near && other != offset(second, zone) {
            window::offset_since(utc(second), utc(half_a_year_on), zone).timestamp() + distance
        } else {
            second
        }
    })
}

proptest! {
    #[test]
    fn the_intervals_cover_the_range_without_hole_or_overlap_in_any_zone(
        (zone, from) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        length in 1_i64..500_000,
        unit in units(),
        millionths in 0_i64..1_000_000,
    ) {
        let (from, to) = (utc(from), utc(from + length));
        let intervals = Intervals::covering(from, to, unit, zone);
        let all: Vec<_> = intervals.iter().collect();
        prop_assert_eq!(all[0].from, from);
        prop_assert_eq!(all[all.len() - 1].to, to);
        for pair in all.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert_eq!(pair[1].start, pair[1].from);
            prop_assert!(pair[0].start < pair[1].start);
        }
        let mut labels: Vec<_> = all.iter().map(|interval| interval.start.to_rfc3339()).collect();
        labels.dedup();
        prop_assert_eq!(labels.len(), all.len());
        for interval in &all {
            prop_assert!(interval.from < interval.to);
            prop_assert!(interval.start <= interval.from);
            if let Unit::Seconds(length) = unit {
                prop_assert!((interval.to - interval.start.to_utc()).num_seconds() <= length);
                // Within it the clocks do not change, and no boundary is crossed.
                let (first, last) = (local(interval.from, zone), local(interval.to - TimeDelta::seconds(1), zone));
                prop_assert_eq!(first.offset(), last.offset());
                let at = |time: DateTime<FixedOffset>| time.naive_local().and_utc().timestamp().div_euclid(length);
                prop_assert_eq!(at(first), at(last));
            } else {
                prop_assert_eq!(local(interval.start.to_utc(), zone).date_naive(), interval.start.date_naive());
            }
        }
        let instant = from + TimeDelta::seconds(length * millionths / 1_000_000);
        let found = intervals.at(instant).unwrap();
        prop_assert!(found.from <= instant && instant < found.to);
    }
}
