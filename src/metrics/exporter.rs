//! Which operations the exporter has, and whether its settings are those of its files.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::family::{Extra, Family, Sample, seconds_of};
use super::spec::{
    Kind::{Counter, Gauge},
    Spec, generators,
};

/// What is shown of the settings and the operations.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    /// A digest of all settings but secrets.
    pub hash: &'a str,
    /// Whether the last reload was good; a start is one.
    pub is_reloaded: bool,
    /// The last good reload, or the start.
    pub reloaded_at: DateTime<Utc>,
    /// The operations that are configured, by name, and whether each is polled.
    pub operations: &'a [(&'a str, bool)],
    /// The fleet that the process is one of, where the states are in a database.
    pub fleet: Option<Fleet>,
}

/// What a replica shows of its fleet.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Whether the database could be used when it was last asked.
    pub is_database_up: bool,
    /// Operations claimed that another replica held before.
    pub takeovers: u64,
    /// Operations that turned out to be held by another replica.
    pub fenced: u64,
    /// Commits whose outcome was not known at first.
    pub unknown: u64,
    /// For how long each operation is still held that is.
    pub leases: Vec<(String, Duration)>,
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
        Beta "wolkvox_exporter_database_up", Gauge, [], |settings, push| of_fleet(settings, push, |fleet| f64::from(u8::from(fleet.is_database_up))),
            "1 if PostgreSQL could be used when it was last asked, else 0. Only with WOLKVOX_STATE_URL.";
        Beta "wolkvox_operation_lease_seconds", Gauge, ["operation"], |settings, push| {
                for (operation, left) in settings.fleet.iter().flat_map(|fleet| &fleet.leases) {
                    push(&[operation], left.as_secs_f64());
                }
            },
            "For how long this replica still holds the operation, seconds, if it does not renew the lease; 0 once that is out. Only with WOLKVOX_STATE_URL.";
        Beta "wolkvox_exporter_takeovers_total", Counter, [], |settings, push| of_fleet(settings, push, |fleet| fleet.takeovers as f64),
            "Operations that this replica claimed and another one held before. Only with WOLKVOX_STATE_URL.";
        Beta "wolkvox_exporter_commits_fenced_total", Counter, [], |settings, push| of_fleet(settings, push, |fleet| fleet.fenced as f64),
            "Times that an operation of this replica turned out to be held by another one; what was read since the last commit was dropped and is read again there. Only with WOLKVOX_STATE_URL.";
        Beta "wolkvox_exporter_commits_unknown_total", Counter, [], |settings, push| of_fleet(settings, push, |fleet| fleet.unknown as f64),
            "Commits whose connection was lost before the answer; whether they arrived was found out by a write before anything was shown. Only with WOLKVOX_STATE_URL.";
    }
}

/// One number of the fleet; nothing where there is none.
fn of_fleet(settings: &Settings<'_>, push: Push<'_>, value: fn(&Fleet) -> f64) {
    if let Some(fleet) = &settings.fleet {
        push(&[], value(fleet));
    }
}

/// The families that have samples, in the order of the catalogue.
pub fn families(settings: &Settings<'_>) -> impl Iterator<Item = Family> {
    let families = ROWS.iter().map(move |row| {
        let mut family = Family::new(&row.spec);
        (row.value)(settings, &mut |labels, value| {
            family.push(&row.spec, labels, Sample::Number(value), Extra::default());
        });
        family
    });
    families.filter(|family| !family.proto.get_metric().is_empty())
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    ROWS.iter().map(|row| &row.spec)
}
