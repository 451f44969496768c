//! The commands of the documents work: each block of a shell is run, in a folder that looks like the repository, against a
//! simulated operation. What can't be run here is listed with its reason.

mod listed;
mod machine;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::Utc;
use wolkvox_exporter::config::Config;

use super::{documents, page_of, read};
use crate::prometheus::dashboards::{family, visit};
use crate::support::process::{Variables, command, finish};
use listed::NOT_RUN;
use machine::Machine;

/// A block of a page in a language, without its fences and its indent.
struct Block {
    /// The page, from the root.
    page: String,
    text: String,
}

impl Block {
    /// What is told apart by: the first line.
    fn head(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    fn is(&self, (page, head, _): &(&str, &str, &str)) -> bool {
        self.page == *page && self.head().starts_with(head)
    }
}

/// The blocks of all English documents in one of these languages, in their order. Those of their twins are the same.
fn blocks(languages: &[&str]) -> Vec<Block> {
    let mut found = Vec::new();
    for path in documents() {
        let page = page_of(&path);
        if page.starts_with("docs/es/") {
            continue;
        }
        let text = read(&path);
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(language) = line
                .trim_start()
                .strip_prefix("```")
                .filter(|word| !word.is_empty())
            else {
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let block: Vec<_> = lines
                .by_ref()
                .take_while(|line| line.trim() != "```")
                .map(|line| line.get(indent..).unwrap_or_default())
                .collect();
            if languages.contains(&language) {
                found.push(Block {
                    page: page.clone(),
                    text: block.join("\n"),
                });
            }
        }
    }
    found
}

/// What a console shows: the commands behind `$ `, and the rest.
fn commands_and_output(text: &str) -> (String, Vec<&str>) {
    let (commands, output): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("$ "));
    let commands: Vec<_> = commands.iter().map(|line| &line[2..]).collect();
    (commands.join("\n"), output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_of_the_documents_works() {
    let machine = Machine::start().await;
    let mut run = 0;
    for block in blocks(&["sh", "console"]) {
        if NOT_RUN.iter().any(|listed| block.is(listed)) {
            continue;
        }
        let (commands, shown) = if block.head().starts_with("$ ") {
            commands_and_output(&block.text)
        } else {
            (block.text.clone(), Vec::new())
        };
        let printed = machine.run(&block.page, &commands).await;
        // Names and figures are others here; plain words are not.
        if let Some(heading) = shown.first() {
            let is_plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let words: BTreeSet<_> = printed.split_whitespace().collect();
            let missing: Vec<_> = heading
                .split_whitespace()
                .filter(is_plain)
                .filter(|word| !words.contains(word))
                .collect();
            assert!(
                missing.is_empty(),
                "{}: {commands}: no {missing:?} in\n{printed}",
                block.page
            );
        }
        run += 1;
    }
    assert!(run > 10, "{run} blocks");
    for (page, call) in asked_in_prose() {
        machine.run(&page, &call).await;
    }
}

/// The spans of code in prose that ask the exporter, with the pages that have them.
fn asked_in_prose() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in documents() {
        for span in spans(&read(&path)) {
            if span.starts_with("curl ") && span.contains("http://EXPORTER:10555/") {
                found.push((path.display().to_string(), span.to_owned()));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn each_command_that_is_not_run_is_in_the_documents_with_its_reason() {
    let blocks = blocks(&["sh", "console"]);
    for listed in NOT_RUN {
        let (page, head, reason) = listed;
        let count = blocks.iter().filter(|block| block.is(listed)).count();
        assert_eq!(
            count, 1,
            "{page} has {count} blocks that begin with {head:?}: mend tests/it/docs/command/listed.rs"
        );
        assert!(reason.len() > 10, "{page}: {head}: {reason:?}");
    }
}

/// The spans of code in prose.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// Those that call the program.
fn calls(text: &str) -> Vec<&str> {
    spans(text)
        .filter(|span| span.starts_with("wolkvox-exporter ") && !span.contains('…'))
        .collect()
}

/// A question to Prometheus has a metric, and a function, an aggregation, a label or a comparison.
fn is_query(span: &str) -> bool {
    let has_metric = ["wolkvox_", "process_"].iter().any(|name| span.contains(name));
    has_metric
        && span.contains(['(', '=', '>', '<'])
        && !span.contains(['…', '$'])
        && !span.starts_with("curl ")
}

#[test]
fn every_query_in_prose_asks_for_metrics_that_there_are() {
    let mut queries = 0;
    for path in documents() {
        for span in spans(&read(&path)).filter(|span| is_query(span)) {
            let parsed = promql_parser::parser::parse(span);
            let query = parsed.unwrap_or_else(|error| panic!("{}: {span}: {error}", path.display()));
            visit(&query, None, &mut |selector, _| {
                let name = selector.name.as_deref().unwrap_or_default();
                let is_there = name.is_empty() || family(name).is_some();
                assert!(is_there, "{}: {span}: there is no {name}", path.display());
            });
            queries += 1;
        }
    }
    assert!(queries > 9, "{queries}");
}

#[test]
fn the_program_takes_each_operations_file_of_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    let mut taken = 0;
    for block in blocks(&["toml"]) {
        if !block.text.contains("[[operation]]") {
            continue;
        }
        let file = folder.path().join(format!("{taken}.toml"));
        std::fs::write(&file, &block.text).unwrap();
        let variables = [
            ("WOLKVOX_OPERATIONS_FILE", file.to_str().unwrap()),
            ("WOLKVOX_STATE_DIR", "state"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
        let config = Config::from_variables(variables, Utc::now());
        let config = config.unwrap_or_else(|error| panic!("{}: {}\n{error}", block.page, block.text));
        assert!(!config.operations.is_empty());
        taken += 1;
    }
    assert!(taken > 3, "{taken}");
}

#[tokio::test]
async fn the_program_has_each_command_and_option_that_prose_names() {
    let mut seen = BTreeSet::new();
    for path in documents() {
        let text = read(&path);
        for call in calls(&text) {
            let words: Vec<_> = call.split_whitespace().skip(1).collect();
            let is_command = |word: &&&str| word.chars().all(|char| char.is_ascii_lowercase() || char == '-');
            let named: Vec<_> = words
                .iter()
                .take_while(|word| !word.starts_with("--"))
                .take_while(is_command)
                .collect();
            // `state adopt ventas`: what follows two words is a value.
            let deepest = if named.first() == Some(&&"state") { 2 } else { 1 };
            let mut arguments: Vec<_> = named.into_iter().take(deepest).copied().collect();
            arguments.push("--help");
            let options: Vec<_> = words
                .iter()
                .filter(|word| word.starts_with("--"))
                .copied()
                .collect();
            if !seen.insert((arguments.clone().join(" "), options.join(" "))) {
                continue;
            }
            let (status, help, error) = finish(command(&arguments, &Variables::new())).await;
            assert!(status.success(), "{}: {call}: {error}", path.display());
            for option in options {
                let name = option.split('=').next().unwrap();
                let is_known = help
                    .split(|char: char| !char.is_ascii_alphanumeric() && char != '-')
                    .any(|word| word == name);
                assert!(is_known, "{}: {call}: no {option} in\n{help}", path.display());
            }
        }
    }
    assert!(!seen.is_empty());
}

/// Keys that Debian's Prometheus does not know yet.
const NEWER: [&str; 1] = ["convert_classic_histograms_to_nhcb"];

#[tokio::test]
async fn prometheus_takes_each_scrape_configuration_of_the_documents() {
    let folder = tempfile::tempdir().unwrap();
    let mut taken = 0;
    for block in blocks(&["yaml"]) {
        let is_newer = NEWER.iter().any(|key| block.text.contains(key));
        if !block.head().starts_with("scrape_configs:") || is_newer {
            continue;
        }
        let file = folder.path().join(format!("{taken}.yml"));
        std::fs::write(&file, &block.text).unwrap();
        let (status, said) = check("promtool", &["check", "config", "--syntax-only"], &file).await;
        assert!(status, "{}: {}\n{said}", block.page, block.text);
        taken += 1;
    }
    assert!(taken > 3, "{taken}");
}

/// Whether a program takes a file, and what it says of it.
async fn check(program: &str, arguments: &[&str], file: &Path) -> (bool, String) {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).arg(file);
    let (status, printed, error) = finish(command).await;
    (status.success(), printed + &error)
}
