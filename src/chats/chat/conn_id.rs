//! The id of a chat, by which it is counted once.

use std::borrow::Cow;

use wolkvox::Value;

use super::{Id, NotAChat};

/// The longest `conn_id`, in bytes; a longer one is rejected.
pub const MAX_CONN_ID_BYTES: usize = 64;

/// What programs write where they have no id. Case does not matter. If these were taken for ids, all such chats would
/// count as one.
const NO_IDS: [&str; 9] = [
    "-",
    "0",
    "null",
    "(null)",
    "nil",
    "none",
    "undefined",
    "nan",
    "n/a",
];

/// The id of a chat: any text up to [`MAX_CONN_ID_BYTES`], trimmed. A whole number is one id in all its JSON spellings:
/// `1000`, `1000.0` and `1e3`. Which one a server writes may change with its version, and the chat would count again.
pub(super) fn parse(value: &Value) -> Result<Id, NotAChat> {
    let text = match value {
        Value::Absent => return Err(NotAChat::NoConnId),
        Value::Unreadable => return Err(NotAChat::BadConnId),
        Value::Text(text) => one_spelling(text.trim()),
    };
    if text.is_empty() || NO_IDS.iter().any(|no_id| text.eq_ignore_ascii_case(no_id)) {
        return Err(NotAChat::NoConnId);
    }
    if text.len() > MAX_CONN_ID_BYTES {
        return Err(NotAChat::BadConnId);
    }
    Ok(Id::from(text.as_ref()))
}

/// The digits of a text that is a whole number as JSON writes them; any other text as it is.
fn one_spelling(text: &str) -> Cow<'_, str> {
    whole_number(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `None` for what needs no other spelling: no number of JSON (`007`, `+5`), no whole one, or more digits than an id has.
fn whole_number(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (mantissa, ""),
    };
    if !is_digits(whole) || whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    // The point moves by the exponent.
    let digits = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    let point = usize::try_from(point)
        .ok()
        .filter(|point| *point <= MAX_CONN_ID_BYTES)?;
    let is_whole = digits.bytes().skip(point).all(|digit| digit == b'0');
    if unsigned.len() < text.len() || !is_whole {
        return None;
    }
    let digits = digits.get(..point).unwrap_or(&digits);
    let number = format!("{digits:0<point$}");
    let number = number.trim_start_matches('0');
    (!number.is_empty()).then(|| number.to_owned())
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    is_digits(digits).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> Result<String, NotAChat> {
        parse(&Value::Text(text.to_owned())).map(|id| id.as_str().to_owned())
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
            if let Ok(id) = parse(&Value::Text(text)) {
                prop_assert_eq!(parse(&Value::Text(id.as_str().to_owned())), Ok(id.clone()));
            }
        }
    }
}
