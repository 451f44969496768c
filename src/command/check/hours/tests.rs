use chrono::NaiveDateTime;

use super::*;
use crate::config::tests::with;

/// What is said at a local time of Bogotá.
fn said(hours: &str, local: &str) -> String {
    let config = with(&[("WOLKVOX_BUSINESS_HOURS", hours)])
        .unwrap()
        .into_operation();
    let local = NaiveDateTime::parse_from_str(local, "%F %H:%M").unwrap();
    let now = local.and_utc() + chrono::TimeDelta::hours(5);
    let mut findings = Findings::default();
    judge_hours(&mut findings, &config, now);
    findings.print()
}

#[test]
fn the_hours_are_said_as_they_were_understood_with_what_holds_now_and_what_is_next() {
    let hours = "mo - fr 8:00-18:00; off 2026-12-25";
    let start = "ok       hours       WOLKVOX_BUSINESS_HOURS is read as Mo-Fr 08:00-18:00; off 2026-12-25, in the time of America/Bogota: ";
    assert_eq!(
        said(hours, "2026-11-23 17:59"),
        format!("{start}open now, since Mon 2026-11-23 08:00 until Mon 2026-11-23 18:00\n")
    );
    assert_eq!(
        said(hours, "2026-12-24 18:00"),
        format!("{start}closed now, opens Mon 2026-12-28 08:00\n")
    );
    let always = said("24/7", "2026-11-23 17:59");
    assert!(
        always.ends_with(
            "is read as Mo-Su 00:00-24:00, in the time of America/Bogota: open now, around the clock\n"
        ),
        "{always}"
    );
}

#[test]
fn days_off_that_are_all_past_are_a_note() {
    let text = said("24/7; off 2026-12-25", "2026-12-26 12:00");
    assert!(
        text.contains("open now, since Sat 2026-12-26 00:00 and around the clock"),
        "{text}"
    );
    assert!(
        text.contains(
            "note     hours       WOLKVOX_BUSINESS_HOURS has no day off to come, the last was 2026-12-25"
        ),
        "{text}"
    );
}

#[test]
fn without_hours_nothing_is_said_of_them() {
    let config = with(&[]).unwrap().into_operation();
    let mut findings = Findings::default();
    judge_hours(&mut findings, &config, crate::config::tests::now());
    assert_eq!(findings, Findings::default());
}
