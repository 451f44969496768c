//! What reads digits by hand, against the slow reading that it stands for.

use proptest::prelude::*;

use super::*;

/// By chrono, as every such time was once read.
fn slow_local_time(text: &str) -> Option<NaiveDateTime> {
    local_time_by_chrono(text).filter(|at| PLAUSIBLE_YEARS.contains(&at.year()))
}

/// By the words of the format's description.
fn slow_milliseconds(text: &str) -> Option<u64> {
    let digits = |text: &str| -> Option<u64> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let milliseconds = if text.contains(':') {
        let parts: Vec<_> = text.split(':').collect();
        let [hours, minutes, seconds] = parts[..] else {
            return None;
        };
        let below_60 = |text: &str| digits(text).filter(|value| text.len() == 2 && *value < 60);
        let rest = below_60(minutes)? * 60 + below_60(seconds)?;
        digits(hours)?
            .checked_mul(3600)?
            .checked_add(rest)?
            .checked_mul(1000)?
    } else {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let thousandths = (digits(&format!("{fraction:0<4.4}"))? + 5) / 10;
        digits(whole)?.checked_mul(1000)?.checked_add(thousandths)?
    };
    (milliseconds <= MAX_MILLISECONDS).then_some(milliseconds)
}

/// By spelling all of it anew.
fn slow_code(text: &str) -> Option<String> {
    match words(text).replace(' ', "").as_str() {
        "timeoutchat" => Some(TIMEOUT_CODE.to_owned()),
        _ => slow_label(text),
    }
}

fn slow_label(text: &str) -> Option<String> {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let clean: String = clean.take(MAX_LABEL_CHARACTERS).collect();
    Some(clean.trim().to_owned()).filter(|label| !label.is_empty())
}

fn assert_as_slow(text: &str) {
    assert_eq!(local_time(text), slow_local_time(text), "{text:?}");
    assert_eq!(milliseconds(text), slow_milliseconds(text), "{text:?}");
    assert_eq!(code(text), slow_code(text), "{text:?}");
    assert_eq!(label(text), slow_label(text), "{text:?}");
    assert_eq!(trimmed(text), text.trim());
    let lower = slow_label(text).map(|label| label.to_lowercase());
    assert_eq!(lower_case_label(text), lower, "{text:?}");
}

#[test]
fn odd_times_are_read_as_chrono_reads_them() {
    for text in [
        "2026-03-10 10:20:30",
        "2024-02-29 23:59:59",
        "2026-02-29 00:00:00",
        "2026-13-01 00:00:00",
        "2026-00-10 00:00:00",
        "2026-01-00 00:00:00",
        "2026-04-31 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 00:60:00",
        "2026-06-30 23:59:60",
        "2026-06-30 23:59:61",
        "0000-01-01 00:00:00",
        "1999-12-31 23:59:59",
        "2999-12-31 23:59:59",
        "3000-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "+2026-01-01 0:00:00",
        "-026-01-01 00:00:00",
        "2026-1-1 1:2:3",
        "2026-01-01  00:00:00",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00 ",
        " 2026-01-01 00:00:0",
        "2026-01- 1 00:00:00",
        "2026-01-01 +1:00:00",
        "2026-01-01 00:00:0:",
        "2026/01/01 00:00:00",
        "2026-01-01\u{a0}00:00:00",
        "2026-01-01 00:00:0\u{662}",
        "\u{662}\u{660}26-01-01 00:00",
        "",
    ] {
        assert_as_slow(text);
    }
}

/// Texts near those that are read: characters of one put out, changed, or put in.
fn bent(plain: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "", " ", "0", "9", "60", "-", "+", ":", ".", ",", "T", "\u{a0}", "\u{663}", "\u{1}", "é", "_",
    ]);
    (plain, any::<prop::sample::Index>(), 0..3_usize, odd).prop_map(|(text, at, skip, odd)| {
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len() + 1);
        let head: String = chars[..at].iter().collect();
        let tail: String = chars[(at + skip).min(chars.len())..].iter().collect();
        format!("{head}{odd}{tail}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_time_of_digits_is_read_as_chrono_reads_it(
        (year, month, day) in (0..10_000_u32, 0..14_u32, 0..33_u32),
        (hour, minute, second) in (0..26_u32, 0..62_u32, 0..62_u32),
    ) {
        assert_as_slow(&format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"));
        assert_as_slow(&format!("{hour}:{minute:02}:{second:02}"));
        assert_as_slow(&format!("{year}{month}:{minute:02}:{second:02}"));
        assert_as_slow(&format!("{year}.{month}{day}{hour}"));
    }

    #[test]
    fn a_text_near_a_time_is_read_as_the_slow_reading_does(
        text in bent("[12][0-9]{3}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]"),
        clock in bent("[0-9]{1,21}:[0-6][0-9]:[0-6][0-9]"),
        seconds in bent("[0-9]{1,21}(\\.[0-9]{1,22})?"),
        word in bent("[Tt][Ii]me[-_ ]?out[-_ ]?[Cc]hat"),
    ) {
        for text in [text, clock, seconds, word] {
            assert_as_slow(&text);
        }
    }

    #[test]
    fn any_text_is_read_as_the_slow_reading_does(text in "\\PC{0,30}", long in ".{100,200}") {
        assert_as_slow(&text);
        assert_as_slow(&long);
    }

    #[test]
    fn a_closed_word_is_the_same_in_every_spelling(
        word in prop::sample::select(vec!["very negative", "chat bot", "agent", "sí", "neutral", "true", "unheard"]),
        upper in any::<u32>(),
        between in prop::sample::select(vec![" ", "-", "_", "  ", "\u{a0}", "- _"]),
    ) {
        let letters = word.chars().enumerate().map(|(at, c)| if upper >> (at % 32) & 1 == 1 { c.to_ascii_uppercase() } else { c });
        let spelled = letters.collect::<String>().replace(' ', between);
        prop_assert_eq!(feeling(&spelled), feeling(word));
        prop_assert_eq!(participant(&spelled), participant(word));
        prop_assert_eq!(yes_or_no(&spelled), yes_or_no(word));
    }
}
