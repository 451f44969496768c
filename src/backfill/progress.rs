//! What a person who waits sees on the standard error: a bar on a terminal, plain lines in a pipe.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use super::Outcome;
use super::reading::Notice;

/// The bar's length: thousandths of the stretch.
const LENGTH: u64 = 1000;

/// How far the reading is.
pub struct Progress {
    shown: Shown,
    begin: DateTime<Utc>,
    to: DateTime<Utc>,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Progress {
    /// On the standard error: a bar if it is a terminal, else lines.
    pub fn on_stderr() -> Progress {
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(LENGTH);
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_secs(1));
            Shown::Bar(bar)
        } else {
            Shown::Lines
        };
        Progress::new(shown)
    }

    /// On the standard error, only what explains the waiting.
    pub fn notices_on_stderr() -> Progress {
        Progress::new(Shown::Lines)
    }

    /// Says nothing.
    pub fn silent() -> Progress {
        Progress::new(Shown::Nothing)
    }

    fn new(shown: Shown) -> Progress {
        Progress {
            shown,
            begin: DateTime::UNIX_EPOCH,
            to: DateTime::UNIX_EPOCH,
        }
    }

    /// The stretch from `begin` to `to` is read; everything before `next` has been, in a run before.
    pub fn begin(&mut self, begin: DateTime<Utc>, to: DateTime<Utc>, next: DateTime<Utc>) {
        (self.begin, self.to) = (begin, to);
        if next > begin {
            self.say(&format!("going on from {}", next.format("%FT%TZ")));
        }
        if let Shown::Bar(bar) = &self.shown {
            bar.set_position(self.thousandths(next));
            bar.reset_eta();
            bar.set_message("asking");
        }
    }

    /// Everything before `next` has been read.
    pub fn piece(&mut self, next: DateTime<Utc>, calls: u64, chats: u64) {
        let at = self.thousandths(next);
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(at);
                let left = humantime::format_duration(Duration::from_secs(bar.eta().as_secs()));
                bar.set_message(format!("{calls} calls, {chats} chats, {left} left"));
            }
            Shown::Lines => self.say(&format!(
                "{} %: read up to {}, {calls} calls, {chats} chats",
                at / 10,
                next.format("%FT%TZ")
            )),
            Shown::Nothing => {}
        }
    }

    /// Something happened that explains the waiting.
    pub fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Pause(pause) => {
                let pause = humantime::format_duration(Duration::from_secs(pause.as_secs().max(1)));
                self.say(&format!("the next call is made in {pause} (--pace)"));
            }
            Notice::Trouble(what) => self.say(what),
        }
    }

    /// All is written.
    pub fn end(&mut self, outcome: &Outcome) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        self.say(&format!(
            "done: {} chats up to {}, {} calls",
            outcome.chats,
            outcome.last.format("%FT%T%.3fZ"),
            outcome.calls
        ));
    }

    fn say(&self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) if !bar.is_finished() => bar.println(text),
            // Nobody can be told that the standard error is closed.
            Shown::Bar(_) | Shown::Lines => drop(writeln!(std::io::stderr(), "{text}")),
            Shown::Nothing => {}
        }
    }

    fn thousandths(&self, at: DateTime<Utc>) -> u64 {
        let whole = (self.to - self.begin).num_seconds().max(1);
        let done = (at - self.begin).num_seconds().clamp(0, whole);
        u64::try_from(done).unwrap_or(0) * LENGTH / u64::try_from(whole).unwrap_or(1)
    }
}
