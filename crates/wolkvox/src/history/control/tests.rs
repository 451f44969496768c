use chrono_tz::Tz;

use super::super::Purpose;
use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A quarter of an hour, of which nothing is asked for below its floor.
fn range(floor: Option<&str>) -> OpenRange {
    let [from, to] = ["2026-03-10T15:00:00Z", "2026-03-10T15:15:00Z"].map(utc);
    let floor = floor.map(|text| utc(text).naive_utc());
    OpenRange::new(Purpose::Poll, from, to, Tz::UTC.into(), floor)
}

fn asked(control: &Control, range: &OpenRange) -> DateTime<Utc> {
    let question = control.question(range).unwrap();
    assert!(question.is_askable() && question.from == question.to);
    question.from
}

#[test]
fn the_question_is_a_second_that_was_read_and_every_other_time_the_last_one() {
    let (end, range) = (utc("2026-03-10T15:15:00Z"), range(None));
    let mut control = Control::default();
    assert_eq!(asked(&control, &range), end, "nothing was read yet");
    let good = range.chunk(utc("2026-03-10T14:00:00Z"), utc("2026-03-10T14:11:01Z"));
    control.note_read(&good.unwrap());
    let middle = utc("2026-03-10T14:05:30Z");
    let asked = [(); 4].map(|()| {
        let asked = asked(&control, &range);
        control.note_failure();
        asked
    });
    assert_eq!(asked, [middle, end, middle, end]);
}

#[test]
fn no_question_begins_below_the_floor() {
    let mut control = Control::default();
    let good = range(None).chunk(utc("2026-03-10T14:00:00Z"), utc("2026-03-10T14:11:01Z"));
    control.note_read(&good.unwrap());
    let floor = Some("2026-03-10T15:01:00Z");
    assert_eq!(asked(&control, &range(floor)), utc("2026-03-10T15:15:00Z"));
    assert!(control.question(&range(Some("2026-03-10T15:16:00Z"))).is_none());
}
