//! Which range of time one call asks for. The report's times are local and carry no zone: ranges of instants become
//! ranges of local texts here, and nowhere else.

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc,
};

use super::Zone;

/// The vendor's form of a time in a request.
const FORM: &str = "%Y%m%d%H%M%S";
/// The longest range that the vendor answers.
pub const LONGEST: TimeDelta = TimeDelta::days(31);
/// Two changes of a zone's offset are further apart than this.
const STEP: i64 = 3600;
/// No zone goes back by more than this at once, but for the few that crossed the date line.
const LOOK_BACK: i64 = 3 * 3600;
/// Long enough to hold the other side of a repeated hour.
const LOOK_AHEAD: i64 = 4 * 3600;
/// Nor forward by more than a day, which those did.
const LONGEST_GAP: i64 = 30 * 3600;
/// 0001-01-01 and 9999-12-31, 23:59:59: outside, a year has not four digits.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// One chunk of a range: what a single call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant that the chunk covers, UTC.
    pub from: DateTime<Utc>,
    /// The last instant that the chunk covers, UTC.
    pub to: DateTime<Utc>,
    /// `date_ini`: the least local time in the chunk.
    pub date_ini: NaiveDateTime,
    /// `date_end`: the greatest local time in the chunk.
    pub date_end: NaiveDateTime,
}

impl Window {
    /// Whether the vendor can answer it: not reversed, inside one month, at most 31 days. The server answers others
    /// with the same 404 as an empty window, so that they must never be sent.
    pub fn is_askable(&self) -> bool {
        let month = |time: NaiveDateTime| (time.year(), time.month());
        self.date_ini <= self.date_end && month(self.date_ini) == month(self.date_end)
    }
}

/// Whole seconds since 1970 with the same offset from UTC, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LocalSpan {
    start: i64,
    end: i64,
    offset: i64,
}

impl LocalSpan {
    fn first_local(self) -> NaiveDateTime {
        naive(self.start + self.offset)
    }

    fn last_local(self) -> NaiveDateTime {
        naive(self.end + self.offset)
    }
}

/// Cuts `[from, to]` into what single calls may ask for. `from` is rounded down and `to` up to a whole second: the
/// report has no fractions, and nothing is lost that way.
///
/// Each chunk takes at most `longest` (at least a second) and lies inside one local month of `zone`. Neighbours in one
/// month share their boundary second; at a month's end one chunk ends with its last second, and the next begins with
/// the first of the new month. No request may begin below `floor`, a local time: chunks wholly below it are left out,
/// and one across it begins there. A reversed range has no chunks.
pub fn chunks(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    zone: impl Into<Zone>,
    floor: Option<NaiveDateTime>,
    longest: TimeDelta,
) -> Vec<Window> {
    if from > to {
        return Vec::new();
    }
    let longest = longest.num_seconds().max(1);
    let start = from.timestamp().max(*SECONDS.start());
    let end = rounded_up(to).min(*SECONDS.end());
    months(&spans(start, end, zone.into()))
        .iter()
        .flat_map(|month| cut(month, longest))
        .filter_map(|chunk| window(&chunk, floor))
        .collect()
}

/// The greatest local time that any instant up to `instant` has had: after the clocks went back, it is ahead of the
/// local time for a while. Never beyond 9999, whose year has four digits.
pub fn greatest_local(zone: impl Into<Zone>, instant: DateTime<Utc>) -> NaiveDateTime {
    let end = instant.timestamp();
    spans(end - LOOK_BACK, end, zone.into())
        .into_iter()
        .map(LocalSpan::last_local)
        .max()
        .unwrap_or_else(|| instant.naive_utc())
        .min(naive(*SECONDS.end()))
}

/// The least local time that any instant from `instant` on will have: before the clocks go back, it is behind the local
/// time for a while.
pub fn least_local(zone: impl Into<Zone>, instant: DateTime<Utc>) -> NaiveDateTime {
    let start = instant.timestamp().max(*SECONDS.start());
    spans(start, start + LOOK_AHEAD, zone.into())
        .into_iter()
        .map(LocalSpan::first_local)
        .min()
        .unwrap_or_else(|| instant.naive_utc())
}

/// A day's first instant. Where the clocks skip midnight, that is when they do; where it comes twice, the first.
pub fn midnight(day: NaiveDate, zone: impl Into<Zone>) -> DateTime<Utc> {
    to_instants(day.and_time(NaiveTime::MIN), zone).0
}

/// The earliest and the latest instant that `local` can stand for. They differ in the hour that is repeated when the
/// clocks go back. A time that was skipped when they went forward is read with the offset before.
pub fn to_instants(local: NaiveDateTime, zone: impl Into<Zone>) -> (DateTime<Utc>, DateTime<Utc>) {
    let zone = zone.into();
    let found = zone.from_local_datetime(&local).map(|time| time.to_utc());
    if let (Some(one), Some(other)) = (found.earliest(), found.latest()) {
        return (one.min(other), one.max(other));
    }
    let instant = in_gap(local, zone);
    (instant, instant)
}

/// The first instant from `start` on, in whole seconds, since which the offset from UTC has been that of `end`, which is no
/// earlier than `start`.
pub fn offset_since(start: DateTime<Utc>, end: DateTime<Utc>, zone: impl Into<Zone>) -> DateTime<Utc> {
    let spans = spans(start.timestamp(), end.timestamp(), zone.into());
    spans.last().map_or(start, |span| utc(span.start))
}

/// A local time in the form of `date_ini` and `date_end`: `YYYYmmddHHMMSS`.
pub fn format_local(local: NaiveDateTime) -> String {
    local.format(FORM).to_string()
}

