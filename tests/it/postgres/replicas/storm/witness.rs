//! What is seen of the replicas meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::Replica;
use crate::support::exposition::Exposition;
use crate::support::watch::Watch;

/// Between two looks at all pages.
const LOOK: Duration = Duration::from_millis(300);

/// What was seen last of each operation.
pub(super) struct Witness {
    pages: BTreeMap<String, Exposition>,
    pub(super) watches: BTreeMap<String, Watch>,
    /// When each was last shown, and the longest time in which it was not.
    shown: BTreeMap<String, Instant>,
    pub(super) longest_gap: Duration,
}

impl Witness {
    pub(super) fn new(names: &[String]) -> Witness {
        Witness {
            pages: BTreeMap::new(),
            watches: names.iter().map(|name| (name.clone(), Watch::new())).collect(),
            shown: names.iter().map(|name| (name.clone(), Instant::now())).collect(),
            longest_gap: Duration::ZERO,
        }
    }

    /// Looks at what all replicas that run show, several times.
    pub(super) async fn look_for(&mut self, time: Duration, replicas: &[&Replica]) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            for replica in replicas {
                self.look(replica).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// All operations of a replica, as one page shows them.
    pub(super) async fn look(&mut self, replica: &Replica) {
        for (name, page) in replica.exporter.scrape().await.by_operation() {
            let watch = self.watches.get_mut(&name).expect("an operation of the file");
            let polls = page
                .0
                .keys()
                .any(|series| series.starts_with("wolkvox_polls_total"));
            if !polls {
                continue;
            }
            // Of two replicas that show it, one would be behind: what the other one has shown would fall.
            page.assert_not_below(self.pages.get(&name).unwrap_or(&Exposition::default()));
            watch.see(page.totals().map(|(series, value)| (series.to_owned(), value)));
            self.pages.insert(name.clone(), page);
            let before = self.shown.insert(name.clone(), Instant::now());
            let gap = before.map_or(Duration::ZERO, |before| before.elapsed());
            self.longest_gap = self.longest_gap.max(gap);
        }
    }

    /// Nobody looked for a while.
    pub(super) fn looked_away(&mut self, time: Duration) {
        for watch in self.watches.values_mut() {
            watch.look_away(time);
        }
    }
}
