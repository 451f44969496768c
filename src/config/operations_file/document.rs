//! From the text of a file to its tables. A problem shows no value: it may be a secret.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::super::operation_name;
use super::super::variable::{PREFIX, Variable};
use super::keys::{SKILLS, entry, kind, plain, shown_key, skill_entry};
use super::table::{Entry, NAME, Place, SkillEntry, Table};

/// The only key of a file.
const OPERATION: &str = "operation";
/// A longer text in place of the number of a server is not shown.
const LONGEST_NUMBER: usize = 8;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) tables: Vec<Table>,
    pub(super) problems: Vec<String>,
}

/// Reads the text of a file.
pub(super) fn read(text: &str, file: &Path) -> Document {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        lines: Lines::of(text),
        path: file,
        file: file.display().to_string().into(),
        problems: Vec::new(),
    };
    if !errors.is_empty() {
        // What the parser made of the rest may be anything.
        reader.syntax(&errors);
        return Document {
            tables: Vec::new(),
            problems: reader.problems,
        };
    }
    let tables = reader.document(document.get_ref());
    Document {
        tables,
        problems: reader.problems,
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    path: &'a Path,
    file: Arc<str>,
    problems: Vec<String>,
}

/// Names and values in the order in which they stand.
type Pairs<'a, 'i> = Vec<(&'a str, usize, &'a Spanned<DeValue<'i>>)>;

impl Reader<'_> {
    fn at(&mut self, line: usize, what: &str) {
        self.problems.push(format!("{}:{line}: {what}", self.file));
    }

    /// One error a line: those behind it mostly come of it.
    fn syntax(&mut self, errors: &[toml::de::Error]) {
        let mut told = None;
        for error in errors {
            let (line, column) = self.lines.position(error.span().unwrap_or_default().start);
            if told.replace(line) == Some(line) {
                continue;
            }
            let message = error.message().trim_end_matches(", expected nothing");
            let hint = match message {
                "unexpected leading zero" => {
                    "; where zeros belong to a value, as to the number of a server, write it in quotes: \"0010\""
                }
                "duplicate key" => "; remove one of them",
                _ => "",
            };
            self.at(line, &format!("column {column} is no TOML: {message}{hint}"));
        }
    }

    fn document(&mut self, document: &DeTable<'_>) -> Vec<Table> {
        let mut tables = Vec::new();
        for (name, line, value) in self.pairs(document) {
            match value.get_ref() {
                DeValue::Array(all) if name == OPERATION => tables = self.operations(all),
                _ => self.stray(name, line),
            }
        }
        tables
    }

    /// What stands outside of all tables.
    fn stray(&mut self, name: &str, line: usize) {
        let short = plain(name).to_uppercase();
        let what = if name == OPERATION {
            "an operation is written with two brackets: [[operation]]".to_owned()
        } else if name == SKILLS {
            "skills belong to an operation: write [operation.skills] behind its [[operation]]".to_owned()
        } else if Variable::all().any(|variable| variable.short == short) {
            format!(
                "{} stands outside of the [[operation]] tables: write it below one, or set {PREFIX}{short} in the environment for all",
                shown_key(name)
            )
        } else {
            format!(
                "{} is not known here: a file holds [[operation]] tables, and nothing else",
                shown_key(name)
            )
        };
        self.at(line, &what);
    }

    fn operations(&mut self, all: &DeArray<'_>) -> Vec<Table> {
        let mut tables = Vec::new();
        for (index, value) in all.iter().enumerate() {
            let line = self.lines.position(value.span().start).0;
            match value.get_ref() {
                DeValue::Table(table) => tables.push(self.operation(table, index + 1, line)),
                _ => self.at(line, "operation is a list of values; write [[operation]] tables"),
            }
        }
        tables
    }

    fn operation(&mut self, values: &DeTable<'_>, number: usize, line: usize) -> Table {
        let mut table = Table {
            place: Place {
                file: Arc::clone(&self.file),
                line,
            },
            title: String::new(),
            directory: directory(self.path).to_owned(),
            entries: BTreeMap::new(),
            skills: Vec::new(),
        };
        let pairs = self.pairs(values);
        // The operation's name goes before all that is said of it, wherever it stands.
        let mut wrong = Vec::new();
        for (name, line, value) in pairs {
            if name == SKILLS {
                self.skills(value.get_ref(), line, &mut table, &mut wrong);
                continue;
            }
            let (set, problem) = match entry(name, value.get_ref()) {
                Ok(set) => (set, None),
                Err((set, problem)) => (set, Some(problem)),
            };
            let set = set.map(|(short, text)| (short, Entry { text, line }));
            table.entries.extend(set);
            wrong.extend(problem.map(|problem| (line, problem)));
        }
        table.title = title(&table, number);
        let told = wrong.iter().map(|(line, what)| table.remark_at(*line, what));
        self.problems.extend(told);
        table
    }

    fn skills(&self, value: &DeValue<'_>, line: usize, table: &mut Table, wrong: &mut Vec<(usize, String)>) {
        let DeValue::Table(skills) = value else {
            wrong.push((
                line,
                "skills is no table; write [operation.skills] with a line for each: \"12\" = \"Sales\""
                    .to_owned(),
            ));
            return;
        };
        for (id, line, value) in self.pairs(skills) {
            let mut skill = SkillEntry {
                id: id.trim().to_owned(),
                line,
                name: None,
                asa_target: None,
                service_level_target: None,
            };
            match value.get_ref() {
                DeValue::String(name) => {
                    skill.name = Some(Entry {
                        text: name.trim().to_owned(),
                        line,
                    });
                }
                DeValue::Table(own) => {
                    for (name, line, value) in self.pairs(own) {
                        match skill_entry(name, value.get_ref()) {
                            Ok(text) => *skill.place_of(name) = Some(Entry { text, line }),
                            Err(what) => wrong.push((line, format!("skill {}: {what}", shown_key(id)))),
                        }
                    }
                }
                other => wrong.push((
                    line,
                    format!(
                        "skill {} is {}; write its name in quotes, or a table such as {{ name = \"Sales\", asa_target = \"20s\" }}",
                        shown_key(id),
                        kind(other)
                    ),
                )),
            }
            table.skills.push(skill);
        }
    }

    fn pairs<'a, 'i>(&self, table: &'a DeTable<'i>) -> Pairs<'a, 'i> {
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(name, _)| name.span().start);
        pairs
            .into_iter()
            .map(|(name, value)| {
                let line = self.lines.position(name.span().start).0;
                (name.get_ref().as_ref(), line, value)
            })
            .collect()
    }
}

