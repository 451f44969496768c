//! How a family is declared: its name, type, labels, help, and how its value is taken, in one row. Each room has the rows
//! of what it shows; [`crate::catalogue`] puts them together.

use prometheus::proto::MetricType;

use super::rows::Meta;

/// A metric's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up, or back to 0.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets; these are the upper bounds in milliseconds.
    Histogram(&'static [u64]),
    /// Sum and count, no quantiles.
    Summary,
}

impl Kind {
    /// The word of the `# TYPE` line.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Summary => "summary",
        }
    }

    /// The type in the data model.
    pub fn metric_type(self) -> MetricType {
        match self {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram(_) => MetricType::HISTOGRAM,
            Kind::Summary => MetricType::SUMMARY,
        }
    }

    /// Sample lines of one metric: a histogram has a line per bound, `+Inf`, sum and count.
    pub fn lines(self) -> usize {
        match self {
            Kind::Counter | Kind::Gauge => 1,
            Kind::Histogram(bounds) => bounds.len() + 3,
            Kind::Summary => 2,
        }
    }
}

/// What a family is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The titles say it.
pub enum Section {
    Totals,
    Latest,
    Today,
    Settings,
    Poller,
    Exporter,
}

impl Section {
    /// All of them, in the order of the reference.
    pub const ALL: [Section; 6] = [
        Section::Totals,
        Section::Latest,
        Section::Today,
        Section::Settings,
        Section::Poller,
        Section::Exporter,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Section::Totals => "Totals per chat",
            Section::Latest => "The latest window",
            Section::Today => "Today",
            Section::Settings => "Names and settings",
            Section::Poller => "How the poller is doing",
            Section::Exporter => "The exporter itself",
        }
    }

    /// A word for it, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Section::Totals => "totals",
            Section::Latest => "latest",
            Section::Today => "today",
            Section::Settings => "settings",
            Section::Poller => "poller",
            Section::Exporter => "exporter",
        }
    }

    /// What its families have in common.
    pub fn note(self) -> &'static str {
        match self {
            Section::Totals => {
                "Each chat is counted exactly once, at the poll that first sees its `conn_id`. A `conn_id` that is a whole number is one id in each spelling of JSON, as a number or a text (`1000`, `1000.0`, `1e3`); any other text is an id as it is. These survive restarts. Build rates, percentiles, alerts and dashboards on them."
            }
            Section::Latest => {
                "Gauges over the chats that closed within the last `WOLKVOX_WINDOW` up to the last good poll, computed afresh at each poll and withdrawn when the last good poll is older than two poll intervals."
            }
            Section::Today => {
                "Gauges over the chats that closed since the operation's local midnight (`WOLKVOX_TIMEZONE`), by the day of this machine's clock at each scrape: those of yesterday are gone at midnight. They are counted with the totals and survive restarts, include the chats of the first day from before the start of counting as far as they were read, and are withdrawn when the last good poll is older than two poll intervals."
            }
            Section::Settings => "To join with, and to compare with.",
            Section::Poller => {
                "Counters here start at 0 with the process. What never happened has no sample, never 0."
            }
            Section::Exporter => "Without the label `operation`; read at each scrape.",
        }
    }
}

/// What is promised of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Its name, type, labels and buckets stay. A change is in the list of changes, with its reason.
    Stable,
    /// It may still change from one version to the next.
    Beta,
}

impl Stability {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stability::Stable => "stable",
            Stability::Beta => "beta",
        }
    }
}

/// Units that a family's name may end in. Others that a name ends in (`_characters`) are no base units.
const UNITS: [&str; 3] = ["seconds", "bytes", "ratio"];

/// The base unit that a name ends in, which is without `_total`.
pub(crate) fn unit(name: &str) -> Option<&'static str> {
    UNITS
        .into_iter()
        .find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
}

/// A family: its name, type, labels and help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// The name in the text format: a counter's ends in `_total`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its labels besides `operation`.
    pub labels: &'static [&'static str],
    /// The `# HELP` text.
    pub help: &'static str,
    /// What it is about.
    pub section: Section,
    /// What is promised of it.
    pub stability: Stability,
}

impl Spec {
    /// Its base unit, if it has one.
    pub fn unit(&self) -> Option<&'static str> {
        unit(self.name.strip_suffix("_total").unwrap_or(self.name))
    }

    /// Its labels, `operation` first where it has it.
    pub fn label_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let operation = self.is_per_operation().then_some("operation");
        operation.into_iter().chain(self.labels.iter().copied())
    }

    /// What its rows have in common.
    pub fn meta(&self) -> Meta<'static> {
        Meta {
            name: self.name,
            help: self.help,
            kind: self.kind.metric_type(),
        }
    }

    /// Whether it has the label `operation`.
    pub fn is_per_operation(&self) -> bool {
        self.section != Section::Exporter
    }
}

/// A family, and how its value is taken of what it shows.
#[derive(Debug, Clone, Copy)]
pub struct Generator<V> {
    /// The family.
    pub spec: Spec,
    /// How its value is taken.
    pub value: V,
}

/// Declares a table of [`Generator`]s, one row each: name, kind, labels, how the value is taken, help. `Beta` before the name is
/// a [`Stability`].
macro_rules! generators {
    ($(#[$doc:meta])* $table:ident: $value:ty, $section:ident {
        $($($stability:ident)? $name:literal, $kind:expr, [$($label:literal),*], $take:expr, $help:literal;)+
    }) => {
        $(#[$doc])*
        static $table: [$crate::metrics::spec::Generator<$value>; [$($name),+].len()] = [
            $($crate::metrics::spec::Generator {
                spec: $crate::metrics::spec::Spec {
                    name: $name,
                    kind: $kind,
                    labels: &[$($label),*],
                    help: $help,
                    section: $crate::metrics::spec::Section::$section,
                    stability: [
                        $($crate::metrics::spec::Stability::$stability,)?
                        $crate::metrics::spec::Stability::Stable
                    ][0],
                },
                value: $take,
            }),+
        ];
    };
}
pub(crate) use generators;

/// Milliseconds as seconds, the base unit of everything shown.
pub fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
