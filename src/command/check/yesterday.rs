//! Whether the chats of yesterday are as many as Wolkvox itself counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use wolkvox::history::{Notice, Reader};
use wolkvox::{Error, Reason, Source, Window, Zone, window};

use super::{Findings, Verdict};
use crate::chats::closed_by_channel::ClosedByChannel;
use crate::command::backfill::Progress;
use crate::command::report::{self, By, Keys, Of, Question, Summary, SummaryError, Value};
use crate::config::OperationConfig;
use crate::words;

const ABOUT: &str = "yesterday";

/// A local day that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Yesterday {
    date: NaiveDate,
    from: DateTime<Utc>,
    /// The first instant after it.
    to: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl Yesterday {
    /// The day before that of `now`; `None` at the beginning of the calendar.
    pub(super) fn before(now: DateTime<Utc>, zone: Zone) -> Option<Yesterday> {
        let today = now.with_timezone(&zone).date_naive();
        let date = today.checked_sub_days(Days::new(1))?;
        Some(Yesterday {
            date,
            from: window::midnight(date, zone),
            to: window::midnight(today, zone),
            now,
        })
    }

    /// What Wolkvox is asked for.
    fn window(&self, zone: Zone) -> Option<Window> {
        let last = self.to - TimeDelta::seconds(1);
        let windows = window::chunks(self.from, last, zone, None, window::LONGEST);
        windows.into_iter().next()
    }
}

/// The chats of one channel, or of all: ours, and Wolkvox' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    ours: u64,
    theirs: u64,
}

/// Makes the calls and judges what they bring. What differs is no problem: which chats each of the two reports has is for
/// Wolkvox to say.
pub(super) async fn judge_yesterday<S: Source, C: Source>(
    findings: &mut Findings,
    config: &OperationConfig,
    chats: Reader<S>,
    counts: C,
    yesterday: Option<Yesterday>,
) {
    let zone = config.server.timezone;
    let asked = yesterday.and_then(|yesterday| Some((yesterday, yesterday.window(zone)?)));
    let Some((yesterday, window)) = asked else { return };
    if config.server.agent_dni.is_some() {
        let setting = config.server.described.setting("AGENT_DNI");
        let text = format!(
            "not compared: {setting} asks for the chats of one agent, and chat_13 counts those of all"
        );
        return findings.add(Verdict::Note, ABOUT, text);
    }
    let mut theirs = ClosedByChannel::default();
    let exchange = counts.report(&window, &mut theirs).await;
    if let Err(error) = exchange.result {
        return add_failure(findings, &error);
    }
    let ours = match count(config, chats, yesterday).await {
        Ok(summary) => by_channel(&summary),
        Err(error) => {
            let text = format!("the chats of {} can't be read: {error}", yesterday.date);
            return findings.add(Verdict::Problem, ABOUT, text);
        }
    };
    if theirs.unreadable > 0 {
        let text = format!(
            "{} of chat_13 left out: `interaction` is no whole number there",
            words::count(theirs.unreadable, "row")
        );
        findings.add(Verdict::Note, ABOUT, text);
    }
    compare(findings, yesterday.date, zone, &ours, &theirs.chats);
}

/// A server without the report is as good as one with it. It has answered before, so that the address is right.
fn add_failure(findings: &mut Findings, error: &Error) {
    let is_missing = match (error.reason(), error.status()) {
        (Reason::HttpStatus, Some(404)) => true,
        (Reason::BadRequest, _) => error.is_from_wolkvox(),
        _ => false,
    };
    if is_missing {
        let text = format!(
            "not compared: this server does not answer chat_13, Wolkvox' own count of closed chats, as not every server does. The exporter does not need it. What it said: {error}"
        );
        return findings.add(Verdict::Note, ABOUT, text);
    }
    let text = format!("chat_13, Wolkvox' own count of closed chats, can't be read: {error}");
    findings.add(Verdict::Problem, ABOUT, text);
}

