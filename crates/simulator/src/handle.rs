//! The strings by which a running server is pulled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::chat::SimulatedChat;
use super::dice::Dice;
use super::fault::Fault;
use super::model::Simulator;
use super::query::{Api, Page, Query};
use super::settings::Filter;
use crate::Clock;

/// Requests remembered at most; older ones are forgotten.
const REQUESTS: usize = 100_000;

/// A request for the report or a list, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it was sent to.
    pub page: Page,
    /// `api` as sent.
    pub api: Option<String>,
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// `date_ini` as sent.
    pub date_ini: Option<String>,
    /// `date_end` as sent.
    pub date_end: Option<String>,
    /// `agent_dni` as sent.
    pub agent_dni: Option<String>,
    /// The HTTP status of the answer; `None` if none was given.
    pub status: Option<u16>,
}

/// What can be changed while the server runs.
#[derive(Debug)]
pub(super) struct State {
    pub(super) token: String,
    pub(super) filter: Filter,
    pub(super) end_inclusive: bool,
    pub(super) clock_offset: TimeDelta,
    pub(super) quota: Option<u64>,
    /// The local day and the calls made in it.
    pub(super) used: (NaiveDate, u64),
    pub(super) faults: VecDeque<Fault>,
    pub(super) always: Option<Fault>,
    pub(super) chance: Option<Chance>,
    /// Seconds that can't be read, and what becomes of the requests that touch them.
    pub(super) poison: Vec<(DateTime<Utc>, Fault)>,
    /// What becomes of the requests for lists.
    pub(super) lists: Option<Fault>,
    /// What becomes of the requests for the closed chats by channel.
    pub(super) counts: Option<Fault>,
    /// Chats that no agent took: their channels, and when they were closed.
    pub(super) untaken: Vec<(String, DateTime<Utc>)>,
    /// Requests that went wrong.
    pub(super) spoiled: u64,
    pub(super) requests: VecDeque<Request>,
}

/// Faults by the throw of dice.
#[derive(Debug)]
pub(super) struct Chance {
    dice: Dice,
    share: f64,
    faults: Vec<Fault>,
}

impl Chance {
    fn fault(&mut self) -> Option<Fault> {
        let falls = self.dice.chance(self.share);
        self.dice.pick(&self.faults).filter(|_| falls).cloned()
    }
}

impl State {
    /// What goes wrong with this request.
    fn next_fault(&mut self, query: &Query, zone: Tz) -> Option<Fault> {
        let window = query.window();
        let holds = |second: &DateTime<Utc>| {
            window.is_some_and(|window| window.holds(second.timestamp(), zone, self.end_inclusive))
        };
        let poisoned = self.poison.iter().find(|(second, _)| holds(second));
        let poisoned = poisoned.map(|(_, fault)| fault.clone());
        let of_lists = self.lists.clone().filter(|_| query.page == Page::Information);
        let is_of_counts = query.asked() == Some(Api::ClosedByChannel);
        let of_counts = self.counts.clone().filter(|_| is_of_counts);
        let fault = of_lists
            .or(of_counts)
            .or_else(|| self.faults.pop_front())
            .or_else(|| self.always.clone())
            .or(poisoned)
            .or_else(|| self.chance.as_mut().and_then(Chance::fault));
        self.spoiled += u64::from(fault.is_some());
        fault
    }

    /// Whether a new connection is to be dropped.
    pub(super) fn drops_connection(&mut self) -> bool {
        let next = self.faults.front().or(self.always.as_ref());
        let drops = next == Some(&Fault::DropConnections);
        if drops {
            self.faults.pop_front();
        }
        drops
    }

