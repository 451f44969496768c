//! The virtual clock: chats go through the same ledger as live ones, step by step, and each step is written as
//! `/metrics` would have shown it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::BackfillError;
use crate::catalogue;
use crate::chats::chat::Chat;
use crate::chats::exemplar::Exemplars;
use crate::chats::key::Keys;
use crate::chats::latest_window::{Gatherer, Latest};
use crate::chats::recontact::Customers;
use crate::chats::{self, Ledger, Tally, Totals};
use crate::config::OperationConfig;
use crate::exposition::{self, Stamp};
use crate::ledger::{FoundBy, Moment, Novelty};
use crate::metrics::{self, Family, open_since};
use crate::poller::budget::Pace;
use crate::poller::stats::Stats;
use crate::poller::view::{LedgerProgress, View};

/// Which range of the past, and how it is written.
#[derive(Debug, Clone)]
pub struct Span {
    /// Chats that closed from here on are counted; the first step, where all is 0.
    pub from: DateTime<Utc>,
    /// Chats that closed before this are counted, by the server's clock.
    pub until: DateTime<Utc>,
    /// The last step, by our clock.
    pub last: DateTime<Utc>,
    /// From one step to the next.
    pub step: TimeDelta,
    /// Labels that Prometheus adds to live samples (`job`, `instance`).
    pub labels: Vec<(String, String)>,
    /// Write bucket bounds as `5` instead of `5.0`.
    pub short_bounds: bool,
}

/// Where the virtual clock stands: all that is needed to go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Timeline {
    ledger: Ledger,
    /// The step that the ledger stands at. It is written when the next one is known: a label set is shown as 0 at the
    /// step before its first chat.
    held: DateTime<Utc>,
    /// Chats read, and closed after `held`.
    pending: VecDeque<Chat>,
    /// Chats closed within the latest window before `held`.
    recent: Vec<Chat>,
    /// Families whose metadata is written.
    known: BTreeSet<String>,
}

impl Timeline {
    /// The clock stands at `from`, and nothing was counted.
    pub fn new(from: DateTime<Utc>) -> Timeline {
        Timeline {
            ledger: Ledger::first_start(from, Some(from)),
            held: from,
            pending: VecDeque::new(),
            recent: Vec::new(),
            known: BTreeSet::new(),
        }
    }

    /// Chats counted up to now.
    pub fn chats_counted(&self) -> u64 {
        self.ledger.totals.chats_counted()
    }

    /// Where the clock stands.
    pub fn now(&self) -> DateTime<Utc> {
        self.held
    }

    /// Takes in the chats of one chunk whose rows have local times from `date_ini` to `date_end`, and ends at `to`.
    pub fn take(&mut self, mut chats: Vec<Chat>, to: DateTime<Utc>, span: &Span) {
        for chat in &mut chats {
            // Nothing says when it was closed: when it was opened, or when it was found.
            let opened = chat.opened;
            let found = Moment {
                earliest: to,
                latest: to,
            };
            chat.closed.get_or_insert(opened.unwrap_or(found));
        }
        chats.retain(|chat| chat.closed.is_some_and(|closed| closed.latest < span.until));
        self.pending.extend(chats);
        self.pending.make_contiguous().sort_by_key(closed);
    }

    /// Moves the clock on as far as everything before `known_to` has been read, and hands each step's text to
    /// `write`. `reach` is the greatest local time that a row read so far can have.
    ///
    /// # Errors
    /// What `write` says.
    pub fn advance<E>(
        &mut self,
        known_to: DateTime<Utc>,
        reach: NaiveDateTime,
        span: &Span,
        config: &OperationConfig,
        mut write: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.held == span.from {
            let from = span.from;
            self.absorb(from, |at| at < from, reach, config);
        }
        while self.held < span.last {
            let next = (self.held + span.step).min(span.last);
            if next >= known_to {
                break;
            }
            self.step(next, reach, span, config, &mut write)?;
        }
        Ok(())
    }

    /// Writes what is left up to the last step. All has been read.
    ///
    /// # Errors
    /// What `write` says.
    pub fn finish<E>(
        &mut self,
        reach: NaiveDateTime,
        span: &Span,
        config: &OperationConfig,
        mut write: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.advance(DateTime::<Utc>::MAX_UTC, reach, span, config, &mut write)?;
        let (totals, window) = (self.ledger.totals.clone(), self.window(config));
        let text = self.text(&totals, &window, span, config);
        write(&text)
    }

    /// Forgets ids of chats that lie below what the next chunk asks for, once this one is taken, and closes of customers that no
    /// later chat is compared with.
    pub fn forget_before(&mut self, date_ini: NaiveDateTime, config: &OperationConfig) {
        self.ledger.forget_before(date_ini);
        if let Some(recontact) = &config.counting.recontact {
            self.ledger.totals.forget_closes_before(self.held, recontact);
        }
    }

