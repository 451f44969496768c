use serde_json::{Value, json};

use super::*;

const REACH: Reach<'static> = Reach {
    address: "exporter:10555",
    scheme: "http",
};

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn each_operation_is_a_target_group_whose_instance_is_its_name() {
    let names = ["soporte \"norte\"", "ventas"];
    assert_eq!(
        read(&operations(names.into_iter(), REACH)),
        json!([
            {
                "targets": ["exporter:10555"],
                "labels": {
                    "__scheme__": "http",
                    "__param_operation": "soporte \"norte\"",
                    "instance": "soporte \"norte\"",
                },
            },
            {
                "targets": ["exporter:10555"],
                "labels": {"__scheme__": "http", "__param_operation": "ventas", "instance": "ventas"},
            },
        ])
    );
}

#[test]
fn without_operations_the_list_is_empty() {
    assert_eq!(operations([].into_iter(), REACH), "[]");
}

#[test]
fn the_exporter_is_a_target_with_a_parameter_that_is_not_empty() {
    let text = exporters(Reach {
        scheme: "https",
        ..REACH
    });
    assert_eq!(
        read(&text),
        json!([{
            "targets": ["exporter:10555"],
            "labels": {"__scheme__": "https", "__param_exporter": "self"},
        }])
    );
}

fn replica(number: u128, url: &str, seen_ago: u64) -> leases::ReplicaRow {
    leases::ReplicaRow {
        id: uuid(number),
        url: url.to_owned(),
        config_hash: String::new(),
        refused: Vec::new(),
        format: 1,
        lease: std::time::Duration::from_secs(60),
        seen_ago: std::time::Duration::from_secs(seen_ago),
    }
}

fn uuid(number: u128) -> leases::Id {
    leases::Id::from_u128(number)
}

fn row(operation: &str, holder: Option<u128>) -> leases::OperationRow {
    leases::OperationRow {
        operation: operation.to_owned(),
        group: operation.to_owned(),
        holder: holder.map(uuid),
        lease_left: None,
        moved_to: None,
    }
}

#[test]
fn operations_of_a_fleet_are_listed_where_they_are_held_or_were_last_and_else_here() {
    let overview = Overview {
        at: tokio::time::Instant::now(),
        operations: vec![
            row("a", Some(1)),
            row("b", Some(2)),
            row("c", None),
            row("d", Some(9)),
        ],
        replicas: vec![
            replica(1, "https://one.example:1", 5),
            replica(2, "http://two.example:2", 100_000),
        ],
    };
    let own = Reach {
        address: "own.example:3",
        scheme: "http",
    };
    let listed: serde_json::Value = serde_json::from_str(&operations_of_fleet(&overview, own)).unwrap();
    let of = |at: usize| {
        let group = &listed[at];
        let labels = &group["labels"];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        assert_eq!(labels["instance"], labels["__param_operation"]);
        format!(
            "{} {}://{}",
            text(&labels["instance"]),
            text(&labels["__scheme__"]),
            text(&group["targets"][0])
        )
    };
    assert_eq!(of(0), "a https://one.example:1");
    assert_eq!(of(1), "b http://two.example:2");
    assert_eq!(of(2), "c http://own.example:3");
    assert_eq!(of(3), "d http://own.example:3");
    let exporters = exporters_of_fleet(&overview);
    assert!(
        exporters.contains("one.example:1") && !exporters.contains("two.example:2"),
        "{exporters}"
    );
}
