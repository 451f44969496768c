//! Shows what a poller publishes. Nothing is rendered before it is asked for.

use std::sync::Arc;

use crate::exposition::Page;
use crate::poller::{Publication, Publish};
use crate::{catalogue, chats, http};

/// Where the publications of an operation go.
pub(super) struct Publisher(Arc<http::Operation>);

impl Publisher {
    pub(super) fn new(operation: Arc<http::Operation>) -> Publisher {
        Publisher(operation)
    }
}

impl Publish for Publisher {
    fn publish(&self, publication: Publication<'_>) {
        let latest = publication
            .latest
            .map(|(latest, expires)| (chats::families::latest_window(self.0.name(), latest), expires));
        let lines = latest
            .iter()
            .flat_map(|(families, _)| families)
            .map(|family| family.lines())
            .sum();
        let main = catalogue::rows(publication.view, lines);
        self.0
            .publish_next(|before| Page::following(before, main, latest));
        let progress = publication.view.progress;
        self.0.update_status(|status| {
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
