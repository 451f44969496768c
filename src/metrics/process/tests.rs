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

fn process() -> Process {
    Process::register(Registry::new()).unwrap()
}

#[test]
fn the_scrapes_are_in_the_tail() {
    let process = process();
    (0..7).for_each(|_| process.count_scrape());
    assert!((value(&process.families(), "wolkvox_exporter_scrapes_total") - 7.0).abs() < f64::EPSILON);
}

#[test]
fn each_exporter_has_a_registry_of_its_own_and_a_registry_takes_one() {
    let (one, other) = (process(), process());
    one.count_scrape();
    assert_eq!((one.scrapes(), other.scrapes()), (1, 0));
    let registry = Registry::new();
    let _first = Process::register(registry.clone()).unwrap();
    assert!(Process::register(registry).is_err());
}

#[test]
fn the_tail_is_in_the_order_of_the_catalogue() {
    let families = process().families();
    let shown: Vec<_> = families.iter().map(|family| family.proto.name()).collect();
    let declared = specs().map(|spec| spec.name).filter(|name| shown.contains(name));
    assert_eq!(shown, declared.collect::<Vec<_>>());
}

#[test]
fn the_release_of_the_time_zone_data_is_in_the_tail() {
    let families = process().families();
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
fn the_process_has_plausible_values() {
    let families = process().families();
    assert_eq!(families.len(), 11);
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
