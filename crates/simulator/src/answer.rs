//! The JSON of an answer, written row by row.

use std::sync::Arc;
use std::vec;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};

use super::chat::SimulatedChat;
use super::dice::Dice;
use super::model::{Entry, Simulator};
use super::settings::{AsaForm, Blanks, Dialect, EnvelopeForm, Settings};

/// A chunk is handed out when it has grown to this.
const CHUNK: usize = 32 * 1024;

/// What of a report is not as it should be.
#[derive(Debug, Clone, Default)]
pub(super) struct Distortion {
    /// What comes before the JSON.
    pub(super) preface: &'static str,
    /// How many more rows are announced than sent.
    pub(super) announce_more: u64,
    /// The field whose text begins with bytes that are not UTF-8, in every row.
    pub(super) not_utf8: Option<String>,
}

/// The body of a good answer.
#[derive(Debug)]
pub(super) struct Report {
    simulator: Arc<Simulator>,
    rows: vec::IntoIter<Entry>,
    not_utf8: Option<String>,
    /// What comes before the first row, until it was handed out.
    head: Option<String>,
    /// What comes after the last row, until it was handed out.
    tail: Option<String>,
    first: bool,
}

impl Report {
    /// The answer with these rows. `text` is whether code and error are strings.
    pub(super) fn new(
        simulator: Arc<Simulator>,
        rows: Vec<Entry>,
        text: bool,
        distortion: Distortion,
    ) -> Self {
        let announced = rows.len() as u64 + distortion.announce_more;
        let (head, tail) = around(announced, text, simulator.settings().dialect.data_first);
        Self {
            simulator,
            rows: rows.into_iter(),
            not_utf8: distortion.not_utf8,
            head: Some(format!("{}{head}", distortion.preface)),
            tail: Some(tail),
            first: true,
        }
    }

    /// The next part of the body; `None` at its end.
    pub(super) fn chunk(&mut self) -> Option<Vec<u8>> {
        self.tail.as_ref()?;
        let mut out = Vec::with_capacity(CHUNK + 2048);
        out.extend(self.head.take().unwrap_or_default().bytes());
        while out.len() < CHUNK {
            let Some(entry) = self.rows.next() else {
                out.extend(self.tail.take().unwrap_or_default().bytes());
                break;
            };
            if !std::mem::take(&mut self.first) {
                out.push(b',');
            }
            let chat = self.simulator.chat(&entry);
            write_row(
                &mut out,
                &chat,
                self.simulator.settings(),
                self.not_utf8.as_deref(),
            );
        }
        Some(out)
    }
}