/// Reads what [`format_local`] writes.
pub fn parse_local(text: &str) -> Option<NaiveDateTime> {
    let is_plain = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    // chrono takes a second 60 as a leap second, which no request has.
    let time = is_plain.then(|| NaiveDateTime::parse_from_str(text, FORM).ok())??;
    (time.nanosecond() == 0).then_some(time)
}

fn in_gap(local: NaiveDateTime, zone: Zone) -> DateTime<Utc> {
    let near = local.and_utc().timestamp();
    let spans = spans(near - LONGEST_GAP, near + LONGEST_GAP, zone);
    let before = spans
        .windows(2)
        .find(|pair| pair[0].last_local() < local && local < pair[1].first_local())
        .map_or(0, |pair| pair[0].offset);
    local.and_utc() - TimeDelta::seconds(before)
}

fn rounded_up(instant: DateTime<Utc>) -> i64 {
    instant.timestamp() + i64::from(instant.timestamp_subsec_nanos() > 0)
}

fn utc(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

fn naive(second: i64) -> NaiveDateTime {
    utc(second).naive_utc()
}

fn offset(second: i64, zone: Zone) -> i64 {
    let offset = zone.offset_from_utc_datetime(&naive(second)).fix();
    i64::from(offset.local_minus_utc())
}

/// Cuts `[start, end]` where the offset changes.
fn spans(start: i64, end: i64, zone: Zone) -> Vec<LocalSpan> {
    let mut spans = Vec::new();
    let mut begin = start;
    while begin <= end {
        let here = offset(begin, zone);
        let next = first_change(begin, end, |second| offset(second, zone) != here);
        spans.push(LocalSpan {
            start: begin,
            end: next.map_or(end, |next| next - 1),
            offset: here,
        });
        begin = next.unwrap_or(end + 1);
    }
    spans
}

/// The first second in `(start, end]` with another offset.
fn first_change(start: i64, end: i64, is_other: impl Fn(i64) -> bool) -> Option<i64> {
    let mut same = start;
    while same < end {
        let probe = (same + STEP).min(end);
        if is_other(probe) {
            let mut other = probe;
            while other - same > 1 {
                let middle = same + (other - same) / 2;
                if is_other(middle) {
                    other = middle;
                } else {
                    same = middle;
                }
            }
            return Some(other);
        }
        same = probe;
    }
    None
}

/// Cuts spans at the local months' ends, and puts together what follows one another in a month.
///
/// A month may come twice: where the clocks go back just after midnight of the first, its first minute is followed by
/// the last hour of the old month once more (St John's, until 2011).
fn months(spans: &[LocalSpan]) -> Vec<Vec<LocalSpan>> {
    let mut months: Vec<Vec<LocalSpan>> = Vec::new();
    let mut current = None;
    for span in spans.iter().flat_map(|span| cut_at_months(*span)) {
        let local = span.first_local();
        let month = (local.year(), local.month());
        match months.last_mut() {
            Some(spans) if current == Some(month) => spans.push(span),
            _ => months.push(vec![span]),
        }
        current = Some(month);
    }
    months
}

fn cut_at_months(span: LocalSpan) -> Vec<LocalSpan> {
    let mut parts = Vec::new();
    let mut start = span.start;
    while start <= span.end {
        let end = (last_of_month(naive(start + span.offset)) - span.offset).min(span.end);
        parts.push(LocalSpan { start, end, ..span });
        start = end + 1;
    }
    parts
}

/// The last second of `local`'s month, as if local were UTC.
fn last_of_month(local: NaiveDateTime) -> i64 {
    let next = match local.month() {
        12 => local
            .date()
            .with_day(1)
            .and_then(|day| day.with_month(1))
            .and_then(|day| day.with_year(local.year() + 1)),
        month => local.date().with_day(1).and_then(|day| day.with_month(month + 1)),
    };
    next.and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(i64::MAX / 2, |first| first.and_utc().timestamp() - 1)
}

/// Cuts what follows one another in a month into chunks of at most `longest` seconds that share their boundary seconds.
fn cut(month: &[LocalSpan], longest: i64) -> Vec<Vec<LocalSpan>> {
    let (Some(first), Some(last)) = (month.first(), month.last()) else {
        return Vec::new();
    };
    let mut chunks = Vec::new();
    let mut start = first.start;
    loop {
        let end = start.saturating_add(longest).min(last.end);
        let inside = |span: &LocalSpan| LocalSpan {
            start: span.start.max(start),
            end: span.end.min(end),
            ..*span
        };
        chunks.push(
            month
                .iter()
                .map(inside)
                .filter(|span| span.start <= span.end)
                .collect(),
        );
        if end == last.end {
            return chunks;
        }
        start = end;
    }
}

fn window(chunk: &[LocalSpan], floor: Option<NaiveDateTime>) -> Option<Window> {
    let date_end = chunk.iter().map(|span| span.last_local()).max()?;
    let date_ini = chunk.iter().map(|span| span.first_local()).min()?;
    let mut from = chunk.first()?.start;
    if let Some(floor) = floor.filter(|floor| *floor > date_ini) {
        let floor = floor.and_utc().timestamp();
        // The first instant at or above the floor; there is none if the chunk lies below.
        from = chunk
            .iter()
            .find(|span| span.end + span.offset >= floor)
            .map(|span| span.start.max(floor - span.offset))?;
    }
    Some(Window {
        from: utc(from),
        to: utc(chunk.last()?.end),
        date_ini: floor.map_or(date_ini, |floor| date_ini.max(floor)),
        date_end,
    })
}

#[cfg(test)]
mod tests;
