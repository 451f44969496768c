//! What kind of operation is simulated, and which dialect its server speaks.

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use super::day;

/// How busy the operation is at a local time: a factor on [`Settings::chats_per_hour`], 1 on average.
pub type Rhythm = fn(NaiveDateTime) -> f64;

/// Whole seconds (or a number of things), both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    low: u32,
    high: u32,
}

impl Span {
    /// From `low` to `high`, both included; a reversed span is `low` alone.
    pub const fn new(low: u32, high: u32) -> Self {
        Self {
            low,
            high: if high < low { low } else { high },
        }
    }

    /// The least.
    pub const fn low(self) -> u32 {
        self.low
    }

    /// The greatest.
    pub const fn high(self) -> u32 {
        self.high
    }

    /// Greatest − least.
    pub(super) const fn width(self) -> u32 {
        self.high - self.low
    }
}

/// Which time of a chat a window filters on. The close time was measured on one live server only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// When the chat was closed.
    #[default]
    CloseTime,
    /// When the chat was opened: a chat shows up in a window of the past, after its close.
    OpenTime,
}

/// When the row of a closed chat becomes visible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visibility {
    /// Seconds after the close, for most rows.
    pub usual: Span,
    /// The share of rows that come late, 0 to 1.
    pub late_share: f64,
    /// Seconds after the close, for late rows.
    pub late: Span,
}

/// Mass sendings: many chats opened in one second by one agent, on top of [`Settings::chats_per_hour`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// How many a day, on average; 0 for none.
    pub per_day: f64,
    /// Chats in one.
    pub size: Span,
    /// The share of them whose customer answers and whom an agent handles, 0 to 1; the others time out.
    pub answered_share: f64,
}

/// How the `ASA` is written; the vendor's page does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsaForm {
    /// `HH:MM:SS`.
    #[default]
    Clock,
    /// Whole seconds: `75`.
    Seconds,
    /// Seconds with two decimals: `75.25`.
    Decimal,
}

/// How a field without a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blanks {
    /// `"-"`.
    #[default]
    Dash,
    /// `"-"`, `" "` or `""`.
    Mixed,
    /// As `Mixed`, or the key is missing.
    MissingKeys,
}

/// How `code` and `error` of the envelope are written. Live servers do both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvelopeForm {
    /// `200` and `null`.
    Plain,
    /// `"200"` and `"null"`.
    Text,
    /// One or the other, by seed and window.
    #[default]
    Varied,
}

/// What happens to an answer of more rows than [`Settings::row_limit`]; the vendor's page does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverLimit {
    /// The first rows, as if there were no more.
    #[default]
    Cut,
    /// HTTP 400.
    Error,
}

/// How this server writes its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// How `ASA` is written.
    pub asa: AsaForm,
    /// The key of the ASA: `ASA`, or `first_response_time`.
    pub asa_key: String,
    /// The key of how often the agent wrote. The vendor's has a typo and a trailing space: `agent_anwers `.
    pub answers_key: String,
    /// The key of the channel in the closed chats by channel. The vendor's sample spells it `chanel`.
    pub channel_key: String,
    /// How `code` and `error` are written.
    pub envelope: EnvelopeForm,
    /// Whether `data` comes before the other keys of the envelope.
    pub data_first: bool,
    /// Whether numbers in rows are strings. They were, on every server seen.
    pub numbers_as_strings: bool,
    /// How a field without a value is written.
    pub blanks: Blanks,
    /// Whether rows carry `agent_dni`, which the vendor's page doesn't mention.
    pub agent_dni: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            asa: AsaForm::Clock,
            asa_key: "ASA".to_owned(),
            answers_key: "agent_anwers ".to_owned(),
            channel_key: "chanel".to_owned(),
            envelope: EnvelopeForm::Varied,
            data_first: false,
            numbers_as_strings: true,
            blanks: Blanks::Dash,
            agent_dni: true,
        }
    }
}

