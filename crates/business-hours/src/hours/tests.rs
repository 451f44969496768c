use proptest::prelude::*;

use super::*;

fn times() -> impl Strategy<Value = Vec<TimeRange>> {
    let range = (0..MINUTES_OF_DAY, 1..MINUTES_OF_DAY).prop_map(|(start, length)| TimeRange {
        start,
        end: start + length,
    });
    proptest::collection::vec(range, 0..3).prop_map(|mut ranges| {
        ranges.sort_unstable();
        ranges
    })
}

/// Hours of any kind: with gaps, overlaps, over midnight, around the clock, with days off around the beginning of 2026.
pub(crate) fn any_hours() -> impl Strategy<Value = BusinessHours> {
    let whole = vec![TimeRange {
        start: 0,
        end: MINUTES_OF_DAY,
    }];
    let day = prop_oneof![3 => times(), 1 => Just(whole.clone())];
    let week = prop_oneof![
        4 => proptest::array::uniform7(day),
        1 => Just(std::array::from_fn(|_| whole.clone())),
    ];
    let off = proptest::collection::vec((-40_i64..60, 0_i64..9), 0..4);
    (week, off)
        .prop_filter("something is open", |(week, _)| !week.iter().all(Vec::is_empty))
        .prop_map(|(week, off)| {
            let year = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
            let day = |days| (year + TimeDelta::days(days)).to_string();
            let off: Vec<_> = off
                .into_iter()
                .map(|(first, more)| format!("{}..{}", day(first), day(first + more)))
                .collect();
            let mut hours = BusinessHours::parse("24/7").unwrap();
            if !off.is_empty() {
                hours = BusinessHours::parse(&format!("24/7; off {}", off.join(","))).unwrap();
            }
            BusinessHours { week, ..hours }
        })
}

#[test]
fn hours_are_written_with_each_day_once_and_days_of_the_same_times_together() {
    for (text, written) in [
        ("24/7", "Mo-Su 00:00-24:00"),
        ("8:00-18:00", "Mo-Su 08:00-18:00"),
        ("fr-mo 22:00-02:00", "Mo,Fr-Su 22:00-02:00"),
        (
            "Sa 9:00-13:00; MO,WE 14:00-18:00 , 08:00-12:00; tu 08:00-12:00,14:00-00:00",
            "Mo,We 08:00-12:00,14:00-18:00; Tu 08:00-12:00,14:00-24:00; Sa 09:00-13:00",
        ),
        (
            "Mo-Su 08:00-18:00\n2026-12-31..2027-01-02 off; off 2026-12-25, 2027-01-03;Su off;",
            "Mo-Sa 08:00-18:00; off 2026-12-25,2026-12-31..2027-01-03",
        ),
        ("Mo \u{2013} Fr 08:00 \u{2013} 18:00", "Mo-Fr 08:00-18:00"),
    ] {
        assert_eq!(BusinessHours::parse(text).unwrap().to_string(), written);
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(hours in any_hours()) {
        let text = hours.to_string();
        prop_assert_eq!(BusinessHours::parse(&text), Ok(hours), "{}", text);
    }
}
