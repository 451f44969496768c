//! A Prometheus that scrapes once per poll interval, and what its `increase()` makes of what it saw.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::shown::Series;

#[derive(Debug, Default)]
pub(crate) struct Scraper {
    next: Option<Instant>,
    seen: BTreeMap<String, Seen>,
}

/// One series.
#[derive(Debug)]
struct Seen {
    last: f64,
    increase: f64,
}

impl Scraper {
    /// When the next scrape is at the latest: a process begins whose interval may be shorter than that of the one before.
    pub(crate) fn begin(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// Time has passed up to now. `page` was shown meanwhile; nothing if no process lived.
    pub(crate) fn pass(&mut self, every: Duration, now: Instant, page: Option<&Series>) {
        let Some(next) = &mut self.next else { return };
        let mut has_come = false;
        while *next <= now {
            *next += every;
            has_come = true;
        }
        if let Some(page) = page.filter(|_| has_come) {
            self.see(page);
        }
    }

    fn see(&mut self, page: &Series) {
        for (series, value) in page {
            let Some(seen) = self.seen.get_mut(series) else {
                assert_eq!(*value, 0.0, "{series} is seen for the first time");
                let seen = Seen {
                    last: 0.0,
                    increase: 0.0,
                };
                self.seen.insert(series.clone(), seen);
                continue;
            };
            // What falls has begun anew.
            let before = if *value < seen.last { 0.0 } else { seen.last };
            seen.increase += value - before;
            seen.last = *value;
        }
    }

    /// `sum(increase())` of a family over all that was seen.
    pub(crate) fn increase(&self, name: &str) -> f64 {
        let is_of = |series: &str| series.split('{').next() == Some(name);
        self.seen
            .iter()
            .filter(|(series, _)| is_of(series))
            .map(|(_, seen)| seen.increase)
            .sum()
    }
}
