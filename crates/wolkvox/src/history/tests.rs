use std::collections::VecDeque;
use std::sync::Mutex;

use chrono_tz::Tz;

use super::*;
use crate::{Answer, Reason, Row, RowError};

const PACE: Duration = Duration::from_secs(300);

struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}
    fn row(&mut self, _row: Result<Row, RowError>) {}
}

/// A server that fails like this, one call after the other, and then answers without rows.
struct Failing {
    failures: Mutex<VecDeque<Error>>,
    asked: Mutex<Vec<(u64, Window)>>,
    begun: Instant,
}

impl Failing {
    fn with(failures: impl IntoIterator<Item = Error>) -> Failing {
        Failing {
            failures: Mutex::new(failures.into_iter().collect()),
            asked: Mutex::default(),
            begun: Instant::now(),
        }
    }

    /// At which second each call was made, and for how many hours.
    fn calls(&self) -> Vec<(u64, i64)> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .map(|(second, window)| (*second, (window.to - window.from).num_hours()))
            .collect()
    }
}

/// A call that fails like this, or is answered without a row.
fn exchange(failure: Option<Error>) -> Exchange {
    Exchange {
        status: None,
        date: None,
        bytes: 0,
        duration: Duration::ZERO,
        result: failure.map_or(Ok(Answer::default()), Err),
    }
}

