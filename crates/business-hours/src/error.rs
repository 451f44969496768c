//! What can be wrong with a text, in words for the person who wrote it.

use std::fmt;

use chrono::{NaiveDate, Weekday};

use super::hours::short;

/// Longer words are told by their length: somebody may have put a password in place of the hours.
const LONGEST_WORD: usize = 11;
/// So are more digits in a row than a year has.
const MOST_DIGITS: usize = 4;

/// A word of the text, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// The word, or its length.
    pub(super) fn of(word: &str) -> Word {
        let mut runs = word.split(|char: char| !char.is_ascii_digit());
        let count = word.chars().count();
        if count <= LONGEST_WORD && runs.all(|run| run.len() <= MOST_DIGITS) {
            Word(format!("{word:?}"))
        } else {
            Word(format!("a word of {count} characters"))
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with one part of a text, or with the whole. The words go on after the name of what was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which part, from 1; parts stand between semicolons. `None` is the whole.
    pub part: Option<usize>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Some(part) => write!(f, "has a mistake in part {part}: {}", self.problem),
            None => self.problem.fmt(f),
        }
    }
}

impl std::error::Error for Mistake {}

/// What is wrong, and how it is written rightly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A word that is no day.
    #[error(
        "{0} is no day of the week; the days are Mo, Tu, We, Th, Fr, Sa and Su, as in Mo-Fr 08:00-18:00 or Mo,We 08:00-12:00"
    )]
    Day(Word),
    /// A day in another spelling.
    #[error("{spelling:?} is written {day}, as in {day} 08:00-18:00", day = short(*day))]
    DaySpelling {
        /// As it was written, in lower case.
        spelling: &'static str,
        /// What it means.
        day: Weekday,
    },
    /// `PH`, which `OpenStreetMap` has.
    #[error("public holidays (PH) are not known here; list them as days off: off 2026-12-25,2027-01-01")]
    PublicHolidays,
    /// Days, and nothing behind them.
    #[error("there are no times behind the days; write them as in Mo-Fr 08:00-18:00")]
    NoTimes,
    /// A word that is no range of times.
    #[error("{0} is no range of times; write hours and minutes as in 08:00-18:00")]
    Range(Word),
    /// An hour or a minute that no day has.
    #[error(
        "{0} is no time of day; times go from 00:00 to 24:00, and an end on the next day is written by its own time, as in 22:00-02:00"
    )]
    Time(Word),
    /// `08:00-08:00`.
    #[error(
        "{0} begins and ends at the same time; around the clock is 00:00-24:00, and a shift has two times, as in 08:00-18:00"
    )]
    Empty(Word),
    /// `24:00-02:00`.
    #[error("{0} begins at 24:00; write it for the next day, as in Tu 00:00-02:00")]
    BeginsAtEnd(Word),
    /// A word where the part should have ended.
    #[error(
        "{0} stands behind a blank; lists have commas, and between two parts stands a semicolon, as in Mo,We 08:00-12:00,14:00-18:00; off 2026-12-25"
    )]
    Blank(Word),
    /// A day in a list of times.
    #[error(
        "{0} is a day among times; between two parts stands a semicolon, as in Mo-Fr 08:00-18:00; Sa 09:00-13:00"
    )]
    DayAmongTimes(Word),
    /// A day with times in two parts: one might mean to add, or to replace.
    #[error(
        "{day} has times in part {before} already; write all times of a day in one part, as in Mo-Fr 08:00-12:00,14:00-18:00",
        day = short(*day)
    )]
    Twice {
        /// The day.
        day: Weekday,
        /// The part that has its times.
        before: usize,
    },
    /// `off` alone.
    #[error("off stands without a day; write which, as in off 2026-12-25")]
    OffWithoutDay,
    /// A word that is neither a date nor a day.
    #[error(
        "{0} is no date; dates are written as in off 2026-12-25, several as in off 2026-12-24..2027-01-02,2027-01-06"
    )]
    Date(Word),
    /// A date so far away that it is a slip.
    #[error("{0} lies in no year from 2000 to 2100; write it as in off 2026-12-25")]
    FarDate(NaiveDate),
    /// A range of dates that ends before it begins.
    #[error("{0}..{1} ends before it begins; write it as in off 2026-12-24..2027-01-02")]
    ReversedDates(NaiveDate, NaiveDate),
    /// A date with times.
    #[error("a date can't have times of its own; it can be off, as in off 2026-12-24")]
    DateWithTimes,
    /// All days are off, or there are none.
    #[error("leaves no time that is open; write it as in Mo-Fr 08:00-18:00; Sa 09:00-13:00")]
    NeverOpen,
}
