//! A report in memory. It answers as the vendor does: it compares local texts, and knows no instants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use wolkvox::{Answer, Error, Exchange, Reason, Row, Sink, Source, Value, Window};
use wolkvox_exporter::chats::Field;

use super::world::Time;

/// What `date_ini` and `date_end` are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    Close,
    Open,
}

/// A chat as it happened, in the server's time.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) id: String,
    pub(crate) opened: DateTime<Utc>,
    pub(crate) closed: DateTime<Utc>,
    /// Its row appears this long after the close.
    pub(crate) delay: TimeDelta,
    /// Whether the row has a `date_close`.
    pub(crate) says_close: bool,
    /// Whether the row has a `chat_duration`.
    pub(crate) says_duration: bool,
    pub(crate) fields: Vec<(Field, String)>,
    /// The server's clock minus the true time when it closed.
    pub(crate) offset: TimeDelta,
}

impl Happened {
    pub(crate) fn new(id: impl Into<String>, closed: DateTime<Utc>) -> Happened {
        Happened {
            id: id.into(),
            opened: closed - TimeDelta::minutes(5),
            closed,
            delay: TimeDelta::zero(),
            says_close: true,
            says_duration: true,
            fields: Vec::new(),
            offset: TimeDelta::zero(),
        }
    }

    pub(crate) fn lasting(mut self, duration: TimeDelta) -> Happened {
        self.opened = self.closed - duration;
        self
    }

    pub(crate) fn delayed(mut self, delay: TimeDelta) -> Happened {
        self.delay = delay;
        self
    }

    pub(crate) fn without_close(mut self) -> Happened {
        self.says_close = false;
        self
    }

    pub(crate) fn without_any_close(mut self) -> Happened {
        self.says_close = false;
        self.says_duration = false;
        self
    }

    pub(crate) fn with(mut self, field: Field, value: &str) -> Happened {
        self.fields.push((field, value.to_owned()));
        self
    }

    fn row(&self, zone: Tz) -> Row {
        let text = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
        let mut row = Row::default();
        let seconds = (self.closed - self.opened).num_seconds();
        let clock = format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
        let mut fields = vec![
            (Field::ConnId, self.id.clone()),
            (Field::Channel, "whatsapp".to_owned()),
            (Field::Date, text(self.opened)),
            (Field::CustomerChars, "120".to_owned()),
            (Field::AgentId, "2001".to_owned()),
            (Field::AgentName, "Ana".to_owned()),
            (Field::AgentChars, "240".to_owned()),
            (Field::AgentAnswers, "4".to_owned()),
            (Field::TimeOnAgent, "00:04:00".to_owned()),
            (Field::CodAct, "21".to_owned()),
            (Field::DescriptionCodAct, "Sold".to_owned()),
            (Field::SkillId, "7".to_owned()),
            (Field::Asa, "00:00:12".to_owned()),
            (Field::LastParticipant, "agent".to_owned()),
            (Field::Feeling, "neutral".to_owned()),
            (
                Field::ChatDuration,
                if self.says_duration { clock } else { "-".to_owned() },
            ),
        ];
        if self.says_close {
            fields.push((Field::DateClose, text(self.closed)));
        }
        fields.extend(self.fields.iter().cloned());
        for (field, value) in fields {
            row.set(field, Value::Text(value));
        }
        row
    }
}

/// What comes of one call instead of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// `None`: an answer that says that there are no chats.
    pub(crate) error: Option<Error>,
    /// How much of the answer is delivered before.
    pub(crate) share: f64,
}

impl Fault {
    pub(crate) fn of(reason: Reason) -> Fault {
        Fault {
            error: Some(Error::new(reason, "scripted")),
            share: 0.0,
        }
    }

    pub(crate) fn status(status: u16) -> Fault {
        Fault {
            error: Some(Error::new(Reason::HttpStatus, "scripted").with_status(status)),
            share: 0.0,
        }
    }

    /// All rows come, and then it fails.
    pub(crate) fn at_the_end(error: Error) -> Fault {
        Fault {
            error: Some(error),
            share: 1.0,
        }
    }

    pub(crate) fn half() -> Fault {
        Fault {
            error: Some(Error::new(Reason::Truncated, "scripted")),
            share: 0.5,
        }
    }

    /// Says that there are no chats, whatever there is.
    pub(crate) fn silence() -> Fault {
        Fault {
            error: None,
            share: 0.0,
        }
    }

