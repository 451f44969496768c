//! What closed while nobody asked: more than one answer can hold, read in chunks.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use simulator::memory::Fault;
use wolkvox::{Error, Reason, Window};

use crate::support::shown::sum;
use crate::support::world::{World, hours, minutes};

/// The rows at which an answer fails.
const LIMIT: usize = 400;

/// An exporter that was down for a day of a busy operation, and how many chats closed in it: a few by night, one every
/// nine seconds from nine to nine. No answer can have [`LIMIT`] rows.
async fn after_a_busy_day(fault: &Error) -> (World, u64) {
    let mut world = World::running().await;
    world.crash();
    world.wait(hours(24)).await;
    let mut closed = 0;
    for number in 0..24 * 400 {
        let is_busy = (9 * 400..21 * 400).contains(&number);
        if is_busy || number % 16 == 0 {
            let chat = world.closed_ago(hours(24) - TimeDelta::seconds(9 * number));
            world.happen(chat);
            closed += 1;
        }
    }
    world.server.with(|state| {
        state.limit = Some((LIMIT, Fault::at_the_end(fault.clone())));
        state.asked.clear();
        state.answered.clear();
    });
    (world, closed)
}

fn length(window: &Window) -> TimeDelta {
    window.to - window.from
}

/// Whether a chunk is about twice as long as the one before it.
fn grows(answered: &[Window]) -> bool {
    answered.windows(2).any(|pair| {
        let times = length(&pair[1]).as_seconds_f64() / length(&pair[0]).as_seconds_f64();
        pair[0].to == pair[1].from && (1.9..2.1).contains(&times)
    })
}

fn rows_in(world: &World, window: &Window) -> usize {
    world.server.with(|state| {
        let at = window.from..=window.to;
        state
            .chats
            .iter()
            .filter(|chat| at.contains(&chat.closed))
            .count()
    })
}

fn watermark(world: &World) -> DateTime<Utc> {
    world.disk.committed().cursors.poll
}

#[tokio::test(start_paused = true)]
async fn a_days_backlog_gets_through_in_chunks_that_shrink_and_grow_again() {
    let whole = |reason| Error::new(reason, "scripted");
    for (fault, cycles) in [
        // Few calls of a cycle may fail, and each longer chunk that is tried does.
        (whole(Reason::TooManyRows), 4),
        (whole(Reason::Truncated), 4),
        // Each takes as long as is allowed at all: only a few of them a cycle.
        (whole(Reason::Timeout).with_status(200), 8),
    ] {
        let (mut world, closed) = after_a_busy_day(&fault).await;
        let what = fault.reason().as_str();
        world.start().await;
        let mut taken = 1;
        while world.cycle().await.poll.is_err() {
            taken += 1;
            assert!(taken <= cycles, "{what}: {taken} cycles");
        }
        assert_eq!((world.counted(), world.committed()), (closed, closed), "{what}");
        let answered = world.server.with(|state| state.answered.clone());
        assert!(
            answered.iter().all(|window| rows_in(&world, window) < LIMIT),
            "{what}"
        );
        assert!(grows(&answered), "{what}: {answered:?}");
        let calls = world.server.with(|state| state.asked.len());
        assert!((26..90).contains(&calls), "{what}: {calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_days_backlog_gets_through_although_the_process_is_killed_again_and_again() {
    let fault = Error::new(Reason::TooManyRows, "scripted");
    let (mut world, closed) = after_a_busy_day(&fault).await;
    world.server.with(|state| state.takes = Duration::from_secs(20));
    let mut lives = 0;
    let mut before = watermark(&world);
    while world.committed() < closed {
        world.start().await;
        world.killed_cycle(Duration::from_secs(290)).await;
        let reached = watermark(&world);
        assert!(reached > before, "life {lives} got no further than {before}");
        before = reached;
        lives += 1;
    }
    assert!(lives > 3, "one life was enough");
    world.server.with(|state| state.takes = Duration::from_secs(1));
    world.start().await;
    // Sweeps learn the length of chunks by themselves.
    while !world
        .cycle()
        .await
        .sweep
        .is_some_and(|sweep| sweep.is_ok_and(|sweep| sweep.is_whole))
    {
        lives += 1;
        assert!(lives < 20, "the sweep never comes to its end");
    }
    assert_eq!((world.counted(), world.committed()), (closed, closed));
}

/// An exporter that was down for 100 days, at each of which a chat closed: no chunk is longer than a month.
async fn after_a_hundred_days() -> World {
    let mut world = World::running().await;
    world.rest(minutes(1)).await;
    world.crash();
    for _ in 0..100 {
        world.close(1);
        world.wait(hours(24)).await;
    }
    world.server.with(|state| state.answered.clear());
    world
}

#[tokio::test(start_paused = true)]
async fn the_chunks_that_were_read_before_a_kill_are_on_the_disk() {
    let mut world = after_a_hundred_days().await;
    world.server.with(|state| state.takes = Duration::from_secs(60));
    let mut before = 0;
    while world.committed() < 100 {
        world.start().await;
        // In the middle of the third chunk.
        world.killed_cycle(Duration::from_secs(150)).await;
        let answered = world.server.with(|state| state.answered.clone());
        let start = answered[0].from;
        let end = answered.iter().map(|window| window.to).max().unwrap();
        let read = world.server.with(|state| {
            let is_read = |closed| start <= closed && closed <= end;
            state.chats.iter().filter(|chat| is_read(chat.closed)).count() as u64
        });
        // All but the one from before the start.
        assert_eq!(world.committed(), read - 1);
        assert!(world.committed() > before);
        before = world.committed();
    }
    world.start().await;
    world.good_cycle().await;
    assert_eq!(world.counted(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_is_shown_chunk_by_chunk() {
    let mut world = after_a_hundred_days().await;
    world.config.polling.sweep_interval = None;
    world.start().await;
    let mut before = (watermark(&world).timestamp() as f64, 0.0);
    world.shown.record();
    world.good_cycle().await;
    let recorded = world.shown.recorded();
    let chunks = world.server.with(|state| state.answered.len());
    assert!(
        chunks >= 4 && recorded.len() == chunks,
        "{chunks} {}",
        recorded.len()
    );
    for (shown, committed) in recorded {
        let now = (
            sum(&shown, "wolkvox_watermark_timestamp_seconds", ""),
            sum(&shown, "wolkvox_chats_total", ""),
        );
        assert!(now.0 > before.0 && now.1 > before.1, "{before:?} {now:?}");
        assert_eq!(now.0 as i64, committed.cursors.poll.timestamp());
        assert_eq!(now.1 as u64, committed.totals.chats_counted());
        before = now;
    }
    assert_eq!(before.1, 100.0);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_whose_chunks_time_out_comes_to_its_end() {
    let fault = Error::new(Reason::Timeout, "scripted").with_status(200);
    let (mut world, closed) = after_a_busy_day(&fault).await;
    let late = world.closed_ago(hours(10)).delayed(hours(11));
    world.happen(late);
    world.start().await;
    world.cycles(36).await;
    let asked = world.server.with(|state| state.asked.len());
    world.cycles(12).await;
    let calls = world.server.with(|state| state.asked.len()) - asked;
    assert_eq!(world.counted(), closed + 1, "the sweep found the late row");
    assert!(calls < 60, "{calls} calls in an hour");
}
