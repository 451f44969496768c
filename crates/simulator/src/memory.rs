//! The vendor's report in memory: a [`wolkvox::Source`] without sockets, for tests on paused time.
//!
//! It answers as the HTTP server does. It compares local texts by the same code, and knows no instants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use wolkvox::{Answer, Exchange, Gate, List, Lists, Reason, Row, Sink, Source, UnknownKeys, Value, Window};

use super::chat::instant;
use super::{Clock, Filter, query};

mod chat;
mod fault;

pub use chat::Chat;
pub use fault::{Delivered, Fault};

/// What a call costs in bytes: tests of the engine do not look at it.
const BYTES: u64 = 100;

/// What the server has, how it answers, and what it was asked.
#[derive(Debug)]
pub struct State {
    /// The zone of the report.
    pub zone: Tz,
    /// What `date_ini` and `date_end` are compared with.
    pub filter: Filter,
    /// Whether a row of the very second `date_end` is left out.
    pub end_is_exclusive: bool,
    /// Whether answers have a `Date`.
    pub sends_date: bool,
    /// The server's clock minus the true time.
    pub offset: TimeDelta,
    /// How far its `Date` is off from its clock.
    pub date_is_off_by: TimeDelta,
    /// How long an answer takes.
    pub takes: Duration,
    /// All chats, visible or not yet.
    pub chats: Vec<Chat>,
    /// What comes of the next calls; `None` is an answer.
    pub script: VecDeque<Option<Fault>>,
    /// What comes of every call after the script.
    pub down: Option<Fault>,
    /// What comes of a call whose window holds this second.
    pub poison: Vec<(DateTime<Utc>, Fault)>,
    /// What comes of an answer with so many rows or more.
    pub limit: Option<(usize, Fault)>,
    /// What was asked for, and when.
    pub asked: Vec<(DateTime<Utc>, Window)>,
    /// The list of skills: ids and names.
    pub skills: Vec<(&'static str, &'static str)>,
    /// What comes of every call for a list.
    pub lists_down: Option<Fault>,
    /// How long a list takes.
    pub list_takes: Duration,
    /// When lists were asked for.
    pub listed: Vec<DateTime<Utc>>,
    /// A call for more than this gets no answer.
    pub silent_above: Option<TimeDelta>,
    /// The windows that were answered whole.
    pub answered: Vec<Window>,
    /// Whether it has ever said that there are no chats where there were some, or some were deleted.
    pub has_hidden: bool,
}

impl State {
    fn new(zone: Tz) -> Self {
        Self {
            zone,
            filter: Filter::CloseTime,
            end_is_exclusive: false,
            sends_date: true,
            offset: TimeDelta::zero(),
            date_is_off_by: TimeDelta::zero(),
            takes: Duration::from_millis(800),
            chats: Vec::new(),
            script: VecDeque::new(),
            down: None,
            poison: Vec::new(),
            limit: None,
            asked: Vec::new(),
            skills: Vec::new(),
            lists_down: None,
            list_takes: Duration::from_millis(200),
            listed: Vec::new(),
            silent_above: None,
            answered: Vec::new(),
            has_hidden: false,
        }
    }

    /// Whether an instant, written as local text, lies in a window.
    fn holds(&self, window: &query::Window, at: DateTime<Utc>) -> bool {
        window.holds(at.timestamp(), self.zone, !self.end_is_exclusive)
    }

    /// The chats that an answer has when the true time is `truth`.
    fn chats_in(&self, window: &query::Window, truth: DateTime<Utc>) -> impl Iterator<Item = &Chat> {
        self.chats
            .iter()
            .filter(move |chat| chat.is_visible(truth) && self.holds(window, chat.time(self.filter)))
    }

    /// What comes of a call, before anything is known of its rows.
    fn next_fault(&mut self, asked: &Window, window: &query::Window) -> Option<Fault> {
        let next = self.script.pop_front().unwrap_or_else(|| self.down.clone());
        let fault = next
            .or_else(|| self.poison_in(window))
            .or_else(|| self.silence_for(asked));
        self.has_hidden |= fault.as_ref().is_some_and(|fault| fault.error.is_none());
        fault
    }

    fn poison_in(&self, window: &query::Window) -> Option<Fault> {
        let held = self.poison.iter().find(|(second, _)| self.holds(window, *second));
        held.map(|(_, fault)| fault.clone())
    }

    fn silence_for(&self, asked: &Window) -> Option<Fault> {
        let longest = self.silent_above?;
        (asked.to - asked.from > longest).then(|| Fault::of(Reason::Timeout))
    }

