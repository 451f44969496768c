//! A reader of `/metrics` in text format 0.0.4.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::collections::BTreeMap;

use exposition_reader::Sample;

use super::operation::OPERATION;

/// Samples by series: the name and the labels in alphabetical order, values still escaped.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Exposition(pub(crate) BTreeMap<String, f64>);

impl Exposition {
    /// Reads a page. Two lines of one series are an error.
    pub(crate) fn parse(text: &str) -> Exposition {
        let mut samples = BTreeMap::new();
        for sample in exposition_reader::parse(text).samples {
            let series = series(&sample);
            let before = samples.insert(series.clone(), sample.value);
            assert_eq!(before, None, "twice: {series}");
        }
        Exposition(samples)
    }

    /// The value of a series; labels in any order, `operation` included.
    pub(crate) fn get(&self, series: &str) -> Option<f64> {
        self.0.get(&canonical(series)).copied()
    }

    /// The sum over the series of a name.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let of_name = |series: &str| series == name || series.starts_with(&format!("{name}{{"));
        self.0
            .iter()
            .filter(|(series, _)| of_name(series))
            .fold(0.0, |sum, (_, value)| sum + value)
    }

    /// Polls that failed for this reason.
    pub(crate) fn failures(&self, reason: &str) -> f64 {
        let series = format!("wolkvox_poll_failures_total{{operation=\"{OPERATION}\",reason=\"{reason}\"}}");
        self.get(&series).unwrap_or_default()
    }

    /// Whether the last poll succeeded; `None` before the first has ended.
    pub(crate) fn up(&self) -> Option<bool> {
        let up = self.get(&format!("wolkvox_up{{operation=\"{OPERATION}\"}}"));
        up.map(|value| value > 0.5)
    }

    /// What the state on disk holds and what may therefore never fall: the totals per chat.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&str, f64)> {
        const OF_THE_PROCESS: [&str; 2] = ["wolkvox_chats_late_total", "wolkvox_chat_arrival_delay_seconds"];
        self.0.iter().filter_map(|(series, value)| {
            let is_total = ["wolkvox_chats_total", "wolkvox_chat_", "wolkvox_agent_"]
                .iter()
                .any(|start| series.starts_with(start));
            let of_process = OF_THE_PROCESS.iter().any(|start| series.starts_with(start));
            let is_info = series.starts_with("wolkvox_agent_info");
            (is_total && !of_process && !is_info).then_some((series.as_str(), *value))
        })
    }

    /// Panics if a total of `before` is gone or smaller here.
    pub(crate) fn assert_not_below(&self, before: &Exposition) {
        for (series, earlier) in before.totals() {
            let now = self.0.get(series);
            assert!(
                now.is_some_and(|now| *now >= earlier),
                "{series} fell from {earlier} to {now:?}"
            );
        }
    }
}

/// The name, and the labels in alphabetical order with their values escaped.
fn series(sample: &Sample) -> String {
    if sample.labels.is_empty() {
        return sample.name.clone();
    }
    let escaped = |value: &str| {
        value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let mut labels: Vec<_> = sample
        .labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    labels.sort_unstable();
    format!("{}{{{}}}", sample.name, labels.join(","))
}

/// The labels of a series in alphabetical order.
pub(crate) fn canonical(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else {
        return series.to_owned();
    };
    let labels = labels.strip_suffix('}').expect("a closing brace");
    let (mut parts, mut quoted, mut escaped, mut start) = (Vec::new(), false, false, 0);
    for (at, character) in labels.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&labels[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&labels[start..]);
    parts.sort_unstable();
    format!("{name}{{{}}}", parts.join(","))
}

/// The page without what changes at each scrape.
pub(crate) fn without_live_lines(text: &str) -> String {
    let live = |line: &&str| {
        !["process_", "wolkvox_exporter_scrapes_total"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    text.lines().filter(live).collect::<Vec<_>>().join(
        "
",
    )
}
