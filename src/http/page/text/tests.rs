use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    // 15 January 2027, 08:00 UTC.
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn bogota() -> Times {
    Times {
        zone: "America/Bogota".parse().unwrap(),
        now: at(0),
    }
}

#[test]
fn times_are_local_and_say_their_day_where_it_is_another_one() {
    let times = bogota();
    assert_eq!(times.local(at(-90)), "02:58:30");
    assert_eq!(times.local(at(-4 * 3600)), "14 Jan 23:00");
    assert_eq!(times.local(at(-20 * 86_400)), "26 Dec 2026 03:00");
    let moment = times.moment(at(-90)).into_string();
    assert_eq!(
        moment,
        "<time datetime=\"2027-01-15T07:58:30Z\">02:58:30</time> <span class=\"soft\">(1 minute ago)</span>"
    );
}

#[test]
fn the_zone_is_named_with_its_distance_from_utc() {
    assert_eq!(bogota().zone_in_words(), "America/Bogota (UTC-05:00)");
    let fixed = Times {
        zone: "-03:30".parse().unwrap(),
        now: at(0),
    };
    assert_eq!(fixed.zone_in_words(), "UTC-03:30");
}

#[test]
fn distances_are_shown_in_whole_units() {
    for (seconds, expected) in [
        (0, "now"),
        (-1, "1 second ago"),
        (-59, "59 seconds ago"),
        (-60, "1 minute ago"),
        (-3_599, "59 minutes ago"),
        (-172_799, "47 hours ago"),
        (-172_800, "2 days ago"),
        (61, "in 1 minute"),
    ] {
        assert_eq!(bogota().distance(at(seconds)), expected);
    }
}

#[test]
fn numbers_are_written_as_on_the_boards() {
    for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(whole(number), expected);
    }
    for (number, expected) in [
        (Some(0.8), "80.0%"),
        (Some(0.29), "29.0%"),
        (Some(2.0 / 3.0), "66.6%"),
        (Some(0.9999), "99.9%"),
        (Some(1.0), "100%"),
        (None, "–"),
    ] {
        assert_eq!(reached(number), expected);
    }
    for (share, expected) in [(0.8, "80%"), (0.925, "92.5%"), (0.29, "29%"), (1.0, "100%")] {
        assert_eq!(objective(share), expected);
    }
    assert_eq!(clock(Some(99.6)), "00:01:40");
    assert_eq!(clock(Some(100_000.0)), "27:46:40");
    assert_eq!(clock(None), "–");
}
