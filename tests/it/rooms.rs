//! The rooms of the house know of each other what docs/architecture.md says, and no more. What crates can hold, the
//! compiler holds; this reads the sources for the rest.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository::{read, root};

/// A room of `src`, and the rooms and crates that nothing in it takes from, test modules aside.
const NEVERS: &[(&str, &str)] = &[
    (
        "ledger",
        "app chats command config exporter_web exposition http log metrics operation poller simulator wolkvox",
    ),
    (
        "chats",
        "app command exporter_web exposition http operation poller simulator",
    ),
    (
        "config",
        "app chats command exposition http ledger log metrics operation poller simulator",
    ),
    (
        "poller",
        "app command exporter_web exposition http operation simulator",
    ),
    (
        "metrics",
        "app chats command exposition http ledger operation poller simulator",
    ),
    (
        "exposition",
        "app chats command config http ledger operation poller simulator wolkvox",
    ),
    ("http", "app chats command ledger operation simulator wolkvox"),
    ("operation", "app command exporter_web simulator"),
    ("command", "app http"),
];

/// The commands that run a server, for which that of the commands does not hold.
const SERVERS: [&[&str]; 2] = [&["command", "serve"], &["command", "demo"]];

/// What does not hold yet: a file, and the room that it takes from. Each entry is a debt; one that is paid must go, or the
/// test fails.
const NOT_YET: &[(&str, &str)] = &[];

/// Crates that stand alone: none takes from another of them, whatever small libraries they share.
const STAND_ALONE: [&str; 7] = [
    "wolkvox",
    "leases",
    "business-hours",
    "simulator",
    "exporter-web",
    "exposition-reader",
    "wolkvox-exporter",
];

/// What stands alone until a test asks for more: a crate, the other that it takes then, and the feature that does it.
const BEHIND_FEATURES: [(&str, &str, &str); 1] = [("simulator", "wolkvox", "memory")];

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// A source file, named from `src`: `command/check.rs` is `["command", "check"]`.
struct Source {
    /// From the root of the project, for messages.
    file: String,
    module: Vec<String>,
    code: String,
}

/// All sources below a folder of `src` that are built into the program.
fn sources(folder: &Path) -> Vec<Source> {
    let is_test = |path: &Path| path.file_stem().is_some_and(|stem| stem == "tests");
    let mut found = Vec::new();
    for path in entries(folder).into_iter().filter(|path| !is_test(path)) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root().join("src")).unwrap().with_extension("");
            found.push(Source {
                file: path.strip_prefix(root()).unwrap().display().to_string(),
                module: below
                    .iter()
                    .map(|part| part.to_str().unwrap().to_owned())
                    .collect(),
                code: code(&read(&path)),
            });
        }
    }
    found
}

