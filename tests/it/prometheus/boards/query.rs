//! The queries of a board as Grafana sends them: variables replaced as its Prometheus data source does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::prometheus::dashboards::{board, is_range, list, lookup, text};

/// Grafana's pixels of a board: so many points has a curve at most.
const WIDTH: u64 = 1600;
/// The scrape interval that the data source is set to, seconds: Grafana's default.
const SCRAPE: u64 = 15;

/// The longest that today can be, seconds.
const A_DAY: u64 = 24 * 3600;

/// The target of a tile that says that its numbers are old.
pub(super) const OLD: &str = "Z";

/// How a query is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum QueryKind {
    /// At the end of the time range.
    Instant,
    /// Over the time range, a point every so many seconds.
    Range { seconds: u64, step: u64 },
    /// The values of a label of the series that a selector finds.
    Values { label: String },
}

/// A query, and what the panel does with its answer.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// `operations: Chats, A`
    pub(super) what: String,
    pub(super) kind: QueryKind,
    /// With all variables replaced.
    pub(super) expr: String,
    /// Labels that each series of the answer must have.
    pub(super) labels: Vec<String>,
}

/// The values of a board's variables, as the viewer chose them.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    board: Value,
    chosen: BTreeMap<String, Vec<String>>,
}

impl Choice {
    /// What the board opens with.
    pub(super) fn as_opened(name: &str) -> Choice {
        let board = board(name);
        let value = |variable: &Value| match &variable["current"]["value"] {
            Value::Array(values) => values.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
            value => vec![value.as_str().unwrap().to_owned()],
        };
        let chosen = list(&board, "/templating/list")
            .iter()
            .map(|variable| (text(variable, "/name").to_owned(), value(variable)))
            .collect();
        Choice { board, chosen }
    }

    /// The same with other values of a variable; nothing where the board does not have it.
    #[must_use]
    pub(super) fn with(mut self, variable: &str, values: &[&str]) -> Choice {
        if let Some(chosen) = self.chosen.get_mut(variable) {
            *chosen = values.iter().map(|value| (*value).to_owned()).collect();
        }
        self
    }

    /// *All*, wherever a variable offers it.
    #[must_use]
    pub(super) fn with_everything(mut self) -> Choice {
        for variable in list(&self.board, "/templating/list") {
            if variable["includeAll"] == true {
                self.chosen
                    .insert(text(variable, "/name").to_owned(), vec!["$__all".to_owned()]);
            }
        }
        self
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        list(&self.board, "/templating/list")
            .iter()
            .find(|variable| text(variable, "/name") == name)
    }

