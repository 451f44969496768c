//! Connection slots. Their number is fixed. When all are taken, a new connection gets the slot of the one that has made
//! no progress for longest.
//!
//! If new connections had to wait, silent ones could keep a scrape out. This way a scrape is only cut by as many new
//! connections as there are slots, within the milliseconds that it needs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// All connection slots.
#[derive(Debug)]
pub(super) struct Slots {
    limit: usize,
    taken: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    /// Counts instead of a clock: no two steps are equal.
    ticks: u64,
    by_number: BTreeMap<u64, OpenConnection>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// Its request is there in full, and is being answered.
    Answering,
    /// It has sent no request yet, or has taken its last answer.
    Waiting,
}

#[derive(Debug)]
struct OpenConnection {
    /// When it last made progress: was opened, had sent a request, had taken an answer.
    progress: u64,
    activity: Activity,
    task: Option<AbortHandle>,
}

impl OpenConnections {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// The connection to cut. Those that are being answered are spared while they are few: many at once are slow readers.
    fn to_cut(&self, limit: usize) -> Option<u64> {
        let answering = |open: &OpenConnection| open.activity == Activity::Answering;
        let spare = self.by_number.values().filter(|open| answering(open)).count() <= limit / 2;
        let open = self.by_number.iter().filter(|(_, open)| open.task.is_some());
        open.min_by_key(|(_, open)| (spare && answering(open), open.progress))
            .map(|(number, _)| *number)
    }
}

impl Slots {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            taken: Mutex::default(),
        })
    }

    /// Takes a slot. If none is free, another connection is cut for it.
    pub(super) fn take(self: &Arc<Self>) -> Slot {
        let mut taken = self.taken();
        if taken.by_number.len() >= self.limit
            && let Some(number) = taken.to_cut(self.limit)
            && let Some(OpenConnection { task: Some(task), .. }) = taken.by_number.remove(&number)
        {
            task.abort();
        }
        let number = taken.tick();
        taken.by_number.insert(
            number,
            OpenConnection {
                progress: number,
                activity: Activity::Waiting,
                task: None,
            },
        );
        Slot {
            slots: Arc::clone(self),
            number,
        }
    }

    /// Sets the task that is aborted to free the slot. Does nothing where the connection has ended already.
    pub(super) fn set_task(&self, number: u64, task: AbortHandle) {
        if let Some(open) = self.taken().by_number.get_mut(&number) {
            open.task = Some(task);
        }
    }

    fn taken(&self) -> MutexGuard<'_, OpenConnections> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection slot. It is free again once this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    number: u64,
}

impl Slot {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The connection has made progress: from now on it does `activity`.
    pub(super) fn record_progress(&self, activity: Activity) {
        let mut taken = self.slots.taken();
        let progress = taken.tick();
        if let Some(open) = taken.by_number.get_mut(&self.number) {
            (open.progress, open.activity) = (progress, activity);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.taken().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
