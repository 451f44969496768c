use std::path::Path;

use super::*;

#[test]
fn links_choose_the_operation_whatever_its_name_is() {
    let boards: Vec<_> = of("https://grafana.example/g", "ventas & más").collect();
    assert_eq!(
        boards[0].url,
        "https://grafana.example/g/d/wolkvox-operations?var-operation=ventas+%26+m%C3%A1s"
    );
}

#[test]
fn each_board_is_one_of_the_dashboards_and_has_the_variable() {
    for (uid, _) in BOARDS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("dashboards/{uid}.json"));
        let text = std::fs::read_to_string(path).unwrap();
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(board["uid"], uid);
        let variables = board["templating"]["list"].as_array().unwrap();
        assert!(
            variables.iter().any(|variable| variable["name"] == "operation"),
            "{uid}"
        );
    }
}
