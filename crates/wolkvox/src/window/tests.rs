use chrono::{FixedOffset, NaiveDate};
use chrono_tz::{America, Australia, Europe, Pacific, TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    parse_local(text).unwrap()
}

fn texts(windows: &[Window]) -> Vec<(String, String)> {
    windows
        .iter()
        .map(|window| (format_local(window.date_ini), format_local(window.date_end)))
        .collect()
}

fn cut_days(from: &str, to: &str, zone: Tz) -> Vec<(String, String)> {
    texts(&chunks(at(from), at(to), zone, None, LONGEST))
}

fn pair(ini: &str, end: &str) -> (String, String) {
    (ini.into(), end.into())
}

#[test]
fn a_range_in_one_month_is_one_chunk() {
    assert_eq!(
        cut_days(
            "2026-03-10T12:00:00.9Z",
            "2026-03-10T12:05:00.1Z",
            America::Bogota
        ),
        [pair("20260310070000", "20260310070501")]
    );
}

#[test]
fn before_the_clocks_go_back_the_least_local_time_is_one_to_come() {
    let least = |instant: &str| format_local(least_local(Europe::Madrid, at(instant)));
    // 02:30 in summer; 02:00 comes again in winter, half an hour later.
    assert_eq!(least("2026-10-25T00:30:00Z"), "20261025020000");
    assert_eq!(least("2026-10-25T01:30:00Z"), "20261025023000");
    assert_eq!(least("2026-07-01T00:30:00Z"), "20260701023000");
}

#[test]
fn a_months_end_cuts_between_its_last_and_the_next_first_second() {
    let windows = chunks(
        at("2026-01-31T22:00:00Z"),
        at("2026-02-01T08:00:00Z"),
        America::Bogota,
        None,
        LONGEST,
    );
    assert_eq!(
        texts(&windows),
        [
            pair("20260131170000", "20260131235959"),
            pair("20260201000000", "20260201030000")
        ]
    );
    assert_eq!(windows[0].to, at("2026-02-01T04:59:59Z"));
    assert_eq!(windows[1].from, at("2026-02-01T05:00:00Z"));
}

#[test]
fn a_whole_month_of_31_days_is_one_chunk() {
    assert_eq!(
        cut_days("2026-01-01T05:00:00Z", "2026-02-01T04:59:59Z", America::Bogota),
        [pair("20260101000000", "20260131235959")]
    );
}

#[test]
fn neighbours_inside_a_month_share_their_boundary_second() {
    let windows = chunks(
        at("2026-01-10T00:00:00Z"),
        at("2026-01-12T12:00:00Z"),
        Tz::UTC,
        None,
        TimeDelta::days(1),
    );
    assert_eq!(
        texts(&windows),
        [
            pair("20260110000000", "20260111000000"),
            pair("20260111000000", "20260112000000"),
            pair("20260112000000", "20260112120000"),
        ]
    );
}

