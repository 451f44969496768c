//! The zone of the report's dates.

use super::super::shown::{is_near, shown};
use super::{Check, or_default};
use crate::wolkvox::Zone;

impl Check {
    pub(super) fn timezone(&mut self, value: Option<String>) -> Option<Zone> {
        let name = or_default("TIMEZONE", value);
        match name.parse() {
            Ok(zone) => Some(zone),
            Err(error) => {
                let what = match zone_like(&name) {
                    Some(near) => format!("is {name:?}, which is {error}; did you mean {near}?"),
                    None => format!("is {}, which is {error}", shown(&name)),
                };
                self.problem("TIMEZONE", &what)
            }
        }
    }
}

/// The zone whose name, or whose city, this nearly is.
fn zone_like(name: &str) -> Option<&'static str> {
    let zones = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let plain = name.replace(' ', "_");
    zones()
        .find(|zone| is_near(&plain, zone) || is_near(&plain, city(zone)))
        .filter(|_| name.len() > 3)
}
