//! A strict reader of Prometheus' text format 0.0.4, of OpenMetrics 1.0 and of the protobuf format, for tests. It panics at
//! anything unknown.

// A test that can't go on fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod protobuf;

use std::collections::BTreeMap;

/// Names and values in the order of the line; values without their escapes.
pub type Labels = Vec<(String, String)>;

/// Labels, value and timestamp.
pub type Exemplar = (Labels, f64, Option<f64>);

/// A sample line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// As on the line: that of the family, with `_bucket`, `_sum`, `_count`, `_created` where it has them.
    pub name: String,
    /// Empty where the line has none.
    pub labels: Labels,
    /// The number behind the labels.
    pub value: f64,
    /// What follows ` # ` on the line.
    pub exemplar: Option<Exemplar>,
}

/// A whole exposition.
#[derive(Debug, Default, PartialEq)]
pub struct Exposition {
    /// `(keyword, family)` → text: `("HELP", "up")`.
    pub metadata: BTreeMap<(String, String), String>,
    /// In the order of the page.
    pub samples: Vec<Sample>,
    /// Whether `# EOF` closed it, as OpenMetrics demands.
    pub ended: bool,
}

/// Reads an exposition. Lines end in a line feed and in nothing else.
pub fn parse(text: &str) -> Exposition {
    let mut exposition = Exposition::default();
    let Some(body) = text.strip_suffix('\n') else {
        assert!(text.is_empty(), "the last line has no end");
        return exposition;
    };
    for line in body.split('\n') {
        assert!(!exposition.ended, "something follows the end: {line:?}");
        if line == "# EOF" {
            exposition.ended = true;
        } else if let Some(metadata) = line.strip_prefix("# ") {
            let mut words = metadata.splitn(3, ' ');
            let mut word = || {
                words
                    .next()
                    .unwrap_or_else(|| panic!("metadata {line:?}"))
                    .to_owned()
            };
            let (keyword, family, text) = (word(), word(), word());
            assert!(matches!(keyword.as_str(), "HELP" | "TYPE" | "UNIT"), "{line:?}");
            let known = exposition.metadata.insert((keyword, family), text);
            assert!(known.is_none(), "metadata twice: {line:?}");
        } else {
            exposition.samples.push(sample(line));
        }
    }
    exposition
}

fn sample(line: &str) -> Sample {
    let mut rest = line;
    let name = take_name(&mut rest).to_owned();
    let labels = if rest.starts_with('{') {
        take_labels(&mut rest)
    } else {
        Vec::new()
    };
    let rest = rest
        .strip_prefix(' ')
        .unwrap_or_else(|| panic!("no blank before the value: {line:?}"));
    let (value, exemplar) = match rest.split_once(" # ") {
        Some((value, exemplar)) => (value, Some(self::exemplar(exemplar))),
        None => (rest, None),
    };
    Sample {
        name,
        labels,
        value: number(value),
        exemplar,
    }
}

fn exemplar(text: &str) -> Exemplar {
    let mut rest = text;
    let labels = take_labels(&mut rest);
    let mut words = rest
        .strip_prefix(' ')
        .expect("a blank after the labels")
        .split(' ');
    let value = number(words.next().unwrap());
    let timestamp = words.next().map(number);
    assert_eq!(words.next(), None);
    (labels, value, timestamp)
}

fn take_name<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    assert!(
        name.starts_with(|c: char| !c.is_ascii_digit()),
        "no name at {rest:?}"
    );
    *rest = after;
    name
}

fn take(rest: &mut &str, expected: char) {
    *rest = rest
        .strip_prefix(expected)
        .unwrap_or_else(|| panic!("no {expected:?} at {rest:?}"));
}

fn take_labels(rest: &mut &str) -> Labels {
    let mut labels = Vec::new();
    take(rest, '{');
    while !rest.starts_with('}') {
        if !labels.is_empty() {
            take(rest, ',');
        }
        let name = take_name(rest).to_owned();
        take(rest, '=');
        labels.push((name, take_quoted(rest)));
    }
    take(rest, '}');
    labels
}

fn take_quoted(rest: &mut &str) -> String {
    take(rest, '"');
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().expect("a closing quote") {
            '"' => break,
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some(escaped @ ('\\' | '"')) => escaped,
                other => panic!("unknown escape {other:?}"),
            }),
            plain => value.push(plain),
        }
    }
    *rest = chars.as_str();
    value
}

fn number(text: &str) -> f64 {
    let digits = |c: char| c.is_ascii_digit() || "+-.e".contains(c);
    assert!(
        matches!(text, "NaN" | "+Inf" | "-Inf" | "inf") || text.chars().all(digits),
        "no number: {text:?}"
    );
    text.parse().unwrap_or_else(|_| panic!("no number: {text:?}"))
}
