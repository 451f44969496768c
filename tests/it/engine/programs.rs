//! Random programs of failures, crashes and clocks over random chats. In the end each chat is counted once; at no time
//! is one counted twice. What is shown is held against its promises at each publication.

use simulator::Filter;
use simulator::memory::{Chat, Fault};
use std::collections::BTreeSet;
use std::time::Duration;
use wolkvox_exporter::chats::key::Table;
use wolkvox_exporter::chats::today::{DaySpan, Today};
use wolkvox_exporter::clock::Clock;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::{America::Bogota, America::Santiago, Asia::Tokyo, Europe::Madrid, Tz, UTC};
use proptest::prelude::*;
use wolkvox::{Error, Reason, window};
use wolkvox_exporter::chats::Field;

use crate::support::world::{World, hours, length, minutes};

const LOOKBACK: i64 = 6;

#[derive(Debug, Clone)]
enum Step {
    Cycles(u32),
    Crash,
    /// Killed this many milliseconds after a cycle began.
    Killed(u64),
    /// The next commits take this many milliseconds each.
    SlowCommits(u32, u64),
    /// The next calls fail, and how.
    Faults(Vec<Option<u8>>),
    /// For so many cycles the report seems to be empty.
    Silence(u32),
    FailCommits(u32),
    /// The next commits fail although they are written.
    FailLate(u32),
    /// Dead for some minutes.
    Down(i64),
    /// A second so many minutes ago can't be read for so many cycles, and how.
    Poison {
        ago: i64,
        cycles: u32,
        kind: u8,
    },
    /// Our clock is off by some minutes from now on.
    Skew(i64),
    Settings {
        zone: u8,
        window: i64,
        lookback: i64,
        sweeps: bool,
    },
}

#[derive(Debug, Clone)]
struct Spec {
    /// Minutes since the start.
    closed: i64,
    second: i64,
    /// Minutes until its row appears, within the sweep's look back.
    delay: i64,
    lasting: i64,
    says_close: bool,
    skill: u8,
}

fn chat() -> impl Strategy<Value = Spec> {
    let delay = prop_oneof![5 => Just(0_i64), 2 => 1..14_i64, 1 => 14..LOOKBACK * 60];
    (
        -400..700_i64,
        0..60_i64,
        delay,
        0..290_i64,
        any::<bool>(),
        0..3_u8,
    )
        .prop_filter("clearly before or after the start", |spec| {
            !(-3..=3).contains(&spec.0)
        })
        .prop_map(|(closed, second, delay, lasting, says_close, skill)| Spec {
            closed,
            second,
            delay,
            lasting,
            says_close,
            skill,
        })
}

/// In the middle of a cycle, or at any time up to the next.
fn killed() -> impl Strategy<Value = Step> {
    prop_oneof![0..3000_u64, 0..700_000_u64].prop_map(Step::Killed)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6_u32).prop_map(Step::Cycles),
        1 => Just(Step::Crash),
        2 => killed(),
        2 => (1..4_u32, prop_oneof![0..3000_u64, 0..1_400_000_u64]).prop_map(|(commits, time)| Step::SlowCommits(commits, time)),
        2 => proptest::collection::vec(proptest::option::of(0..6_u8), 1..5).prop_map(Step::Faults),
        1 => (1..5_u32).prop_map(Step::FailCommits),
        1 => (1..5_u32).prop_map(Step::FailLate),
        1 => (1..200_i64).prop_map(Step::Down),
        1 => (0..30_i64, 1..12_u32, 2..6_u8).prop_map(|(ago, cycles, kind)| Step::Poison { ago, cycles, kind }),
        1 => prop_oneof![-3..4_i64, -5000..5000_i64].prop_map(Step::Skew),
    ]
}

/// What a busy operation goes through whose report is silent for longer than sweeps look back. Nothing cuts its windows
/// into chunks that are too short to hold a whole chat.
fn silence() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4_u32).prop_map(Step::Cycles),
        3 => (1..80_u32).prop_map(Step::Silence),
        1 => Just(Step::Crash),
        1 => killed(),
        1 => proptest::collection::vec(proptest::option::of(0..4_u8), 1..5).prop_map(Step::Faults),
        1 => (1..5_u32).prop_map(Step::FailCommits),
        1 => (1..200_i64).prop_map(Step::Down),
    ]
}