impl SkillEntry {
    fn place_of(&mut self, name: &str) -> &mut Option<Entry> {
        match name {
            NAME => &mut self.name,
            "asa_target" => &mut self.asa_target,
            _ => &mut self.service_level_target,
        }
    }
}

/// What an operation is called in remarks.
fn title(table: &Table, number: usize) -> String {
    let can_be_shown = |name: &&str| {
        operation_name::check(name).is_ok() && !small_file::looks_like_key(name) && !table.is_secret(name)
    };
    // In place of a number anything may stand.
    let number_of_server = table.get("SERVER").filter(|server| {
        server.bytes().all(|byte| byte.is_ascii_alphanumeric()) && server.len() <= LONGEST_NUMBER
    });
    let mut names = [table.get("OPERATION"), number_of_server].into_iter().flatten();
    match names.find(can_be_shown) {
        Some(name) => format!("operation {name:?}"),
        None => format!("operation {number}"),
    }
}

/// The directory of a file, such that a path below it looks like one.
fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// Where lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl Lines<'_> {
    fn of(text: &str) -> Lines<'_> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines {
            text,
            starts: std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect(),
        }
    }

    /// Line and column of a byte, both from 1; the column in characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let before: Range<usize> = self.starts[line - 1]..at;
        let column = self.text.get(before).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }
}