/// The lines of code, without comments and without the test module that a file may end with.
fn code(text: &str) -> String {
    text.lines()
        .take_while(|line| *line != "mod tests {")
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The first names of what follows a `::`: one, or each of a group in braces.
fn first_names(rest: &str) -> Vec<String> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let word = |text: &str| text.chars().take_while(|char| is_word(*char)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut depth = 0;
    let end = group.find(|char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        depth < 0
    });
    let mut depth = 0;
    group[..end.unwrap_or(group.len())]
        .split(|char| {
            depth += i32::from(char == '{') - i32::from(char == '}');
            char == ',' && depth == 0
        })
        .map(|part| word(part.trim_start()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The rooms that a source names, after `crate::` or a `super::` that leads out of its own, and the crates of the workspace,
/// at the head of a path.
fn taken(source: &Source) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in source.code.match_indices("::") {
        let before = &source.code[..at];
        let rest = &source.code[at + found.len()..];
        let head = before
            .rsplit(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':'))
            .next()
            .unwrap();
        let supers = head.split("::").filter(|part| *part == "super").count();
        if head == "crate" || (supers > 0 && head.ends_with("super") && supers == source.module.len()) {
            names.extend(first_names(rest));
        } else if STAND_ALONE.contains(&head.replace('_', "-").as_str()) {
            names.insert(head.to_owned());
        }
    }
    names
}

/// What a source takes although its room never does, each with the file's name.
fn breaches(source: &Source) -> Vec<(String, String)> {
    let is_server = SERVERS
        .iter()
        .any(|server| source.module.iter().take(2).eq(*server));
    let room = &source.module[0];
    let never = NEVERS.iter().find(|(name, _)| name == room && !is_server);
    let never: Vec<_> = never.iter().flat_map(|(_, takes)| takes.split(' ')).collect();
    taken(source)
        .into_iter()
        .filter(|name| never.contains(&name.as_str()))
        .map(|name| (source.file.clone(), name))
        .collect()
}

#[test]
fn no_room_takes_from_where_it_never_does() {
    let sources = sources(&root().join("src"));
    let found: BTreeSet<_> = sources.iter().flat_map(breaches).collect();
    let known: BTreeSet<_> = NOT_YET
        .iter()
        .map(|(file, room)| ((*file).to_owned(), (*room).to_owned()))
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    let paid: Vec<_> = known.difference(&found).collect();
    assert!(
        new.is_empty(),
        "docs/architecture.md says that these files never take from these rooms: {new:?}"
    );
    assert!(
        paid.is_empty(),
        "these hold now, take them out of NOT_YET: {paid:?}"
    );
}

#[test]
fn every_room_of_the_nevers_exists() {
    let rooms: BTreeSet<_> = sources(&root().join("src"))
        .into_iter()
        .map(|source| source.module[0].clone())
        .collect();
    let crates: BTreeSet<_> = entries(&root().join("crates"))
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().replace('-', "_"))
        .collect();
    for (room, takes) in NEVERS {
        assert!(rooms.contains(*room), "{room}");
        for name in takes.split(' ') {
            assert!(rooms.contains(name) || crates.contains(name), "{name}");
        }
    }
}

#[test]
fn a_room_is_seen_however_its_path_is_written() {
    let of = |module: &[&str], text: &str| {
        let module = module.iter().map(|part| (*part).to_owned()).collect();
        let code = code(text);
        let file = String::new();
        let names = taken(&Source { file, module, code });
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    let delta: &[&str] = &["ledger", "delta"];
    assert_eq!(of(delta, "use crate::metrics::Family;\n"), "metrics");
    assert_eq!(
        of(delta, "    let all = crate::metrics::ALL.iter();\n"),
        "metrics"
    );
    assert_eq!(
        of(delta, "pub use crate::{\n    http::{self, Page},\n    log,\n};\n"),
        "http log"
    );
    assert_eq!(of(delta, "use wolkvox::{self, Field};\n"), "wolkvox");
    assert_eq!(of(delta, "use super::super::http::Page;\n"), "http");
    assert_eq!(of(&["ledger"], "use super::http::Page;\n"), "http");
    assert_eq!(of(delta, "use super::http::Page;\n"), "");
    assert_eq!(of(delta, "let http = http::Page::empty();\n"), "");
    assert_eq!(of(delta, "// crate::http is not for us\n"), "");
    assert_eq!(of(delta, "mod tests {\n    use crate::http;\n}\n"), "");
}

/// The lines of the dependency tables of a manifest by the names that they begin with; those of tests only where asked for.
fn dependency_lines(manifest: &str, with_tests: bool) -> BTreeMap<&str, &str> {
    let mut is_wanted = false;
    let mut lines = BTreeMap::new();
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            is_wanted = table.ends_with("dependencies") && (with_tests || !table.contains("dev-"));
        } else if is_wanted && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            lines.insert(name, line);
        }
    }
    lines
}

fn dependencies(manifest: &str, with_tests: bool) -> BTreeSet<&str> {
    dependency_lines(manifest, with_tests).into_keys().collect()
}

/// Whether a crate takes another only for a feature.
fn is_behind_a_feature(krate: &str, name: &str) -> bool {
    BEHIND_FEATURES
        .iter()
        .any(|(taker, taken, _)| *taker == krate && *taken == name)
}

