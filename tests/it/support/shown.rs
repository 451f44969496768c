//! What was shown. Each publication is held against the promises: nothing uncommitted, no total ever falls, a label set
//! is 0 when it is first shown and for as long as it takes to be scraped, and the disk knows what is shown as 0.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prometheus::proto::MetricType;
use tokio::time::Instant;
use wolkvox_exporter::catalogue::{self, Section, families};
use wolkvox_exporter::chats::families::TodayRows;
use wolkvox_exporter::chats::today::Today;
use wolkvox_exporter::chats::{self, Ledger, Totals};
use wolkvox_exporter::clock::Clock;
use wolkvox_exporter::metrics::{self, Family, TimedRows};
use wolkvox_exporter::poller::{Publication, Publish};

use super::disk::Disk;
use super::scraper::Scraper;

/// Sample lines and their values.
pub(crate) type Series = BTreeMap<String, f64>;

#[derive(Debug, Default)]
struct State {
    /// Publications are dropped: the process dies between commit and publication.
    is_deaf: bool,
    /// Label sets may be dropped, and begin anew.
    retires: bool,
    /// A process lives that has shown something.
    is_alive: bool,
    /// The poll interval of the process.
    interval: Duration,
    families: Vec<Family>,
    /// What was checked last.
    totals: Option<Totals>,
    latest: Option<(Vec<Family>, Instant)>,
    today: Option<Today>,
    /// The most that each total has ever been.
    highest: Series,
    /// The totals that this process shows.
    known: Series,
    scraper: Scraper,
    /// What was shown since recording began, and what was committed then.
    record: Option<Vec<(Series, Ledger)>>,
}

/// Clones share what was shown.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    state: Arc<Mutex<State>>,
    disk: Disk,
    operation: &'static str,
}

impl Shown {
    pub(crate) fn new(disk: Disk) -> Shown {
        Shown {
            state: Arc::default(),
            disk,
            operation: "ventas",
        }
    }

    /// A process begins that polls at this interval. The first one is scraped so long after its start, and then once per
    /// interval. It is never an interval without a scrape.
    pub(crate) fn begin_process(&self, interval: Duration, scraped_after: Duration) {
        let mut state = self.state.lock().unwrap();
        state.pass();
        state.interval = interval;
        state.scraper.begin(Instant::now() + scraped_after.min(interval));
        state.is_deaf = false;
        state.totals = None;
        state.known.clear();
        state.latest = None;
        state.today = None;
    }

    /// The process is gone: it can't be scraped.
    pub(crate) fn end_process(&self) {
        let mut state = self.state.lock().unwrap();
        state.pass();
        state.is_alive = false;
    }

    /// What a Prometheus that scrapes once per poll interval makes of a family: the sum of all increases up to now.
    pub(crate) fn increase(&self, name: &str) -> f64 {
        let mut state = self.state.lock().unwrap();
        state.pass();
        state.scraper.increase(name)
    }

    pub(crate) fn set_deaf(&self) {
        self.state.lock().unwrap().is_deaf = true;
    }

    /// From now on label sets may be dropped. When they come back, they begin at 0.
    pub(crate) fn let_retire(&self) {
        self.state.lock().unwrap().retires = true;
    }

    /// The state is gone: counters may begin at 0.
    pub(crate) fn forget_highest(&self) {
        self.state.lock().unwrap().highest.clear();
    }

    /// From now on each publication is kept, until [`Shown::recorded`].
    pub(crate) fn record(&self) {
        self.state.lock().unwrap().record = Some(Vec::new());
    }

    pub(crate) fn recorded(&self) -> Vec<(Series, Ledger)> {
        self.state.lock().unwrap().record.take().unwrap_or_default()
    }

    fn series(&self) -> Series {
        series(&self.state.lock().unwrap().families)
    }

    /// The sum over all label sets of a family that contain `part`.
    pub(crate) fn sum(&self, name: &str, part: &str) -> f64 {
        sum(&self.series(), name, part)
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.series().keys().any(|line| line.contains(part))
    }

