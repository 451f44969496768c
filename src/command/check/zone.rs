//! Whether the rows' times fit the zone.

use chrono::{DateTime, TimeDelta, Utc};

use super::sample::ReportSample;
use super::{Findings, Verdict, words};
use crate::config::Described;
use wolkvox::{Window, Zone};

/// Chats can't have closed in the future, and where chats close all the time, the newest was closed just now.
pub(super) fn judge_zone(
    findings: &mut Findings,
    sample: &ReportSample<'_>,
    window: Window,
    zone: Zone,
    now: DateTime<Utc>,
    described: Described,
) {
    let setting = described.setting("TIMEZONE");
    let Some(newest) = sample.newest() else {
        return findings.add(
            Verdict::Note,
            "zone",
            "no row says when it was closed: it can't be judged",
        );
    };
    if window.to < now {
        return findings.add(
            Verdict::Note,
            "zone",
            "the month has just begun: it can't be judged before chats have been closed in it",
        );
    }
    let lag = now - newest;
    // Zones are whole quarters of an hour apart.
    let quarters = (lag.num_seconds() + 450).div_euclid(900);
    let off = TimeDelta::minutes(15 * quarters);
    let is_exact = (lag - off).abs() <= sample.usual_gap() * 5 + TimeDelta::seconds(60);
    if lag < -TimeDelta::minutes(2) {
        findings.add(
            Verdict::Problem,
            "zone",
            format!(
                "by {setting}={zone} the newest chat was closed {} in the future: the operation's zone is {} ahead of it; set the zone of the operation",
                words(-lag),
                words(-off)
            ),
        );
    } else if lag >= TimeDelta::minutes(25) && is_exact && sample.is_steady() && off > TimeDelta::zero() {
        findings.add(
            Verdict::Problem,
            "zone",
            format!(
                "chats close every {} or so, and by {setting}={zone} the newest was closed {} ago: the operation's zone seems to be {} behind it",
                words(sample.usual_gap()),
                words(lag),
                words(off)
            ),
        );
    } else if lag < TimeDelta::minutes(25) {
        findings.add(
            Verdict::Ok,
            "zone",
            format!(
                "{zone} fits: the newest chat was closed {} ago",
                words(lag.max(TimeDelta::zero()))
            ),
        );
    } else {
        findings.add(
            Verdict::Note,
            "zone",
            format!(
                "by {setting}={zone} the newest chat was closed {} ago; if that is not so, set the zone of the operation",
                words(lag)
            ),
        );
    }
}
