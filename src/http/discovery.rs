//! `/sd`: what Prometheus is to scrape, in the form of its HTTP service discovery.
//! <https://prometheus.io/docs/prometheus/latest/http_sd/>

use std::collections::BTreeMap;

use leases::Overview;
use serde::Serialize;

/// One target group.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Group<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<&'static str, &'a str>,
}

/// How the targets are reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach<'a> {
    /// Host and port.
    pub(super) address: &'a str,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
}

/// A target group per operation. `instance` is its name, so that its series go on wherever it is polled. There is no label
/// `operation`: the families have it, and Prometheus would rename theirs.
pub(super) fn operations<'a>(names: impl Iterator<Item = &'a str>, reach: Reach<'a>) -> String {
    let groups = names.map(|name| group(reach, [("__param_operation", name), ("instance", name)]));
    json(&groups.collect::<Vec<_>>())
}

/// The exporter itself: a scrape of this target shows its own families alone. Prometheus drops a parameter that is empty.
pub(super) fn exporters(reach: Reach<'_>) -> String {
    json(&[group(reach, [("__param_exporter", "self")])])
}

/// The same of a fleet: each operation at the replica that holds it, or held it last. One that nobody ever held is listed here.
pub(super) fn operations_of_fleet(overview: &Overview, own: Reach<'_>) -> String {
    let groups = overview.operations.iter().map(|row| {
        let url = row.holder.and_then(|holder| overview.url_of(holder));
        let reach = url.and_then(Reach::of_url).unwrap_or(own);
        let name = row.operation.as_str();
        group(reach, [("__param_operation", name), ("instance", name)])
    });
    json(&groups.collect::<Vec<_>>())
}

/// Each replica that lives, or did lately.
pub(super) fn exporters_of_fleet(overview: &Overview) -> String {
    let reaches = overview
        .shown_replicas()
        .filter_map(|replica| Reach::of_url(&replica.url));
    let groups = reaches.map(|reach| group(reach, [("__param_exporter", "self")]));
    json(&groups.collect::<Vec<_>>())
}

impl<'a> Reach<'a> {
    /// From a URL without a path, as replicas tell it.
    fn of_url(url: &'a str) -> Option<Reach<'a>> {
        let (scheme, address) = url.split_once("://")?;
        let scheme = match scheme {
            "http" => "http",
            "https" => "https",
            _ => return None,
        };
        Some(Reach { address, scheme })
    }
}

fn group<'a, const N: usize>(reach: Reach<'a>, labels: [(&'static str, &'a str); N]) -> Group<'a> {
    Group {
        targets: [reach.address],
        labels: [("__scheme__", reach.scheme)].into_iter().chain(labels).collect(),
    }
}

fn json(groups: &[Group<'_>]) -> String {
    // Texts and maps of texts can always be written.
    serde_json::to_string(groups).unwrap_or_default()
}

#[cfg(test)]
mod tests;
