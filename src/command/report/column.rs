//! The columns of the report: their names, and what they show of a row.

use clap::ValueEnum;

use super::Row;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// Chats
    Chats,
    /// Chats that an agent coded
    Coded,
    /// Chats that nobody coded and Wolkvox closed after a day (TIMEOUTCHAT)
    Timeouts,
    /// Chats with an ASA
    Answered,
    /// Chats in which the customer wrote and the agent did not
    Unanswered,
    /// Chats in which the agent wrote and the customer did not
    Sendings,
    /// Chats that were transferred
    Transfers,
    /// How often the agents wrote
    Replies,
    /// Mean ASA
    #[value(alias = "asa_mean_seconds")]
    AsaMean,
    /// ASA that half of the answered chats do not exceed
    #[value(alias = "asa_p50_seconds")]
    AsaP50,
    /// ASA that 90 % of the answered chats do not exceed
    #[value(alias = "asa_p90_seconds")]
    AsaP90,
    /// ASA that 95 % of the answered chats do not exceed
    #[value(alias = "asa_p95_seconds")]
    AsaP95,
    /// Share of the answered chats with an ASA of at most 10 seconds
    S10,
    /// … of at most 20 seconds
    S20,
    /// … of at most 30 seconds
    S30,
    /// Share of the answered chats within their own skill's target
    #[value(alias = "service_level")]
    ServiceLevel,
    /// Mean duration of a chat
    #[value(alias = "duration_mean_seconds")]
    DurationMean,
    /// Mean time on agent
    #[value(alias = "time_on_agent_mean_seconds")]
    TimeOnAgentMean,
    /// Time on agent of all chats together
    #[value(alias = "time_on_agent_total_seconds")]
    TimeOnAgentTotal,
    /// Time on agent of all chats together, by the length of the interval
    Concurrency,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// How many.
    Count(u64),
    /// A time.
    Seconds(f64),
    /// 0 to 1.
    Share(f64),
    /// Any other ratio.
    Ratio(f64),
}

impl Column {
    /// Those that are shown where none is asked for.
    pub const USUAL: [Column; 8] = [
        Column::Chats,
        Column::Coded,
        Column::Timeouts,
        Column::AsaMean,
        Column::AsaP90,
        Column::ServiceLevel,
        Column::DurationMean,
        Column::TimeOnAgentMean,
    ];

    /// The heading of a table.
    pub fn heading(self) -> &'static str {
        self.names().0
    }

    /// The name in CSV and JSON, with the unit where it has one.
    pub fn field(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Column::Chats => ("chats", "chats"),
            Column::Coded => ("coded", "coded"),
            Column::Timeouts => ("timeouts", "timeouts"),
            Column::Answered => ("answered", "answered"),
            Column::Unanswered => ("unanswered", "unanswered"),
            Column::Sendings => ("sendings", "sendings"),
            Column::Transfers => ("transfers", "transfers"),
            Column::Replies => ("replies", "replies"),
            Column::AsaMean => ("ASA mean", "asa_mean_seconds"),
            Column::AsaP50 => ("ASA p50", "asa_p50_seconds"),
            Column::AsaP90 => ("ASA p90", "asa_p90_seconds"),
            Column::AsaP95 => ("ASA p95", "asa_p95_seconds"),
            Column::S10 => ("S10", "s10"),
            Column::S20 => ("S20", "s20"),
            Column::S30 => ("S30", "s30"),
            Column::ServiceLevel => ("service level", "service_level"),
            Column::DurationMean => ("duration mean", "duration_mean_seconds"),
            Column::TimeOnAgentMean => ("time on agent mean", "time_on_agent_mean_seconds"),
            Column::TimeOnAgentTotal => ("time on agent total", "time_on_agent_total_seconds"),
            Column::Concurrency => ("concurrency", "concurrency"),
        }
    }

    /// What it shows of a row; `None` where there is no value.
    pub fn of(self, row: &Row) -> Option<Number> {
        let line = &row.line;
        match self {
            Column::Chats => Some(Number::Count(line.chats)),
            Column::Coded => Some(Number::Count(line.coded)),
            Column::Timeouts => Some(Number::Count(line.timeouts)),
            Column::Answered => Some(Number::Count(line.answered())),
            Column::Unanswered => Some(Number::Count(line.unanswered)),
            Column::Sendings => Some(Number::Count(line.sendings)),
            Column::Transfers => line.transfers().map(Number::Count),
            Column::Replies => line.replies().map(Number::Count),
            Column::AsaMean => line.asa_mean().map(Number::Seconds),
            Column::AsaP50 => line.asa_percentile(50).map(Number::Seconds),
            Column::AsaP90 => line.asa_percentile(90).map(Number::Seconds),
            Column::AsaP95 => line.asa_percentile(95).map(Number::Seconds),
            Column::S10 => line.answered_within(10).map(Number::Share),
            Column::S20 => line.answered_within(20).map(Number::Share),
            Column::S30 => line.answered_within(30).map(Number::Share),
            Column::ServiceLevel => line.service_level().map(Number::Share),
            Column::DurationMean => line.duration_mean().map(Number::Seconds),
            Column::TimeOnAgentMean => line.time_on_agent_mean().map(Number::Seconds),
            Column::TimeOnAgentTotal => line.time_on_agent_total().map(Number::Seconds),
            Column::Concurrency => row.concurrency().map(Number::Ratio),
        }
    }
}

/// Columns that make no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// There is none.
    #[error("--columns has no column")]
    None,
    /// The same twice: its cells could not be told apart by name.
    #[error("--columns has {0} twice")]
    Twice(&'static str),
}

/// One column or more, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// See [`ColumnsError`].
    pub fn new(columns: Vec<Column>) -> Result<Columns, ColumnsError> {
        let is_twice = |(at, column): &(usize, &Column)| columns[..*at].contains(column);
        if let Some((_, column)) = columns.iter().enumerate().find(is_twice) {
            return Err(ColumnsError::Twice(column.field()));
        }
        if columns.is_empty() {
            return Err(ColumnsError::None);
        }
        Ok(Columns(columns))
    }

    /// Them, in the order in which they were given.
    pub fn as_slice(&self) -> &[Column] {
        &self.0
    }
}
