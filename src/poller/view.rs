//! What one publication shows.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::stats::Stats;
use crate::chats::Totals;
use crate::chats::exemplar::Exemplars;
use crate::chats::skill_names::SkillNames;
use crate::config::OperationConfig;

/// How far the ledger is, as committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerProgress {
    /// When counting began.
    pub counting_since: DateTime<Utc>,
    /// Everything closed before this has been asked for, server's time.
    pub watermark: DateTime<Utc>,
    /// The end of the last good poll.
    pub last_success: Option<DateTime<Utc>>,
    /// The newest close time seen.
    pub last_chat_close: Option<DateTime<Utc>>,
    /// Ids remembered.
    pub seen_chats: usize,
    /// Calls since the operation's midnight.
    pub requests_today: u64,
}

/// All that one publication shows, but for the latest window.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The settings, some of which are shown.
    pub config: &'a OperationConfig,
    /// What has been counted, and what of it is shown as 0 for now, as committed.
    pub totals: &'a Totals,
    /// Examples for OpenMetrics.
    pub exemplars: &'a Exemplars,
    /// The names of skills, wherever they come from.
    pub skill_names: &'a Arc<SkillNames>,
    /// How far the ledger is, as committed.
    pub progress: &'a LedgerProgress,
    /// Numbers since the process started.
    pub stats: &'a Stats,
}
