//! The names of skills: those of the settings and, where that is switched on, those that Wolkvox lists, read once a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use tokio::time::Instant;

use super::budget::Slowdown;
use super::publication::Publish;
use super::{Cycle, Poller};
use crate::chats::skill_names::{SkillList, SkillNames, list};
use crate::config::Counting;
use crate::ledger::Store;
use crate::words::count;
use wolkvox::{Error, Exchange, Lists, Reason, Source};

/// From one call to the next at least, whatever came of it and whatever the clocks say.
const PAUSE: Duration = Duration::from_secs(3600);
/// Most calls of a local day: one, and others where it failed.
const MOST_CALLS: u32 = 4;
/// Less time is not worth a call: it waits for the next cycle.
const SHORTEST: Duration = Duration::from_millis(200);
/// A call that takes longer is given up: others may wait for their turn on the same token.
const LONGEST: Duration = Duration::from_secs(30);

/// The names that are shown, and when they are read again.
pub(super) struct NamedSkills {
    /// Those of the settings, which win.
    set: SkillNames,
    shown: Arc<SkillNames>,
    /// `None` where the list is not read.
    reading: Option<Progress>,
}

/// How the list was read so far.
#[derive(Debug, Default)]
struct Progress {
    /// The local day on which it was read last.
    read_on: Option<NaiveDate>,
    /// The local day of the last call, and how many there were on it.
    calls: Option<(NaiveDate, u32)>,
    not_before: Option<Instant>,
    /// What the last call found wrong was logged.
    has_logged: bool,
}

impl NamedSkills {
    pub(super) fn new(counting: &Counting) -> NamedSkills {
        NamedSkills {
            set: counting.skill_names.clone(),
            shown: Arc::new(counting.skill_names.clone()),
            reading: counting.skill_catalogue.then(Progress::default),
        }
    }

    /// All names.
    pub(super) fn shown(&self) -> &Arc<SkillNames> {
        &self.shown
    }

    /// Takes in what came of a call. A failed one, and a list without names, change nothing that is shown.
    fn take(&mut self, result: Result<SkillList, Error>, today: NaiveDate) {
        let Some(progress) = &mut self.reading else { return };
        let list = match result {
            Ok(list) => list,
            Err(error) => return progress.log_failure(&error),
        };
        progress.read_on = Some(today);
        progress.log_list(&list);
        if list.names.is_empty() {
            return;
        }
        let mut names = list.names;
        names.extend(self.set.clone());
        if *self.shown != names {
            self.shown = Arc::new(names);
        }
    }
}

impl Progress {
    /// Begins a call, if one is due.
    fn begin(&mut self, today: NaiveDate) -> bool {
        let calls = self.calls.filter(|(day, _)| *day == today);
        let calls = calls.map_or(0, |(_, calls)| calls);
        let is_early = self.not_before.is_some_and(|at| Instant::now() < at);
        if self.read_on == Some(today) || calls >= MOST_CALLS || is_early {
            return false;
        }
        self.calls = Some((today, calls + 1));
        self.not_before = Some(Instant::now() + PAUSE);
        true
    }

    fn log_failure(&mut self, error: &Error) {
        let reason = error.reason().as_str();
        if std::mem::replace(&mut self.has_logged, true) {
            tracing::debug!(reason, "the list of skills could not be read: {error}");
        } else {
            tracing::warn!(
                reason,
                "the list of skills (WOLKVOX_SKILL_CATALOGUE) could not be read: {error}. Polls go on, and names that are known stay; it is tried again in an hour, {MOST_CALLS} times a day at the most. WOLKVOX_SKILL_NAMES names skills without it. This is logged once"
            );
        }
    }

    fn log_list(&mut self, list: &SkillList) {
        let skills = count(list.names.len() as u64, "skill");
        let was_logged = std::mem::replace(&mut self.has_logged, true);
        match (list.names.is_empty(), list.left_out) {
            (true, _) if !was_logged => tracing::warn!(
                "the list of skills (WOLKVOX_SKILL_CATALOGUE) names none: names that are known stay. This is logged once"
            ),
            (false, 1..) if !was_logged => tracing::warn!(
                "the list of skills (WOLKVOX_SKILL_CATALOGUE) is too long: {skills} of it are named, {} are not. This is logged once",
                list.left_out
            ),
            (false, 0) => {
                self.has_logged = false;
                tracing::info!("Wolkvox names {skills}");
            }
            _ => tracing::debug!("Wolkvox names {skills}"),
        }
    }
}

impl<S: Source + Lists, D: Store, P: Publish> Poller<S, D, P> {
    /// Reads the list of skills behind a good cycle, if that is due and there is time before the next one. Nothing that goes
    /// wrong with it is a failure of the cycle.
    pub(super) async fn refresh_skill_names(&mut self, cycle: &Cycle, next_cycle: Option<Instant>) {
        let today = self.clocks.today();
        let limit = limit(next_cycle);
        // Where the day's calls run out, names are not worth one.
        let is_good = cycle.failures().next().is_none() && self.stats.pace.slowdown == Slowdown::None;
        let Some(progress) = &mut self.skills.reading else {
            return;
        };
        if !is_good || limit < SHORTEST || !progress.begin(today) {
            return;
        }
        let mut list = SkillList::default();
        let exchange = ask(self.reader.source(), &mut list, limit).await;
        self.books.ledger.count_request(today);
        self.stats.note_exchange(&exchange);
        self.skills.take(exchange.result.map(|_| list), today);
        self.publish();
    }
}

/// What the call may take: half of what is left, so that the next cycle begins when it is due.
fn limit(next_cycle: Option<Instant>) -> Duration {
    let half = next_cycle.map(|next| next.saturating_duration_since(Instant::now()) / 2);
    half.map_or(LONGEST, |half| half.min(LONGEST))
}

async fn ask<S: Lists>(source: &S, skills: &mut SkillList, limit: Duration) -> Exchange {
    let began = Instant::now();
    let question = list();
    let call = tokio::time::timeout(limit, source.list(&question, skills));
    call.await.unwrap_or_else(|_| Exchange {
        status: None,
        date: None,
        bytes: 0,
        duration: began.elapsed(),
        result: Err(Error::new(
            Reason::Timeout,
            format!("it did not come within {:.1} s", limit.as_secs_f64()),
        )),
    })
}
