//! The server's clock jumps. What closes then has its new time in the report; rows that are there stay as they are.

use chrono::{DateTime, TimeDelta, Utc};
use wolkvox::window;

use crate::support::world::{World, hours, minutes};

/// A running exporter and what became of the chats that closed since.
struct Run {
    world: World,
    closed: u64,
    /// Of them, those that closed at a time below which nothing is asked for any more.
    below_the_floor: u64,
}

impl Run {
    /// Long enough for ids to be forgotten.
    async fn begin(sweeps: bool) -> Run {
        let mut world = World::running().await;
        if !sweeps {
            world.config.polling.sweep_interval = None;
            world.restart().await;
        }
        let mut run = Run {
            world,
            closed: 0,
            below_the_floor: 0,
        };
        for _ in 0..40 {
            run.close(1);
            run.world.cycles(12).await;
        }
        assert!(run.floor().is_some(), "ids were forgotten");
        run
    }

    /// The latest instant below which nothing is asked for any more.
    fn floor(&self) -> Option<DateTime<Utc>> {
        let local = self.world.disk.committed().seen.floor()?;
        Some(window::to_instants(local, self.world.config.server.timezone).0)
    }

    fn close(&mut self, count: u64) {
        self.closed += count;
        if self.floor().is_some_and(|floor| self.world.server.now() < floor) {
            self.below_the_floor += count;
        }
        self.world.close(count as usize);
    }

    /// The server's clock is off by this from now on.
    async fn jump(&mut self, offset: TimeDelta, restarts: bool) {
        self.world.server.with(|state| state.offset = offset);
        self.close(1);
        if restarts {
            self.world.crash();
            self.close(2);
            self.world.wait(minutes(10)).await;
            self.close(3);
            self.world.start().await;
        }
        for _ in 0..15 {
            self.world.cycle().await;
            let shown = self.world.shown.value("wolkvox_api_clock_offset_seconds");
            let off = shown.unwrap() - offset.num_seconds() as f64;
            assert!(off.abs() < 1.5, "{shown:?} for {offset}");
            self.close(2);
        }
    }
}

/// The clock jumps by each of these and back, twice; at the second time the exporter is down at each jump. Nothing is
/// lost but what closes at times that lie so far back that they are counted and forgotten.
async fn jumps(sweeps: bool, forgotten_after: TimeDelta) {
    for offset in [minutes(3), hours(2), hours(30)] {
        for offset in [offset, -offset] {
            let mut run = Run::begin(sweeps).await;
            for restarts in [false, true] {
                run.jump(offset, restarts).await;
                run.jump(TimeDelta::zero(), restarts).await;
            }
            // What closed just before a jump back lies ahead until time gets there.
            let ahead = u32::try_from(offset.num_hours()).unwrap_or(0);
            run.world.cycles(12 * (ahead + 2)).await;
            assert_eq!(run.below_the_floor > 0, offset < -forgotten_after, "{offset}");
            assert_eq!(run.world.counted(), run.closed - run.below_the_floor, "{offset}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_clock_jumps_and_comes_back() {
    jumps(true, hours(27)).await;
}

#[tokio::test(start_paused = true)]
async fn the_servers_clock_jumps_and_comes_back_without_sweeps() {
    jumps(false, minutes(75)).await;
}
