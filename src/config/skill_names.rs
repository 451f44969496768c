//! `WOLKVOX_SKILL_NAMES`: `12=Sales, 13=Support`, or one pair a line.

use std::collections::BTreeMap;

/// The most characters of a label's value, as for those of the report.
const LONGEST: usize = 128;

/// What is wrong with the names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SkillNamesError {
    /// No `=`.
    #[error(
        "holds {0:?}, which is not a pair such as 12=Sales; between two pairs stands a comma or a line break, so names have none"
    )]
    NoPair(String),
    /// `=Sales`.
    #[error("holds {0:?}, which has no skill before the =; write the skill's number there, such as 12=Sales")]
    NoId(String),
    /// `12=`.
    #[error(
        "has no name for skill {0}; write 12=Sales, or leave the skill out: it is shown by its number then"
    )]
    NoName(String),
    /// The same skill twice.
    #[error("names skill {0} twice")]
    Twice(String),
    /// An id or a name that no label takes.
    #[error(
        "holds an id or a name of {0} characters, which begins with {1:?}; the longest has {LONGEST} characters"
    )]
    TooLong(usize, String),
    /// A tab or the like.
    #[error("holds {0:?} with a control character in it")]
    Control(String),
}

/// Names by skill.
///
/// # Errors
/// All that is wrong, in the order in which it stands.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, Vec<SkillNamesError>> {
    let mut names = BTreeMap::new();
    let mut errors = Vec::new();
    // A comma at the end of a line is no pair of its own.
    let pairs = text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    for pair in pairs {
        match read_pair(pair) {
            Ok((id, _)) if names.contains_key(id) => errors.push(SkillNamesError::Twice(id.to_owned())),
            Ok((id, name)) => {
                names.insert(id.to_owned(), name.to_owned());
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

fn read_pair(pair: &str) -> Result<(&str, &str), SkillNamesError> {
    let Some((id, name)) = pair.split_once('=') else {
        return Err(SkillNamesError::NoPair(pair.to_owned()));
    };
    let (id, name) = (id.trim(), name.trim());
    if id.is_empty() {
        return Err(SkillNamesError::NoId(pair.to_owned()));
    }
    if name.is_empty() {
        return Err(SkillNamesError::NoName(id.to_owned()));
    }
    for part in [id, name] {
        let length = part.chars().count();
        if length > LONGEST {
            return Err(SkillNamesError::TooLong(length, part.chars().take(20).collect()));
        }
        if part.chars().any(char::is_control) {
            return Err(SkillNamesError::Control(part.to_owned()));
        }
    }
    Ok((id, name))
}

#[cfg(test)]
mod tests {
    use super::SkillNamesError::*;
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text).unwrap().into_iter().collect()
    }

    #[test]
    fn pairs_stand_between_commas_or_on_lines_and_blanks_do_not_matter() {
        let expected = [("12", "Sales & more"), ("13", "Soporte técnico = 2")]
            .map(|(id, name)| (id.to_owned(), name.to_owned()));
        for text in [
            "12=Sales & more,13=Soporte técnico = 2",
            " 12 = Sales & more , 13=Soporte técnico = 2, ",
            "12=Sales & more\n13=Soporte técnico = 2\n",
            "12=Sales & more,\r\n13=Soporte técnico = 2",
        ] {
            assert_eq!(pairs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn two_skills_may_have_one_name() {
        assert_eq!(pairs("12=Sales,13=Sales").len(), 2);
    }

    #[test]
    fn each_mistake_is_told_with_what_it_is_about() {
        let text = "12=Sales,Support,=Billing,14=,12=More,15=a\tb";
        let expected = vec![
            NoPair("Support".to_owned()),
            NoId("=Billing".to_owned()),
            NoName("14".to_owned()),
            Twice("12".to_owned()),
            Control("a\tb".to_owned()),
        ];
        assert_eq!(read(text), Err(expected));
    }

    #[test]
    fn a_name_has_128_characters_at_most() {
        let longest = "ñ".repeat(128);
        assert_eq!(
            pairs(&format!("12={longest}")),
            [("12".to_owned(), longest.clone())]
        );
        let error = TooLong(129, "ñ".repeat(20));
        assert_eq!(read(&format!("12={longest}ñ")), Err(vec![error]));
    }
}
