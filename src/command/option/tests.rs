use chrono_tz::Tz;

use super::*;

#[test]
fn a_day_begins_at_midnight_of_the_operation() {
    let moment: TimeArgument = "2026-10-01".parse().unwrap();
    let at = moment.at(Tz::America__Bogota);
    assert_eq!(at.to_rfc3339(), "2026-10-01T05:00:00+00:00");
    let moment: TimeArgument = "2026-10-01T08:00:00-05:00".parse().unwrap();
    assert_eq!(
        moment.at(Tz::Europe__Madrid).to_rfc3339(),
        "2026-10-01T13:00:00+00:00"
    );
    assert!("yesterday".parse::<TimeArgument>().is_err());
}
