//! An `[[operation]]` table as text, under the variables' names, with the place of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::environment;
use super::super::variable::{PREFIX, Variable};

/// The name of an operation in its table.
pub(super) const NAME: &str = "name";
/// Keys whose values nothing but requests may hold.
const SECRETS: [&str; 2] = ["TOKEN", "AGENT_DNI"];

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    /// From 1.
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A value as text, and its line.
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) line: usize,
}

/// What stands under a skill's id.
pub(super) struct SkillEntry {
    pub(super) id: String,
    pub(super) line: usize,
    pub(super) name: Option<Entry>,
    pub(super) asa_target: Option<Entry>,
    pub(super) service_level_target: Option<Entry>,
}

/// A table. Its values may be secrets: nothing shows them.
pub(in super::super) struct Table {
    pub(super) place: Place,
    /// How it is called in remarks: `operation "ventas"`, or by its number where it has no name that can be shown.
    pub(super) title: String,
    /// Where files are looked for that it names.
    pub(in super::super) directory: PathBuf,
    /// By the variables' names without the prefix, and `GROUP`.
    pub(super) entries: BTreeMap<&'static str, Entry>,
    pub(super) skills: Vec<SkillEntry>,
}

impl Table {
    /// What is set under a variable's name without the prefix.
    pub(in super::super) fn get(&self, short: &str) -> Option<&str> {
        self.entries.get(short).map(|entry| entry.text.as_str())
    }

    /// Whether it has something in place of what the environment sets for all: a server of its own in place of a gateway.
    pub(in super::super) fn replaces(&self, short: &str) -> bool {
        short == "BASE_URL" && self.entries.contains_key("SERVER")
    }

    /// What there is to say of a variable, with its place; of one that is not set, with that of the table.
    pub(in super::super) fn remark(&self, short: &str, what: &str) -> String {
        let line = self
            .entries
            .get(short)
            .map_or(self.place.line, |entry| entry.line);
        self.remark_at(line, &format!("{} {}", key(short), in_keys(what)))
    }

    /// The same of a line.
    pub(super) fn remark_at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {}: {what}", self.place.file, self.title)
    }

    /// Where it begins and what it is called, for remarks on several of them.
    pub(super) fn header(&self) -> Header {
        Header {
            place: self.place.clone(),
            title: self.title.clone(),
        }
    }

    /// A secret under another key would be shown: as a label, a host, the name of a file.
    pub(super) fn secrets_in_wrong_places(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let skills = self.skills.iter().flat_map(|skill| {
            let name = skill.name.as_ref().map(|name| name.text.as_str());
            let texts = [Some(skill.id.as_str()), name].into_iter().flatten();
            texts.map(|text| ("skills".to_owned(), skill.line, text))
        });
        let entries = self.entries.iter();
        let all: Vec<_> = entries
            .map(|(short, entry)| (key(short), entry.line, entry.text.as_str()))
            .chain(skills)
            .collect();
        for secret in SECRETS {
            let Some(value) = self.get(secret) else { continue };
            let secret = key(secret);
            for (key, line, text) in &all {
                if *key != secret && environment::holds(text, value) {
                    problems.push(self.remark_at(
                        *line,
                        &format!("{key} holds the value of {secret}, which would be shown there: was it written under the wrong key?"),
                    ));
                }
            }
        }
        problems
    }

    /// Whether one of its values is a secret that another text has in it.
    pub(super) fn is_secret(&self, text: &str) -> bool {
        SECRETS.iter().any(|secret| {
            self.get(secret)
                .is_some_and(|value| environment::holds(text, value))
        })
    }
}

/// The keys alone.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("place", &self.place)
            .field("keys", &self.entries.keys())
            .finish_non_exhaustive()
    }
}

/// Where a table begins, and what it is called.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) place: Place,
    title: String,
}

impl Header {
    pub(super) fn remark(&self, what: &str) -> String {
        format!("{}: {}: {what}", self.place, self.title)
    }
}

/// What a variable is called in a table.
pub(in super::super) fn key(short: &str) -> String {
    match short {
        "OPERATION" => NAME.to_owned(),
        _ => short.to_lowercase(),
    }
}

/// A remark with the names of variables as a table has them. Those of the process stay as they are.
fn in_keys(what: &str) -> String {
    let mut text = String::new();
    let mut rest = what;
    while let Some(at) = rest.find(PREFIX) {
        let name = &rest[at + PREFIX.len()..];
        let end = name.find(|is: char| !is.is_ascii_uppercase() && is != '_');
        let (short, after) = name.split_at(end.unwrap_or(name.len()));
        text.push_str(&rest[..at]);
        if Variable::per_operation().any(|known| known.short == short) {
            text.push_str(&key(short));
        } else {
            text.push_str(PREFIX);
            text.push_str(short);
        }
        rest = after;
    }
    text.push_str(rest);
    text
}
