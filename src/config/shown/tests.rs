use super::*;

#[test]
fn numbers_times_and_dates_are_repeated() {
    for value in [
        "300",
        "-5m",
        "1h 30m",
        "999ms",
        "5.000",
        "5,000",
        "80%",
        "2026-01-31",
        "2026-01-31T00:00:00",
        "99999",
        "127.0.0.1:99999",
        "::1:10555",
        "[::1]:80",
    ] {
        assert_eq!(shown(value), format!("{value:?}"));
    }
}

#[test]
fn of_all_else_the_length_is_reported() {
    for value in [
        "SECRET123",
        "swordfish",
        "5219000077",
        "52190000.77",
        "a1b2c3d4e5f6a7b8",
        "1s2s3s4s",
        "",
        "five minutes",
        "CANARY-token+/=",
        "-:",
        "123456 123456 123456 123456 123456",
    ] {
        assert_eq!(shown(value), length(value));
    }
    assert_eq!(length("ñ"), "a value of 1 character");
    assert_eq!(length("ñandú"), "a value of 5 characters");
}

#[test]
fn a_slip_in_a_word_is_repeated_and_another_word_is_not() {
    assert_eq!(shown_near("nmaes", ["off", "ids", "names"]), "\"nmaes\"");
    assert_eq!(shown_near("inof", ["info", "warn"]), "\"inof\"");
    assert_eq!(
        shown_near("swordfish", ["off", "ids", "names"]),
        "a value of 9 characters"
    );
    assert_eq!(shown_near("1", ["true", "false"]), "\"1\"");
}