    /// A metric without further labels; `None` where it has no sample.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        let line = format!("{name}{{operation=\"{}\"}}", self.operation);
        self.series().get(&line).copied()
    }

    /// The gauges of the latest window, if they would be answered now.
    pub(crate) fn latest(&self) -> Option<Series> {
        let state = self.state.lock().unwrap();
        let (families, expires) = state.latest.as_ref()?;
        (*expires > Instant::now()).then(|| series(families))
    }

    /// The gauges of today, if they would be answered now.
    pub(crate) fn today(&self, clock: &(impl Clock + Clone + 'static)) -> Option<Series> {
        let today = self.state.lock().unwrap().today.clone()?;
        today.at(clock.now())?;
        Some(series(&metrics::values(
            &self.today_rows(clock)?.at(clock.now()).0,
        )))
    }

    /// The same to be shown on a page.
    pub(crate) fn today_rows(&self, clock: &(impl Clock + Clone + 'static)) -> Option<TodayRows> {
        let today = self.state.lock().unwrap().today.clone()?;
        let clock: Arc<dyn Clock> = Arc::new(clock.clone());
        Some(TodayRows::new(self.operation, today, &clock))
    }

    pub(crate) fn latest_families(&self) -> Vec<Family> {
        let state = self.state.lock().unwrap();
        state
            .latest
            .as_ref()
            .map(|(families, _)| families.clone())
            .unwrap_or_default()
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        self.state.lock().unwrap().families.clone()
    }
}

impl State {
    /// Scrapes that came up to now saw what is shown.
    fn pass(&mut self) {
        let page = self.is_alive.then_some(&self.known);
        self.scraper.pass(self.interval, Instant::now(), page);
    }

    /// Holds the totals that are shown against what was shown before.
    fn check(&mut self, families: &[Family]) {
        let totals: Vec<Family> = families
            .iter()
            .filter(|family| is_total(family))
            .cloned()
            .collect();
        let now = series(&totals);
        for (line, value) in &now {
            let highest = self.highest.get(line).copied();
            assert!(
                highest.is_none_or(|highest| highest <= *value),
                "{line} fell from {highest:?} to {value}"
            );
            assert!(
                highest.is_some() || *value == 0.0,
                "{line} begins at {value}, also over restarts"
            );
            self.highest.insert(line.clone(), *value);
        }
        for line in self.known.keys() {
            assert!(self.retires || now.contains_key(line), "{line} vanished");
        }
        if self.retires {
            self.highest.retain(|line, _| now.contains_key(line));
        }
        self.known = now;
    }
}

fn is_total(family: &Family) -> bool {
    let name = family.proto.name();
    catalogue::all().any(|spec| spec.section == Section::Totals && spec.name == name)
}

impl Publish for Shown {
    fn publish(&self, publication: Publication<'_>) {
        let mut state = self.state.lock().unwrap();
        if state.is_deaf {
            return;
        }
        let view = publication.view;
        assert!(self.disk.holds(view.totals), "what is shown was not committed");
        let families = families(view, 0);
        let totals = view.totals.clone();
        state.pass();
        if state.totals.as_ref() != Some(&totals) {
            let stored = self.disk.read().map(|ledger| ledger.totals);
            assert!(
                stored.as_ref() == Some(&totals),
                "the disk knows what is shown as 0"
            );
            state.check(&families);
            state.totals = Some(totals);
        }
        state.is_alive = true;
        let zone = view.config.server.timezone;
        state.today = publication
            .latest
            .map(|(_, expires)| Today::new(view.totals, zone, expires));
        state.latest = publication.latest.map(|(latest, expires)| {
            (
                metrics::values(&chats::families::latest_window(
                    &publication.view.config.server.operation,
                    latest,
                )),
                expires,
            )
        });
        if let Some(record) = &mut state.record {
            record.push((series(&families), self.disk.committed()));
        }
        state.families = families;
    }
}

/// The sum over all label sets of a family that contain `part`.
pub(crate) fn sum(series: &Series, name: &str, part: &str) -> f64 {
    let is_of = |line: &str| line.split('{').next() == Some(name) && line.contains(part);
    series
        .iter()
        .filter(|(line, _)| is_of(line))
        .map(|(_, value)| value)
        .sum()
}

/// The sample lines of families.
pub(crate) fn series(families: &[Family]) -> Series {
    let mut series = Series::new();
    for family in families {
        let name = family.proto.name();
        for metric in family.proto.get_metric() {
            let mut labels = String::new();
            for pair in metric.get_label() {
                let comma = if labels.is_empty() { "" } else { "," };
                write!(labels, "{comma}{}={:?}", pair.name(), pair.value()).unwrap();
            }
            let mut put = |end: &str, labels: &str, value: f64| {
                let line = format!("{name}{end}{{{labels}}}");
                let before = series.insert(line, value);
                assert_eq!(before, None, "{name}{{{labels}}} is there twice");
            };
            match family.proto.get_field_type() {
                MetricType::COUNTER => put("", &labels, metric.get_counter().get_value()),
                MetricType::GAUGE => put("", &labels, metric.get_gauge().get_value()),
                MetricType::HISTOGRAM => {
                    let histogram = metric.get_histogram();
                    put("_sum", &labels, histogram.get_sample_sum());
                    put("_count", &labels, histogram.get_sample_count() as f64);
                    for bucket in histogram.get_bucket() {
                        let labels = format!("{labels},le=\"{}\"", bucket.upper_bound());
                        put("_bucket", &labels, bucket.cumulative_count() as f64);
                    }
                }
                MetricType::SUMMARY => {
                    put("_sum", &labels, metric.get_summary().sample_sum());
                    put("_count", &labels, metric.get_summary().sample_count() as f64);
                }
                MetricType::UNTYPED => panic!("{name} has no type"),
            }
        }
    }
    series
}
