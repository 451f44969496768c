//! What a page is made of.

use std::sync::Arc;

use wolkvox_exporter::catalogue;
use wolkvox_exporter::chats::Totals;
use wolkvox_exporter::chats::exemplar::Exemplars;
use wolkvox_exporter::config::OperationConfig;
use wolkvox_exporter::metrics::rows::Rows;
use wolkvox_exporter::poller::budget::Pace;
use wolkvox_exporter::poller::stats::Stats;
use wolkvox_exporter::poller::view::{LedgerProgress, View};

use crate::support::now;

/// All families of an operation that has counted this.
pub(crate) fn families(config: &OperationConfig, totals: &Totals) -> Vec<Arc<dyn Rows>> {
    let progress = LedgerProgress {
        counting_since: now(),
        watermark: now(),
        last_success: Some(now()),
        last_chat_close: Some(now()),
        seen_chats: 0,
        requests_today: 0,
    };
    let view = View {
        config,
        totals,
        exemplars: &Exemplars::default(),
        skill_names: &Arc::new(config.counting.skill_names.clone()),
        progress: &progress,
        stats: &Stats::new(now(), Pace::usual(&config.polling)),
    };
    catalogue::rows(view, 0)
}
