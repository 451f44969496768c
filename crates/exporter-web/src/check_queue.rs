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
mod tests {
    use std::sync::mpsc;

    use super::*;

    const BOUNDS: Bounds = Bounds {
        running: 1,
        waiting: 4,
        waiting_of_one_source: 3,
    };

    fn source(last: u8) -> Source {
        Source::from(IpAddr::from([127, 0, 0, last]))
    }

    /// A queue whose one worker is held up, and which records in what order the rest was run.
    struct Held {
        queue: Arc<CheckQueue>,
        release: mpsc::Sender<()>,
        ran: (mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>),
    }

    impl Held {
        fn new() -> Self {
            let queue = Arc::new(CheckQueue::new(BOUNDS));
            let (release, released) = mpsc::channel();
            let (begun, has_begun) = mpsc::channel();
            let hold = move || {
                begun.send(()).unwrap();
                released.recv().unwrap();
            };
            queue.submit(source(255), Box::new(hold)).unwrap();
            has_begun.recv().unwrap();
            Self {
                queue,
                release,
                ran: mpsc::channel(),
            }
        }

        fn submit(&self, from: u8, name: &'static str) -> Result<(), Full> {
            let ran = self.ran.0.clone();
            self.queue
                .submit(source(from), Box::new(move || ran.send(name).unwrap()))
        }

        fn order(self) -> String {
            self.release.send(()).unwrap();
            drop(self.ran.0);
            self.ran.1.iter().collect()
        }
    }

    #[test]
    fn sources_take_turns() {
        let held = Held::new();
        for name in ["a", "b", "c"] {
            held.submit(1, name).unwrap();
        }
        held.submit(2, "X").unwrap();
        assert_eq!(held.order(), "aXbc");
    }

    #[test]
    fn one_source_can_not_fill_the_queue() {
        let held = Held::new();
        for name in ["a", "b", "c"] {
            held.submit(1, name).unwrap();
        }
        assert_eq!(held.submit(1, "d"), Err(Full));
        held.submit(2, "X").unwrap();
        assert_eq!(held.order(), "aXbc");
    }

    #[test]
    fn in_a_full_queue_the_source_with_most_makes_room_for_one_with_fewer() {
        let held = Held::new();
        for name in ["a", "b", "c"] {
            held.submit(1, name).unwrap();
        }
        held.submit(2, "X").unwrap();
        held.submit(3, "Y").unwrap();
        assert_eq!(
            held.submit(2, "Z"),
            Err(Full),
            "it would have as many as the most"
        );
        assert_eq!(held.order(), "aXYb");
    }

    #[test]
    fn a_check_that_panics_does_not_hold_up_the_next() {
        let held = Held::new();
        held.queue
            .submit(source(1), Box::new(|| panic!("on purpose")))
            .unwrap();
        held.submit(2, "X").unwrap();
        assert_eq!(held.order(), "X");
    }

    #[test]
    fn one_who_has_a_whole_network_is_one_source() {
        let of = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
