//! What ends `/metrics`: the exporter's own process and log, and how often it was scraped, in a registry that is handed down.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::family::{Extra, Family, Sample};
use super::spec::{
    Generator,
    Kind::{Counter, Gauge},
    Spec, generators,
};
use crate::log;
use wolkvox::zone;

/// What the system and the log say; `None` is not shown.
#[derive(Debug, Clone, Copy, Default)]
struct ProcessValues {
    cpu_seconds: Option<f64>,
    virtual_bytes: Option<f64>,
    resident_bytes: Option<f64>,
    threads: Option<f64>,
    start: Option<f64>,
    open_fds: Option<f64>,
    max_fds: Option<f64>,
    log_lines_dropped: Option<f64>,
}

generators! {
    BUILD_INFO: [&str; 3], Exporter {
        "wolkvox_exporter_build_info", Gauge, ["version", "revision", "rust_version"],
            [env!("CARGO_PKG_VERSION"), env!("WOLKVOX_REVISION"), env!("WOLKVOX_RUST_VERSION")],
            "Version of the exporter, the revision and the compiler it was built from. Always 1.";
    }
}

generators! {
    LIVE: fn(&ProcessValues) -> Option<f64>, Exporter {
        "process_cpu_seconds_total", Counter, [], |values| values.cpu_seconds,
            "Total user and system CPU time spent in seconds.";
        "process_virtual_memory_bytes", Gauge, [], |values| values.virtual_bytes,
            "Virtual memory size in bytes.";
        "process_resident_memory_bytes", Gauge, [], |values| values.resident_bytes,
            "Resident memory size in bytes.";
        "process_threads", Gauge, [], |values| values.threads,
            "Number of OS threads in the process.";
        "process_start_time_seconds", Gauge, [], |values| values.start,
            "Start time of the process since unix epoch in seconds.";
        "process_open_fds", Gauge, [], |values| values.open_fds,
            "Number of open file descriptors.";
        "process_max_fds", Gauge, [], |values| values.max_fds,
            "Maximum number of open file descriptors.";
        "wolkvox_exporter_log_lines_dropped_total", Counter, [], |values| values.log_lines_dropped,
            "Log lines that were lost: the standard error refused them (a full disk, a pipe whose reader left), or its reader is too slow. Everything else goes on.";
    }
}

generators! {
    SCRAPES: (), Exporter {
        "wolkvox_exporter_scrapes_total", Counter, [], (),
            "Scrapes of /metrics that were answered in full since the exporter started, without the one that reads this.";
    }
}

generators! {
    ZONE_DATA: [&str; 1], Exporter {
        "wolkvox_exporter_timezone_data_info", Gauge, ["version"], [zone::DATA_VERSION],
            "Release of the IANA time zone data that the exporter reads WOLKVOX_TIMEZONE by. Always 1.";
    }
}

/// What is shown of the exporter itself.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    let build = BUILD_INFO.iter().map(|row| &row.spec);
    let zone_data = ZONE_DATA.iter().map(|row| &row.spec);
    let live = LIVE.iter().map(|row| &row.spec);
    build
        .chain(zone_data)
        .chain(live)
        .chain(SCRAPES.iter().map(|row| &row.spec))
}

/// What the exporter was built from. Not of the registry, which would sort its labels.
fn facts() -> [Family; 2] {
    let ([build], [zone_data]) = (&BUILD_INFO, &ZONE_DATA);
    [
        info(&build.spec, &build.value),
        info(&zone_data.spec, &zone_data.value),
    ]
}

/// A fact in labels.
fn info(spec: &'static Spec, labels: &[&str]) -> Family {
    let mut family = Family::new(spec);
    family.push(spec, labels, Sample::Number(1.0), Extra::default());
    family
}

/// The exporter's own metrics.
#[derive(Debug)]
pub struct Process {
    registry: Registry,
    /// Not in the registry: it is shown on its own, and is another one at each scrape.
    scrapes: AtomicU64,
}

impl Process {
    /// Registers them.
    ///
    /// # Errors
    /// The registry has one of them already.
    pub fn register(registry: Registry) -> prometheus::Result<Process> {
        registry.register(Box::new(Live::new()?))?;
        Ok(Process {
            registry,
            scrapes: AtomicU64::new(0),
        })
    }

