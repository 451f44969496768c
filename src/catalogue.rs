//! Every family of `/metrics`: the rows of all rooms put together. What is shown, the reference in the docs, the tests and
//! the checks of the dashboards all come from here.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

pub use crate::metrics::spec::{Kind, Section, Spec, Stability, seconds};

use crate::metrics::{Family, Rows, exporter, open_since, process, published, settings, values};
use crate::poller::view::View;
use crate::{chats, poller};

/// The families of the poller that a past is written with: dashboards and alerts join with them.
const POLLER_WITH_A_PAST: [&str; 5] = [
    "wolkvox_up",
    "wolkvox_last_poll_timestamp_seconds",
    "wolkvox_last_success_timestamp_seconds",
    "wolkvox_watermark_timestamp_seconds",
    "wolkvox_last_chat_close_timestamp_seconds",
];

/// What the reference says of the formats.
const FORMATS: &str = "
## Formats

`/metrics` answers in the format that the scraper asks for first, with gzip where it takes it. All formats show the same numbers.

| format | asked for by | what it has besides |
|---|---|---|
| text 0.0.4 | everything else | |
| OpenMetrics 1.0 | Prometheus by default | exemplars with `WOLKVOX_EXEMPLARS=true`, `_created` samples with `WOLKVOX_CREATED_SAMPLES=true` |
| protobuf | Prometheus where `PrometheusProto` comes first in `scrape_protocols`, or with `--enable-feature=st-storage` | the start timestamp of each counter, histogram and summary, always; exemplars with `WOLKVOX_EXEMPLARS=true` |

The start timestamp of a label set is when its first chat was seen. It is kept in the state and survives restarts. A new one reads as a reset: the state was lost, or the label set was retired and came back.
";

/// What the reference says of stability.
const STABILITY: &str = "
## Stability

Name, type, labels and buckets of a *stable* family stay: a change to one is in the list of changes, with its reason. A *beta* family is new, and may change from one version to the next. `wolkvox-exporter metrics --format json` prints all of this for programs.
";

/// Every family.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    chats::families::specs()
        .chain(settings::specs())
        .chain(open_since::specs())
        .chain(poller::families::specs())
        .chain(exporter::specs())
        .chain(process::specs())
}

/// The family with this name.
pub fn find(name: &str) -> Option<&'static Spec> {
    all().find(|spec| spec.name == name)
}

/// Whether the past of a family can be written: it follows from the chats and the settings alone.
pub fn has_a_past(family: &Family) -> bool {
    let name = family.proto.name();
    POLLER_WITH_A_PAST.contains(&name)
        || find(name).is_some_and(|spec| matches!(spec.section, Section::Totals | Section::Settings))
}

/// The families of one publication, in the catalogue's order; families without a sample are left out. Their rows are made
/// when they are asked for. `other_lines` are the sample lines shown beside these: of the latest window, and of what follows
/// from the time of day.
pub fn rows(view: View<'_>, other_lines: usize) -> Vec<Arc<dyn Rows>> {
    let operation = &view.config.server.operation;
    let mut families = chats::families::totals(operation, view.totals, view.exemplars);
    families.extend(chats::families::names(operation, view.totals, view.skill_names));
    families.extend(published(settings::families(
        view.config,
        view.stats.pace.interval,
    )));
    families.extend(published(poller::families::families(view)));
    families.retain(|family| family.lines() > 0);
    let lines = families.iter().map(|family| family.lines()).sum::<usize>() + other_lines + 1;
    let series = find(poller::families::SERIES);
    families.extend(published(
        series.map(|spec| Family::single(spec, operation, Some(lines as f64))),
    ));
    families
}

/// The same as values.
pub fn families(view: View<'_>, other_lines: usize) -> Vec<Family> {
    values(&rows(view, other_lines))
}

/// The metric reference as Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Metrics\n\nMade from the catalogue by `wolkvox-exporter metrics`. Every family but the exporter's own also has the label `operation`.\n",
    );
    text.push_str(FORMATS);
    text.push_str(STABILITY);
    for section in Section::ALL {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n| name | type | labels | stability | meaning |\n|---|---|---|---|---|\n",
            section.title(),
            section.note()
        );
        for spec in all().filter(|spec| spec.section == section) {
            let labels = spec
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let _ = writeln!(
                text,
                "| `{}` | {} | {labels} | {} | {}{} |",
                spec.name,
                spec.kind.as_str(),
                spec.stability.as_str(),
                spec.help,
                buckets(spec.kind)
            );
        }
    }
    text
}

/// The same for programs: a JSON object with the version of the program and the list of families, in the order of the reference.
pub fn json() -> serde_json::Value {
    let family = |spec: &Spec| {
        json!({
            "name": spec.name,
            "type": spec.kind.as_str(),
            "labels": spec.label_names().collect::<Vec<_>>(),
            "help": spec.help,
            "unit": spec.unit(),
            "buckets": bounds(spec.kind),
            "stability": spec.stability.as_str(),
            "section": spec.section.as_str(),
        })
    };
    let of = |section| all().filter(move |spec| spec.section == section);
    let families: Vec<_> = Section::ALL.into_iter().flat_map(of).map(family).collect();
    json!({ "version": env!("CARGO_PKG_VERSION"), "families": families })
}

/// The upper bounds of the buckets but the last, in seconds, if it is a histogram.
fn bounds(kind: Kind) -> Option<Vec<f64>> {
    match kind {
        Kind::Histogram(bounds) => Some(bounds.iter().map(|bound| seconds(*bound)).collect()),
        _ => None,
    }
}

fn buckets(kind: Kind) -> String {
    let Some(bounds) = bounds(kind) else {
        return String::new();
    };
    let bounds: Vec<_> = bounds.iter().map(f64::to_string).collect();
    format!(" Buckets: {}.", bounds.join(" "))
}

#[cfg(test)]
mod tests;
