use proptest::prelude::*;

use super::*;

fn id(text: &str) -> Result<String, NotAChat> {
    parse(&Value::Text(text)).map(|id| id.to_string())
}

#[test]
fn what_programs_write_where_there_is_no_id_is_none() {
    for text in [
        "",
        " ",
        "-",
        "0",
        "0.0",
        "-0",
        "0e5",
        "-0.00E-3",
        "0e99999999999",
        "null",
        "NULL",
        " Null ",
        "(null)",
        "nil",
        "None",
        "undefined",
        "NaN",
        "N/A",
        "n/a",
    ] {
        // An exponent that no number holds is not read: the id is a text like others.
        let expected = if text == "0e99999999999" {
            id(text)
        } else {
            Err(NotAChat::NoConnId)
        };
        assert_eq!(id(text), expected, "{text}");
    }
    for text in ["nullable", "00", "none1", "0x0"] {
        assert_eq!(id(text).unwrap(), text);
    }
}

#[test]
fn a_whole_number_is_one_id_in_all_its_spellings() {
    for text in [
        "1000", "1000.0", "1000.000", "1e3", "1E3", "1e+3", "1.0e3", "10.00e2", "10000e-1", "0.1e4",
    ] {
        assert_eq!(id(text).unwrap(), "1000", "{text}");
    }
    let longest = format!("1{}", "0".repeat(63));
    assert_eq!(id("1e63").unwrap(), longest);
}

#[test]
fn what_is_no_whole_number_of_json_is_an_id_as_it_is() {
    for text in [
        "007",
        "007.0",
        "1448466453.10",
        "1448466453.1",
        "1.5",
        "15e-1",
        "+5",
        "-5",
        "1,000",
        "1.",
        ".5",
        "e3",
        "1e",
        "1e+",
        "1e64",
        "1e999999999999999999999",
        "12e4e1",
        "0x10",
        "1_000",
        "4f7e10",
    ] {
        assert_eq!(id(text).unwrap(), text);
    }
}

proptest! {
    #[test]
    fn spellings_of_one_number_are_one_id_and_of_two_numbers_are_two(
        number in 1u64.., other in 1u64.., zeros in 0usize..5, shift in 0usize..20,
    ) {
        let plain = number.to_string();
        let shifted = format!("{number}{}e-{shift}", "0".repeat(shift));
        let fraction = format!("{number}.{}", "0".repeat(zeros + 1));
        let scientific = format!("{}.{}e{}", &plain[..1], if plain.len() > 1 { &plain[1..] } else { "0" }, plain.len() - 1);
        for spelling in [&shifted, &fraction, &scientific] {
            prop_assert_eq!(id(spelling), Ok(plain.clone()), "{}", spelling);
        }
        prop_assert_eq!(id(&format!("{other}.0")) == id(&fraction), number == other);
    }

    #[test]
    fn an_id_is_read_again_as_itself(text in "[0-9.eE+-]{1,12}|.{1,40}") {
        if let Ok(id) = parse(&Value::Text(&text)) {
            prop_assert_eq!(parse(&Value::Text(&id.to_string())), Ok(id.clone()));
        }
    }
}
