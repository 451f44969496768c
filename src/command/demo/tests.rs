use super::*;

async fn config(operations: usize) -> (Config, Demo, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let demo = Demo::start(operations, None).await.unwrap();
    let now = clock::SystemClock.now();
    let plan = demo.plan("127.0.0.1:0", place.path(), now).unwrap();
    (plan.config(now).unwrap(), demo, place)
}

#[tokio::test]
async fn one_operation_is_set_up_by_variables_alone() {
    let (config, demo, place) = config(1).await;
    assert_eq!(config.operation().name(), "demo");
    assert_eq!(config.fleet.operations_file, None);
    assert!(!config.fleet.enable_lifecycle);
    assert_eq!(config.state.directory(), Some(place.path()));
    assert_eq!(demo.token(), Settings::default().token);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn as_many_operations_as_there_may_be_have_a_name_and_a_server_each() {
    let most = usize::try_from(MOST_OPERATIONS).unwrap();
    let (config, _demo, _place) = config(most).await;
    let distinct = |of: fn(&crate::config::OperationConfig) -> String| {
        let values: std::collections::BTreeSet<_> = config.operations.iter().map(of).collect();
        values.len()
    };
    assert_eq!(distinct(|operation| operation.name().to_owned()), most);
    assert_eq!(distinct(|operation| operation.server.host()), most);
}

#[tokio::test]
async fn three_operations_show_a_group_a_zone_of_ones_own_and_an_objective_of_a_skill() {
    let (config, _demo, _place) = config(3).await;
    let [ventas, soporte, cobranzas] = &config.operations[..] else {
        panic!("{:?}", config.operations);
    };
    assert_eq!(ventas.name(), "ventas");
    assert_eq!(soporte.group, cobranzas.group);
    assert_ne!(ventas.group, soporte.group);
    assert_ne!(ventas.server.timezone, soporte.server.timezone);
    assert!(config.fleet.enable_lifecycle);
}

#[tokio::test]
async fn the_operations_file_is_one_that_gives_no_cause_for_warnings_but_for_the_quota() {
    let place = tempfile::tempdir().unwrap();
    let demo = Demo::start(24, None).await.unwrap();
    let file = write_operations(place.path(), &demo.operations()).unwrap();
    let variables = [("WOLKVOX_OPERATIONS_FILE", file.display().to_string())];
    let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value)));
    let config = Config::from_variables(variables, clock::SystemClock.now()).unwrap();
    assert_eq!(config.warnings, Vec::<String>::new());
    let own: Vec<_> = config
        .operations
        .iter()
        .flat_map(|operation| &operation.warnings)
        .filter(|warning| !warning.contains("POLL_INTERVAL") && !warning.contains("poll_interval"))
        .collect();
    assert_eq!(own, Vec::<&String>::new());
}
