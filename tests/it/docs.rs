//! The documents agree with the program. `UPDATE_DOCS=1 cargo test --test it docs::` writes what is made from it.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

mod chart;
mod command;
mod mixin;
mod twin;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use wolkvox_exporter::catalogue::{self, Kind, Spec, Stability};
use wolkvox_exporter::client;
use wolkvox_exporter::config;
use wolkvox_exporter::config::variable::{self, Variable};

use crate::support::repository::{read, root};

/// What is written by this test stands between such lines.
fn marks(name: &str) -> (String, String) {
    (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->\n"),
    )
}

/// Where documents are.
const FOLDERS: [&str; 9] = [
    "",
    "docs",
    "docs/decisions",
    "docs/es",
    "docs/es/runbooks",
    "docs/runbooks",
    "dashboards",
    "alerts",
    "deploy/helm/wolkvox-exporter",
];

/// What Kubernetes sets, as the documents name it.
const FROM_KUBERNETES: [&str; 2] = ["WOLKVOX_SERVICE_HOST", "WOLKVOX_PORT"];

/// The documents for people who use it or change it.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<_> = FOLDERS
        .iter()
        .map(|folder| root().join(folder))
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    found.sort();
    found
}

/// A document, from the root.
fn page_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()
}

/// Compares, or writes where asked to.
fn assert_is(path: &Path, actual: &str, expected: &str) {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    assert!(
        actual == expected,
        "{} is not what the program says; run UPDATE_DOCS=1 cargo test --test it docs::",
        path.display()
    );
}

/// The words of a text that begin with `prefix` and go on with letters, digits and `_`.
fn words<'a>(text: &'a str, prefix: &'a str) -> BTreeSet<&'a str> {
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(is_word))
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.find(|char| !is_word(char)).unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn the_metric_reference_is_the_catalogues() {
    let path = root().join("docs/metrics.md");
    let actual = fs::read_to_string(&path).unwrap_or_default();
    assert_is(&path, &actual, &catalogue::markdown());
}

