//! What the benchmarks share: an operation, and the instant that is now.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use wolkvox_exporter::config::{Config, OperationConfig};

pub(crate) static CONFIG: LazyLock<OperationConfig> = LazyLock::new(|| {
    let variables = [
        ("WOLKVOX_SERVER", "0001"),
        ("WOLKVOX_TOKEN", "token"),
        ("WOLKVOX_OPERATION", "ventas"),
        ("WOLKVOX_MAX_SERIES", "1000000"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
    Config::from_variables(variables, now())
        .unwrap()
        .choose(None)
        .unwrap()
});

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}
