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
fn the_process_has_plausible_values() {
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
