//! The live tail of `/metrics`: the exporter's own process and log, and how often it was scraped. Read at every scrape.

use super::catalogue::{self, Spec};
use super::family::{Extra, Family, Sample};
use crate::log;
use wolkvox::zone;

/// The tail: the process as far as the system tells it (Linux only), and `scrapes`, those answered so far.
pub fn families(scrapes: u64) -> Vec<Family> {
    let mut families = process();
    let dropped = log::lines_dropped();
    families.push(family(&catalogue::LOG_LINES_DROPPED, dropped as f64));
    let mut zones = Family::new(&catalogue::TIMEZONE_DATA);
    zones.push(
        &catalogue::TIMEZONE_DATA,
        &[zone::DATA_VERSION],
        Sample::Number(1.0),
        Extra::default(),
    );
    families.push(zones);
    families.push(family(&catalogue::SCRAPES, scrapes as f64));
    families
}

/// A family of one sample without labels.
fn family(spec: &'static Spec, value: f64) -> Family {
    let mut family = Family::new(spec);
    family.push(spec, &[], Sample::Number(value), Extra::default());
    family
}

#[cfg(not(target_os = "linux"))]
fn process() -> Vec<Family> {
    Vec::new()
}

/// What can't be read (a hardened /proc) is left out.
#[cfg(target_os = "linux")]
fn process() -> Vec<Family> {
    let Ok(process) = procfs::process::Process::myself() else {
        return Vec::new();
    };
    let mut families = Vec::new();
    if let Ok(stat) = process.stat() {
        let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
        families.push(family(&catalogue::PROCESS_CPU, seconds(stat.utime + stat.stime)));
        families.push(family(&catalogue::PROCESS_VIRTUAL_MEMORY, stat.vsize as f64));
        families.push(family(
            &catalogue::PROCESS_RESIDENT_MEMORY,
            (stat.rss * procfs::page_size()) as f64,
        ));
        families.push(family(&catalogue::PROCESS_THREADS, stat.num_threads as f64));
        families.extend(
            boot_time().map(|boot| family(&catalogue::PROCESS_START, boot as f64 + seconds(stat.starttime))),
        );
    }
    families.extend(
        process
            .fd_count()
            .ok()
            .map(|open| family(&catalogue::PROCESS_OPEN_FDS, open as f64)),
    );
    families.extend(max_fds(&process).map(|most| family(&catalogue::PROCESS_MAX_FDS, most as f64)));
    families
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
mod tests {
    use prometheus::proto::MetricType;

    use super::*;

    fn value(families: &[Family], name: &str) -> f64 {
        let family = families.iter().find(|family| family.proto.name() == name);
        let family = family.unwrap_or_else(|| panic!("no {name}"));
        let metric = &family.proto.get_metric()[0];
        match family.proto.get_field_type() {
            MetricType::COUNTER => metric.get_counter().get_value(),
            _ => metric.get_gauge().get_value(),
        }
    }

    #[test]
    fn the_scrapes_are_in_the_tail() {
        assert!((value(&families(7), "wolkvox_exporter_scrapes_total") - 7.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_release_of_the_time_zone_data_is_in_the_tail() {
        let families = families(0);
        let name = "wolkvox_exporter_timezone_data_info";
        assert!((value(&families, name) - 1.0).abs() < f64::EPSILON);
        let family = families
            .iter()
            .find(|family| family.proto.name() == name)
            .unwrap();
        let label = &family.proto.get_metric()[0].get_label()[0];
        assert_eq!((label.name(), label.value()), ("version", zone::DATA_VERSION));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_tells_plausible_values() {
        let families = families(0);
        assert_eq!(families.len(), 10);
        for name in ["process_open_fds", "process_max_fds", "process_threads"] {
            assert!(value(&families, name) >= 1.0, "{name}");
        }
        let (resident, virtual_) = (
            value(&families, "process_resident_memory_bytes"),
            value(&families, "process_virtual_memory_bytes"),
        );
        assert!(65536.0 < resident && resident < virtual_);
        assert!(value(&families, "process_start_time_seconds") > 1_500_000_000.0);
        assert!(value(&families, "process_cpu_seconds_total") >= 0.0);
    }
}
