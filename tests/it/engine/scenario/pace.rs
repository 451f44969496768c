//! How many calls of a cycle may fail, and that a search still comes to its end with so few.

use std::time::Duration;

use chrono::{SubsecRound, TimeDelta};
use proptest::prelude::*;
use simulator::memory::{Chat, Fault};
use wolkvox::{Error, Reason};

use crate::support::world::{World, hours, length, minutes};

/// The calls of a cycle that fail.
const MOST: usize = 6;

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// An answer that begins and never ends.
fn stalled() -> Error {
    Error::new(Reason::Timeout, "scripted").with_status(200)
}

/// Each way in which one row can make the server, or us, fail.
fn of_a_row(kind: usize) -> Fault {
    let whole = |reason| Fault::at_the_end(Error::new(reason, "scripted"));
    match kind {
        0 => Fault::status(500),
        1 => Fault::half(),
        2 => whole(Reason::NotJson),
        3 => whole(Reason::TooLarge),
        4 => whole(Reason::TooManyRows),
        _ => Fault::at_the_end(stalled()),
    }
}

/// Each way in which a call can fail.
fn of_a_call(kind: usize) -> Fault {
    let reasons = Reason::ALL.len();
    match kind {
        kind if kind < reasons => Fault::of(Reason::ALL[kind]),
        kind if kind < reasons + 6 => of_a_row(kind - reasons),
        _ => {
            let error = Error::new(Reason::HttpStatus, "scripted").with_status(503);
            Fault::at_once(error.with_retry_after(Some(Duration::from_secs(20))))
        }
    }
}

fn kinds() -> usize {
    Reason::ALL.len() + 7
}