    fn limit_for(&self, rows: usize) -> Option<Fault> {
        let limit = self.limit.as_ref().filter(|(most, _)| rows >= *most);
        limit.map(|(_, fault)| fault.clone())
    }
}

/// An answer about to be given.
struct Reply {
    fault: Option<Fault>,
    /// How many rows the window has.
    found: u64,
    /// Those that are handed out.
    rows: Vec<Row<'static>>,
    date: Option<DateTime<Utc>>,
    takes: Duration,
}

impl Reply {
    /// Whether the answer has headers: what never answers has none.
    fn begins(&self) -> bool {
        self.fault.as_ref().is_none_or(Fault::begins)
    }

    /// What the caller is told at the end.
    fn exchange(self) -> Exchange {
        let begins = self.begins();
        Exchange {
            status: begins.then_some(200),
            date: self.date.filter(|_| begins),
            bytes: BYTES,
            duration: self.takes,
            result: match self.fault.map(|fault| fault.error) {
                Some(Some(error)) => Err(error),
                Some(None) => Ok(Answer::default()),
                None => Ok(Answer {
                    rows: self.found,
                    announced: Some(self.found),
                }),
            },
        }
    }
}

/// A server whose report is asked for in this process. Clones share their report.
#[derive(Clone)]
pub struct MemorySource {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    keys: Arc<[&'static str]>,
}

impl MemorySource {
    /// A server without chats. `clock` has the true time. `keys` are the keys that the caller reads, trimmed and in lower
    /// case, each at its field's index in a row.
    pub fn new(clock: Arc<dyn Clock>, zone: Tz, keys: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(zone))),
            clock,
            keys: keys.into_iter().collect(),
        }
    }

    /// Looks at the server's state, or changes it.
    pub fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state())
    }

    /// The time by the server's clock, whole seconds.
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.clock.now() + self.state().offset;
        instant(now.timestamp())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, asked: &Window) -> Reply {
        let Some(window) = query::Window::between(asked.date_ini, asked.date_end) else {
            panic!("the vendor answers {asked:?} as if it were empty");
        };
        let now = self.now();
        let truth = self.clock.now();
        let mut state = self.state();
        state.asked.push((now, *asked));
        let fault = state.next_fault(asked, &window);
        let mut rows: Vec<Row<'static>> = state
            .chats_in(&window, truth)
            .map(|chat| chat.row(state.zone, &self.keys))
            .collect();
        let found = rows.len();
        let fault = fault.or_else(|| state.limit_for(found));
        if let Some(fault) = &fault {
            rows.truncate(fault.delivered.share_of(found));
        }
        Reply {
            fault,
            found: found as u64,
            rows,
            date: state.sends_date.then_some(now + state.date_is_off_by),
            takes: state.takes,
        }
    }
}

impl Source for MemorySource {
    async fn report<S: Sink>(&self, window: &Window, sink: &mut S) -> Exchange {
        let mut reply = self.reply(window);
        if reply.begins() {
            sink.begin(reply.date);
            for row in std::mem::take(&mut reply.rows) {
                sink.row(Ok(row));
            }
            sink.unknown_keys(&UnknownKeys::default(), &Gate::new([]));
        }
        tokio::time::sleep(reply.takes).await;
        if reply.fault.is_none() {
            self.state().answered.push(*window);
        }
        reply.exchange()
    }
}

impl Lists for MemorySource {
    async fn list<S: Sink>(&self, list: &List, sink: &mut S) -> Exchange {
        let now = self.now();
        let reply = {
            let mut state = self.state();
            state.listed.push(now);
            let rows: Vec<_> = state.skills.iter().map(|skill| skill_row(list, *skill)).collect();
            Reply {
                fault: state.lists_down.clone(),
                found: rows.len() as u64,
                rows,
                date: state.sends_date.then_some(now),
                takes: state.list_takes,
            }
        };
        // Before the rows: a call that is given up brings none.
        tokio::time::sleep(reply.takes).await;
        if reply.begins() {
            sink.begin(reply.date);
            let delivered = reply.fault.as_ref().map_or(reply.rows.len(), |fault| {
                fault.delivered.share_of(reply.rows.len())
            });
            for row in &reply.rows[..delivered] {
                sink.row(Ok(row.clone()));
            }
        }
        reply.exchange()
    }
}

fn skill_row(list: &List, (id, name): (&str, &str)) -> Row<'static> {
    let mut row = Row::default();
    for key in &list.report.keys {
        match key.name {
            "skill_id" => row.set(key.index, Value::Text(id)),
            "skill_name" => row.set(key.index, Value::Text(name)),
            _ => {}
        }
    }
    row
}

#[cfg(test)]
mod tests;
