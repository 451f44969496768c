use super::*;

#[test]
fn the_vendor_sees_which_exporter_asks() {
    let variables = [
        ("WOLKVOX_BASE_URL", "http://localhost:9"),
        ("WOLKVOX_TOKEN", "t0ken"),
        ("WOLKVOX_OPERATION", "ventas"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
    let config = Config::from_variables(variables).unwrap();
    let agent = client_settings(&config).user_agent;
    assert_eq!(agent, format!("wolkvox-exporter/{}", env!("CARGO_PKG_VERSION")));
}
