//! Months' ends and daylight saving.

use std::time::Duration;

use chrono_tz::{America::Bogota, America::Santiago, Europe::Madrid, Tz};
use simulator::Filter;
use simulator::memory::Chat;

use crate::support::world::{World, hours, minutes, utc};

/// A chat a minute through a change; each counts once, whatever the filter and the end.
async fn through(zone: Tz, from: &str, length: i64) {
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        for exclusive in [false, true] {
            for outage in [false, true] {
                let mut world = World::running_at(from, zone).await;
                world.server.with(|state| {
                    state.filter = filter;
                    state.end_is_exclusive = exclusive;
                });
                let begin = world.server.now() + minutes(1);
                for minute in 0..length * 60 {
                    world.happen(Chat::new((minute + 1).to_string(), begin + minutes(minute)));
                }
                if outage {
                    world.crash();
                    world.wait(hours(length - 1)).await;
                    world.start().await;
                }
                // To the end, the sweep after it, and far enough for ids to be forgotten.
                world.cycles(u32::try_from((length + 2) * 12).unwrap()).await;
                let expected = u64::try_from(length * 60).unwrap();
                assert_eq!(
                    world.counted(),
                    expected,
                    "{zone} {filter:?} {exclusive} {outage}"
                );
                world.config.polling.poll_interval = Duration::from_secs(3600);
                world.restart().await;
                world.cycles(30).await;
                assert_eq!(world.counted(), expected, "{zone} a day later");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_crosses_a_months_end_and_nothing_is_lost_there() {
    // The report in memory refuses a window across a month.
    through(Bogota, "2026-05-01 03:30:00", 3).await;
    through(Bogota, "2027-01-01 03:30:00", 3).await;
}

#[tokio::test(start_paused = true)]
async fn clocks_go_back_in_madrid() {
    through(Madrid, "2026-10-24 23:00:00", 4).await;
}

#[tokio::test(start_paused = true)]
async fn clocks_go_forward_in_madrid() {
    through(Madrid, "2026-03-28 23:30:00", 4).await;
}

#[tokio::test(start_paused = true)]
async fn clocks_go_back_in_santiago() {
    through(Santiago, "2026-04-05 01:30:00", 4).await;
}

#[tokio::test(start_paused = true)]
async fn clocks_go_forward_in_santiago() {
    through(Santiago, "2026-09-06 02:30:00", 4).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_within_the_repeated_hour_counts_what_may_be_from_after_it() {
    // 02:30 local, the second time; the clocks went back at 01:00 UTC.
    let mut world = World::at("2026-10-25 01:30:00", Madrid);
    world.start().await;
    world.cycle().await;
    // 02:45 the first time round: before the start, but it reads like after it.
    world.happen(Chat::new("ambiguous", utc("2026-10-25 00:45:00")).delayed(minutes(52)));
    // 02:15 the first and the second time round: both before.
    world.happen(Chat::new("before", utc("2026-10-25 00:15:00")).delayed(minutes(82)));
    world.happen(Chat::new("before too", utc("2026-10-25 01:15:00")).delayed(minutes(22)));
    // 02:45 the second time round: after it.
    world.happen(Chat::new("after", utc("2026-10-25 01:45:00")));
    world.cycles(20).await;
    assert_eq!(world.counted(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_before_the_repeated_hour_counts_all_of_it() {
    let mut world = World::running_at("2026-10-25 00:30:00", Madrid).await;
    for minute in 10..110 {
        world.happen(Chat::new(
            minute.to_string(),
            utc("2026-10-25 00:30:00") + minutes(minute),
        ));
    }
    world.cycles(30).await;
    assert_eq!(world.counted(), 100);
}
