//! The progress on the standard error: a bar on a terminal, plain lines in a pipe.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::BackfillSummary;
use super::terminal::Terminal;
use crate::log;
use crate::words::count;
use wolkvox::history::Notice;

/// How often the bar is drawn in a second at most.
const DRAWN_PER_SECOND: u8 = 20;

/// The bar's length: thousandths of the range.
const LENGTH: u64 = 1000;

/// How far the reading is.
pub struct Progress {
    shown: Presentation,
    begin: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Where and when this run began.
    first: DateTime<Utc>,
    started: Instant,
    /// What each chunk is followed by.
    pace: Duration,
    chunks: u64,
}

enum Presentation {
    Bar(Bar),
    Lines,
    Nothing,
}

/// A bar that is drawn anew each second.
struct Bar {
    bar: ProgressBar,
    ahead: Arc<Mutex<Ahead>>,
}

/// What comes when; counted down each time the bar is drawn.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    next_call: Option<Instant>,
    end: Option<Instant>,
}

impl Bar {
    fn new() -> Option<Bar> {
        let ahead = Arc::new(Mutex::new(Ahead::default()));
        let drawn = Arc::clone(&ahead);
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}{ahead}").ok()?;
        let style = style.with_key(
            "ahead",
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let ahead = *drawn.lock().unwrap_or_else(PoisonError::into_inner);
                // What can't be drawn now is drawn a second later.
                let _ = out.write_str(&ahead.words(Instant::now()));
            },
        );
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Terminal::new()), DRAWN_PER_SECOND);
        let bar = ProgressBar::with_draw_target(Some(LENGTH), target);
        bar.set_style(style);
        bar.enable_steady_tick(Duration::from_secs(1));
        Some(Bar { bar, ahead })
    }

    fn look_ahead(&self, change: impl FnOnce(&mut Ahead)) {
        change(&mut self.ahead.lock().unwrap_or_else(PoisonError::into_inner));
        self.bar.tick();
    }
}

impl Ahead {
    fn words(self, now: Instant) -> String {
        let left = |at: Option<Instant>| {
            let left = at?.saturating_duration_since(now);
            (!left.is_zero()).then(|| rounded(left))
        };
        let mut words = String::new();
        // Writing to a String cannot fail.
        if let Some(end) = left(self.end) {
            let _ = write!(words, ", {end} left");
        }
        if let Some(next) = left(self.next_call) {
            let _ = write!(words, ", next call in {next}");
        }
        words
    }
}

impl Progress {
    /// On the standard error: a bar if it is a terminal, else lines.
    pub fn on_stderr() -> Progress {
        let is_terminal =
            std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar = is_terminal.then(Bar::new).flatten();
        Progress::new(bar.map_or(Presentation::Lines, Presentation::Bar))
    }

    /// On the standard error, only what explains the waiting.
    pub fn notices_on_stderr() -> Progress {
        Progress::new(Presentation::Lines)
    }

    /// Says nothing.
    pub fn silent() -> Progress {
        Progress::new(Presentation::Nothing)
    }

    fn new(shown: Presentation) -> Progress {
        Progress {
            shown,
            begin: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH,
            first: DateTime::UNIX_EPOCH,
            started: Instant::now(),
            pace: Duration::ZERO,
            chunks: 0,
        }
    }

    /// The range from `begin` to `to` is read, a call each `pace`; everything before `next` has been, in a run before.
    pub fn begin(&mut self, begin: DateTime<Utc>, to: DateTime<Utc>, next: DateTime<Utc>, pace: Duration) {
        (self.begin, self.to, self.first) = (begin, to, next);
        (self.started, self.pace) = (Instant::now(), pace);
        if next > begin {
            self.say(&format!("going on from {}", next.format("%FT%TZ")));
        }
        if let Presentation::Bar(Bar { bar, .. }) = &self.shown {
            bar.set_position(self.thousandths(next));
            bar.set_message("asking");
        }
    }

    /// Everything before `next` has been read.
    pub fn chunk(&mut self, next: DateTime<Utc>, chats: u64) {
        self.chunks += 1;
        let at = self.thousandths(next);
        let left = self.time_left(next);
        let what = format!("{}, {}", count(self.chunks, "chunk"), count(chats, "chat"));
        match &self.shown {
            Presentation::Bar(shown) => {
                shown.bar.set_position(at);
                shown.bar.set_message(what);
                shown.look_ahead(|ahead| {
                    *ahead = Ahead {
                        end: Some(Instant::now() + left),
                        next_call: None,
                    };
                });
            }
            Presentation::Lines => self.say(&format!(
                "{} %: read up to {}, {what}, about {} left",
                at / 10,
                next.format("%FT%TZ"),
                rounded(left)
            )),
            Presentation::Nothing => {}
        }
    }

    /// If what is left takes as long as what was read, pauses included.
    fn time_left(&self, next: DateTime<Utc>) -> Duration {
        let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_seconds().max(0) as f64;
        let (done, rest) = (seconds(self.first, next), seconds(next, self.to));
        let spent = self.started.elapsed() + self.pace;
        Duration::try_from_secs_f64(spent.as_secs_f64() * rest / done.max(1.0)).unwrap_or_default()
    }

    /// Something happened that explains the waiting.
    pub fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Pause(pause) => match &self.shown {
                Presentation::Bar(shown) => {
                    shown.look_ahead(|ahead| ahead.next_call = Some(Instant::now() + *pause));
                }
                _ => self.say(&format!("the next call is made in {} (--pace)", rounded(*pause))),
            },
            Notice::Trouble(what) => self.say(what),
        }
    }

    /// All is written.
    pub fn end(&mut self, outcome: &BackfillSummary) {
        if let Presentation::Bar(Bar { bar, .. }) = &self.shown {
            bar.finish_and_clear();
        }
        self.say(&format!(
            "done: {} up to {}, {}",
            count(outcome.chats, "chat"),
            outcome.last.format("%FT%T%.3fZ"),
            count(outcome.calls, "call")
        ));
    }

    fn say(&self, text: &str) {
        match &self.shown {
            Presentation::Bar(Bar { bar, .. }) if !bar.is_finished() => bar.println(text),
            Presentation::Bar(_) | Presentation::Lines => log::say(text),
            Presentation::Nothing => {}
        }
    }

    fn thousandths(&self, at: DateTime<Utc>) -> u64 {
        let whole = (self.to - self.begin).num_seconds().max(1);
        let done = (at - self.begin).num_seconds().clamp(0, whole);
        u64::try_from(done).unwrap_or(0) * LENGTH / u64::try_from(whole).unwrap_or(1)
    }
}

/// To the second, and to the minute where there are hours.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let shown = if seconds < 3600 {
        seconds
    } else {
        seconds / 60 * 60
    };
    humantime::format_duration(Duration::from_secs(shown)).to_string()
}

#[cfg(test)]
mod tests;
