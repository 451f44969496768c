use chrono::{DateTime, TimeDelta, Utc};

use super::*;

fn zone(text: &str) -> Zone {
    text.parse().unwrap()
}

#[test]
fn a_place_or_an_offset_is_a_zone_and_reads_what_it_writes() {
    for (text, written) in [
        ("America/Bogota", "America/Bogota"),
        ("europe/madrid", "Europe/Madrid"),
        ("UTC", "UTC"),
        ("Z", "UTC"),
        ("-05:00", "-05:00"),
        ("+05:30", "+05:30"),
        ("-00:00", "+00:00"),
        ("+14:00", "+14:00"),
    ] {
        assert_eq!(zone(text).to_string(), written);
        assert_eq!(zone(written), zone(text));
    }
}

#[test]
fn all_else_is_none() {
    for text in [
        "",
        "Bogota",
        "-5",
        "-05",
        "-0500",
        "05:00",
        "-5:00",
        "-05:60",
        "-16:00",
        "+99:00",
        "UTC-5",
        "GMT-5",
        "-05:00:00",
        "--5:00",
        "+-5:00",
        "\u{2212}05:00",
    ] {
        assert_eq!(text.parse::<Zone>(), Err(ZoneError), "{text:?}");
    }
}

#[test]
fn a_fixed_offset_is_that_far_from_utc_at_any_time() {
    let at: DateTime<Utc> = "2026-07-01T12:00:00Z".parse().unwrap();
    assert_eq!(
        at.with_timezone(&zone("+05:30")).to_string(),
        "2026-07-01 17:30:00 +05:30"
    );
    let local = at.naive_utc();
    assert_eq!(
        zone("-05:00").from_local_datetime(&local).single().unwrap(),
        at + TimeDelta::hours(5)
    );
}

#[test]
fn local_times_stay_in_their_place_when_its_clocks_change() {
    let before: DateTime<Utc> = "2026-03-29T00:30:00Z".parse().unwrap();
    let local = before.with_timezone(&zone("Europe/Madrid"));
    assert_eq!(local.to_string(), "2026-03-29 01:30:00 CET");
    assert_eq!(
        (local + TimeDelta::hours(1)).to_string(),
        "2026-03-29 03:30:00 CEST"
    );
}
