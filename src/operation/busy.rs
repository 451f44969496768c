//! Which tasks compute without a break. One that never comes back from that is not seen by any time-out of its own: it holds a
//! thread of the runtime, and the others go on as if nothing were.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

/// The tasks that are looked at.
#[derive(Debug)]
pub struct Busy {
    begun: Instant,
    tasks: Mutex<Vec<Weak<Task>>>,
}

/// A task: its name, and since when it computes, in milliseconds from the beginning, one more than that; 0 while it waits.
#[derive(Debug)]
struct Task {
    name: String,
    since: AtomicU64,
}

impl Default for Busy {
    fn default() -> Busy {
        Busy {
            begun: Instant::now(),
            tasks: Mutex::default(),
        }
    }
}

impl Busy {
    /// Runs a task of this name, and looks at it until it has ended.
    pub async fn watch<F: Future>(&self, name: &str, work: F) -> F::Output {
        let task = Arc::new(Task {
            name: name.to_owned(),
            since: AtomicU64::new(0),
        });
        self.add(Arc::downgrade(&task));
        let mut work = pin!(work);
        poll_fn(|context| {
            let _computing = Computing::begin(&task, self.now());
            work.as_mut().poll(context)
        })
        .await
    }

    /// The task that has computed for longer than this without a break, if one has; the longest of several.
    pub fn longer_than(&self, limit: Duration) -> Option<String> {
        let now = self.now();
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = tasks.iter().filter_map(|task| {
            let task = task.upgrade()?;
            let since = task.since.load(Ordering::Relaxed).checked_sub(1)?;
            let computes = Duration::from_millis(now.saturating_sub(since));
            (computes > limit).then_some((computes, task))
        });
        let longest = busy.max_by_key(|(computes, _)| *computes);
        longest.map(|(_, task)| task.name.clone())
    }

    fn add(&self, task: Weak<Task>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| task.strong_count() > 0);
        tasks.push(task);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A task computes while this lives, and no longer, also where it panics.
struct Computing<'a>(&'a Task);

impl Computing<'_> {
    fn begin(task: &Task, now: u64) -> Computing<'_> {
        task.since.store(now.saturating_add(1), Ordering::Relaxed);
        Computing(task)
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.since.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
