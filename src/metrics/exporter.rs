//! Which operations the exporter has, and whether its settings are those of its files.

use chrono::{DateTime, Utc};

use super::family::{Extra, Family, Sample, seconds_of};
use super::spec::{Kind::Gauge, Spec, generators};

/// What is shown of the settings and the operations.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// A digest of all settings but secrets.
    pub hash: &'a str,
    /// Whether the last reload was good; a start is one.
    pub is_reloaded: bool,
    /// The last good reload, or the start.
    pub reloaded_at: DateTime<Utc>,
    /// The operations that are configured, by name, and whether each is polled.
    pub operations: &'a [(&'a str, bool)],
}

impl Settings<'_> {
    fn held(&self) -> usize {
        self.operations.iter().filter(|(_, is_held)| *is_held).count()
    }
}

/// The values of the family's labels and the sample, one after another.
type Push<'a> = &'a mut dyn FnMut(&[&str], f64);

generators! {
    ROWS: fn(&Settings<'_>, Push<'_>), Exporter {
        "wolkvox_exporter_operations", Gauge, ["state"], |settings, push| {
                push(&["configured"], settings.operations.len() as f64);
                push(&["held"], settings.held() as f64);
            },
            "Operations by state: configured, and held (polled by this exporter).";
        "wolkvox_operation_held", Gauge, ["operation"], |settings, push| {
                for (operation, is_held) in settings.operations {
                    push(&[operation], f64::from(u8::from(*is_held)));
                }
            },
            "1 if this exporter polls the operation, 0 if it is configured and stands still; the log and the status page say why.";
        "wolkvox_exporter_config_hash_info", Gauge, ["hash"], |settings, push| push(&[settings.hash], 1.0),
            "Digest of all settings but secrets: the same where the settings are. Always 1.";
        "wolkvox_exporter_config_last_reload_successful", Gauge, [], |settings, push| push(&[], f64::from(u8::from(settings.is_reloaded))),
            "1 if the settings that were read last (at the start, by SIGHUP or POST /-/reload) are in force; 0 if they were refused, and those before go on.";
        "wolkvox_exporter_config_last_reload_success_timestamp_seconds", Gauge, [], |settings, push| push(&[], seconds_of(settings.reloaded_at)),
            "When settings were last read and came into force.";
    }
}

/// The families, in the order of the catalogue.
pub fn families(settings: &Settings<'_>) -> impl Iterator<Item = Family> {
    ROWS.iter().map(move |row| {
        let mut family = Family::new(&row.spec);
        (row.value)(settings, &mut |labels, value| {
            family.push(&row.spec, labels, Sample::Number(value), Extra::default());
        });
        family
    })
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    ROWS.iter().map(|row| &row.spec)
}
