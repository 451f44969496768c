//! Each total is to be seen at 0 first: what `increase()` adds up to is the truth only then.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The shortest poll interval of these tests. So long a 0 stands: who scrapes less often may miss it.
const INTERVAL: Duration = Duration::from_secs(1);

/// Whether the totals are at 0 when they are seen first, over all lives of an exporter.
pub(crate) struct Watch {
    pub(crate) known: BTreeSet<String>,
    /// When the last two scrapes ended; the birth of this exporter, where it had none. What the last one saw was shown later
    /// than the first of these times.
    ended: [Instant; 2],
    /// A life went by without a scrape, and was long enough to end a 0.
    has_looked_away: bool,
    /// Totals that were seen too late for their 0.
    pub(crate) missed: u64,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch {
            known: BTreeSet::new(),
            ended: [Instant::now(); 2],
            has_looked_away: false,
            missed: 0,
        }
    }

    /// An exporter begins, and is scraped from its birth on.
    pub(crate) fn begin(&mut self) {
        self.ended = [Instant::now(); 2];
    }

    /// The totals of a scrape that has just ended.
    pub(crate) fn see(&mut self, totals: impl IntoIterator<Item = (String, f64)>) {
        let [before_last, last] = self.ended;
        let looked_away = std::mem::take(&mut self.has_looked_away) || before_last.elapsed() >= INTERVAL;
        self.ended = [last, Instant::now()];
        for (series, value) in totals {
            if self.known.contains(&series) {
                continue;
            }
            if value != 0.0 {
                assert!(looked_away, "{series} is {value} where it is seen first");
                self.missed += 1;
            }
            self.known.insert(series);
        }
    }

    /// An exporter lived for so long and was not scraped.
    pub(crate) fn look_away(&mut self, time: Duration) {
        self.has_looked_away |= time >= INTERVAL;
    }

    /// An exporter was killed. That may take long on a slow machine.
    pub(crate) fn killed(&mut self) {
        self.look_away(self.ended[0].elapsed());
    }
}
