//! Shows what a poller publishes. Nothing is rendered before it is asked for.

use std::sync::Arc;

use crate::chats::families::TodayRows;
use crate::chats::today::Today;
use crate::clock::Clock;
use crate::exposition::Page;
use crate::metrics::TimedRows;
use crate::poller::{Publication, Publish};
use crate::{catalogue, chats, http};

/// Where the publications of an operation go.
pub(super) struct Publisher {
    operation: Arc<http::Operation>,
    /// What it shows besides, which follows from the time of day.
    timed: Option<Arc<dyn TimedRows>>,
    clock: Arc<dyn Clock>,
}

impl Publisher {
    pub(super) fn new(
        operation: Arc<http::Operation>,
        timed: Option<Arc<dyn TimedRows>>,
        clock: Arc<dyn Clock>,
    ) -> Publisher {
        Publisher {
            operation,
            timed,
            clock,
        }
    }
}

/// The sample lines of what follows from the time of day, now.
fn timed_lines(timed: Option<&Arc<dyn TimedRows>>) -> usize {
    let families = timed.map(|timed| timed.at(timed.now()).0);
    families.iter().flatten().map(|family| family.lines()).sum()
}

impl Publish for Publisher {
    fn publish(&self, publication: Publication<'_>) {
        let operation = &self.operation;
        let latest = publication
            .latest
            .map(|(latest, expires)| (chats::families::latest_window(operation.name(), latest), expires));
        let view = publication.view;
        let today = publication
            .latest
            .map(|(_, expires)| Today::new(view.totals, view.config.server.timezone, expires));
        let today_rows = today.clone().map(|today| {
            let rows = TodayRows::new(operation.name(), today, &self.clock);
            Arc::new(rows) as Arc<dyn TimedRows>
        });
        let lines: usize = latest
            .iter()
            .flat_map(|(families, _)| families)
            .map(|family| family.lines())
            .sum();
        let timed = [&self.timed, &today_rows].map(|rows| timed_lines(rows.as_ref()));
        let main = catalogue::rows(view, lines + timed.iter().sum::<usize>());
        operation.publish_next(|before| {
            Page::following(before, main, latest)
                .with_timed(self.timed.clone())
                .with_timed_window(today_rows)
        });
        let progress = view.progress;
        operation.update_status(|status| {
            status.last_success = progress.last_success;
            status.watermark = Some(progress.watermark);
            status.counting_since = Some(progress.counting_since);
            status.chats_counted = view.totals.chats_counted();
            status.today = today;
            status.seconds_skipped = view.stats.report_seconds_skipped;
            status.last_poll = publication.last_poll.cloned();
            status.pause = view.stats.pause;
            status.pace = Some(view.stats.pace);
        });
    }
}