    /// Counts a scrape that was answered in full.
    pub fn count_scrape(&self) {
        self.scrapes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were counted.
    pub fn scrapes(&self) -> u64 {
        self.scrapes.load(Ordering::Relaxed)
    }

    /// All of it as it is now, in the order of the catalogue; the process as far as the system shows it (Linux only).
    pub fn families(&self) -> Vec<Family> {
        let mut families = self.without_scrapes();
        families.push(self.scrapes_family());
        families
    }

    /// All but the number of scrapes, which is another one at each.
    pub fn without_scrapes(&self) -> Vec<Family> {
        let mut families = self.registry.gather();
        families.sort_by_key(|family| specs().position(|spec| spec.name == family.name()));
        facts()
            .into_iter()
            .chain(families.into_iter().map(family))
            .collect()
    }

    /// The number of scrapes, which stands last.
    pub fn scrapes_family(&self) -> Family {
        let [scrapes] = &SCRAPES;
        let mut family = Family::new(&scrapes.spec);
        family.push(&scrapes.spec, &[], self.scrapes().into(), Extra::default());
        family
    }
}

fn family(proto: MetricFamily) -> Family {
    Family {
        extras: vec![Extra::default(); proto.get_metric().len()],
        proto,
    }
}

/// Collects what the system and the log say at that moment.
struct Live {
    descriptions: Vec<Desc>,
}

impl Live {
    fn new() -> prometheus::Result<Live> {
        let description =
            |spec: &Spec| Desc::new(spec.name.into(), spec.help.into(), Vec::new(), HashMap::new());
        let descriptions = LIVE.iter().map(|row| description(&row.spec));
        Ok(Live {
            descriptions: descriptions.collect::<prometheus::Result<_>>()?,
        })
    }
}

impl Collector for Live {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let values = ProcessValues {
            log_lines_dropped: Some(log::lines_dropped() as f64),
            ..read()
        };
        let family = |row: &Generator<fn(&ProcessValues) -> Option<f64>>| {
            let mut family = Family::new(&row.spec);
            let value = Sample::Number((row.value)(&values)?);
            family.push(&row.spec, &[], value, Extra::default());
            Some(family.proto)
        };
        LIVE.iter().filter_map(family).collect()
    }
}

#[cfg(not(target_os = "linux"))]
fn read() -> ProcessValues {
    ProcessValues::default()
}

/// What can't be read (a hardened /proc) is left out.
#[cfg(target_os = "linux")]
fn read() -> ProcessValues {
    let Ok(process) = procfs::process::Process::myself() else {
        return ProcessValues::default();
    };
    let stat = process.stat().ok();
    let stat = stat.as_ref();
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    ProcessValues {
        cpu_seconds: stat.map(|stat| seconds(stat.utime + stat.stime)),
        virtual_bytes: stat.map(|stat| stat.vsize as f64),
        resident_bytes: stat.map(|stat| (stat.rss * procfs::page_size()) as f64),
        threads: stat.map(|stat| stat.num_threads as f64),
        start: stat.and_then(|stat| Some(boot_time()? as f64 + seconds(stat.starttime))),
        open_fds: process.fd_count().ok().map(|open| open as f64),
        max_fds: max_fds(&process).map(|most| most as f64),
        log_lines_dropped: None,
    }
}

/// Seconds since the epoch. Read once: the system computes it from its clock, so it moves when that is set, and a start
/// time that moves reads as a restart.
#[cfg(target_os = "linux")]
fn boot_time() -> Option<u64> {
    static BOOT: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();
    *BOOT.get_or_init(|| procfs::boot_time_secs().ok())
}

/// The soft limit; without one the greatest number, as Go's client has it.
#[cfg(target_os = "linux")]
fn max_fds(process: &procfs::process::Process) -> Option<u64> {
    match process.limits().ok()?.max_open_files.soft_limit {
        procfs::process::LimitValue::Value(most) => Some(most),
        procfs::process::LimitValue::Unlimited => Some(u64::MAX),
    }
}

#[cfg(test)]
mod tests;
