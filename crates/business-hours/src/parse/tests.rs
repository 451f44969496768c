use proptest::prelude::*;

use super::*;

fn mistake(text: &str) -> String {
    let mistakes = BusinessHours::parse(text).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
    mistakes[0].to_string()
}

/// Each text has the mistake that is told: its part, what is wrong, and a right example.
fn assert_told(mistakes: &[(&str, &str)]) {
    for (text, told) in mistakes {
        assert_eq!(mistake(text), format!("has a mistake in {told}"), "{text}");
    }
}

#[test]
fn a_mistake_in_the_days_is_told() {
    assert_told(&[
        (
            "Xx 08:00-18:00",
            "part 1: \"Xx\" is no day of the week; the days are Mo, Tu, We, Th, Fr, Sa and Su, as in Mo-Fr 08:00-18:00 or Mo,We 08:00-12:00",
        ),
        (
            "Mo 08:00-18:00; Lu-Vi 08:00-18:00",
            "part 2: \"lu\" is written Mo, as in Mo 08:00-18:00",
        ),
        (
            "Sábado 9:00-13:00",
            "part 1: \"sábado\" is written Sa, as in Sa 08:00-18:00",
        ),
        (
            "Monday-Friday 08:00-18:00",
            "part 1: \"monday\" is written Mo, as in Mo 08:00-18:00",
        ),
        (
            "PH off",
            "part 1: public holidays (PH) are not known here; list them as days off: off 2026-12-25,2027-01-01",
        ),
        (
            "Mo-Fr",
            "part 1: there are no times behind the days; write them as in Mo-Fr 08:00-18:00",
        ),
    ]);
}

#[test]
fn a_mistake_in_the_times_is_told() {
    assert_told(&[
        (
            "Mo-Fr 08:00-18:00, Sa 09:00-13:00",
            "part 1: \"Sa\" is a day among times; between two parts stands a semicolon, as in Mo-Fr 08:00-18:00; Sa 09:00-13:00",
        ),
        (
            "Mo-Fr 8-18",
            "part 1: \"8-18\" is no range of times; write hours and minutes as in 08:00-18:00",
        ),
        (
            "Mo-Fr 8am-6pm",
            "part 1: \"8am-6pm\" is no range of times; write hours and minutes as in 08:00-18:00",
        ),
        (
            "Mo-Fr 08:00-18:0",
            "part 1: \"08:00-18:0\" is no range of times; write hours and minutes as in 08:00-18:00",
        ),
        (
            "Mo-Fr 08:00-12:00,",
            "part 1: \"\" is no range of times; write hours and minutes as in 08:00-18:00",
        ),
        (
            "Mo-Fr 08:00-25:00",
            "part 1: \"25:00\" is no time of day; times go from 00:00 to 24:00, and an end on the next day is written by its own time, as in 22:00-02:00",
        ),
        (
            "Mo-Fr 08:60-12:00",
            "part 1: \"08:60\" is no time of day; times go from 00:00 to 24:00, and an end on the next day is written by its own time, as in 22:00-02:00",
        ),
        (
            "Mo-Fr 08:00-08:00",
            "part 1: \"08:00-08:00\" begins and ends at the same time; around the clock is 00:00-24:00, and a shift has two times, as in 08:00-18:00",
        ),
        (
            "Mo 24:00-02:00",
            "part 1: \"24:00-02:00\" begins at 24:00; write it for the next day, as in Tu 00:00-02:00",
        ),
        (
            "Mo-Fr 08:00-12:00 14:00-18:00",
            "part 1: \"14:00-18:00\" stands behind a blank; lists have commas, and between two parts stands a semicolon, as in Mo,We 08:00-12:00,14:00-18:00; off 2026-12-25",
        ),
        (
            "Mo We 08:00-12:00",
            "part 1: \"We\" stands behind a blank; lists have commas, and between two parts stands a semicolon, as in Mo,We 08:00-12:00,14:00-18:00; off 2026-12-25",
        ),
    ]);
}