    /// Whether the answer has headers.
    fn begins(&self) -> bool {
        self.share > 0.0 || self.error.is_none()
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) zone: Tz,
    pub(crate) filter: Filter,
    pub(crate) end_is_exclusive: bool,
    /// Whether answers have a `Date`.
    pub(crate) sends_date: bool,
    /// The server's clock minus the true time.
    pub(crate) offset: TimeDelta,
    /// How far its `Date` is off from its clock.
    pub(crate) date_is_off_by: TimeDelta,
    /// How long an answer takes.
    pub(crate) takes: Duration,
    pub(crate) chats: Vec<Happened>,
    /// What comes of the next calls; `None` is an answer.
    pub(crate) script: VecDeque<Option<Fault>>,
    /// What comes of every call after the script.
    pub(crate) down: Option<Fault>,
    /// What comes of a call whose window holds this second.
    pub(crate) poison: Vec<(DateTime<Utc>, Fault)>,
    /// What comes of an answer with so many rows or more.
    pub(crate) limit: Option<(usize, Fault)>,
    /// What was asked for, and when.
    pub(crate) asked: Vec<(DateTime<Utc>, Window)>,
    /// A call for more than this gets no answer.
    pub(crate) silent_above: Option<TimeDelta>,
    /// The windows that were answered whole.
    pub(crate) answered: Vec<Window>,
    /// Whether it has ever said that there are no chats where there were some, or some were deleted.
    pub(crate) has_hidden: bool,
}

impl State {
    /// Whether an instant, written as local text, lies in a window.
    fn holds(&self, window: &Window, at: DateTime<Utc>) -> bool {
        let at = at.with_nanosecond(0).unwrap();
        let local = at.with_timezone(&self.zone).naive_local();
        let ends = if self.end_is_exclusive {
            local < window.date_end
        } else {
            local <= window.date_end
        };
        local >= window.date_ini && ends
    }

    /// The chats that an answer has when the true time is `truth`. A row that is there does not go away when the
    /// server's clock is set back.
    fn chats_in(&self, window: &Window, truth: DateTime<Utc>) -> impl Iterator<Item = &Happened> {
        let at = |chat: &Happened| match self.filter {
            Filter::Close => chat.closed,
            Filter::Open => chat.opened,
        };
        self.chats.iter().filter(move |chat| {
            chat.closed - chat.offset + chat.delay <= truth && self.holds(window, at(chat))
        })
    }

    fn limit_for(&self, rows: usize) -> Option<Fault> {
        let limit = self.limit.as_ref().filter(|(most, _)| rows >= *most);
        limit.map(|(_, fault)| fault.clone())
    }

    fn poison_in(&self, window: &Window) -> Option<Fault> {
        let held = self.poison.iter().find(|(second, _)| self.holds(window, *second));
        held.map(|(_, fault)| fault.clone())
    }
}

/// Clones share their report.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    state: Arc<Mutex<State>>,
    time: Time,
}

impl Server {
    pub(crate) fn new(time: Time, zone: Tz) -> Server {
        let state = State {
            zone,
            filter: Filter::Close,
            end_is_exclusive: false,
            sends_date: true,
            offset: TimeDelta::zero(),
            date_is_off_by: TimeDelta::zero(),
            takes: Duration::from_millis(800),
            chats: Vec::new(),
            script: VecDeque::new(),
            down: None,
            poison: Vec::new(),
            limit: None,
            asked: Vec::new(),
            silent_above: None,
            answered: Vec::new(),
            has_hidden: false,
        };
        Server {
            state: Arc::new(Mutex::new(state)),
            time,
        }
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let now = self.time.truth() + self.with(|state| state.offset);
        now.with_nanosecond(0).unwrap()
    }
}

impl Source for Server {
    async fn report<S: Sink>(&self, window: &Window, sink: &mut S) -> Exchange {
        assert!(
            window.is_askable(),
            "the vendor answers {window:?} as if it were empty"
        );
        let now = self.now();
        let truth = self.time.truth();
        let (fault, rows, date, takes) = self.with(|state| {
            state.asked.push((now, *window));
            let fault = state.script.pop_front().unwrap_or_else(|| state.down.clone());
            let fault = fault.or_else(|| state.poison_in(window));
            let is_long = state
                .silent_above
                .is_some_and(|longest| window.to - window.from > longest);
            let fault = fault.or_else(|| is_long.then(|| Fault::of(Reason::Timeout)));
            state.has_hidden |= fault.as_ref().is_some_and(|fault| fault.error.is_none());
            let rows: Vec<Row> = state
                .chats_in(window, truth)
                .map(|chat| chat.row(state.zone))
                .collect();
            let fault = fault.or_else(|| state.limit_for(rows.len()));
            let date = state.sends_date.then_some(now + state.date_is_off_by);
            (fault, rows, date, state.takes)
        });
        let all = rows.len();
        // What never answers has no headers either.
        let begins = fault.as_ref().is_none_or(Fault::begins);
        let delivered = fault
            .as_ref()
            .map_or(all, |fault| ((all as f64 * fault.share).ceil() as usize).min(all));
        if begins {
            sink.begin(date);
            for row in rows.into_iter().take(delivered) {
                sink.row(Ok(row));
            }
        }
        tokio::time::sleep(takes).await;
        if fault.is_none() {
            self.with(|state| state.answered.push(*window));
        }
        Exchange {
            status: begins.then_some(200),
            date: date.filter(|_| begins),
            bytes: 100,
            duration: takes,
            result: match fault.map(|fault| fault.error) {
                Some(Some(error)) => Err(error),
                Some(None) => Ok(Answer::default()),
                None => Ok(Answer {
                    rows: all as u64,
                    announced: Some(all as u64),
                }),
            },
        }
    }
}