/// Runs a cycle; how many calls it made, and how many of them failed.
async fn calls(world: &mut World) -> (usize, usize) {
    world.server.with(|state| {
        state.asked.clear();
        state.answered.clear();
    });
    world.cycle().await;
    world
        .server
        .with(|state| (state.asked.len(), state.asked.len() - state.answered.len()))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_every_call_is_asked_twice_a_cycle() {
    for fault in [500, 502, 503]
        .map(Fault::status)
        .into_iter()
        .chain([of_a_row(2)])
    {
        let mut world = World::running().await;
        world.close(5);
        world.server.with(|state| state.down = Some(fault.clone()));
        for _ in 0..50 {
            let (asked, _) = calls(&mut world).await;
            assert!(asked <= 2, "{fault:?}: {asked} calls in a cycle");
        }
        world.server.with(|state| state.down = None);
        world.good_cycle().await;
        assert_eq!(world.counted(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cuts_every_answer_is_asked_three_times_a_cycle() {
    for fault in [Fault::half(), Fault::at_the_end(stalled())] {
        let mut world = World::running().await;
        world.close(5);
        world.server.with(|state| state.down = Some(fault.clone()));
        for _ in 0..50 {
            let (asked, _) = calls(&mut world).await;
            assert!(asked <= 3, "{fault:?}: {asked} calls in a cycle");
        }
        world.server.with(|state| state.down = None);
        world.good_cycle().await;
        assert_eq!(world.counted(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_shows_whether_the_server_answers_counts_nothing_and_moves_nothing() {
    let mut world = World::running().await;
    world.close(3);
    world.good_cycle().await;
    // Only the second that was read before is answered.
    world.server.with(|state| state.silent_above = None);
    let refused = || Some(Fault::status(500));
    for _ in 0..2 {
        world
            .server
            .with(|state| state.script.extend([refused(), refused()]));
        world.cycle().await;
    }
    let before = world.disk.committed().cursors;
    world.close(2);
    world.server.with(|state| {
        state.script.extend([refused(), None]);
        state.down = refused();
    });
    let (asked, failed) = calls(&mut world).await;
    assert_eq!((asked, failed), (MOST + 1, MOST));
    assert_eq!(world.counted(), 3);
    assert_eq!(world.disk.committed().cursors, before);
    world.server.with(|state| state.down = None);
    world.good_cycle().await;
    assert_eq!(world.counted(), 5);
}

#[tokio::test(start_paused = true)]
async fn who_asks_us_to_wait_is_not_searched_through_meanwhile() {
    let mut world = World::running().await;
    let error = Error::new(Reason::HttpStatus, "scripted").with_status(503);
    let waits = Fault::at_once(error.with_retry_after(Some(Duration::from_secs(3000))));
    world.server.with(|state| state.down = Some(waits));
    for _ in 0..20 {
        assert_eq!(calls(&mut world).await, (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_ends_in_a_second_that_cannot_be_read_gets_on() {
    for is_cleared in [true, false] {
        let mut world = World::running().await;
        world.cycles(40).await;
        world.restart().await;
        world.server.with(|state| state.end_is_exclusive = true);
        let cursor = world.disk.committed().cursors.poll;
        let window = TimeDelta::from_std(world.config.polling.window).unwrap();
        let second = (cursor - window).trunc_subsecs(0) - seconds(1);
        world
            .server
            .with(|state| state.poison.push((second, Fault::half())));
        world.cycles(10).await;
        if is_cleared {
            world.server.with(|state| state.poison.clear());
        }
        let mut swept = 0;
        for _ in 0..24 {
            let sweep = world.cycle().await.sweep;
            swept += usize::from(sweep.is_some_and(|sweep| sweep.is_ok_and(|sweep| sweep.is_whole)));
        }
        assert_eq!(swept, 2, "as many as are due");
    }
}

/// Runs one case of a property on paused time.
fn on_paused_time(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(case);
}

/// Cycles of any length, in which calls fail in any order and any seconds can't be read.
async fn any_schedule(
    interval: u64,
    window: i64,
    script: Vec<Option<usize>>,
    down: Option<usize>,
    poison: Vec<(i64, usize)>,
) {
    let mut world = World::running().await;
    world.config.polling.poll_interval = Duration::from_secs(interval);
    world.config.polling.api_daily_limit = None;
    world.config.polling.sweep_interval = Some(Duration::from_secs(600));
    world.config.polling.window = length(minutes(window));
    world.restart().await;
    let now = world.server.now();
    world.server.with(|state| {
        let seconds = poison
            .into_iter()
            .map(|(ago, kind)| (now - seconds(ago), of_a_row(kind)));
        state.poison.extend(seconds);
        state
            .script
            .extend(script.into_iter().map(|kind| kind.map(of_a_call)));
        state.down = down.map(of_a_call);
    });
    for _ in 0..30 {
        world.close(1);
        let (asked, failed) = calls(&mut world).await;
        assert!(failed <= MOST, "{failed} of {asked} calls of a cycle failed");
    }
}

/// One second can't be read, anywhere in what has to be caught up. Each other chat is counted after few cycles.
async fn one_unreadable_second(
    down_for: i64,
    place: f64,
    kind: usize,
    end_is_exclusive: bool,
    chats: Vec<f64>,
) {
    let mut world = World::running().await;
    world.config.polling.sweep_interval = None;
    world.restart().await;
    world.good_cycle().await;
    world.crash();
    let start = world.server.now();
    world.wait(minutes(down_for)).await;
    world
        .server
        .with(|state| state.end_is_exclusive = end_is_exclusive);
    let at = |place: f64| start + seconds((place * (down_for * 60 - 10) as f64) as i64);
    let second = at(place) + seconds(2);
    let mut expected = 0;
    for (number, place) in chats.into_iter().enumerate() {
        let closed = at(place);
        if closed != second {
            world.happen(Chat::new(format!("chat {number}"), closed));
            expected += 1;
        }
    }
    for ago in [-2, -1, 1, 2] {
        world.happen(Chat::new(format!("neighbour {ago}"), second + seconds(ago)));
        expected += 1;
    }
    let hidden = Chat::new("hidden", second);
    world.happen(hidden);
    world
        .server
        .with(|state| state.poison.push((second, of_a_row(kind))));
    world.start().await;
    // Two that fail before anything is searched for, 17 times half of it, and three times the second itself.
    let mut cycles = 0;
    while world.cycle().await.poll.is_err() {
        cycles += 1;
        assert!(cycles <= 12, "no end after {cycles} cycles");
        assert!(world.committed() <= expected);
    }
    world.cycle().await;
    assert_eq!((world.counted(), world.committed()), (expected, expected));
}

/// Sweeps that give way after each call, over seconds that can't be read. Each late row behind them is found.
async fn sweeps_in_short_cycles(interval: u64, poison: Vec<(i64, usize)>) {
    let mut world = World::running().await;
    world.cycles(30).await;
    world.config.polling.poll_interval = Duration::from_secs(interval);
    world.config.polling.api_daily_limit = None;
    world.config.polling.sweep_interval = Some(Duration::from_secs(60));
    world.config.polling.sweep_lookback = length(hours(3));
    world.restart().await;
    let before = world.counted();
    let now = world.server.now();
    let is_poisoned = |ago: i64| poison.iter().any(|(other, _)| *other == ago);
    let late = [30, 60, 90, 110].map(|ago| ago * 60 + 7);
    let late: Vec<i64> = late.into_iter().filter(|ago| !is_poisoned(*ago)).collect();
    for ago in &late {
        let chat = world.closed_ago(seconds(*ago));
        world.happen(chat.delayed(seconds(*ago)));
    }
    world.server.with(|state| {
        let poison = poison.iter();
        let poison = poison.map(|(ago, kind)| (now - seconds(*ago), of_a_row(*kind)));
        state.poison.extend(poison);
    });
    let mut cycles = 0;
    while world.counted() < before + late.len() as u64 {
        world.cycle().await;
        cycles += 1;
        assert!(cycles <= 1000, "no end after {cycles} cycles");
    }
}

/// A second two hours back can't be read. Each cycle has time for one call of a sweep.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_read_nothing_says_so_and_names_the_failure() {
    let mut world = World::running().await;
    world.cycles(30).await;
    world.config.polling.poll_interval = Duration::from_secs(1);
    world.config.polling.api_daily_limit = None;
    world.config.polling.sweep_lookback = length(hours(3));
    world.restart().await;
    let unreadable = (world.server.now() - hours(2), Fault::status(500));
    world.server.with(|state| state.poison.push(unreadable));
    let mut empty = 0;
    for _ in 0..100 {
        let Some(sweep) = world.cycle().await.sweep.and_then(Result::ok) else {
            continue;
        };
        assert!(sweep.to > sweep.from || !sweep.is_whole, "{sweep:?}");
        if sweep.answers == 0 {
            empty += 1;
            assert!(!sweep.is_whole && sweep.to == sweep.from, "{sweep:?}");
            assert!(sweep.last_failure.is_some(), "{sweep:?}");
        }
    }
    assert!(empty > 2, "{empty} sweeps read nothing");
}

/// The first scrape of the process would come seven seconds after its start; with an interval of one second it comes sooner.
#[tokio::test(start_paused = true)]
async fn a_process_of_a_shorter_interval_shows_its_first_chats_as_0_to_a_scrape() {
    any_schedule(1, 1, vec![None, Some(18), Some(13), None], None, vec![]).await;
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(24, |cases| cases.parse().expect("a number of cases"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_schedule_of_failures_makes_more_than_six_calls_of_a_cycle_fail(
        interval in prop_oneof![Just(1_u64), Just(60), Just(300), Just(3600)],
        window in 1..1500_i64,
        script in proptest::collection::vec(proptest::option::of(0..kinds()), 0..150),
        down in proptest::option::of(0..kinds()),
        poison in proptest::collection::vec((0..4000_i64, 0..6_usize), 0..8),
    ) {
        on_paused_time(any_schedule(interval, window, script, down, poison));
    }

    #[test]
    fn an_unreadable_second_is_got_through_in_few_cycles_and_every_other_chat_counts_once(
        down_for in prop_oneof![1..60_i64, 60..1440_i64],
        place in 0.0..1.0,
        kind in 0..6_usize,
        end_is_exclusive in any::<bool>(),
        chats in proptest::collection::vec(0.0..1.0, 0..40),
    ) {
        on_paused_time(one_unreadable_second(down_for, place, kind, end_is_exclusive, chats));
    }

    #[test]
    fn sweeps_get_past_seconds_that_cannot_be_read_however_short_the_interval_is(
        interval in prop_oneof![3 => Just(1_u64), 1 => 1..30_u64],
        poison in proptest::collection::vec((3000..7200_i64, 0..6_usize), 1..4),
    ) {
        on_paused_time(sweeps_in_short_cycles(interval, poison));
    }
}
