use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::TimeDelta;

use super::*;
use wolkvox::{Answer, Error};

const PACE: Duration = Duration::from_secs(300);

/// A server that fails like this, one call after the other, and then answers without rows.
struct Failing {
    failures: Mutex<VecDeque<Error>>,
    asked: Mutex<Vec<(u64, TimeDelta)>>,
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
}

impl Source for &Failing {
    async fn report<S: Sink>(&self, window: &Window, _sink: &mut S) -> Exchange {
        let call = (self.begun.elapsed().as_secs(), window.to - window.from);
        self.asked.lock().unwrap().push(call);
        let failure = self.failures.lock().unwrap().pop_front();
        Exchange {
            status: None,
            date: None,
            bytes: 0,
            duration: Duration::ZERO,
            result: failure.map_or(Ok(Answer::default()), Err),
        }
    }
}

/// Reads three days; at which second each call was made, and for how many hours.
async fn calls(failures: impl IntoIterator<Item = Error>) -> (Vec<(u64, i64)>, Vec<Notice>) {
    let source = Failing::with(failures);
    let from: DateTime<Utc> = "2026-03-10T05:00:00Z".parse().unwrap();
    let to = from + TimeDelta::days(3);
    let mut reader = Reader::new(&source, chrono_tz::Tz::America__Bogota, PACE);
    let mut notices = Vec::new();
    let mut cursor = from;
    while cursor < to {
        let piece = reader.next(cursor, to, |notice| notices.push(notice)).await;
        cursor = piece.unwrap().unwrap().window.to;
    }
    let asked = source.asked.lock().unwrap().clone();
    let calls = asked.iter().map(|(second, length)| (*second, length.num_hours()));
    (calls.collect(), notices)
}

#[tokio::test(start_paused = true)]
async fn a_call_for_less_keeps_the_pace_like_any_other() {
    let (calls, notices) = calls([Error::new(Reason::TooManyRows, "60,000 rows")]).await;
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
    let (calls_made, notices) = calls([busy]).await;
    assert_eq!(calls_made, [(0, 72), (300, 72)]);
    assert_eq!(notices, [Notice::Trouble("503. Asking again in 5m".to_owned())]);
    let (calls_made, notices) = calls([Error::new(Reason::Connect, "refused")]).await;
    assert_eq!(calls_made, [(0, 72), (10, 72)]);
    assert_eq!(
        notices,
        [Notice::Trouble("refused. Asking again in 10s".to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_longer_than_the_pace_is_kept_instead_of_it() {
    let quota = || Error::new(Reason::Quota, "used up").with_status(403);
    let (calls, _) = calls([quota(), quota(), quota()]).await;
    assert_eq!(calls, [(0, 72), (300, 72), (900, 72), (2100, 72)]);
}
