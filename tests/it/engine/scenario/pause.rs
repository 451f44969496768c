//! Retries, pauses and the cycle.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use simulator::memory::Fault;
use wolkvox::{Error, Reason};
use wolkvox_exporter::poller;

use crate::support::world::{World, hours, minutes};

/// Calls within a cycle of this length, as seconds since its first, and whether it came out well.
async fn calls(interval: u64, script: Vec<Fault>) -> (Vec<i64>, bool) {
    let mut world = World::running().await;
    world.config.polling.sweep_interval = None;
    world.config.polling.poll_interval = Duration::from_secs(interval);
    world.restart().await;
    world.server.with(|state| {
        state.asked.clear();
        state.script.extend(script.into_iter().map(Some));
    });
    let cycle = world.cycle().await;
    let asked: Vec<DateTime<Utc>> = world
        .server
        .with(|state| state.asked.iter().map(|(at, _)| *at).collect());
    (
        asked.iter().map(|at| (*at - asked[0]).num_seconds()).collect(),
        cycle.poll.is_ok(),
    )
}

fn asking_to_wait(seconds: u64) -> Fault {
    let error = Error::new(Reason::HttpStatus, "scripted").with_status(429);
    Fault::at_once(error.with_retry_after(Some(Duration::from_secs(seconds))))
}