/// A list has a line per family that was stable: name, type, labels besides `operation` (`-` for none), and buckets. None is
/// ever changed.
#[test]
fn families_that_were_stable_in_a_released_version_are_as_they_were() {
    let line = |spec: &Spec| {
        let labels = spec.labels.join(",");
        let labels = if labels.is_empty() { "-" } else { &labels };
        let mut line = format!("{} {} {labels}", spec.name, spec.kind.as_str());
        if let Kind::Histogram(bounds) = spec.kind {
            for bound in bounds {
                line += &format!(" {}", catalogue::seconds(*bound));
            }
        }
        line
    };
    let stable = catalogue::all().filter(|spec| spec.stability == Stability::Stable);
    let now: BTreeSet<String> = stable.map(line).collect();
    let lists: Vec<_> = fs::read_dir(root().join("tests/it/fixture/families"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!lists.is_empty());
    for list in lists {
        let then = read(&list);
        let changed: Vec<_> = then.lines().filter(|line| !now.contains(*line)).collect();
        assert!(
            changed.is_empty(),
            "{} has these stable families, and the catalogue has them no longer, or otherwise: {changed:#?}",
            list.display()
        );
    }
}

#[test]
fn the_tables_of_variables_are_the_programs() {
    assert_has_table(
        &root().join("docs/configuration.md"),
        "variables",
        &variable::markdown(),
    );
}

#[test]
fn the_table_of_causes_is_the_catalogues() {
    assert_has_table(&root().join("docs/operating.md"), "causes", &client::causes());
}

/// Each page that sends a reader to the causes does so by the heading above their table.
#[test]
fn the_pages_that_speak_of_causes_lead_to_their_table() {
    let heading = "\n## Why no answer comes\n";
    let table = read("docs/operating.md");
    let (_, section) = table.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    assert!(section.contains("<!-- causes: begin -->"), "{section}");
    for name in [
        "README.md",
        "docs/troubleshooting.md",
        "docs/configuration.md",
        "docs/reliability.md",
        "docs/runbooks/WolkvoxPollFailing.md",
    ] {
        let page = read(name);
        assert!(page.contains("operating.md#why-no-answer-comes"), "{name}");
    }
}

fn assert_has_table(path: &Path, name: &str, table: &str) {
    let (begin, end) = marks(name);
    let text = read(path);
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    assert_is(path, &text, &format!("{before}{begin}\n{table}\n{end}{after}"));
}

#[test]
fn every_variable_in_the_documents_exists() {
    let known: BTreeSet<_> = Variable::all().map(Variable::name).collect();
    for path in documents() {
        for name in words(&read(&path), "WOLKVOX_") {
            let is_known = known.contains(name) || FROM_KUBERNETES.contains(&name) || name == "WOLKVOX_";
            assert!(is_known, "{}: {name}", path.display());
        }
    }
}

#[test]
fn every_metric_in_the_documents_exists() {
    let mut known = BTreeSet::new();
    for spec in catalogue::all() {
        known.insert(spec.name.to_owned());
        let suffixes: &[&str] = match spec.kind {
            Kind::Histogram(_) => &["_bucket", "_sum", "_count"],
            Kind::Summary => &["_sum", "_count"],
            Kind::Counter | Kind::Gauge => &[],
        };
        known.extend(suffixes.iter().map(|suffix| format!("{}{suffix}", spec.name)));
    }
    // The crate, in log filters.
    known.insert("wolkvox_exporter".to_owned());
    // Tables of the database of replicas.
    let tables = ["wolkvox_operation", "wolkvox_replica", "wolkvox_quarantine"];
    known.extend(tables.map(str::to_owned));
    for path in documents() {
        for name in words(&read(&path), "wolkvox_") {
            // `wolkvox_window_*` stands for several.
            let is_known = known.contains(name)
                || name.ends_with('_') && known.iter().any(|known| known.starts_with(name));
            assert!(is_known, "{}: {name}", path.display());
        }
    }
}

#[test]
fn every_query_in_the_documents_parses() {
    let mut queries = 0;
    for path in documents() {
        for block in read(&path).split("```promql\n").skip(1) {
            let block = block.split("```").next().unwrap();
            for query in block.split("\n\n") {
                let parsed = promql_parser::parser::parse(query.trim());
                assert!(parsed.is_ok(), "{}: {query}: {parsed:?}", path.display());
                queries += 1;
            }
        }
    }
    assert!(queries > 0);
}

/// The name by which a link leads to a heading, as GitHub makes it.
fn fragment(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|char| char.is_alphanumeric() || " -_".contains(*char))
        .map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

/// The fragments of all headings of a page, without what is in blocks of code.
fn fragments(text: &str) -> BTreeSet<String> {
    let prose = text.split("\n```").step_by(2);
    prose
        .flat_map(str::lines)
        .filter(|line| line.starts_with('#'))
        .map(|line| fragment(line.trim_start_matches('#').trim()))
        .collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    for path in documents() {
        let text = read(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (target, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = if target.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(target)
            };
            assert!(file.exists(), "{}: {link}", path.display());
            let is_there = heading.is_empty() || fragments(&read(&file)).contains(heading);
            assert!(is_there, "{}: {link}: no such heading", path.display());
        }
    }
}

/// A variable that is forgotten there would be passed over without a word.
#[test]
fn compose_hands_over_every_variable_that_names_no_file() {
    let compose = read("deploy/exporter-serve.compose.yaml");
    for variable in Variable::all() {
        let name = variable.name();
        let is_file = name.ends_with("_FILE");
        let is_handed_over = compose.contains(&format!("      {name}: ${{{name}:-}}\n"));
        // The state is in a volume here; that of replicas is in deploy/replica.compose.yaml.
        let is_fixed =
            ["WOLKVOX_LISTEN_ADDRESS", "WOLKVOX_STATE_DIR", "WOLKVOX_STATE_URL"].contains(&name.as_str());
        assert_eq!(is_handed_over, !is_file && !is_fixed, "{name}");
    }
    let page = read("docs/configuration.md");
    for name in config::proxy_variables() {
        assert!(
            compose.contains(&format!("      {name}: ${{{name}:-}}\n")),
            "{name}"
        );
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// The texts of all Rust files below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(read(&path));
        }
    }
    found
}

/// What a page quotes of messages: spans of code in the first two cells of its tables that read as words, and not as commands.
fn quoted(page: &str) -> Vec<&str> {
    let is_command = |span: &&str| {
        let commands = ["curl ", "ps ", "ls ", "ss ", "state show", "count by "];
        commands.iter().any(|command| span.starts_with(command))
    };
    page.lines()
        .filter(|line| line.starts_with("| "))
        .flat_map(|line| line.split(" | ").take(2))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|span| span.contains(' ') && !is_command(span))
        .collect()
}

/// `…` stands for what differs. Names of variables are put in by the program.
#[test]
fn every_message_that_troubleshooting_quotes_is_one_of_the_programs() {
    let texts: String = ["src", "crates"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|text| text.split("\\\n").map(str::trim_start).collect::<String>())
        .collect();
    for name in ["docs/troubleshooting.md", "docs/es/problemas.md"] {
        let page = read(name);
        let messages = quoted(&page);
        assert!(messages.len() > 30, "{name}: {messages:#?}");
        for message in messages {
            let parts = message.split('…').map(str::trim);
            for part in parts.filter(|part| part.contains(' ')) {
                assert!(
                    texts.contains(part),
                    "{name}: {message:?}: the program never says {part:?}"
                );
            }
        }
    }
}

#[test]
fn every_test_that_holds_a_promise_exists() {
    let page = read("docs/reliability.md");
    let named: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.trim_end_matches('|').rsplit_once('|'))
        .flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2))
        .filter(|word| word.contains('_'))
        .collect();
    assert!(named.len() > 50, "{named:?}");
    let sources: Vec<_> = ["src", "crates", "tests"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .collect();
    for name in named {
        let is_test = |source: &String| source.contains(&format!("fn {name}("));
        assert!(sources.iter().any(is_test), "no test has the name {name}");
    }
}
