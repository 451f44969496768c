//! Which format and which encoding a scraper asked for. No request is refused: a scraper that asks for an unknown format
//! gets plain text.

use super::{Encoding, Format};

/// One element of `Accept` or `Accept-Encoding`.
struct Choice<'a> {
    /// Media range or coding.
    name: &'a str,
    /// `version`, where given.
    version: Option<&'a str>,
    /// `proto` and `encoding` of protobuf, where given.
    proto: Option<&'a str>,
    encoding: Option<&'a str>,
    /// From 0 (refused) to 1 (the default).
    quality: f64,
}

/// The elements in their order; what can't be read is passed over.
fn choices<'a>(headers: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = Choice<'a>> {
    headers
        .into_iter()
        .flat_map(|header| header.split(','))
        .filter_map(choice)
}

fn choice(element: &str) -> Option<Choice<'_>> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut choice = Choice {
        name,
        version: None,
        proto: None,
        encoding: None,
        quality: 1.0,
    };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches('"');
        match key.trim() {
            key if key.eq_ignore_ascii_case("q") => {
                choice.quality = value
                    .parse()
                    .ok()
                    .filter(|quality| (0.0..=1.0).contains(quality))?;
            }
            key if key.eq_ignore_ascii_case("version") => choice.version = Some(value),
            key if key.eq_ignore_ascii_case("proto") => choice.proto = Some(value),
            key if key.eq_ignore_ascii_case("encoding") => choice.encoding = Some(value),
            // charset, and what newer Prometheus adds, like escaping: our names need no escaping.
            _ => {}
        }
    }
    Some(choice)
}

/// How closely a choice names a format: 2 the type, 1 `type/*`, 0 `*/*`; `None` not at all.
fn closeness(choice: &Choice, format: Format) -> Option<u8> {
    let (class, name, versions) = match format {
        // 1.0.0 differs in names that need quotes, and ours need none: whoever reads it reads 0.0.4.
        Format::Text => ("text/*", "text/plain", &["0.0.4", "1.0.0"][..]),
        Format::OpenMetrics => ("application/*", "application/openmetrics-text", &["1.0.0"][..]),
        // Whoever can read it says so: it is for no browser, and for nobody who takes anything.
        Format::Protobuf => {
            let is_named = choice
                .name
                .eq_ignore_ascii_case("application/vnd.google.protobuf")
                && choice.proto == Some("io.prometheus.client.MetricFamily")
                && choice.encoding == Some("delimited");
            return is_named.then_some(2);
        }
    };
    if choice.name.eq_ignore_ascii_case(name) {
        choice
            .version
            .is_none_or(|asked| versions.contains(&asked))
            .then_some(2)
    } else if choice.name.eq_ignore_ascii_case(class) {
        Some(1)
    } else {
        (choice.name == "*/*").then_some(0)
    }
}

/// How much a format is wanted; a greater rank is better. It goes by quality, then by how closely the format was named, then
/// by the order. `None` where it is refused or not asked for.
fn rank(choices: &[Choice], format: Format) -> Option<(f64, u8, std::cmp::Reverse<usize>)> {
    let mut closest: Option<(f64, u8, std::cmp::Reverse<usize>)> = None;
    for (position, choice) in choices.iter().enumerate() {
        let Some(closeness) = closeness(choice, format) else {
            continue;
        };
        // The closest name decides, as RFC 9110 has it: `text/plain;q=0, */*` refuses plain text.
        if closest.is_none_or(|(quality, known, _)| (closeness, choice.quality) > (known, quality)) {
            closest = Some((choice.quality, closeness, std::cmp::Reverse(position)));
        }
    }
    closest.filter(|(quality, ..)| *quality > 0.0)
}

impl Format {
    /// The format that the lines of `Accept` ask for; text where they name none that we speak, or are missing.
    pub fn negotiate<'a>(accept: impl IntoIterator<Item = &'a str>) -> Self {
        let choices: Vec<_> = choices(accept).collect();
        let mut best = (Self::Text, rank(&choices, Self::Text));
        for format in [Self::OpenMetrics, Self::Protobuf] {
            let rank = rank(&choices, format);
            // Greater, not equal: a scraper that takes anything gets text.
            if rank > best.1 {
                best = (format, rank);
            }
        }
        best.0
    }
}

impl Encoding {
    /// What the lines of `Accept-Encoding` ask for: gzip if it is wanted at least as much as no compression.
    pub fn negotiate<'a>(accept_encoding: impl IntoIterator<Item = &'a str>) -> Self {
        let choices: Vec<_> = choices(accept_encoding).collect();
        let quality = |names: &[&str]| {
            let named = choices
                .iter()
                .filter(|choice| names.iter().any(|name| choice.name.eq_ignore_ascii_case(name)));
            named.map(|choice| choice.quality).reduce(f64::max)
        };
        let gzip = quality(&["gzip", "x-gzip"])
            .or_else(|| quality(&["*"]))
            .unwrap_or(0.0);
        if gzip > 0.0 && gzip >= quality(&["identity"]).unwrap_or(0.0) {
            Self::Gzip
        } else {
            Self::Identity
        }
    }
}

#[cfg(test)]
mod tests;
