//! From text to hours. Parts stand between semicolons or line breaks; a part has days and times, or what is off.

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::error::{Mistake, Problem, Word};
use super::hours::{BusinessHours, DAYS, DateRange, MINUTES_OF_DAY, TimeRange, index_of, short};

const OFF: &str = "off";
/// Other dates are slips.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// Other spellings of days, in lower case, English and Spanish. Of those with two letters the ones that are not ours.
const SPELLINGS: [(&[&str], Weekday); 7] = [
    (&["monday", "mon", "lunes", "lun", "lu"], Weekday::Mon),
    (&["tuesday", "tues", "tue", "martes", "mar", "ma"], Weekday::Tue),
    (
        &["wednesday", "wed", "miércoles", "miercoles", "mié", "mie", "mi"],
        Weekday::Wed,
    ),
    (
        &["thursday", "thurs", "thur", "thu", "jueves", "jue", "ju"],
        Weekday::Thu,
    ),
    (&["friday", "fri", "viernes", "vie", "vi"], Weekday::Fri),
    (
        &["saturday", "sat", "sábado", "sabado", "sáb", "sab", "sá"],
        Weekday::Sat,
    ),
    (&["sunday", "sun", "domingo", "dom", "do"], Weekday::Sun),
];

/// What a part says.
enum Part {
    /// Times of some days.
    Open(Vec<Weekday>, Vec<TimeRange>),
    /// Days of the week without times, whatever other parts say.
    DaysOff(Vec<Weekday>),
    DatesOff(Vec<DateRange>),
}

/// Reads a whole text.
pub(super) fn hours(text: &str) -> Result<BusinessHours, Vec<Mistake>> {
    let mut hours = BusinessHours {
        week: Default::default(),
        off: Vec::new(),
    };
    let mut mistakes = Vec::new();
    let mut days_off = Vec::new();
    // The part that has a day's times.
    let mut said: [Option<usize>; 7] = [None; 7];
    let parts = text.split([';', '\n']).map(str::trim);
    for (index, text) in parts.filter(|part| !part.is_empty()).enumerate() {
        let number = index + 1;
        let added = match part(text) {
            Ok(Part::Open(days, times)) => open(&mut hours, &mut said, number, &days, &times),
            Ok(Part::DaysOff(days)) => {
                days_off.extend(days);
                Ok(())
            }
            Ok(Part::DatesOff(dates)) => {
                hours.off.extend(dates);
                Ok(())
            }
            Err(problem) => Err(problem),
        };
        mistakes.extend(added.err().map(|problem| Mistake {
            part: Some(number),
            problem,
        }));
    }
    for day in days_off {
        hours.week[index_of(day)].clear();
    }
    hours.off = merged(std::mem::take(&mut hours.off));
    if mistakes.is_empty() && hours.week.iter().all(Vec::is_empty) {
        mistakes.push(Mistake {
            part: None,
            problem: Problem::NeverOpen,
        });
    }
    if mistakes.is_empty() {
        Ok(hours)
    } else {
        Err(mistakes)
    }
}

/// Adds the times of some days, none of which may have some already.
fn open(
    hours: &mut BusinessHours,
    said: &mut [Option<usize>; 7],
    number: usize,
    days: &[Weekday],
    times: &[TimeRange],
) -> Result<(), Problem> {
    for day in days {
        match said[index_of(*day)] {
            Some(before) if before != number => return Err(Problem::Twice { day: *day, before }),
            _ => said[index_of(*day)] = Some(number),
        }
        hours.week[index_of(*day)] = times.to_vec();
    }
    Ok(())
}

fn part(text: &str) -> Result<Part, Problem> {
    let text = plain(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["24/7"] => Ok(Part::Open(DAYS.to_vec(), vec![around_the_clock()])),
        [off, what] | [what, off] if is_off(off) => closed(what),
        [times] if begins_with_digit(times) && !is_date(times) => {
            Ok(Part::Open(DAYS.to_vec(), ranges(times)?))
        }
        [what, times] if !begins_with_digit(what) => Ok(Part::Open(days(what)?, ranges(times)?)),
        ref words => Err(misshapen(words)),
    }
}

/// What is wrong with a part that has too few words, too many, or a date in place of days. A mistake in one of the words says
/// more than that.
fn misshapen(words: &[&str]) -> Problem {
    let stray = |word: &str| Problem::Blank(Word::of(word));
    match *words {
        [off] if is_off(off) => Problem::OffWithoutDay,
        [off, _, word, ..] if is_off(off) => stray(word),
        [date, ..] if is_date(date) => Problem::DateWithTimes,
        [times, word, ..] if begins_with_digit(times) => ranges(times).err().unwrap_or_else(|| stray(word)),
        [what, word, ..] if days(what).is_ok() && days(word).is_ok() => stray(word),
        [what, times, word, ..] => {
            let mistake = days(what).err().or_else(|| ranges(times).err());
            mistake.unwrap_or_else(|| stray(word))
        }
        [what, ..] => days(what).err().unwrap_or(Problem::NoTimes),
        [] => Problem::NoTimes,
    }
}

fn is_off(word: &str) -> bool {
    word.eq_ignore_ascii_case(OFF)
}

/// Whether a list begins with a date.
fn is_date(word: &str) -> bool {
    word.get(..10).is_some_and(|first| date(first).is_ok())
}

