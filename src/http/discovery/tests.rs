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