#[test]
fn a_mistake_in_the_days_off_is_told() {
    assert_told(&[
        (
            "off 2026-12-25 2026-12-26",
            "part 1: \"2026-12-26\" stands behind a blank; lists have commas, and between two parts stands a semicolon, as in Mo,We 08:00-12:00,14:00-18:00; off 2026-12-25",
        ),
        (
            "Mo-Fr 08:00-12:00; Mo-Fr 14:00-18:00",
            "part 2: Mo has times in part 1 already; write all times of a day in one part, as in Mo-Fr 08:00-12:00,14:00-18:00",
        ),
        (
            "Mo-Fr 08:00-18:00; off",
            "part 2: off stands without a day; write which, as in off 2026-12-25",
        ),
        (
            "Mo-Fr 08:00-18:00; off 25.12.2026",
            "part 2: \"25.12.2026\" is no date; dates are written as in off 2026-12-25, several as in off 2026-12-24..2027-01-02,2027-01-06",
        ),
        (
            "Mo-Fr 08:00-18:00; off 2026-02-30",
            "part 2: \"2026-02-30\" is no date; dates are written as in off 2026-12-25, several as in off 2026-12-24..2027-01-02,2027-01-06",
        ),
        (
            "Mo-Fr 08:00-18:00; off 2206-12-25",
            "part 2: 2206-12-25 lies in no year from 2000 to 2100; write it as in off 2026-12-25",
        ),
        (
            "Mo-Fr 08:00-18:00; off 2027-01-02..2026-12-24",
            "part 2: 2027-01-02..2026-12-24 ends before it begins; write it as in off 2026-12-24..2027-01-02",
        ),
        (
            "Mo-Fr 08:00-18:00; 2026-12-24 08:00-12:00",
            "part 2: a date can't have times of its own; it can be off, as in off 2026-12-24",
        ),
        (
            "Mo-Fr 08:00-18:00; 2026-12-24",
            "part 2: a date can't have times of its own; it can be off, as in off 2026-12-24",
        ),
    ]);
}

#[test]
fn hours_that_never_are_open_are_a_mistake() {
    for text in ["off 2026-12-25", "Su 08:00-12:00; Su off", ";", ""] {
        assert_eq!(
            mistake(text),
            "leaves no time that is open; write it as in Mo-Fr 08:00-18:00; Sa 09:00-13:00"
        );
    }
}

#[test]
fn each_part_has_its_mistake() {
    let mistakes = BusinessHours::parse("Mo 8-18; Tu 08:00-18:00; Xx 08:00-18:00").unwrap_err();
    let parts: Vec<_> = mistakes.iter().map(|mistake| mistake.part).collect();
    assert_eq!(parts, [Some(1), Some(3)]);
}

#[test]
fn a_word_that_may_be_a_secret_is_told_by_its_length() {
    for text in ["52190433", "aB3dE5fG7hJ9kL1m", "Mo 52190433", "off 1234567890"] {
        let told = mistake(text);
        assert!(
            told.contains("a word of ") && !told.contains(&text[3..]),
            "{told}"
        );
    }
}

#[test]
fn a_range_of_dates_may_have_the_dash_of_other_ranges() {
    let read = |text: &str| BusinessHours::parse(&format!("24/7; off {text}")).unwrap();
    let range = read("2026-12-24..2027-01-02");
    for text in [
        "2026-12-24-2027-01-02",
        "2026-12-24 .. 2027-01-02",
        "2026-12-24 - 2027-01-02",
    ] {
        assert_eq!(read(text), range, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_hours_or_a_mistake_with_a_way_out(
        text in prop_oneof![any::<String>(), "([MTWFSaeuohr0-9:;,./ -]|off|24/7|\\n){0,40}"],
    ) {
        if let Err(mistakes) = BusinessHours::parse(&text) {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let told = mistake.to_string();
                prop_assert!(told.contains(" as in ") || told.contains("off 2026"), "{}", told);
            }
        }
    }
}
