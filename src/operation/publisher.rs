//! Shows what a poller publishes. Nothing is rendered before it is asked for.

use std::sync::Arc;

use crate::exposition::Page;
use crate::metrics::TimedRows;
use crate::poller::{Publication, Publish};
use crate::{catalogue, chats, http};

/// Where the publications of an operation go.
pub(super) struct Publisher {
    operation: Arc<http::Operation>,
    /// What it shows besides, which follows from the time of day.
    timed: Option<Arc<dyn TimedRows>>,
}

impl Publisher {
    pub(super) fn new(operation: Arc<http::Operation>, timed: Option<Arc<dyn TimedRows>>) -> Publisher {
        Publisher { operation, timed }
    }

    /// The sample lines of what follows from the time of day, now.
    fn timed_lines(&self) -> usize {
        let families = self.timed.as_ref().map(|timed| timed.at(timed.now()).0);
        families.iter().flatten().map(|family| family.lines()).sum()
    }
}

impl Publish for Publisher {
    fn publish(&self, publication: Publication<'_>) {
        let operation = &self.operation;
        let latest = publication
            .latest
            .map(|(latest, expires)| (chats::families::latest_window(operation.name(), latest), expires));
        let lines: usize = latest
            .iter()
            .flat_map(|(families, _)| families)
            .map(|family| family.lines())
            .sum();
        let main = catalogue::rows(publication.view, lines + self.timed_lines());
        operation.publish_next(|before| Page::following(before, main, latest).with_timed(self.timed.clone()));
        let progress = publication.view.progress;
        operation.update_status(|status| {
            status.last_success = progress.last_success;
            status.watermark = Some(progress.watermark);
            status.counting_since = Some(progress.counting_since);
            status.chats_counted = publication.view.totals.chats_counted();
            status.seconds_skipped = publication.view.stats.report_seconds_skipped;
            status.last_poll = publication.last_poll.cloned();
            status.pause = publication.view.stats.pause;
            status.pace = Some(publication.view.stats.pace);
        });
    }
}
