//! File descriptors: what the system gives, what the exporter needs for its own work, and what is left for connections.

use std::fmt;

/// What the exporter opens at once for its own work: the state and its directory, the token, the web configuration and
/// what it names, a connection to Wolkvox and the look-up of its name, `/proc` for a scrape, and the connection that has
/// just been accepted.
const OWN: u64 = 16;
/// What the runtime opens: its event loop and the handling of signals.
const RUNTIME: u64 = 8;
/// With fewer connection slots, a Prometheus, a probe and a person would push each other out.
const FEWEST_SLOTS: u64 = 4;

/// Too few descriptors to work with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the limit of open files is {limit}, and the exporter needs {needed} at least: raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker)"
)]
pub struct TooFew {
    /// What the system gives.
    pub limit: u64,
    /// What would do.
    pub needed: u64,
}

/// How many files may be open at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(Option<u64>);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(limit) => limit.fmt(f),
            None => f.write_str("none"),
        }
    }
}

/// Raises the limit as far as the system lets it be raised, and returns it. The soft limit is kept low for programs of
/// old that can't use high descriptors; this is none. To be called before the runtime is started.
///
/// # Errors
/// [`TooFew`] where next to nothing would be left for connections.
pub fn raise() -> Result<Limit, TooFew> {
    let limit = raised();
    slots_beside(open() + RUNTIME, limit, usize::MAX).map(|_| limit)
}

#[cfg(unix)]
fn raised() -> Limit {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => Limit(maximum),
        // macOS takes no limit above its own maximum.
        Err(_) => Limit(current),
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
fn raised() -> Limit {
    Limit(None)
}

/// How many connections there may be at once: what is left of the limit, `usual` at the most.
///
/// # Errors
/// [`TooFew`] where next to nothing is left.
pub fn connection_slots(limit: Limit, usual: usize) -> Result<usize, TooFew> {
    slots_beside(open(), limit, usual)
}

fn slots_beside(open: u64, limit: Limit, usual: usize) -> Result<usize, TooFew> {
    let Limit(Some(limit)) = limit else {
        return Ok(usual);
    };
    let needed = open + OWN + FEWEST_SLOTS;
    if limit < needed {
        return Err(TooFew { limit, needed });
    }
    let left = usize::try_from(limit - open - OWN).unwrap_or(usual);
    Ok(left.min(usual))
}

/// How many are open now.
fn open() -> u64 {
    /// Where that can't be read: the three standard ones, the log's, the state's lock, the port, and the event loop's.
    const USUALLY: u64 = 12;
    std::fs::read_dir("/dev/fd").map_or(USUALLY, |open| open.count() as u64)
}

#[cfg(test)]
mod tests;