/// The body of an answer without rows.
pub(super) fn envelope(code: &str, msg: &str, text: bool) -> Vec<u8> {
    let quote = if text { "\"" } else { "" };
    let mut out = format!(r#"{{"code":{quote}{code}{quote},"error":{quote}null{quote},"msg":"#).into_bytes();
    write_string(&mut out, msg);
    out.extend(b",\"data\":[]}");
    out
}

/// What is before the rows and behind them. `text` is whether code and error are strings.
pub(super) fn around(announced: u64, text: bool, data_first: bool) -> (String, String) {
    let (code, error) = if text {
        ("\"200\"", "\"null\"")
    } else {
        ("200", "null")
    };
    let keys = format!(r#""code":{code},"error":{error},"msg":"{announced} records were found""#);
    if data_first {
        ("{\"data\":[".to_owned(), format!("],{keys}}}"))
    } else {
        (format!("{{{keys},\"data\":["), "]}".to_owned())
    }
}

/// Whether `code` and `error` of the answer to these dates are strings.
pub(super) fn envelope_is_text(settings: &Settings, dates: &str) -> bool {
    match settings.dialect.envelope {
        EnvelopeForm::Plain => false,
        EnvelopeForm::Text => true,
        EnvelopeForm::Varied => {
            let words: Vec<u64> = std::iter::once(settings.seed)
                .chain(dates.bytes().map(u64::from))
                .collect();
            Dice::new(&words).chance(0.5)
        }
    }
}

fn write_row(out: &mut Vec<u8>, chat: &SimulatedChat, settings: &Settings, not_utf8: Option<&str>) {
    let dialect = &settings.dialect;
    let id = chat.conn_id.as_str();
    let words: Vec<u64> = id.bytes().map(u64::from).collect();
    let mut row = RowWriter {
        out,
        chat,
        dialect,
        not_utf8,
        blanks: Dice::new(&words),
        first: true,
    };
    let local = |time: DateTime<Utc>| local_text(time.with_timezone(&settings.zone).naive_local());
    row.out.push(b'{');
    row.text("conn_id", id);
    row.text("channel", &chat.channel);
    row.text("date", &local(chat.opened));
    if settings.date_close {
        row.text("date_close", &local(chat.closed));
    }
    row.canary("customer_name", "");
    row.canary("customer_email", "@example.org");
    row.canary("customer_phone", "");
    row.number("customer_chars", chat.customer_chars);
    row.text("agent_id", &chat.agent.id);
    row.text("agent_name", &chat.agent.name);
    if dialect.agent_dni {
        row.text("agent_dni", &chat.agent.dni);
    }
    row.number("agent_chars", chat.agent_chars);
    row.clock("time_on_agent", chat.time_on_agent.map(u64::from));
    row.clock("chat_duration", Some(chat.duration()));
    row.text("cod_act", &chat.cod_act);
    row.text("description_cod_act", &chat.description);
    row.canary("comments", " said \"¡señal!\"\nand \\ left 🙂");
    row.canary("customer_id", "");
    row.text("skill_id", &chat.skill_id);
    row.asa();
    row.text("last_participant_who_spoke", &chat.last_participant);
    row.canary("extra_field", "");
    row.canary("comment", "");
    row.canary("user_id", "");
    row.text("feeling", &chat.feeling);
    row.number(&dialect.answers_key, chat.agent_answers);
    if settings.response_time {
        row.clock(
            "agent_average_response_time",
            chat.average_response.map(u64::from),
        );
    }
    if settings.transfer {
        row.text("transfer", if chat.transferred { "yes" } else { "no" });
        row.text("transfer_type", if chat.transferred { "skill" } else { "" });
    }
    row.added(settings);
    row.out.push(b'}');
}

/// `YYYY-MM-DD HH:MM:SS`. By hand: chrono's `format` would take most of the time of a row.
pub(super) fn local_text(time: NaiveDateTime) -> String {
    let (date, clock) = (time.date(), time.time());
    let mut text = date.year().to_string();
    for (mark, part) in [
        ('-', date.month()),
        ('-', date.day()),
        (' ', clock.hour()),
        (':', clock.minute()),
        (':', clock.second()),
    ] {
        text.push(mark);
        push_two(&mut text, u64::from(part));
    }
    text
}

/// `HH:MM:SS`, where hours pass 23.
pub(super) fn clock_text(seconds: u64) -> String {
    let mut text = String::with_capacity(8);
    push_two(&mut text, seconds / 3600);
    text.push(':');
    push_two(&mut text, seconds / 60 % 60);
    text.push(':');
    push_two(&mut text, seconds % 60);
    text
}

/// Two digits, or as many as it takes.
fn push_two(text: &mut String, number: u64) {
    if number < 10 {
        text.push('0');
    }
    text.push_str(&number.to_string());
}

struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
    chat: &'a SimulatedChat,
    dialect: &'a Dialect,
    not_utf8: Option<&'a str>,
    blanks: Dice,
    first: bool,
}

impl RowWriter<'_> {
    fn text(&mut self, key: &str, text: &str) {
        if text.is_empty() {
            return self.blank(key);
        }
        let mut json = Vec::with_capacity(text.len() + 8);
        write_string(&mut json, text);
        self.put(key, &json);
    }

    fn canary(&mut self, key: &str, ending: &str) {
        let text = format!("CANARY-{key}-{}{ending}", self.chat.customer);
        self.text(key, &text);
    }

    fn number(&mut self, key: &str, number: Option<u32>) {
        match number {
            Some(number) if self.dialect.numbers_as_strings => self.text(key, &number.to_string()),
            Some(number) => self.put(key, number.to_string().as_bytes()),
            None => self.blank(key),
        }
    }

    fn clock(&mut self, key: &str, seconds: Option<u64>) {
        self.text(key, &seconds.map(clock_text).unwrap_or_default());
    }

    fn asa(&mut self) {
        let (dialect, ms) = (self.dialect, self.chat.asa_ms);
        let Some(ms) = ms else {
            return self.blank(&dialect.asa_key);
        };
        let number = match dialect.asa {
            AsaForm::Clock => return self.clock(&dialect.asa_key, Some(ms / 1000)),
            AsaForm::Seconds => (ms / 1000).to_string(),
            AsaForm::Decimal => format!("{}.{:02}", ms / 1000, ms % 1000 / 10),
        };
        if dialect.numbers_as_strings {
            self.text(&dialect.asa_key, &number);
        } else {
            self.put(&dialect.asa_key, number.as_bytes());
        }
    }

    fn blank(&mut self, key: &str) {
        let choices: &[&str] = match self.dialect.blanks {
            Blanks::Dash => &["\"-\""],
            Blanks::Mixed => &["\"-\"", "\" \"", "\"\""],
            Blanks::MissingKeys => &["\"-\"", "\" \"", "\"\"", ""],
        };
        let json = self.blanks.pick(choices).copied().unwrap_or("");
        self.put(key, json.as_bytes());
    }

    /// Writes a member; nothing if `json` is empty. What the chat has in `raw` wins.
    fn put(&mut self, key: &str, json: &[u8]) {
        let raw = self.chat.raw.iter().find(|(name, _)| name == key);
        let json = match raw {
            Some((_, raw)) => raw.as_deref().unwrap_or("").as_bytes(),
            None => json,
        };
        self.member(key, json);
    }

    /// Members that only `raw` has.
    fn added(&mut self, settings: &Settings) {
        let chat = self.chat;
        for (key, json) in &chat.raw {
            if !is_written(key, settings) {
                self.member(key, json.as_deref().unwrap_or("").as_bytes());
            }
        }
    }

    fn member(&mut self, key: &str, json: &[u8]) {
        if json.is_empty() {
            return;
        }
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write_string(self.out, key);
        self.out.push(b':');
        match json.strip_prefix(b"\"") {
            Some(rest) if self.not_utf8 == Some(key) => {
                self.out.extend(b"\"\xff\xfe\xc3(");
                self.out.extend(rest);
            }
            _ => self.out.extend(json),
        }
    }
}

/// Whether rows have this key anyway.
fn is_written(key: &str, settings: &Settings) -> bool {
    const ALWAYS: &[&str] = &[
        "conn_id",
        "channel",
        "date",
        "customer_name",
        "customer_email",
        "customer_phone",
        "customer_chars",
        "agent_id",
        "agent_name",
        "agent_chars",
        "time_on_agent",
        "chat_duration",
        "cod_act",
        "description_cod_act",
        "comments",
        "customer_id",
        "skill_id",
        "last_participant_who_spoke",
        "extra_field",
        "comment",
        "user_id",
        "feeling",
    ];
    match key {
        "date_close" => settings.date_close,
        "agent_dni" => settings.dialect.agent_dni,
        "agent_average_response_time" => settings.response_time,
        "transfer" | "transfer_type" => settings.transfer,
        _ => ALWAYS.contains(&key) || key == settings.dialect.asa_key || key == settings.dialect.answers_key,
    }
}

pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    // A string always has a JSON form, and a vector always takes it.
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.extend(b"\"\"");
    }
}