#[test]
fn a_reversed_range_has_no_chunks_and_a_single_instant_has_one() {
    assert!(cut_days("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", Tz::UTC).is_empty());
    assert_eq!(
        cut_days("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Tz::UTC),
        [pair("20260101000000", "20260101000000")]
    );
}

#[test]
fn when_the_clocks_go_back_the_chunk_spans_both_hours() {
    // Madrid, 2025-10-26: 03:00 becomes 02:00 at 01:00 UTC. From 02:50 the first time to 02:10 the second.
    assert_eq!(
        cut_days("2025-10-26T00:50:00Z", "2025-10-26T01:10:00Z", Europe::Madrid),
        [pair("20251026020000", "20251026025959")]
    );
}

#[test]
fn when_the_clocks_go_forward_the_chunk_spans_the_gap() {
    assert_eq!(
        cut_days("2026-03-29T00:50:00Z", "2026-03-29T01:10:00Z", Europe::Madrid),
        [pair("20260329015000", "20260329031000")]
    );
}

#[test]
fn a_first_minute_of_a_month_before_the_old_one_returns_is_a_chunk_of_its_own() {
    // St John's, 2009-11-01: 00:01 becomes 23:01 of the day before.
    assert_eq!(
        cut_days("2009-11-01T02:00:00Z", "2009-11-01T05:00:00Z", America::St_Johns),
        [
            pair("20091031233000", "20091031235959"),
            pair("20091101000000", "20091101000059"),
            pair("20091031230100", "20091031235959"),
            pair("20091101000000", "20091101013000"),
        ]
    );
}

#[test]
fn no_chunk_begins_below_the_floor() {
    let floored = |floor: &str| {
        chunks(
            at("2026-01-31T00:00:00Z"),
            at("2026-02-02T00:00:00Z"),
            Tz::UTC,
            Some(local(floor)),
            LONGEST,
        )
    };
    assert_eq!(texts(&floored("20260101000000")).len(), 2);
    let straddled = floored("20260131120000");
    assert_eq!(straddled[0].from, at("2026-01-31T12:00:00Z"));
    assert_eq!(texts(&straddled)[0], pair("20260131120000", "20260131235959"));
    assert_eq!(
        texts(&floored("20260201000000")),
        [pair("20260201000000", "20260202000000")]
    );
    assert_eq!(
        texts(&floored("20260202000000")),
        [pair("20260202000000", "20260202000000")]
    );
    assert!(floored("20260202000001").is_empty());
}

#[test]
fn the_greatest_local_time_stays_while_an_hour_is_repeated() {
    let greatest = |text| format_local(greatest_local(Europe::Madrid, at(text)));
    assert_eq!(greatest("2025-10-26T00:30:00Z"), "20251026023000");
    assert_eq!(greatest("2025-10-26T01:30:00Z"), "20251026025959");
    assert_eq!(greatest("2025-10-26T02:30:00Z"), "20251026033000");
    assert_eq!(
        format_local(greatest_local(America::Bogota, at("2026-01-01T05:00:00.5Z"))),
        "20260101000000"
    );
}

#[test]
fn a_local_time_is_one_instant_two_or_read_with_the_offset_before_the_gap() {
    let instants = |text| to_instants(local(text), Europe::Madrid);
    let once = at("2025-10-26T03:30:00Z");
    assert_eq!(instants("20251026043000"), (once, once));
    assert_eq!(
        instants("20251026023000"),
        (at("2025-10-26T00:30:00Z"), at("2025-10-26T01:30:00Z"))
    );
    let skipped = at("2026-03-29T01:30:00Z");
    assert_eq!(instants("20260329023000"), (skipped, skipped));
    // Havana skips midnight, Lord Howe half an hour, Samoa skipped a day.
    assert_eq!(
        to_instants(local("20260308003000"), America::Havana).0,
        at("2026-03-08T05:30:00Z")
    );
    assert_eq!(
        to_instants(local("20261004021000"), Australia::Lord_Howe).0,
        at("2026-10-03T15:40:00Z")
    );
    assert_eq!(
        to_instants(local("20111230120000"), Pacific::Apia).0,
        at("2011-12-30T22:00:00Z")
    );
}

#[test]
fn a_text_that_is_no_time_is_not_parsed() {
    for text in [
        "",
        "2026010100000",
        "202601010000000",
        "20261301000000",
        "20260101000060",
        "+2026010100000",
        "2026-01-01T00:0",
    ] {
        assert_eq!(parse_local(text), None, "{text}");
    }
}

#[test]
fn only_windows_inside_one_month_are_askable() {
    let window = |ini: &str, end: &str| Window {
        from: DateTime::default(),
        to: DateTime::default(),
        date_ini: local(ini),
        date_end: local(end),
    };
    assert!(window("20260101000000", "20260131235959").is_askable());
    assert!(window("20260101000000", "20260101000000").is_askable());
    assert!(!window("20260131235959", "20260201000000").is_askable());
    assert!(!window("20260101000001", "20260101000000").is_askable());
    assert!(!window("20250101000000", "20260101000000").is_askable());
}

fn zones() -> impl Strategy<Value = Zone> {
    let notable = vec![
        America::Bogota,
        America::Santiago,
        Europe::Madrid,
        America::Havana,
        Australia::Lord_Howe,
        America::Asuncion,
        Tz::Africa__Casablanca,
        America::Sao_Paulo,
        America::St_Johns,
    ];
    let fixed =
        (-15 * 60..=15 * 60).prop_filter_map("an offset", |minutes| FixedOffset::east_opt(minutes * 60));
    prop_oneof![
        3 => prop::sample::select(notable).prop_map(Zone::Named),
        1 => prop::sample::select(TZ_VARIANTS.to_vec()).prop_map(Zone::Named),
        1 => fixed.prop_map(Zone::Fixed),
    ]
}

prop_compose! {
    /// A range in the years that have daylight saving, near one of its changes more often than not.
    fn ranges()(zone in zones(), start in 300_000_000i64..2_000_000_000, near: bool, length in 0i64..8_000_000)
        -> (Zone, i64, i64)
    {
        let start = if near {
            let here = offset(start, zone);
            first_change(start, start + 40_000_000, |second| offset(second, zone) != here)
                .map_or(start, |change| change - length % 7_000)
        } else {
            start
        };
        (zone, start, start + length)
    }
}

proptest! {
    #[test]
    fn every_instant_of_a_range_is_asked_for(
        (zone, start, end) in ranges(),
        longest in prop_oneof![Just(31 * 86_400i64), 600i64..31 * 86_400],
        samples in prop::collection::vec(0.0f64..=1.0, 40),
    ) {
        let longest = if end - start > 200 * longest { 31 * 86_400 } else { longest };
        let windows = chunks(utc(start), utc(end), zone, None, TimeDelta::seconds(longest));
        let edges = windows.iter().flat_map(|window| [window.from.timestamp(), window.to.timestamp()]);
        #[allow(clippy::cast_possible_truncation)]
        let inside = samples.iter().map(|part| start + ((end - start) as f64 * part) as i64);
        for second in edges.chain(inside) {
            let text = naive(second + offset(second, zone));
            prop_assert!(windows.iter().any(|window| {
                window.from <= utc(second) && utc(second) <= window.to
                    && window.date_ini <= text && text <= window.date_end
            }), "{second} in {zone}");
        }
    }

    #[test]
    fn every_chunk_is_askable_and_its_neighbours_are_contiguous(
        (zone, start, end) in ranges(),
        days in 1i64..=31,
    ) {
        let windows = chunks(utc(start), utc(end), zone, None, TimeDelta::days(days));
        prop_assert_eq!(windows.first().map(|window| window.from), Some(utc(start)));
        prop_assert_eq!(windows.last().map(|window| window.to), Some(utc(end)));
        for window in &windows {
            prop_assert!(window.is_askable());
            prop_assert!(window.to - window.from <= TimeDelta::days(days));
            prop_assert!(window.date_end - window.date_ini <= LONGEST);
        }
        for pair in windows.windows(2) {
            let step = pair[1].from - pair[0].to;
            let is_same_month = naive(pair[0].to.timestamp() + offset(pair[0].to.timestamp(), zone)).month()
                == naive(pair[1].from.timestamp() + offset(pair[1].from.timestamp(), zone)).month();
            prop_assert_eq!(step, TimeDelta::seconds(i64::from(!is_same_month)));
        }
    }

    #[test]
    fn a_floor_only_takes_away_what_lies_below_it((zone, start, end) in ranges(), part in -0.1f64..1.1) {
        #[allow(clippy::cast_possible_truncation)]
        let floor = naive(start + ((end - start) as f64 * part) as i64);
        let windows = chunks(utc(start), utc(end), zone, Some(floor), LONGEST);
        for window in &windows {
            prop_assert!(window.is_askable() && window.date_ini >= floor && window.from <= window.to);
        }
        for second in (start..=end).step_by(997) {
            let text = naive(second + offset(second, zone));
            let is_covered = windows.iter().any(|window| window.date_ini <= text && text <= window.date_end
                && window.from <= utc(second) && utc(second) <= window.to);
            prop_assert!(is_covered || text < floor);
        }
    }

    #[test]
    fn a_local_time_of_an_instant_leads_back_to_it((zone, start, _) in ranges()) {
        let (earliest, latest) = to_instants(naive(start + offset(start, zone)), zone);
        prop_assert!(earliest == utc(start) || latest == utc(start));
        prop_assert!(earliest <= latest);
    }

    #[test]
    fn a_formatted_time_parses_back(second in 0i64..253_402_300_799) {
        prop_assert_eq!(parse_local(&format_local(naive(second))), Some(naive(second)));
    }

    #[test]
    fn the_greatest_local_time_is_never_behind_and_never_falls((zone, start, _) in ranges(), later in 0i64..7200) {
        let greatest = greatest_local(zone, utc(start));
        prop_assert!(greatest >= naive(start + offset(start, zone)));
        // The few that crossed the date line, or went back by half a day, are nobody's contact centre.
        let before = offset(start - 86_400, zone);
        prop_assume!((before - offset(start + 86_400, zone)).abs() <= 7_200);
        prop_assert!(greatest_local(zone, utc(start + later)) >= greatest);
    }
}

#[test]
fn no_zone_breaks_the_chunks_of_a_hundred_years() {
    let from = NaiveDate::from_ymd_opt(1920, 1, 1)
        .unwrap()
        .and_hms_opt(0, 0, 0)
        .unwrap()
        .and_utc();
    for zone in [America::Bogota, America::Sao_Paulo, Europe::Madrid] {
        let windows = chunks(from, at("2027-01-01T00:00:00Z"), zone, None, LONGEST);
        assert!(windows.iter().all(Window::is_askable));
        assert!(windows.len() >= 1284);
    }
}