/// The closed chats of that day as `report` counts them.
async fn count<S: Source>(
    config: &OperationConfig,
    reader: Reader<S>,
    yesterday: Yesterday,
) -> Result<Summary, SummaryError> {
    let question = Question {
        config,
        from: yesterday.from,
        to: yesterday.to,
        now: yesterday.now,
        of: Of::Closing,
        by: Keys::new(vec![By::Channel])?,
        without_timeouts: false,
    };
    let mut progress = Progress::notices_on_stderr();
    let tell = |notice: Notice| match notice {
        Notice::Trouble(_) => progress.notice(&notice),
        // A few seconds, which no option of this command sets.
        Notice::Pause(_) => {}
    };
    report::summarise(&question, reader, tell).await
}

fn by_channel(summary: &Summary) -> BTreeMap<String, u64> {
    let channel = |values: &[Value]| match values {
        [Value::Number(_, text) | Value::Word(text), ..] => text.clone(),
        _ => String::new(),
    };
    let rows = summary.rows.iter();
    rows.map(|row| (channel(&row.values), row.line.chats)).collect()
}

/// A line for each channel, and one for all.
fn compare(
    findings: &mut Findings,
    date: NaiveDate,
    zone: Zone,
    ours: &BTreeMap<String, u64>,
    theirs: &BTreeMap<String, u64>,
) {
    let channels: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let of = |chats: &BTreeMap<String, u64>, channel: &String| chats.get(channel).copied().unwrap_or(0);
    let pairs: Vec<_> = channels
        .into_iter()
        .map(|channel| {
            let pair = Pair {
                ours: of(ours, channel),
                theirs: of(theirs, channel),
            };
            (channel, pair)
        })
        .collect();
    for (channel, pair) in &pairs {
        findings.add(
            pair.verdict(),
            ABOUT,
            format!("channel {channel}: {}", pair.words()),
        );
    }
    let all = Pair {
        ours: ours.values().sum(),
        theirs: theirs.values().sum(),
    };
    let verdict = if pairs.iter().all(|(_, pair)| pair.is_same()) {
        Verdict::Ok
    } else {
        Verdict::Note
    };
    let reasons = reasons(pairs.iter().map(|(_, pair)| *pair));
    let text = format!(
        "all chats that were closed on {date} (local time of {zone}): {}{reasons}",
        all.words()
    );
    findings.add(verdict, ABOUT, text);
}

/// What is known of why two counts differ.
fn reasons(pairs: impl Iterator<Item = Pair>) -> String {
    let pairs: Vec<_> = pairs.collect();
    let mut reasons = Vec::new();
    if pairs.iter().any(|pair| pair.theirs > pair.ours) {
        reasons.push(
            "chat_1, which the exporter counts, has no chats that no agent took, and rows without a conn_id are not counted",
        );
    }
    if pairs.iter().any(|pair| pair.ours > pair.theirs) {
        reasons.push("what chat_13 leaves out, and by which time of a chat it goes, Wolkvox does not say");
    }
    let is_on_one_side = |pair: &Pair| pair.ours == 0 || pair.theirs == 0;
    if pairs
        .iter()
        .filter(|pair| !pair.is_same() && is_on_one_side(pair))
        .count()
        > 1
    {
        reasons.push("the two reports may call a channel by different names");
    }
    if reasons.is_empty() {
        return String::new();
    }
    format!(". What is known of it: {}", reasons.join("; "))
}

impl Pair {
    fn is_same(self) -> bool {
        self.ours == self.theirs
    }

    fn verdict(self) -> Verdict {
        if self.is_same() {
            Verdict::Ok
        } else {
            Verdict::Note
        }
    }

    fn words(self) -> String {
        let Pair { ours, theirs } = self;
        match theirs.cmp(&ours) {
            std::cmp::Ordering::Equal => format!("{ours} by chat_1, and the same by chat_13"),
            std::cmp::Ordering::Greater => {
                format!(
                    "{ours} by chat_1, {theirs} by chat_13, which has {} more",
                    theirs - ours
                )
            }
            std::cmp::Ordering::Less => {
                format!(
                    "{ours} by chat_1, {theirs} by chat_13, which has {} fewer",
                    ours - theirs
                )
            }
        }
    }
}
