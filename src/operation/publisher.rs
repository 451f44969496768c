//! Shows what a poller publishes. Nothing is rendered before it is asked for.

use std::sync::Arc;

use super::numbers::Published;
use crate::chats::families::TodayRows;
use crate::chats::today::Today;
use crate::clock::Clock;
use crate::exposition::Page;
use crate::http::{Calls, Series};
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
        let other_lines = lines + timed.iter().sum::<usize>();
        let main = catalogue::rows(view, other_lines);
        let lines = main.iter().map(|family| family.lines()).sum::<usize>() + other_lines;
        operation.publish_next(|before| {
            Page::following(before, main, latest)
                .with_timed(self.timed.clone())
                .with_timed_window(today_rows)
        });
        let (progress, stats) = (view.progress, view.stats);
        operation.update_status(|status| {
            status.last_success = progress.last_success;
            status.watermark = Some(progress.watermark);
            status.counting_since = Some(progress.counting_since);
            status.chats_counted = view.totals.chats_counted();
            status.seconds_skipped = stats.report_seconds_skipped;
            if let Some(poll) = publication.last_poll {
                status.polls.note(poll);
            }
            status.pause = stats.pause;
            status.pace = Some(stats.pace);
            status.calls = Calls {
                own: progress.requests_today,
                group: stats.group_requests_today,
            };
            status.series = Series {
                shown: lines as u64,
                limited: stats.answers.limited,
            };
            status.numbers = Some(Arc::new(Published::of(&publication, today, &status.settings)));
        });
    }
}