/// A chat every few minutes, of a few minutes each.
fn busy() -> impl Strategy<Value = Vec<Spec>> {
    proptest::collection::vec((1..4_i64, 0..60_i64, 0..6_i64, any::<bool>(), 0..3_u8), 250..300).prop_map(
        |chats| {
            let mut closed = -12;
            let spec = |(after, second, lasting, says_close, skill)| {
                closed += after;
                Spec {
                    closed,
                    second,
                    delay: 0,
                    lasting,
                    says_close,
                    skill,
                }
            };
            let mut chats: Vec<_> = chats.into_iter().map(spec).collect();
            chats.retain(|spec| !(-3..=3).contains(&spec.closed));
            chats
        },
    )
}

fn change() -> impl Strategy<Value = Step> {
    let window = prop_oneof![Just(1_i64), 1..60_i64, 60..3000_i64];
    let lookback = prop_oneof![1..60_i64, 60..6000_i64];
    (0..5_u8, window, lookback, any::<bool>()).prop_map(|(zone, window, lookback, sweeps)| Step::Settings {
        zone,
        window,
        lookback,
        sweeps,
    })
}

fn fault(kind: u8) -> Fault {
    match kind {
        0 => Fault::of(Reason::Connect),
        1 => Fault::of(Reason::Timeout),
        2 => Fault::status(503),
        3 => Fault::of(Reason::Concurrency),
        4 => Fault::half(),
        _ => Fault::at_the_end(Error::new(Reason::Truncated, "scripted")),
    }
}

fn zone_of(number: u8) -> Tz {
    [Bogota, Santiago, Tokyo, Madrid, UTC][usize::from(number)]
}

/// Commits succeed from now on.
fn heal(world: &World) {
    world.disk.fail(0);
    world.disk.fail_late(0);
}

async fn go(world: &mut World, step: &Step) {
    // A start whose first commit fails ends the process; this is the one after.
    if !matches!(
        step,
        Step::Cycles(_)
            | Step::Killed(_)
            | Step::SlowCommits(..)
            | Step::FailLate(_)
            | Step::Faults(_)
            | Step::Silence(_)
            | Step::Poison { .. }
            | Step::Skew(_)
    ) {
        heal(world);
    }
    match step {
        Step::Cycles(count) => world.cycles(*count).await,
        Step::Crash => world.restart().await,
        Step::Killed(after) => {
            world.killed_cycle(Duration::from_millis(*after)).await;
            heal(world);
            world.start().await;
        }
        Step::Faults(faults) => world.server.with(|state| {
            state.script.extend(faults.iter().map(|kind| kind.map(fault)));
        }),
        Step::Silence(cycles) => {
            world.server.with(|state| state.down = Some(Fault::silence()));
            world.cycles(*cycles).await;
            world.server.with(|state| state.down = None);
        }
        Step::FailCommits(count) => world.disk.fail(*count),
        Step::FailLate(count) => world.disk.fail_late(*count),
        Step::SlowCommits(count, time) => world.disk.slow(*count, Duration::from_millis(*time)),
        Step::Down(time) => {
            world.crash();
            world.wait(minutes(*time)).await;
            world.start().await;
        }
        Step::Poison { ago, cycles, kind } => {
            let second = world.server.now() - minutes(*ago);
            let kind = fault(*kind);
            world.server.with(|state| state.poison.push((second, kind)));
            world.cycles(*cycles).await;
            world.server.with(|state| state.poison.clear());
        }
        Step::Skew(skew) => world.time.skew(minutes(*skew)),
        Step::Settings {
            zone,
            window,
            lookback,
            sweeps,
        } => {
            world.config.server.timezone = zone_of(*zone).into();
            world.config.polling.window = length(minutes(*window));
            world.config.polling.sweep_lookback = length(minutes(*lookback));
            world.config.polling.sweep_interval = sweeps.then_some(Duration::from_secs(3600));
            world.restart().await;
        }
    }
}