impl Source for &Failing {
    async fn report<S: Sink>(&self, window: &Window, _sink: &mut S) -> Exchange {
        let call = (self.begun.elapsed().as_secs(), *window);
        self.asked.lock().unwrap().push(call);
        let failure = self.failures.lock().unwrap().pop_front();
        exchange(failure)
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Reads three days with a persistent reader.
async fn persist(failures: impl IntoIterator<Item = Error>) -> (Vec<(u64, i64)>, Vec<Notice>) {
    let source = Failing::with(failures);
    let from = utc("2026-03-10T05:00:00Z");
    let mut reader = Reader::persistent(&source, Tz::America__Bogota, PACE);
    let mut range = reader.open(Purpose::Poll, from, from + TimeDelta::days(3), None);
    let mut notices = Vec::new();
    while let Some(read) = reader
        .read_next(&mut range, |_| Nothing, |notice| notices.push(notice))
        .await
        .transpose()
    {
        read.unwrap();
    }
    (source.calls(), notices)
}

#[tokio::test(start_paused = true)]
async fn a_call_for_less_keeps_the_pace_like_any_other() {
    let (calls, notices) = persist([Error::new(Reason::TooManyRows, "60,000 rows")]).await;
    assert_eq!(calls, [(0, 72), (300, 36), (600, 36)]);
    assert_eq!(
        notices,
        [
            Notice::Trouble("60,000 rows. Asking for 1day 12h at a time in 5m".to_owned()),
            Notice::Pause(PACE)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn another_try_keeps_the_pace_unless_the_server_was_not_reached() {
    let busy = Error::new(Reason::HttpStatus, "503").with_status(503);
    let (calls, notices) = persist([busy]).await;
    assert_eq!(calls, [(0, 72), (300, 72)]);
    assert_eq!(notices, [Notice::Trouble("503. Asking again in 5m".to_owned())]);
    let (calls, notices) = persist([Error::new(Reason::Connect, "refused")]).await;
    assert_eq!(calls, [(0, 72), (10, 72)]);
    assert_eq!(
        notices,
        [Notice::Trouble("refused. Asking again in 10s".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_longer_than_the_pace_is_kept_instead_of_it() {
    let quota = || Error::new(Reason::Quota, "used up").with_status(403);
    let (calls, _) = persist([quota(), quota(), quota()]).await;
    assert_eq!(calls, [(0, 72), (300, 72), (900, 72), (2100, 72)]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_three_times_in_a_row_is_asked_for_less() {
    let busy = || Error::new(Reason::HttpStatus, "503").with_status(503);
    let (calls, _) = persist([busy(), busy(), busy(), busy()]).await;
    assert_eq!(
        calls.iter().map(|(_, hours)| *hours).collect::<Vec<_>>(),
        [72, 72, 72, 36, 18, 18, 36]
    );
}

/// What was asked for, as local texts, where every answer is whole.
async fn asked(open: impl FnOnce(&Reader<&Failing>) -> OpenRange) -> Vec<String> {
    let source = Failing::with([]);
    let mut reader = Reader::persistent(&source, Tz::America__Bogota, Duration::ZERO);
    let mut range = open(&reader);
    while reader
        .read_next(&mut range, |_| Nothing, |_| ())
        .await
        .unwrap()
        .is_some()
    {}
    let asked = source.asked.lock().unwrap();
    asked
        .iter()
        .map(|(_, window)| {
            let [from, to] = [window.date_ini, window.date_end].map(crate::window::format_local);
            format!("{from}-{to}")
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_range_is_read_month_by_month_and_its_last_second_once() {
    let april = "20260401000000-20260402000000";
    let read = |from: &'static str, read_to: Option<&'static str>| {
        asked(move |reader| {
            let range = reader.open(Purpose::Poll, utc(from), utc("2026-04-02T05:00:00Z"), None);
            range.after(read_to.map(utc))
        })
    };
    assert_eq!(
        read("2026-03-30T05:00:00Z", None).await,
        ["20260330000000-20260331235959", april]
    );
    let end_of_march = "2026-04-01T04:59:59Z";
    assert_eq!(
        read(end_of_march, None).await,
        ["20260331235959-20260331235959", april],
        "nobody has asked for that second yet"
    );
    assert_eq!(read(end_of_march, Some(end_of_march)).await, [april]);
    let end = "2026-04-02T05:00:00Z";
    assert_eq!(
        read(end, Some(end)).await,
        ["20260402000000-20260402000000"],
        "one chunk says how far the report was read"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_below_the_floor() {
    let floor = crate::window::parse_local("20260331120000");
    let asked = asked(|reader| {
        let [from, to] = ["2026-03-30T05:00:00Z", "2026-04-01T06:00:00Z"].map(utc);
        reader.open(Purpose::Poll, from, to, floor)
    })
    .await;
    assert_eq!(
        asked,
        ["20260331120000-20260331235959", "20260401000000-20260401010000"]
    );
}

#[tokio::test(start_paused = true)]
async fn polls_and_sweeps_have_chunk_sizes_of_their_own() {
    let source = Failing::with([Error::new(Reason::Truncated, "cut")]);
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    let [from, to] = ["2026-03-10T05:00:00Z", "2026-03-11T05:00:00Z"].map(utc);
    let mut sweep = reader.open(Purpose::Sweep, from, to, None);
    let chunk = reader.next(&mut sweep).unwrap();
    let call = reader.ask(&mut sweep, &chunk, |_| Nothing).await;
    assert!(matches!(call.next, Next::Smaller));
    assert_eq!(reader.next(&mut sweep).unwrap().to, utc("2026-03-10T17:00:00Z"));
    let mut poll = reader.open(Purpose::Poll, from, to, None);
    assert_eq!(reader.next(&mut poll).unwrap().to, to);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_gives_way_to_the_next_cycle_after_one_call() {
    let source = Failing::with([]);
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    reader.begin_cycle(Some(Instant::now()));
    let [from, to] = ["2026-03-10T05:00:00Z", "2026-05-11T05:00:00Z"].map(utc);
    for (purpose, calls, gives_way) in [(Purpose::Sweep, 1, true), (Purpose::Poll, 3, false)] {
        let mut range = reader.open(purpose, from, to, None);
        let mut made = 0;
        while let Some(chunk) = reader.next(&mut range) {
            reader.ask(&mut range, &chunk, |_| Nothing).await;
            reader.accept(&mut range, &chunk);
            made += 1;
        }
        assert_eq!((made, range.gives_way()), (calls, gives_way), "{purpose:?}");
    }
}

/// A server that fails where a window holds this second.
struct Poisoned(Mutex<Option<DateTime<Utc>>>);

impl Source for &Poisoned {
    async fn report<S: Sink>(&self, window: &Window, _sink: &mut S) -> Exchange {
        let poison = *self.0.lock().unwrap();
        let fails = poison.is_some_and(|second| (window.from..=window.to).contains(&second));
        let error = Error::new(Reason::HttpStatus, "scripted").with_status(500);
        exchange(fails.then_some(error))
    }
}

/// Reads a range to its end or its failure; whether it was read, and what was answered.
async fn read<S: Source>(reader: &mut Reader<S>, purpose: Purpose) -> (bool, Vec<Window>) {
    let [from, to] = ["2026-03-10T15:00:00Z", "2026-03-10T15:15:00Z"].map(utc);
    reader.begin_cycle(None);
    let mut range = reader.open(purpose, from, to, None);
    let mut answered = Vec::new();
    while let Some(chunk) = reader.next(&mut range) {
        let call = reader.ask(&mut range, &chunk, |_| Nothing).await;
        if call.next == Next::Judge {
            reader.accept(&mut range, &chunk);
            answered.push(chunk);
        }
    }
    (reader.leave(&mut range).is_ok(), answered)
}

#[tokio::test(start_paused = true)]
async fn a_second_is_passed_over_after_three_failures_and_only_sweeps_ask_for_it_again() {
    let second = utc("2026-03-10T15:07:07Z");
    let source = Poisoned(Mutex::new(Some(second)));
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    let mut failed = 0;
    while !read(&mut reader, Purpose::Poll).await.0 {
        failed += 1;
        assert!(failed < 8, "it is never given up");
    }
    // Two before it is searched for, one in which the search comes to its bound, and two of its own; the third is the last.
    assert_eq!((failed, reader.seconds_skipped()), (5, 1));
    let holds = |answered: &[Window]| {
        answered
            .iter()
            .any(|chunk| chunk.from <= second && second <= chunk.to)
    };
    let (_, answered) = read(&mut reader, Purpose::Poll).await;
    assert!(!holds(&answered) && answered.len() == 2, "{answered:?}");

    *source.0.lock().unwrap() = None;
    assert!(
        !holds(&read(&mut reader, Purpose::Poll).await.1),
        "polls pass over it"
    );
    assert!(holds(&read(&mut reader, Purpose::Sweep).await.1), "sweeps do not");
    assert!(
        holds(&read(&mut reader, Purpose::Poll).await.1),
        "it can be read again"
    );
    assert_eq!(reader.seconds_skipped(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_believed_leaves_a_gap_and_the_range_goes_on() {
    let source = Failing::with([]);
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    let [from, to] = ["2026-03-31T15:00:00Z", "2026-04-01T15:00:00Z"].map(utc);
    let mut range = reader.open(Purpose::Poll, from, to, None);
    let march = reader.next(&mut range).unwrap();
    reader.ask(&mut range, &march, |_| Nothing).await;
    assert!(!range.has_gap());
    range.disbelieve(&march);
    assert!(range.has_gap());
    let april = reader.next(&mut range).unwrap();
    assert_eq!((april.from, april.to), (utc("2026-04-01T05:00:00Z"), to));
}

/// Fails where a window holds one of these seconds, as if the answer were cut; remembers what was asked.
struct Cut {
    seconds: Mutex<Vec<DateTime<Utc>>>,
    asked: Mutex<Vec<Window>>,
}

impl Source for &Cut {
    async fn report<S: Sink>(&self, window: &Window, _sink: &mut S) -> Exchange {
        self.asked.lock().unwrap().push(*window);
        let fails = self
            .seconds
            .lock()
            .unwrap()
            .iter()
            .any(|second| (window.from..=window.to).contains(second));
        let error = Error::new(Reason::Truncated, "cut");
        exchange(fails.then_some(error))
    }
}

/// One cycle in which the server has answered before. At most so many calls are made.
async fn cycle(reader: &mut Reader<&Cut>, range: &mut OpenRange, most: usize) {
    reader.begin_cycle(None);
    reader.cycle.note_answer();
    for _ in 0..most {
        let Some(chunk) = reader.next(range) else { break };
        let call = reader.ask(range, &chunk, |_| Nothing).await;
        if call.next == Next::Judge {
            reader.accept(range, &chunk);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_that_goes_back_over_a_months_end_reads_on_from_there() {
    let last = utc("2026-04-01T04:59:59Z");
    let seconds = (-20..=20).map(|ago| last + TimeDelta::seconds(ago));
    let source = Cut {
        seconds: Mutex::new(seconds.collect()),
        asked: Mutex::default(),
    };
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    let [from, to] = ["2026-04-01T03:00:00Z", "2026-04-01T07:00:00Z"].map(utc);
    let mut range = reader.open(Purpose::Sweep, from, to, None);
    for number in 0..12 {
        if number == 9 {
            source.seconds.lock().unwrap().clear();
        }
        cycle(&mut reader, &mut range, 100).await;
        let _ = reader.leave(&mut range);
        if range.is_at_end() {
            return;
        }
        range.resume(None);
    }
    panic!("it asks for the same second for ever");
}

#[tokio::test(start_paused = true)]
async fn a_search_never_goes_on_behind_what_was_not_read() {
    let [from, to] = ["2026-03-10T03:00:00Z", "2026-03-10T03:00:20Z"].map(utc);
    let source = Cut {
        seconds: Mutex::new(vec![from + TimeDelta::seconds(5)]),
        asked: Mutex::default(),
    };
    let mut reader = Reader::in_cycles(&source, Tz::America__Bogota);
    // As a sweep leaves it that ended in a second that can't be read.
    let later = to - TimeDelta::seconds(5);
    reader
        .sweeps
        .suspects
        .push(later, &Error::new(Reason::Truncated, "cut"));
    let mut range = reader.open(Purpose::Sweep, from, to, None);
    cycle(&mut reader, &mut range, 100).await;
    let (at, _) = range.position().unwrap();
    assert!(at <= from + TimeDelta::seconds(5), "{at}");
}