    pub(super) fn log(&mut self, request: Request) {
        if self.requests.len() == REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}

/// A call in flight; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Call(Arc<AtomicUsize>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Controls a [`super::Server`], and knows what it was asked. Clones control the same server.
#[derive(Clone)]
pub struct Handle {
    pub(super) simulator: Arc<Simulator>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
    in_flight: Arc<AtomicUsize>,
    most_in_flight: Arc<AtomicUsize>,
}

impl Handle {
    pub(super) fn new(simulator: Arc<Simulator>, clock: Arc<dyn Clock>) -> Self {
        let settings = simulator.settings();
        let state = State {
            token: settings.token.clone(),
            filter: settings.filter,
            end_inclusive: settings.end_inclusive,
            clock_offset: TimeDelta::zero(),
            quota: settings.quota,
            used: (NaiveDate::MIN, 0),
            faults: VecDeque::new(),
            always: None,
            chance: None,
            poison: Vec::new(),
            lists: None,
            counts: None,
            untaken: Vec::new(),
            spoiled: 0,
            requests: VecDeque::new(),
        };
        Self {
            simulator,
            clock,
            state: Arc::new(Mutex::new(state)),
            in_flight: Arc::default(),
            most_in_flight: Arc::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call; with it, how many are in flight.
    pub(super) fn begin_call(&self) -> (Call, usize) {
        let others = self.in_flight.fetch_add(1, Ordering::SeqCst);
        self.most_in_flight.fetch_max(others + 1, Ordering::SeqCst);
        (Call(Arc::clone(&self.in_flight)), others + 1)
    }

    /// The operation behind the server.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The server's time: its clock and its offset.
    pub fn now(&self) -> DateTime<Utc> {
        let offset = self.state().clock_offset;
        self.clock.now() + offset
    }

    /// Puts a fault at the end of the queue: each takes one request (or connection).
    #[cfg(any(test, feature = "faults"))]
    pub fn misbehave(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// What goes wrong with every request when the queue is empty; `None` for nothing.
    #[cfg(any(test, feature = "faults"))]
    pub fn always(&self, fault: Option<Fault>) {
        self.state().always = fault;
    }

    /// What goes wrong with every request for a list, whatever becomes of the others; `None` for nothing.
    #[cfg(any(test, feature = "faults"))]
    pub fn always_for_lists(&self, fault: Option<Fault>) {
        self.state().lists = fault;
    }

    /// What goes wrong with every request for the closed chats by channel, whatever becomes of the others; `None` for nothing.
    #[cfg(any(test, feature = "faults"))]
    pub fn always_for_counts(&self, fault: Option<Fault>) {
        self.state().counts = fault;
    }

    /// From now on this share of the requests goes wrong, each in one of these ways: the same ones for the same seed. With
    /// no faults, none.
    #[cfg(any(test, feature = "faults"))]
    pub fn by_chance(&self, seed: u64, share: f64, faults: Vec<Fault>) {
        let dice = Dice::new(&[seed]);
        self.state().chance = Some(Chance { dice, share, faults });
    }

    /// Every request whose window holds this second of the report goes wrong so, until [`Handle::heal`].
    #[cfg(any(test, feature = "faults"))]
    pub fn poison(&self, second: DateTime<Utc>, fault: Fault) {
        self.state().poison.push((second, fault));
    }

    /// Every second can be read again.
    #[cfg(any(test, feature = "faults"))]
    pub fn heal(&self) {
        self.state().poison.clear();
    }

    /// How many requests went wrong. Connections that were dropped before their request are not among them.
    #[cfg(any(test, feature = "faults"))]
    pub fn spoiled(&self) -> u64 {
        self.state().spoiled
    }

    pub(super) fn next_fault(&self, query: &Query) -> Option<Fault> {
        self.state().next_fault(query, self.simulator.settings().zone)
    }

    /// Another token is accepted from now on.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state().token);
    }

    /// How far the server's clock is ahead (or, negative, behind).
    pub fn set_clock_offset(&self, offset: TimeDelta) {
        self.state().clock_offset = offset;
    }

    /// Which time windows filter on from now on.
    pub fn set_filter(&self, filter: Filter) {
        self.state().filter = filter;
    }

    /// Whether a row of the very second `date_end` is in the window from now on.
    pub fn set_end_inclusive(&self, inclusive: bool) {
        self.state().end_inclusive = inclusive;
    }

    /// Calls allowed per local day, those already made today included; `None` for no limit.
    pub fn set_quota(&self, quota: Option<u64>) {
        self.state().quota = quota;
    }

    /// What was asked, oldest first; the last 100,000.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.iter().cloned().collect()
    }

    /// Forgets what was asked.
    pub fn clear_requests(&self) {
        self.state().requests.clear();
    }

    /// How many calls are being answered.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// The most calls that were ever answered at once.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }

    /// Adds chats that no agent took: the closed chats by channel have them, and the report does not.
    pub fn leave_untaken(&self, channel: &str, closed: impl IntoIterator<Item = DateTime<Utc>>) {
        let chats = closed.into_iter().map(|closed| (channel.to_owned(), closed));
        self.state().untaken.extend(chats);
    }

    /// Places chats by hand, see [`Simulator::add`].
    pub fn extra_chats(&self, chats: impl IntoIterator<Item = SimulatedChat>) {
        self.simulator.add(chats);
    }

    /// All chats closed from `from` to `to`, see [`Simulator::truth`].
    pub fn truth(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<SimulatedChat> {
        self.simulator.truth(from, to)
    }
}