#[test]
fn the_crates_stand_alone() {
    for folder in entries(&root().join("crates")) {
        let path = folder.join("Cargo.toml");
        let manifest = read(&path);
        let built = dependencies(&manifest, false);
        let krate = folder.file_name().unwrap().to_str().unwrap();
        for name in STAND_ALONE {
            assert!(
                !built.contains(name) || is_behind_a_feature(krate, name),
                "{} takes {name}",
                path.display()
            );
        }
        let tested = dependencies(&manifest, true);
        assert!(!tested.contains("wolkvox-exporter"), "{}", path.display());
    }
    let root = read("Cargo.toml");
    let built = dependencies(&root, false);
    assert!(
        built.contains("wolkvox") && built.contains("exporter-web"),
        "{built:?}"
    );
}

#[test]
fn what_a_crate_takes_behind_a_feature_is_built_for_tests_only() {
    let root_manifest = read("Cargo.toml");
    for (krate, taken, feature) in BEHIND_FEATURES {
        let manifest = read(root().join("crates").join(krate).join("Cargo.toml"));
        let line = dependency_lines(&manifest, false)[taken];
        assert!(line.contains("optional = true"), "{krate}: {line}");
        assert!(
            manifest.contains(&format!("\n{feature} = [\"dep:{taken}\"]\n")),
            "{krate} has no feature {feature}"
        );
        assert!(!manifest.contains("\ndefault = "), "{krate} has default features");
        let built = dependency_lines(&root_manifest, false)[krate];
        assert!(!built.contains("features"), "the program is built with {built}");
    }
}

#[test]
fn the_page_on_architecture_has_a_line_for_every_room_and_crate() {
    let page = read("docs/architecture.md");
    for path in entries(&root().join("src"))
        .iter()
        .chain(&entries(&root().join("crates")))
    {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_there = [format!("`{name}/`"), format!("`{name}.rs`")]
            .iter()
            .any(|form| page.contains(form));
        assert!(
            is_there,
            "docs/architecture.md has no line for {}",
            path.display()
        );
    }
}

/// The files and folders in the tables of docs/architecture.md. A row that begins with a dash is about what is inside of the
/// room above it.
fn files_on_the_page(page: &str) -> Vec<PathBuf> {
    let mut base = PathBuf::new();
    let mut inside = PathBuf::new();
    let mut files = Vec::new();
    for line in page.lines() {
        match line {
            "### Crates" => base = PathBuf::from("crates"),
            "### The exporter" => base = PathBuf::from("src"),
            "### Around it" => base = PathBuf::new(),
            "## Nevers" => break,
            _ => {}
        }
        let Some(cell) = line.strip_prefix("| ").and_then(|line| line.split(" | ").next()) else {
            continue;
        };
        let is_inside = cell.starts_with('—');
        for name in cell.split('`').skip(1).step_by(2) {
            let path = if is_inside { &inside } else { &base }.join(name);
            if !is_inside && name.ends_with('/') {
                let is_crate = base.ends_with("crates");
                inside = if is_crate { path.join("src") } else { path.clone() };
            }
            files.push(path);
        }
    }
    files
}

#[test]
fn every_file_on_the_page_on_architecture_exists() {
    let files = files_on_the_page(&read("docs/architecture.md"));
    assert!(files.contains(&PathBuf::from("src/ledger/seen.rs")), "{files:?}");
    let missing: BTreeSet<_> = files
        .into_iter()
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(missing.is_empty(), "docs/architecture.md speaks of {missing:?}");
}

#[test]
fn every_decision_is_listed_under_its_title() {
    let folder = root().join("docs/decisions");
    let list = read(folder.join("README.md"));
    let pages: Vec<_> = entries(&folder)
        .into_iter()
        .filter(|path| !path.ends_with("README.md"))
        .collect();
    for (at, path) in pages.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("{:04}-", at + 1)),
            "a number is missing or there twice before {name}"
        );
        let text = read(path);
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        let line = format!("| [{:04}]({name}) | {title} |", at + 1);
        assert!(list.contains(&line), "docs/decisions/README.md lacks {line:?}");
        for heading in ["## Context", "## Decision", "## Consequences"] {
            assert!(text.contains(&format!("\n{heading}\n")), "{name}: {heading}");
        }
    }
    assert!(!pages.is_empty());
}
