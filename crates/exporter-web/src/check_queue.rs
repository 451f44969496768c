//! Checks of passwords that wait for their turn: few run at once, and not too many wait.
//!
//! Sources take turns: the guesses of one source wait for each other, and a check of another waits for one of them at most.
//! A check is done even if its client has left, since its outcome is remembered.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Where requests come from: an IPv4 address, or the first 64 bits of an IPv6 address, which one client usually owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                Self(Ipv6Addr::from_bits(network).into())
            }
        }
    }
}

/// How many checks there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) waiting_of_one_source: usize,
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

pub(super) type Check = Box<dyn FnOnce() + Send>;

/// See the module.
pub(super) struct CheckQueue {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    total: usize,
    waiting: BTreeMap<Source, VecDeque<Check>>,
    /// Those that have checks waiting; the front one is next.
    turns: VecDeque<Source>,
}

impl State {
    fn waiting_of(&self, source: Source) -> usize {
        self.waiting.get(&source).map_or(0, VecDeque::len)
    }

    fn push(&mut self, source: Source, check: Check) {
        let of_source = self.waiting.entry(source).or_default();
        if of_source.is_empty() {
            self.turns.push_back(source);
        }
        of_source.push_back(check);
        self.total += 1;
    }

    fn pop(&mut self) -> Option<Check> {
        let source = self.turns.pop_front()?;
        let of_source = self.waiting.get_mut(&source)?;
        let check = of_source.pop_front()?;
        self.total -= 1;
        if of_source.is_empty() {
            self.waiting.remove(&source);
        } else {
            self.turns.push_back(source);
        }
        Some(check)
    }

    /// Drops the newest check of the source that has most of them, if those are more than `than`.
    fn displace_one_of_more(&mut self, than: usize) -> Result<(), Full> {
        let longest = self.waiting.values_mut().max_by_key(|checks| checks.len());
        let longest = longest.filter(|checks| checks.len() > than).ok_or(Full)?;
        longest.pop_back();
        self.total -= 1;
        Ok(())
    }
}

impl CheckQueue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: Mutex::default(),
        }
    }

    /// Runs the check when its turn comes. One that is dropped unrun had to make room for another source's.
    ///
    /// # Errors
    /// The queue is full, for this source or as a whole, or the system gives no thread.
    pub(super) fn submit(self: &Arc<Self>, source: Source, check: Check) -> Result<(), Full> {
        let mut state = self.state();
        let of_source = state.waiting_of(source);
        if of_source >= self.bounds.waiting_of_one_source {
            return Err(Full);
        }
        if state.total >= self.bounds.waiting {
            state.displace_one_of_more(of_source + 1)?;
        }
        if state.running < self.bounds.running {
            let queue = Arc::clone(self);
            // Not one of the runtime's threads: it would wait for the last check at the end of the process. The new
            // thread waits for the lock that is held here.
            let thread = thread::Builder::new().name("password-check".to_owned());
            match thread.spawn(move || queue.work()) {
                Ok(_) => state.running += 1,
                // The threads that run take it on in time.
                Err(_) if state.running > 0 => {}
                Err(_) => return Err(Full),
            }
        }
        state.push(source, check);
        Ok(())
    }

    /// Runs checks until none waits.
    fn work(&self) {
        while let Some(check) = self.next() {
            // A check that panics answers nobody, and the next one runs.
            let _ = catch_unwind(AssertUnwindSafe(check));
        }
    }

    fn next(&self) -> Option<Check> {
        let mut state = self.state();
        let check = state.pop();
        if check.is_none() {
            state.running -= 1;
        }
        check
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