/// A simulated operation and its server. [`Settings::default`] is a small, quiet one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The same seed (and settings) give the same chats, for ever.
    pub seed: u64,
    /// The zone of the operation: dates of requests and rows are naive local times of it.
    pub zone: Tz,
    /// Whether chats are made from the seed; if not, there are only those given to [`super::Simulator::add`].
    pub generated: bool,
    /// Chats opened per hour, on average, mass sendings not included.
    pub chats_per_hour: f64,
    /// How busy each local time is.
    pub rhythm: Rhythm,
    /// Whether skills have their own speed and channels, agents their shifts, the ASA worsens with load, and now and
    /// then one skill is slow for two hours.
    pub staffed: bool,
    /// Seconds from opening to closing of a chat that an agent handled.
    pub handling: Span,
    /// The share of chats nobody codes, which a timeout closes, 0 to 1.
    pub timeout_share: f64,
    /// Seconds from opening to that timeout; up to 20 s more until the server gets to it.
    pub timeout_after: u32,
    /// The share of handled chats without a code, 0 to 1.
    pub uncoded_share: f64,
    /// Mass sendings.
    pub bursts: Bursts,
    /// How many human agents work here.
    pub agents: u32,
    /// The share of chats that belong to an agent who is not a human, 0 to 1.
    pub bot_share: f64,
    /// When rows become visible.
    pub visibility: Visibility,
    /// Whether rows carry the undocumented `date_close`.
    pub date_close: bool,
    /// Whether rows carry the undocumented `agent_average_response_time`.
    pub response_time: bool,
    /// Whether rows carry the undocumented `transfer` and `transfer_type`.
    pub transfer: bool,
    /// Which time a window filters on.
    pub filter: Filter,
    /// Whether a row of the very second `date_end` is in the window.
    pub end_inclusive: bool,
    /// The most rows of one answer.
    pub row_limit: usize,
    /// What happens above it.
    pub over_limit: OverLimit,
    /// Calls allowed per local day; `None` for no limit.
    pub quota: Option<u64>,
    /// The token that is accepted.
    pub token: String,
    /// How answers are written.
    pub dialect: Dialect,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            zone: Tz::America__Bogota,
            generated: true,
            chats_per_hour: 60.0,
            rhythm: flat,
            staffed: false,
            handling: Span::new(40, 2 * 3600),
            timeout_share: 0.15,
            timeout_after: 23 * 3600,
            uncoded_share: 0.05,
            bursts: Bursts {
                per_day: 0.5,
                size: Span::new(50, 226),
                answered_share: 0.03,
            },
            agents: 12,
            bot_share: 0.03,
            visibility: Visibility {
                usual: Span::new(0, 0),
                late_share: 0.0,
                late: Span::new(0, 0),
            },
            date_close: true,
            response_time: true,
            transfer: true,
            filter: Filter::CloseTime,
            end_inclusive: true,
            row_limit: 60_000,
            over_limit: OverLimit::Cut,
            quota: None,
            token: "simulated-token+/=".to_owned(),
            dialect: Dialect::default(),
        }
    }
}

impl Settings {
    /// A lively operation: about 50 chats a minute, so that every poll finds some, and now and then a late row.
    pub fn demo() -> Self {
        Self {
            chats_per_hour: 3000.0,
            handling: Span::new(15, 90 * 60),
            timeout_share: 0.1,
            bursts: Bursts {
                per_day: 6.0,
                ..Self::default().bursts
            },
            agents: 45,
            visibility: Visibility {
                usual: Span::new(0, 3),
                late_share: 0.01,
                late: Span::new(2 * 60, 20 * 60),
            },
            dialect: Dialect {
                blanks: Blanks::Mixed,
                ..Dialect::default()
            },
            ..Self::default()
        }
    }

    /// An operation as it is: working hours of its zone, a lunch dip, quiet weekends, busy and quiet weeks, shifts,
    /// incidents, mass sendings by day. For history; at night next to nothing happens. About 1,000 chats a day.
    pub fn believable() -> Self {
        Self {
            chats_per_hour: 40.0,
            rhythm: day::rhythm,
            staffed: true,
            handling: Span::new(60, 2 * 3600),
            agents: 24,
            ..Self::default()
        }
    }

    /// No generated chats: the server knows only those that were added by hand.
    pub fn empty() -> Self {
        Self {
            generated: false,
            ..Self::default()
        }
    }
}

/// The same at all times.
fn flat(_: NaiveDateTime) -> f64 {
    1.0
}