    /// Counts recontacts, where they are set.
    ///
    /// # Errors
    /// [`BackfillError::Random`].
    pub fn begin_recontacts(&mut self, config: &OperationConfig) -> Result<(), BackfillError> {
        let recontact = config.counting.recontact.as_ref();
        let begun = self.ledger.totals.begin_recontacts(recontact);
        begun.map_err(BackfillError::Random)
    }

    /// What customers are hashed as.
    pub fn customers(&self) -> Arc<Customers> {
        Arc::clone(self.ledger.totals.customers())
    }

    fn step<E>(
        &mut self,
        next: DateTime<Utc>,
        reach: NaiveDateTime,
        span: &Span,
        config: &OperationConfig,
        write: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut before = self.ledger.totals.clone();
        let window = self.window(config);
        let is_last = next == span.last;
        self.absorb(next, |at| is_last || at <= next, reach, config);
        before.add_label_sets_of(&self.ledger.totals);
        let text = self.text(&before, &window, span, config);
        self.held = next;
        write(&text)
    }

    /// What the gauges show at this step.
    fn window(&self, config: &OperationConfig) -> StepGauges {
        let mut gatherer = Gatherer::default();
        for chat in &self.recent {
            gatherer.note(chat, &Keys::of(chat, config.counting.agents), self.held);
        }
        StepGauges {
            latest: gatherer
                .finish(self.held, config.polling.window, &config.counting)
                .into(),
            last_chat_close: self.ledger.last_chat_close,
            seen_chats: self.ledger.seen.len(),
        }
    }

    /// Counts the pending chats whose close time `is_due`, as if they were found at `at`.
    fn absorb(
        &mut self,
        at: DateTime<Utc>,
        is_due: impl Fn(DateTime<Utc>) -> bool,
        reach: NaiveDateTime,
        config: &OperationConfig,
    ) {
        let due = self.pending.partition_point(|chat| is_due(closed(chat)));
        let mut tally = Tally::begin(&self.ledger, &config.counting, FoundBy::Poll, reach);
        tally.answered(at, at, reach);
        let mut fresh = Vec::new();
        for chat in self.pending.drain(..due) {
            let (novelty, _) = tally.absorb(&chat);
            if novelty == Novelty::New {
                fresh.push(chat);
            }
        }
        let tallied = tally.finish();
        self.ledger.apply(tallied.absorbed);
        // The step before shows the 0.
        self.ledger.totals.lift_all();
        let start = at - config.polling.window;
        self.recent.append(&mut fresh);
        self.recent.retain(|chat| closed(chat) >= start);
    }

    /// Since when it is open at the time that is held, if it is and has business hours.
    fn open_since(&self, config: &OperationConfig) -> Vec<Family> {
        let hours = config.counting.business_hours.as_ref();
        let span = hours.map(|hours| hours.at(self.held, &config.server.timezone));
        span.map_or(Vec::new(), |span| open_since::families(config.name(), &span))
    }

    fn text(
        &mut self,
        totals: &Totals,
        window: &StepGauges,
        span: &Span,
        config: &OperationConfig,
    ) -> String {
        let mut stats = Stats::new(span.from, Pace::usual(&config.polling));
        stats.up = Some(true);
        stats.last_poll = Some(self.held);
        stats.poll_duration = Some(Duration::ZERO);
        let progress = LedgerProgress {
            counting_since: span.from,
            watermark: self.held,
            last_success: Some(self.held),
            last_chat_close: window.last_chat_close,
            seen_chats: window.seen_chats,
            requests_today: 0,
        };
        let view = View {
            config,
            totals,
            exemplars: &Exemplars::default(),
            skill_names: &Arc::new(config.counting.skill_names.clone()),
            progress: &progress,
            stats: &stats,
        };
        let mut families = catalogue::families(view, 0);
        families.retain(catalogue::has_a_past);
        families.extend(self.open_since(config));
        families.extend(metrics::values(&chats::families::latest_window(
            &config.server.operation,
            &window.latest,
        )));
        let stamp = Stamp {
            timestamp_ms: self.held.timestamp_millis(),
            labels: span.labels.clone(),
            short_bounds: span.short_bounds,
        };
        let mut text = String::new();
        let known = &mut self.known;
        exposition::write_stamped(&mut text, &families, &stamp, |name| known.insert(name.to_owned()));
        text
    }
}

/// What a step shows besides the totals.
struct StepGauges {
    latest: Arc<Latest>,
    last_chat_close: Option<DateTime<Utc>>,
    seen_chats: usize,
}

/// When a pending chat was closed; all have a time by then.
fn closed(chat: &Chat) -> DateTime<Utc> {
    chat.closed
        .map_or(DateTime::<Utc>::MIN_UTC, |closed| closed.earliest)
}
