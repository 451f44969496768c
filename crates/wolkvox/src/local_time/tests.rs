use chrono::Offset;
use chrono_tz::{Africa, America, Antarctica, Asia, Australia, Europe, Pacific, TZ_VARIANTS};
use proptest::prelude::*;

use super::*;

fn naive(second: i64) -> NaiveDateTime {
    DateTime::from_timestamp(second, 0).unwrap().naive_utc()
}

fn assert_as_uncached(cached: &mut HourlyZone, local: NaiveDateTime) {
    let zone = cached.zone;
    assert_eq!(
        cached.instants_of(local),
        window::to_instants(local, zone),
        "{local} in {zone}"
    );
}

/// The seconds of UTC at which a zone's offset changes, found in steps of a quarter of a day.
fn changes(zone: Tz, from: i64, to: i64) -> Vec<i64> {
    let offset = |second| {
        zone.offset_from_utc_datetime(&naive(second))
            .fix()
            .local_minus_utc()
    };
    let mut found = Vec::new();
    let mut at = from;
    while at < to {
        let (mut same, mut other) = (at, at + 6 * SECONDS_OF_AN_HOUR);
        at = other;
        if offset(same) == offset(other) {
            continue;
        }
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            if offset(middle) == offset(other) {
                other = middle;
            } else {
                same = middle;
            }
        }
        found.push(other);
    }
    found
}

fn second_of(year: i32) -> i64 {
    let first = chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    first.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp()
}

/// Around each change: the local hours that are repeated, skipped, or cut in two, and their neighbours.
fn assert_around_changes(zone: Tz, from: i64, to: i64) {
    let mut cached = HourlyZone::new(zone);
    for change in changes(zone, from, to) {
        for offset in [change - 1, change] {
            let offset = zone.offset_from_utc_datetime(&naive(offset)).fix();
            let local = change + i64::from(offset.local_minus_utc());
            for step in -10..=10 {
                for odd in [-1, 0, 1, 29] {
                    assert_as_uncached(&mut cached, naive(local + step * 900 + odd));
                }
            }
        }
    }
}

#[test]
fn around_every_change_of_every_zone_since_2020_an_hour_is_read_as_without_the_cache() {
    for zone in TZ_VARIANTS {
        assert_around_changes(zone, second_of(2020), second_of(2027));
    }
}

#[test]
fn changes_of_half_an_hour_of_seconds_and_of_a_day_are_read_as_without_the_cache() {
    for zone in [
        Australia::Lord_Howe,
        Pacific::Apia,
        Pacific::Kwajalein,
        Asia::Kathmandu,
        Asia::Pyongyang,
        Africa::Monrovia,
        Africa::El_Aaiun,
        America::St_Johns,
        America::Caracas,
        America::Bogota,
        Antarctica::Troll,
        Europe::Amsterdam,
        Europe::Dublin,
    ] {
        assert_around_changes(zone, second_of(1880), second_of(2038));
    }
}

#[test]
fn the_ends_of_time_are_read_as_without_the_cache_as_far_as_that_can() {
    for zone in [Zone::from(America::Bogota), "+05:30".parse().unwrap()] {
        let mut cached = HourlyZone::new(zone);
        for second in [
            second_of(-200_000),
            second_of(0),
            second_of(9999),
            second_of(200_000),
        ] {
            assert_as_uncached(&mut cached, naive(second));
        }
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut cached = HourlyZone::new(Europe::Madrid);
    for hour in 0..5000 {
        assert_as_uncached(&mut cached, naive(second_of(2026) + hour * 3600 + 17));
    }
    assert_eq!(cached.hours.len(), HOURS);
}

fn times() -> impl Strategy<Value = Vec<i64>> {
    // Some share an hour, some a place in the memory.
    let near = prop_oneof![
        Just(0),
        -7200..7200_i64,
        Just(1024 * 3600),
        0..31 * 86_400_i64,
        any::<i32>().prop_map(i64::from)
    ];
    (
        second_of(1850)..second_of(2200),
        prop::collection::vec(near, 1..40),
    )
        .prop_map(|(start, near)| near.into_iter().map(|near| start + near).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_read_before_a_time_is_read_as_without_the_cache(
        zone in prop::sample::select(TZ_VARIANTS.to_vec()),
        offset in -15 * 60..=15 * 60_i32,
        times in times(),
        nanosecond in 0..1_000_000_000_u32,
    ) {
        let fixed = FixedOffset::east_opt(offset * 60).unwrap();
        for zone in [Zone::from(zone), Zone::from(fixed)] {
            let mut cached = HourlyZone::new(zone);
            for second in &times {
                let local = naive(*second) + TimeDelta::nanoseconds(i64::from(nanosecond));
                prop_assert_eq!(cached.instants_of(local), window::to_instants(local, zone), "{} in {}", local, zone);
            }
        }
    }
}