    /// A variable's text in a query.
    fn value(&self, name: &str) -> Option<String> {
        let variable = self.variable(name)?;
        let chosen = &self.chosen[name];
        if chosen.iter().any(|value| value == "$__all") {
            return Some(text(variable, "/allValue").to_owned());
        }
        if variable["multi"] != true {
            return Some(chosen[0].clone());
        }
        let escaped: Vec<_> = chosen.iter().map(|value| escaped(value)).collect();
        Some(match escaped.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join("|")),
        })
    }

    fn resolved(&self, written: &str, intervals: &BTreeMap<&str, String>) -> String {
        let mut made = String::new();
        let mut rest = written;
        while let Some(at) = rest.find('$') {
            made += &rest[..at];
            let after = &rest[at + 1..];
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            let name = &after[..end];
            match intervals.get(name).cloned().or_else(|| self.value(name)) {
                Some(value) => made += &value,
                // `$1` of label_replace.
                None if name.starts_with(|first: char| first.is_ascii_digit()) => {
                    made += "$";
                    made += name;
                }
                None => panic!("${name} is no variable of the board: {written}"),
            }
            rest = &after[end..];
        }
        made + rest
    }

    fn range(&self) -> u64 {
        let from = text(&self.board, "/time/from").strip_prefix("now-").unwrap();
        humantime::parse_duration(from).unwrap().as_secs()
    }

    /// Of one target: how it is asked, and its text.
    fn ask(&self, panel: &Value, target: &Value) -> (QueryKind, String) {
        let range = match text(panel, "/timeFrom") {
            "" => self.range(),
            "now/d" => A_DAY,
            days => humantime::parse_duration(days).unwrap().as_secs(),
        };
        let least = match text(target, "/interval") {
            "" => SCRAPE,
            interval => humantime::parse_duration(interval).unwrap().as_secs(),
        };
        let step = least.max(range / WIDTH);
        let intervals = BTreeMap::from([
            ("__interval", format!("{step}s")),
            ("__rate_interval", format!("{}s", (step + least).max(4 * least))),
            ("__range", format!("{range}s")),
        ]);
        let kind = if is_range(target) {
            QueryKind::Range { seconds: range, step }
        } else {
            QueryKind::Instant
        };
        (kind, self.resolved(text(target, "/expr"), &intervals))
    }

    /// The targets of a panel that show numbers, and not that these are old.
    pub(super) fn letters(&self, title: &str) -> Vec<String> {
        list(&self.board, "/panels")
            .iter()
            .find(|panel| text(panel, "/title") == title)
            .map_or(&[][..], |panel| list(panel, "/targets"))
            .iter()
            .map(|target| text(target, "/refId").to_owned())
            .filter(|letter| letter != OLD)
            .collect()
    }

    /// The query of a panel's target, such as that of `Chats`, `A`.
    pub(super) fn query_of(&self, title: &str, letter: &str) -> Query {
        self.panel_queries()
            .into_iter()
            .find(|query| query.what.ends_with(&format!(": {title}, {letter}")))
            .unwrap_or_else(|| panic!("no panel {title:?} with a target {letter}"))
    }

    /// All queries: of panels, variables and annotations.
    pub(super) fn queries(&self) -> Vec<Query> {
        let mut queries = self.panel_queries();
        queries.extend(self.variable_queries());
        queries.extend(self.annotation_queries());
        queries
    }

    fn name(&self) -> &str {
        text(&self.board, "/uid").trim_start_matches("wolkvox-")
    }

    fn panel_queries(&self) -> Vec<Query> {
        let mut queries = Vec::new();
        for panel in list(&self.board, "/panels") {
            for target in list(panel, "/targets") {
                let (kind, expr) = self.ask(panel, target);
                let what = format!(
                    "{}: {}, {}",
                    self.name(),
                    text(panel, "/title"),
                    text(target, "/refId")
                );
                queries.push(Query {
                    what,
                    kind,
                    expr,
                    labels: in_braces(text(target, "/legendFormat")),
                });
            }
        }
        queries
    }

    fn variable_queries(&self) -> impl Iterator<Item = Query> + '_ {
        list(&self.board, "/templating/list")
            .iter()
            .filter_map(move |variable| {
                let written = text(variable, "/query/query");
                let expr = lookup(written)?;
                let (kind, labels) = if let Some(inside) = written.strip_prefix("label_values(") {
                    let (_, label) = inside.strip_suffix(')')?.rsplit_once(", ")?;
                    let label = label.to_owned();
                    (QueryKind::Values { label }, Vec::new())
                } else {
                    // Its regular expression takes the value and the text from these labels, in this order.
                    let id = text(variable, "/name");
                    let labels = [format!("{id}_id"), format!("{id}_name")];
                    assert_eq!(text(variable, "/regex"), value_and_text(&labels));
                    (QueryKind::Instant, labels.to_vec())
                };
                let intervals = BTreeMap::from([("__range", format!("{}s", self.range()))]);
                Some(Query {
                    what: format!("{}: ${}", self.name(), text(variable, "/name")),
                    kind,
                    expr: self.resolved(expr, &intervals),
                    labels,
                })
            })
    }

    fn annotation_queries(&self) -> impl Iterator<Item = Query> + '_ {
        let annotations = list(&self.board, "/annotations/list").iter();
        annotations
            .filter(|annotation| annotation.get("expr").is_some())
            .map(move |annotation| Query {
                what: format!("{}: annotation {}", self.name(), text(annotation, "/name")),
                kind: QueryKind::Range {
                    seconds: self.range(),
                    step: humantime::parse_duration(text(annotation, "/step"))
                        .unwrap()
                        .as_secs(),
                },
                expr: self.resolved(text(annotation, "/expr"), &BTreeMap::new()),
                // An alert of the whole operation has no skill.
                labels: [
                    in_braces(text(annotation, "/titleFormat")),
                    vec!["operation".to_owned()],
                ]
                .concat(),
            })
    }
}

/// How Grafana finds an id and a name in a series that it has written as text, `{skill_id="12",skill_name="Sales"} 1 1774440000`.
fn value_and_text(labels: &[String; 2]) -> String {
    let [id, name] = labels;
    format!("/{id}=\"(?<value>[^\"]+)\",{name}=\"(?<text>.*)\"}}/")
}

/// As the data source escapes what stands in a regular expression in a string.
fn escaped(value: &str) -> String {
    let mut made = String::new();
    for c in value.chars() {
        match c {
            '\\' => made += r"\\\\",
            '$' | '^' | '*' | '{' | '}' | '[' | ']' | '\'' | '+' | '?' | '.' | '(' | ')' | '|' => {
                made += r"\\";
                made.push(c);
            }
            c => made.push(c),
        }
    }
    made
}

/// The labels of a legend such as `{{cod_act}} {{description}}`.
fn in_braces(legend: &str) -> Vec<String> {
    legend
        .split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}"))
        .map(|(label, _)| label.trim().to_owned())
        .collect()
}