#[derive(Debug)]
struct Program {
    zone: Tz,
    start: &'static str,
    chats: Vec<Spec>,
    steps: Vec<Step>,
    filter: Filter,
    end_is_exclusive: bool,
    offset: TimeDelta,
    /// Nothing may be lost either.
    is_complete: bool,
    /// Seconds from the start to the first scrape; then one comes per poll interval.
    scraped_after: u64,
}

/// All chats whose rows were read are of the day of their close, and each once.
#[derive(Default)]
struct Found(BTreeSet<String>);

impl Found {
    fn check(&mut self, world: &World) {
        let ledger = world.disk.committed();
        let (chats, zone) = world.server.with(|state| (state.chats.clone(), state.zone));
        let is_known = |chat: &&Chat| ledger.seen.first_seen(&*chat.id).is_some();
        self.0
            .extend(chats.iter().filter(is_known).map(|chat| chat.id.clone()));
        for now in [world.time.now(), world.server.now()] {
            let expires = tokio::time::Instant::now() + Duration::from_secs(1);
            let Some(today) = Today::new(&ledger.totals, zone.into(), expires).at(now) else {
                continue;
            };
            let span = DaySpan::of(now, zone.into());
            let is_of_it = |chat: &&Chat| self.0.contains(&chat.id) && span.contains(read_close(chat, zone));
            let shown: u64 = today.skills().map(|(_, _, sums)| sums.chats).sum();
            assert_eq!(shown, chats.iter().filter(is_of_it).count() as u64, "{span:?}");
        }
    }
}

/// When a chat closed, as its row has it.
fn read_close(chat: &Chat, zone: Tz) -> DateTime<Utc> {
    let read = |at: DateTime<Utc>| window::to_instants(at.with_timezone(&zone).naive_local(), zone).0;
    if chat.says_close {
        read(chat.closed)
    } else {
        read(chat.opened) + (chat.closed - chat.opened)
    }
}

/// In a wrong zone a chat from before the start may be taken for one from after it, but never is one counted twice.
fn check(world: &World, program: &Program, expected: u64) {
    if program.is_complete {
        assert!(world.committed() <= expected);
    } else {
        let totals = world.disk.committed().totals;
        assert!(totals[Table::Chats].values().all(|entry| entry.chats() <= 1));
    }
}

async fn run(program: Program) {
    let mut world = World::at(program.start, program.zone);
    world.config.polling.poll_interval = Duration::from_secs(600);
    world.config.polling.sweep_lookback = length(hours(LOOKBACK));
    world.scraped_after = Duration::from_secs(program.scraped_after);
    world.server.with(|state| {
        state.filter = program.filter;
        state.end_is_exclusive = program.end_is_exclusive;
        state.offset = program.offset;
        // A zone that is not the report's does not know when its clocks went back.
        state.has_hidden = !program.is_complete;
    });
    let start = world.server.now();
    let mut expected = 0;
    for (id, spec) in program.chats.iter().enumerate() {
        let closed = start + minutes(spec.closed) + TimeDelta::seconds(spec.second);
        let lasting = minutes(spec.lasting);
        // A filter on opening sees a row later by its duration.
        let delay = match program.filter {
            Filter::CloseTime => spec.delay,
            Filter::OpenTime => spec.delay.min(LOOKBACK * 60 - spec.lasting),
        };
        // Of its own where each one is looked at.
        let skill = if program.is_complete {
            spec.skill.to_string()
        } else {
            format!("of {id}")
        };
        let mut chat = Chat::new((id + 1).to_string(), closed)
            .lasting(lasting)
            .delayed(minutes(delay))
            .with(Field::SkillId, &skill);
        chat.says_close = spec.says_close;
        if program.end_is_exclusive && is_last_second_of_month(&world, &chat) {
            continue;
        }
        world.happen(chat);
        expected += u64::from(spec.closed > 0);
    }
    world.start().await;
    world.cycle().await;
    let mut found = Found::default();
    for step in &program.steps {
        go(&mut world, step).await;
        check(&world, &program, expected);
        if program.is_complete {
            found.check(&world);
        }
    }
    // All is well from here on: up to the last row, and two sweeps more.
    world.time.skew(TimeDelta::zero());
    heal(&world);
    world.disk.slow(0, Duration::ZERO);
    world.server.with(|state| state.script.clear());
    world.config.server.timezone = program.zone.into();
    world.config.polling.window = length(minutes(15));
    world.config.polling.sweep_lookback = length(hours(LOOKBACK));
    world.config.polling.sweep_interval = Some(Duration::from_secs(3600));
    world.restart().await;
    let last = start + minutes(700 + LOOKBACK * 60);
    while world.server.now() < last {
        world.cycles(6).await;
        check(&world, &program, expected);
        if program.is_complete {
            found.check(&world);
        }
    }
    world.cycles(14).await;
    if program.is_complete {
        assert_eq!(world.counted(), expected);
    }
    // What was forgotten is not counted again, however far back is asked.
    world.config.polling.sweep_lookback = length(hours(24 * 20));
    world.restart().await;
    world.cycles(2).await;
    check(&world, &program, expected);
    if program.is_complete {
        assert_eq!(world.counted(), expected);
    }
    // Each scrape saw each series at 0 before anything else. So this is what any `increase()` adds up to.
    for name in ["wolkvox_chats_total", "wolkvox_agent_chats_total"] {
        assert_eq!(world.shown.increase(name), world.shown.sum(name, ""), "{name}");
    }
}