/// Without blanks around commas and dashes, which are one kind then: word processors make long ones of them.
fn plain(text: &str) -> String {
    let text = text.replace(
        [
            '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}',
        ],
        "-",
    );
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        let joins = |char: char| matches!(char, ',' | '-');
        if char.is_whitespace() && plain.ends_with(joins) {
            continue;
        }
        if joins(char) {
            plain.truncate(plain.trim_end().len());
        }
        plain.push(char);
    }
    plain.replace(" ..", "..").replace(".. ", "..")
}

fn begins_with_digit(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_digit())
}

fn around_the_clock() -> TimeRange {
    TimeRange {
        start: 0,
        end: MINUTES_OF_DAY,
    }
}

/// `Mo-Fr,Su`.
fn days(word: &str) -> Result<Vec<Weekday>, Problem> {
    let mut days = Vec::new();
    for item in word.split(',') {
        match item.split_once('-') {
            None => days.push(day(item)?),
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let mut at = first;
                days.push(at);
                while at != last {
                    at = at.succ();
                    days.push(at);
                }
            }
        }
    }
    Ok(days)
}

fn day(word: &str) -> Result<Weekday, Problem> {
    let lower = word.to_lowercase();
    let known = DAYS
        .into_iter()
        .find(|day| short(*day).eq_ignore_ascii_case(&lower));
    if let Some(day) = known {
        return Ok(day);
    }
    if lower == "ph" {
        return Err(Problem::PublicHolidays);
    }
    let spelling = SPELLINGS.iter().find_map(|(spellings, day)| {
        let spelling = spellings.iter().find(|spelling| **spelling == lower)?;
        Some(Problem::DaySpelling { spelling, day: *day })
    });
    Err(spelling.unwrap_or_else(|| Problem::Day(Word::of(word))))
}

/// `08:00-12:00,14:00-18:00`, in order.
fn ranges(word: &str) -> Result<Vec<TimeRange>, Problem> {
    let mut ranges = word.split(',').map(range).collect::<Result<Vec<_>, _>>()?;
    ranges.sort_unstable();
    Ok(ranges)
}

fn range(word: &str) -> Result<TimeRange, Problem> {
    let shape = || match days(word) {
        Ok(_) => Problem::DayAmongTimes(Word::of(word)),
        Err(_) => Problem::Range(Word::of(word)),
    };
    let (start, end) = word.split_once('-').ok_or_else(shape)?;
    let time = |text: &str| minutes(text, clock(text).ok_or_else(shape)?);
    let (start, end) = (time(start)?, time(end)?);
    if start == MINUTES_OF_DAY {
        return Err(Problem::BeginsAtEnd(Word::of(word)));
    }
    // 22:00-00:00 ends with the day, as 22:00-24:00 does.
    match end {
        _ if start == end => Err(Problem::Empty(Word::of(word))),
        end if end > start => Ok(TimeRange { start, end }),
        end => Ok(TimeRange {
            start,
            end: end + MINUTES_OF_DAY,
        }),
    }
}

/// The numbers of `08:00` and `8:00`, whatever they are.
fn clock(text: &str) -> Option<(u16, u16)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse().ok())?
    };
    let is_shaped = (1..=2).contains(&hour.len()) && minute.len() == 2;
    is_shaped.then_some((number(hour)?, number(minute)?))
}

fn minutes(text: &str, (hour, minute): (u16, u16)) -> Result<u16, Problem> {
    let minutes = hour * 60 + minute;
    if minute < 60 && minutes <= MINUTES_OF_DAY {
        Ok(minutes)
    } else {
        Err(Problem::Time(Word::of(text)))
    }
}

/// What is off: days of the week, or dates.
fn closed(word: &str) -> Result<Part, Problem> {
    if !begins_with_digit(word) {
        return days(word).map(Part::DaysOff);
    }
    let ranges = word.split(',').map(dates).collect::<Result<_, _>>()?;
    Ok(Part::DatesOff(ranges))
}

/// `2026-12-25` or `2026-12-24..2027-01-02`. The dash of other ranges is taken too.
fn dates(word: &str) -> Result<DateRange, Problem> {
    let shape = || Problem::Date(Word::of(word));
    let in_order = |first: NaiveDate, last: NaiveDate| {
        if first <= last {
            Ok(DateRange { first, last })
        } else {
            Err(Problem::ReversedDates(first, last))
        }
    };
    if let Some((first, last)) = word.split_once("..") {
        return in_order(date(first)?, date(last)?);
    }
    // As long as two dates and a dash.
    match (word.get(..10), word.get(10..11), word.get(11..)) {
        (Some(first), Some("-"), Some(last)) => in_order(date(first)?, date(last)?),
        (_, None | Some(""), _) => date(word).map(|date| DateRange {
            first: date,
            last: date,
        }),
        _ => Err(shape()),
    }
}

fn date(word: &str) -> Result<NaiveDate, Problem> {
    let is_shaped = word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = is_shaped.then(|| word.parse::<NaiveDate>().ok()).flatten();
    match date {
        Some(date) if YEARS.contains(&date.year()) => Ok(date),
        Some(date) => Err(Problem::FarDate(date)),
        None => Err(Problem::Date(Word::of(word))),
    }
}

/// In order, and what overlaps or follows at once together.
fn merged(mut ranges: Vec<DateRange>) -> Vec<DateRange> {
    ranges.sort_unstable();
    let mut merged: Vec<DateRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(before) if Some(range.first) <= before.last.succ_opt() => {
                before.last = before.last.max(range.last);
            }
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