#[tokio::test(start_paused = true)]
async fn a_failed_connection_is_tried_once_more_after_ten_seconds() {
    let connect = || Fault::of(Reason::Connect);
    assert!(
        matches!(calls(300, vec![connect()]).await, (at, true) if at.len() == 2 && (10..=12).contains(&at[1]))
    );
    assert!(matches!(calls(300, vec![connect(), connect()]).await, (at, false) if at.len() == 2));
    assert!(matches!(calls(300, vec![Fault::status(503)]).await, (at, true) if at.len() == 2));
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_are_left_to_the_next_cycle() {
    assert!(matches!(calls(300, vec![Fault::status(429)]).await, (at, false) if at.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn retry_after_binds() {
    assert!(
        matches!(calls(300, vec![asking_to_wait(100)]).await, (at, true) if (100..=102).contains(&at[1]))
    );
    assert!(matches!(calls(300, vec![asking_to_wait(400)]).await, (at, false) if at.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_retried_thirty_seconds_before_the_next_cycle() {
    assert!(matches!(calls(30, vec![Fault::status(503)]).await, (at, false) if at.len() == 1));
    assert!(matches!(calls(60, vec![Fault::status(503)]).await, (at, true) if at.len() == 2));
}

#[tokio::test(start_paused = true)]
async fn a_403_and_a_timeout_are_left_to_the_next_cycle() {
    for reason in [
        Reason::Auth,
        Reason::Forbidden,
        Reason::Quota,
        Reason::Timeout,
        Reason::Tls,
        Reason::BadRequest,
    ] {
        assert!(
            matches!(calls(300, vec![Fault::of(reason)]).await, (at, false) if at.len() == 1),
            "{reason:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_is_asked_for_again_in_halves_at_once() {
    assert!(matches!(calls(300, vec![Fault::half()]).await, (at, true) if at.len() == 3 && at[2] < 10));
}

#[tokio::test(start_paused = true)]
async fn too_many_calls_at_once_are_waited_for_once_a_cycle() {
    let busy = || Fault::of(Reason::Concurrency);
    assert!(
        matches!(calls(300, vec![busy()]).await, (at, true) if at.len() == 2 && (30..=32).contains(&at[1]))
    );
    assert!(matches!(calls(300, vec![busy(), busy()]).await, (at, false) if at.len() == 2));
    assert!(
        matches!(calls(300, vec![busy(), Fault::of(Reason::Connect)]).await, (at, true) if at.len() == 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_wolkvox_calls_for_is_counted_by_its_reason_and_no_other_is() {
    let pauses = |world: &World| {
        ["retry_after", "quota", "concurrency"].map(|reason| {
            let part = format!("reason=\"{reason}\"");
            assert!(world.shown.has(&format!(
                "wolkvox_api_pauses_total{{operation=\"ventas\",{part}}}"
            )));
            world.shown.sum("wolkvox_api_pauses_total", &part)
        })
    };
    for (fault, counted) in [
        // Within the cycle, and up to a later one.
        (asking_to_wait(100), [1.0, 0.0, 0.0]),
        (asking_to_wait(700), [1.0, 0.0, 0.0]),
        (Fault::of(Reason::Concurrency), [0.0, 0.0, 1.0]),
        // Our own.
        (Fault::of(Reason::Connect), [0.0; 3]),
        (Fault::status(503), [0.0; 3]),
        (Fault::of(Reason::Timeout), [0.0; 3]),
    ] {
        let mut world = without_sweeps().await;
        assert_eq!(pauses(&world), [0.0; 3], "from the start");
        world
            .server
            .with(|state| state.script.push_back(Some(fault.clone())));
        run(&mut world, minutes(30)).await;
        assert_eq!(pauses(&world), counted, "{fault:?}");
    }
    let mut world = without_sweeps().await;
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Quota)));
    let asked = run(&mut world, hours(6)).await;
    let waited = asked.windows(2).filter(|pair| pair[1] - pair[0] > minutes(9));
    // The last one lasts on.
    assert_eq!(pauses(&world), [0.0, waited.count() as f64 + 1.0, 0.0]);
}

/// Runs the loop for a while, and returns when calls were made.
pub(super) async fn run(world: &mut World, time: TimeDelta) -> Vec<DateTime<Utc>> {
    world.server.with(|state| state.asked.clear());
    let polling = poller::run(
        world.take_poller(),
        world.schedule(),
        false,
        async {},
        |_, _| (),
        std::future::pending(),
    );
    let _ = tokio::time::timeout(time.to_std().unwrap(), polling).await;
    world
        .server
        .with(|state| state.asked.iter().map(|(at, _)| *at).collect())
}

async fn without_sweeps() -> World {
    let mut world = World::running_at("2026-03-10 15:00:40", chrono_tz::America::Bogota).await;
    world.config.polling.sweep_interval = None;
    world.restart().await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_cycle_is_aligned_and_does_not_drift() {
    let mut world = without_sweeps().await;
    world.server.with(|state| state.takes = Duration::from_secs(17));
    let asked = run(&mut world, hours(24)).await;
    assert!(
        asked[1..]
            .iter()
            .all(|at| at.timestamp() % 300 == 0 && at.nanosecond() == 0)
    );
    assert_eq!(asked.len(), 24 * 12 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_falls_into_a_running_one_is_skipped() {
    let mut world = without_sweeps().await;
    world.server.with(|state| state.takes = Duration::from_secs(310));
    let asked = run(&mut world, hours(2)).await;
    assert!(
        asked[2..].windows(2).all(|pair| pair[1] - pair[0] == minutes(10)),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn quota_pauses_double_up_to_an_hour_and_begin_anew_after_a_success() {
    let mut world = without_sweeps().await;
    let quota = || Some(Fault::of(Reason::Quota));
    world.server.with(|state| {
        state.script.extend(std::iter::repeat_with(quota).take(7));
        state.script.extend([None, quota()]);
    });
    let asked = run(&mut world, hours(8)).await;
    let pauses: Vec<i64> = asked
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_minutes())
        .collect();
    assert!((4..=9).contains(&pauses[0]), "{pauses:?}");
    assert_eq!(pauses[1..9], [10, 20, 40, 60, 60, 60, 5, 5], "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_or_forward_during_a_cycle_does_not_stop_the_polls() {
    for skew in [hours(-24), hours(24)] {
        let mut world = without_sweeps().await;
        world.server.with(|state| state.takes = Duration::from_secs(20));
        let time = world.time.clone();
        let set = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            time.skew(skew);
            std::future::pending::<()>().await;
        };
        let asked = tokio::select! {
            asked = run(&mut world, hours(1)) => asked,
            () = set => unreachable!(),
        };
        assert!(asked.len() >= 12, "{skew}: {asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_first_poll_waits_for_a_scrape_but_not_for_ever() {
    let mut world = without_sweeps().await;
    world.server.with(|state| state.asked.clear());
    let begin = world.server.now();
    let polling = poller::run(
        world.take_poller(),
        world.schedule(),
        true,
        std::future::pending(),
        |_, _| (),
        std::future::pending(),
    );
    let _ = tokio::time::timeout(Duration::from_secs(70), polling).await;
    let asked = world.server.with(|state| state.asked[0].0);
    assert_eq!((asked - begin).num_seconds(), 60);

    world.start().await;
    world.server.with(|state| state.asked.clear());
    let begin = world.server.now();
    let scraped = tokio::time::sleep(Duration::from_secs(5));
    let polling = poller::run(
        world.take_poller(),
        world.schedule(),
        true,
        scraped,
        |_, _| (),
        std::future::pending(),
    );
    let _ = tokio::time::timeout(Duration::from_secs(70), polling).await;
    let asked = world.server.with(|state| state.asked[0].0);
    assert_eq!((asked - begin).num_seconds(), 5);
}