/// Where `date_end` is exclusive, no request holds it: none may cross the month.
fn is_last_second_of_month(world: &World, chat: &Chat) -> bool {
    let (filter, zone) = world.server.with(|state| (state.filter, state.zone));
    let local = chat.time(filter).with_timezone(&zone).naive_local();
    (local + TimeDelta::seconds(1)).month() != local.month()
}

fn simulate(program: Program) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(run(program));
}

/// A common day, a month's end, and the changes of daylight saving.
fn place() -> impl Strategy<Value = (Tz, &'static str)> {
    prop_oneof![
        Just((Bogota, "2026-03-10 15:00:00")),
        Just((Bogota, "2026-04-30 23:00:00")),
        Just((Madrid, "2026-10-24 20:00:00")),
        Just((Madrid, "2026-03-28 20:00:00")),
        Just((Santiago, "2026-04-04 22:00:00")),
        Just((Santiago, "2026-09-05 22:00:00")),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![3 => Just(Filter::CloseTime), 1 => Just(Filter::OpenTime)]
}

/// These chats and steps, anywhere: nothing may be lost.
fn complete(
    chats: impl Strategy<Value = Vec<Spec>>,
    steps: impl Strategy<Value = Vec<Step>>,
) -> impl Strategy<Value = Program> {
    let offset = prop_oneof![Just(0_i64), -150..150_i64];
    (
        place(),
        chats,
        steps,
        filter(),
        any::<bool>(),
        offset,
        scraped_after(),
    )
        .prop_map(
            |((zone, start), chats, steps, filter, end_is_exclusive, offset, scraped_after)| Program {
                zone,
                start,
                chats,
                steps,
                filter,
                end_is_exclusive,
                offset: TimeDelta::seconds(offset),
                is_complete: true,
                scraped_after,
            },
        )
}

fn scraped_after() -> impl Strategy<Value = u64> {
    0..600_u64
}

/// How many programs; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(24, |cases| cases.parse().expect("a number of cases"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn each_chat_counts_once_whatever_fails(
        program in complete(proptest::collection::vec(chat(), 0..60), proptest::collection::vec(step(), 0..20)),
    ) {
        simulate(program);
    }

    #[test]
    fn no_silence_loses_a_chat_of_a_busy_operation(
        program in complete(busy(), proptest::collection::vec(silence(), 1..12)),
    ) {
        simulate(program);
    }

    #[test]
    fn no_chat_counts_twice_whatever_is_set(
        (zone, start) in place(),
        chats in proptest::collection::vec(chat(), 0..60),
        steps in proptest::collection::vec(prop_oneof![2 => step(), 1 => change()], 0..24),
        filter in filter(),
        end_is_exclusive in any::<bool>(),
        scraped_after in scraped_after(),
    ) {
        simulate(Program {
            zone, start, chats, steps, filter, end_is_exclusive,
            offset: TimeDelta::zero(),
            is_complete: false,
            scraped_after,
        });
    }
}
