use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus::Registry;
use tempfile::TempDir;
use wolkvox::client::Tls;

use super::life::Begins;
use super::state::open_file;
use super::*;
use crate::clock::WRITTEN;
use crate::config::tests::at;
use crate::exposition::Options;
use crate::ledger::Adoption;
use crate::metrics::process::Process;

/// What a clock does that is asked for the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Tells,
    /// A fault of the program, wherever the time is asked for.
    Panics,
    /// Where a state is opened it does not come back, as from a disk that hangs.
    Hangs,
}

#[derive(Debug)]
struct MoodyClock {
    mood: Mutex<Mood>,
    changed: Condvar,
}

impl MoodyClock {
    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
        self.changed.notify_all();
    }
}

impl Clock for MoodyClock {
    fn now(&self) -> DateTime<Utc> {
        let mood = self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        let opens = std::thread::current().name() == Some("state");
        let mood = self
            .changed
            .wait_while(mood, |mood| opens && *mood == Mood::Hangs);
        let mood = *mood.unwrap_or_else(PoisonError::into_inner);
        assert!(mood != Mood::Panics, "the fault of this test");
        WRITTEN
    }
}

/// What operations stand on.
pub(crate) struct Bench {
    clock: Arc<MoodyClock>,
    pub(crate) surroundings: Arc<Surroundings>,
    directory: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let clock = Arc::new(MoodyClock {
            mood: Mutex::new(Mood::Tells),
            changed: Condvar::new(),
        });
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            exemplars: false,
            created: false,
        };
        let process = Process::register(Registry::new()).unwrap();
        let surroundings = Surroundings {
            clock: Arc::<MoodyClock>::clone(&clock),
            states: States::Files(directory.path().to_owned()),
            examples: Examples::Leave,
            shared: Arc::new(Shared::new(options, Arc::<MoodyClock>::clone(&clock), process)),
            openings: Semaphore::new(1),
            upstream: Upstream::Wolkvox,
            spread: Spread::Aligned,
            busy: Arc::default(),
        };
        Bench {
            clock,
            surroundings: Arc::new(surroundings),
            directory,
        }
    }

    pub(crate) fn config() -> OperationConfig {
        // Nobody is there.
        let config = at(
            "http://127.0.0.1:9",
            &[("WOLKVOX_POLL_INTERVAL", "1s"), ("WOLKVOX_OPERATION", "ventas")],
        );
        config.unwrap().into_operation()
    }

    fn open(&self) -> Result<OpenedState, StoreError> {
        open_file(
            &Self::config(),
            self.directory.path(),
            Adoption::Refuse,
            &*self.clock,
        )
    }

    fn begin(
        &self,
        state: Option<Result<OpenedState, StoreError>>,
        on_failure: OnFailure,
    ) -> (Operation, oneshot::Receiver<Result<(), StoreError>>) {
        let config = Self::config();
        let client = crate::client::open(&config.server, config.counting.agents, &Tls::default()).unwrap();
        let start = Start {
            config,
            client: Arc::new(client),
            group: Arc::default(),
            state,
            on_failure,
        };
        Operation::start(start, &self.surroundings)
    }

    fn set_faulty(&self, is_faulty: bool) {
        self.clock.set(if is_faulty { Mood::Panics } else { Mood::Tells });
    }

    /// From now on no state is opened.
    pub(crate) fn hang(&self) {
        self.clock.set(Mood::Hangs);
    }

    /// What hangs comes back.
    pub(crate) fn go_on(&self) {
        self.clock.set(Mood::Tells);
    }
}

impl Operation {
    fn why_not_held(&self) -> Option<String> {
        match self.published.status().not_held.clone()? {
            http::NotHeld::StandsStill(why) => Some(why),
            http::NotHeld::Elsewhere => Some("elsewhere".to_owned()),
        }
    }

    fn is_shown(&self) -> bool {
        self.published.newest_publication() > 0 && self.why_not_held().is_none()
    }
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let is_so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let limit = Duration::from_secs(120);
    assert!(tokio::time::timeout(limit, is_so).await.is_ok(), "{what}");
}

#[tokio::test]
async fn an_operation_whose_poller_panics_stands_still_and_goes_on_from_its_state() {
    for on_failure in [OnFailure::TryAgain, OnFailure::GiveUp] {
        let bench = Bench::new();
        let (operation, first_attempt) = bench.begin(None, on_failure);
        first_attempt.await.unwrap().unwrap();
        assert!(operation.is_shown());
        bench.set_faulty(true);
        // Its state can't be opened for as long as that lasts: the thread that does so asks for the time, too.
        wait_until("it stands still, and says why", || {
            let why = operation.why_not_held().unwrap_or_default();
            why.contains("the state can't be written")
        })
        .await;
        bench.set_faulty(false);
        wait_until("it is polled again", || operation.is_shown()).await;
        drop(operation.stop().await);
        let reopened = bench.open().unwrap();
        assert!(reopened.ledger.is_some(), "its state is there, and free");
    }
}

#[tokio::test]
async fn a_panic_before_the_first_poll_is_tried_again_too() {
    let bench = Bench::new();
    let opened = bench.open();
    let (operation, first_attempt) = bench.begin(Some(opened), OnFailure::TryAgain);
    // Its task has not run yet.
    bench.set_faulty(true);
    assert!(matches!(first_attempt.await, Ok(Ok(()))));
    assert!(operation.why_not_held().is_some());
    bench.set_faulty(false);
    wait_until("it is polled", || operation.is_shown()).await;
}

#[tokio::test]
async fn an_operation_alone_whose_state_is_refused_at_the_start_ends_and_says_why() {
    let bench = Bench::new();
    let _holder = bench.open().unwrap();
    let (_operation, first_attempt) = bench.begin(None, OnFailure::GiveUp);
    let refused = first_attempt.await.unwrap();
    assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_left_of_an_operation_that_was_replaced_or_removed() {
    let bench = Bench::new();
    let shared = &bench.surroundings.shared;
    let (first, first_attempt) = bench.begin(None, OnFailure::TryAgain);
    first_attempt.await.unwrap().unwrap();
    let published = Arc::downgrade(&first.published);
    drop(first.stop().await);
    assert!(
        published.upgrade().is_some(),
        "it is shown until there is another one"
    );

    let (second, second_attempt) = bench.begin(None, OnFailure::TryAgain);
    assert!(published.upgrade().is_none());
    second_attempt.await.unwrap().unwrap();
    let published = Arc::downgrade(&second.published);
    second.stop().await.remove_from(shared);
    assert!(published.upgrade().is_none());
}

#[test]
fn after_a_panic_the_next_cycle_begins_no_sooner_than_it_would_have_without_one() {
    let config = crate::config::tests::with(&[]).unwrap().into_operation();
    let interval = config.polling.poll_interval;
    for spread in [Spread::Aligned, Spread::ByName { together: 3 }] {
        let soon = Begins::Soon.after(spread, &config, WRITTEN);
        assert!(soon <= Duration::from_secs(1), "{soon:?}");
        let due = Begins::WhenDue.after(spread, &config, WRITTEN);
        assert!(interval / 2 <= due && due <= interval * 3 / 2, "{due:?}");
    }
}
