//! A store that keeps the bytes a file would hold, so that a crash is a start from the last of them.

use std::any::Any;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wolkvox_exporter::chats::{Ledger, Totals};
use wolkvox_exporter::ledger::state::{self, Origin};
use wolkvox_exporter::ledger::store::{Action, DiskError};
use wolkvox_exporter::ledger::{Counted, Store, StoreError};

#[derive(Debug, Default)]
struct State {
    bytes: Option<Vec<u8>>,
    committed: Option<Ledger>,
    is_full: bool,
    /// So many commits fail.
    failures: u32,
    /// So many commits are written and fail then.
    late_failures: u32,
    /// So many commits take this long, half of it after they are written.
    slow: (u32, Duration),
}

impl State {
    fn takes(&mut self) -> Duration {
        let (count, time) = &mut self.slow;
        if *count == 0 {
            return Duration::ZERO;
        }
        *count -= 1;
        *time
    }
}

/// Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// What a start would find.
    pub(crate) fn read(&self) -> Option<Ledger> {
        let state = self.0.lock().unwrap();
        let bytes = state.bytes.as_ref()?;
        Some(state::decode(bytes).expect("what was committed can be read").1)
    }

    /// What was committed last, as it was. It may lie behind what a start would find.
    pub(crate) fn committed(&self) -> Ledger {
        self.0
            .lock()
            .unwrap()
            .committed
            .clone()
            .expect("something was committed")
    }

    /// Whether these totals are what was committed last.
    pub(crate) fn holds(&self, totals: &Totals) -> bool {
        let state = self.0.lock().unwrap();
        state
            .committed
            .as_ref()
            .is_some_and(|ledger| ledger.totals == *totals)
    }

    pub(crate) fn lose(&self) {
        *self.0.lock().unwrap() = State::default();
    }

    pub(crate) fn set_full(&self, is_full: bool) {
        self.0.lock().unwrap().is_full = is_full;
    }

    /// Lets the next commits fail.
    pub(crate) fn fail(&self, commits: u32) {
        self.0.lock().unwrap().failures = commits;
    }

    /// Lets the next commits fail although they are written, as where the directory can't be synced.
    pub(crate) fn fail_late(&self, commits: u32) {
        self.0.lock().unwrap().late_failures = commits;
    }

    /// Lets the next commits take this long.
    pub(crate) fn slow(&self, commits: u32, time: Duration) {
        self.0.lock().unwrap().slow = (commits, time);
    }

    fn origin() -> Origin {
        Origin {
            operation: "ventas".to_owned(),
            host: "wv0001.wolkvox.com".to_owned(),
            agent_dni: None,
            timezone: "UTC".to_owned(),
        }
    }
}

impl Store for Disk {
    async fn commit<T: Counted>(
        &mut self,
        ledger: &wolkvox_exporter::ledger::Ledger<T>,
    ) -> Result<u64, StoreError> {
        let half = self.0.lock().unwrap().takes() / 2;
        pass(half).await;
        let bytes = state::encode(&Disk::origin(), ledger).unwrap();
        let size = bytes.len() as u64;
        {
            let mut state = self.0.lock().unwrap();
            if state.is_full || state.failures > 0 {
                state.failures = state.failures.saturating_sub(1);
                return Err(full());
            }
            state.bytes = Some(bytes);
        }
        pass(half).await;
        let mut state = self.0.lock().unwrap();
        if state.late_failures > 0 {
            state.late_failures -= 1;
            return Err(full());
        }
        state.committed = (ledger as &dyn Any).downcast_ref::<Ledger>().cloned();
        Ok(size)
    }
}

async fn pass(time: Duration) {
    if time.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(time).await;
    }
}

fn full() -> StoreError {
    StoreError::Write(DiskError {
        path: PathBuf::from("ventas.state"),
        action: Action::Write,
        cause: io::ErrorKind::StorageFull.into(),
    })
}
