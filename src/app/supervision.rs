//! Tells the service manager that the exporter is ready, how it is doing, and that it still works: as long as the runtime runs
//! tasks, and no operation's task computes without end. Wolkvox being down, a refused token or a full disk are no reason to be
//! started again, so they are told in words only.

use std::sync::Arc;
use std::time::Duration;

use crate::http::{NotHeld, Shared, Status};
use crate::operation::busy::Busy;
use crate::service_manager::{News, ServiceManager};
use crate::signal;
use crate::words;

/// Where there is no watchdog, the sentence is looked at so often.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// So often within the watchdog's time the exporter says that it works: one that is late once is no reason to end it.
const TIMES: u32 = 4;

/// What speaks to the process from outside, besides its port.
pub(crate) struct Outside {
    /// What signals ask for.
    pub(crate) signals: signal::Requests,
    /// Who started it, and wants to be told how it is doing.
    pub(crate) service_manager: ServiceManager,
}

/// Tells the service manager how the exporter is doing.
pub(super) struct Supervisor {
    pub(super) service_manager: Arc<ServiceManager>,
    pub(super) shared: Arc<Shared>,
    pub(super) busy: Arc<Busy>,
}

impl Supervisor {
    /// Tells that the exporter is ready, and then goes on until it is dropped.
    pub(super) async fn run(self) {
        if !self.service_manager.listens() {
            return;
        }
        let watchdog = self.service_manager.watchdog();
        let pause = watchdog.map_or(LOOK_AGAIN, |limit| (limit / TIMES).min(LOOK_AGAIN));
        let mut told = self.sentence();
        self.service_manager
            .tell([News::Ready, News::Status(told.clone())]);
        loop {
            tokio::time::sleep(pause).await;
            let sentence = self.sentence();
            if sentence != told {
                self.service_manager.tell([News::Status(sentence.clone())]);
                told = sentence;
            }
            if watchdog.is_some_and(|limit| self.works(limit / 2)) {
                self.service_manager.tell([News::Alive]);
            }
        }
    }

    /// Whether no operation has computed for longer than this without a break.
    fn works(&self, limit: Duration) -> bool {
        let Some(operation) = self.busy.longer_than(limit) else {
            return true;
        };
        tracing::error!(
            operation,
            "the operation {operation} has computed for more than {} s without a break: systemd is not told any more that the exporter works, and will start it again (a fault of the program: please report it)",
            limit.as_secs()
        );
        false
    }

    fn sentence(&self) -> String {
        let operations = self.shared.operations();
        let mut count = Count::default();
        for operation in operations.iter() {
            count.add(&operation.status());
        }
        sentence(&count)
    }
}

/// How many operations are how.
#[derive(Debug, Default)]
struct Count {
    /// Their last poll succeeded.
    well: usize,
    /// No poll has ended yet.
    waiting: usize,
    /// Their last poll failed, or they stand still: their names.
    unwell: Vec<String>,
    /// Not polled by this process.
    elsewhere: usize,
}

impl Count {
    fn add(&mut self, status: &Status) {
        let is_well = status.polls.last().map(|poll| poll.result.is_ok());
        match (&status.not_held, is_well) {
            (Some(NotHeld::Elsewhere), _) => self.elsewhere += 1,
            (None, Some(true)) => self.well += 1,
            (None, None) => self.waiting += 1,
            (Some(NotHeld::StandsStill(_)), _) | (None, Some(false)) => {
                self.unwell.push(status.operation.clone());
            }
        }
    }
}

/// How all operations are doing, for `systemctl status`.
fn sentence(count: &Count) -> String {
    let Count {
        well,
        waiting,
        unwell,
        elsewhere,
    } = count;
    let of_all = well + waiting + unwell.len();
    let mut parts = Vec::new();
    match unwell.as_slice() {
        [] => {}
        [one] => parts.push(format!("not well: {one}")),
        [one, others @ ..] => parts.push(format!(
            "{} not well: {one} and {} more",
            unwell.len(),
            others.len()
        )),
    }
    if *waiting > 0 {
        parts.push(format!("{waiting} before the first poll"));
    }
    if *elsewhere > 0 {
        parts.push(format!("{elsewhere} held by other replicas or by none"));
    }
    let of_all = words::count(of_all as u64, "operation");
    let head = format!("{well} of {of_all} polled well");
    std::iter::once(head).chain(parts).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
