//! Quotes, `~` and `$HOME`, which only a shell removes or replaces. `docker run --env-file`, systemd and Kubernetes pass a
//! value on as it is written.

/// Variables that name a file or a directory.
pub(super) const PATHS: [&str; 5] = [
    "TOKEN_FILE",
    "STATE_DIR",
    "CA_FILE",
    "WEB_CONFIG_FILE",
    "OPERATIONS_FILE",
];
/// A name may begin or end with a quote that belongs to it.
const NAMES: [&str; 2] = ["OPERATION", "SKILL_NAMES"];
const PAIRS: [(char, char); 7] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    // As a word processor writes them.
    ('\u{201c}', '\u{201d}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{ab}', '\u{bb}'),
];

/// The value without quotes around it, if it has any.
pub(super) fn unquoted(value: &str) -> Option<&str> {
    PAIRS.iter().find_map(|(open, close)| {
        let inner = value.strip_prefix(*open)?.strip_suffix(*close)?;
        Some(inner.trim())
    })
}

/// What is wrong with a value's ends or its beginning, for the variable of this name without its prefix.
pub(super) fn problem(variable: &str, value: &str) -> Option<String> {
    if unquoted(value).is_some() {
        return Some(
            "has quotes around its value: remove the quotes. Only a shell takes them off; docker run --env-file, for one, keeps them"
                .to_owned(),
        );
    }
    if !NAMES.contains(&variable) && has_lone_quote(value) {
        return Some("begins or ends with a quote that has no partner: remove it".to_owned());
    }
    if is_reference(value) {
        return Some(
            "refers to a variable or a command ($…), which only a shell replaces: write the value itself"
                .to_owned(),
        );
    }
    if PATHS.contains(&variable) {
        return path_problem(value);
    }
    None
}

fn has_lone_quote(value: &str) -> bool {
    PAIRS
        .iter()
        .any(|(open, close)| value.starts_with([*open, *close]) || value.ends_with([*open, *close]))
}

/// `$TOKEN`, `${TOKEN}`, `$(cat token)`, and nothing else.
fn is_reference(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('$') else {
        return false;
    };
    let is_name = |name: &str| {
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        begins
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_within = |open, close| rest.starts_with(open) && rest.ends_with(close);
    is_name(rest) || is_within('{', '}') || is_within('(', ')')
}

fn path_problem(value: &str) -> Option<String> {
    let write = "write the whole path, such as /var/lib/wolkvox-exporter";
    if value.starts_with('~') {
        return Some(format!(
            "begins with ~, which only a shell takes for a home directory: {write}"
        ));
    }
    let is_dollar = |(at, _): (usize, &str)| {
        let next = value[at + 1..].chars().next();
        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '('))
    };
    if value.match_indices('$').any(is_dollar) {
        return Some(format!(
            "holds a $ as in $HOME, which only a shell replaces: {write}"
        ));
    }
    // %h and the like, and %USERPROFILE%.
    let is_specifier = |part: &str| {
        let Some(rest) = part.strip_prefix('%') else {
            return false;
        };
        rest.len() == 1 && rest.as_bytes()[0].is_ascii_alphabetic() || rest.len() > 1 && rest.ends_with('%')
    };
    if value.split(['/', '\\']).any(is_specifier) {
        return Some(format!(
            "holds a % as in %h, which systemd replaces in a unit's own lines only, and this program never: {write}"
        ));
    }
    None
}

#[cfg(test)]
mod tests;
