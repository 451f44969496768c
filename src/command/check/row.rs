//! What the rows show of themselves and of their fields.

use super::sample::ReportSample;
use super::{Findings, Verdict};
use crate::chats::Field;
use wolkvox::{ServerText, Window, Zone};

/// As many unknown keys are named.
const NAMED: usize = 20;

pub(super) fn judge_rows(findings: &mut Findings, sample: &ReportSample<'_>, window: Window, zone: Zone) {
    let form = "%F %H:%M";
    let (ini, end) = (window.date_ini.format(form), window.date_end.format(form));
    if sample.rows == 0 {
        findings.add(
            Verdict::Note,
            "rows",
            format!(
                "the report has no chats for {ini} to {end} (local time of {zone}): zone, fields and filter can't be judged; run this again when chats have been closed"
            ),
        );
        return;
    }
    findings.add(
        Verdict::Ok,
        "rows",
        format!("{} chats for {ini} to {end} (local time)", sample.rows),
    );
    if sample.rejected > 0 {
        findings.add(
            Verdict::Problem,
            "rows",
            format!(
                "{} rows are no chats (no usable conn_id); they can't be counted once, and are left out",
                sample.rejected
            ),
        );
    }
}

pub(super) fn judge_fields(findings: &mut Findings, sample: &ReportSample<'_>) {
    let list = |fields: &[Field]| {
        fields
            .iter()
            .map(|field| field.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (missing, rest): (Vec<_>, Vec<_>) = Field::ALL
        .into_iter()
        .filter(|field| !sample.was_seen(*field))
        .partition(|field| field.is_documented());
    if missing.is_empty() {
        findings.add(Verdict::Ok, "fields", "all documented fields are there");
    } else {
        findings.add(
            Verdict::Problem,
            "fields",
            format!(
                "no row has {}: the metrics made of them stay empty. Has Wolkvox changed its report?",
                list(&missing)
            ),
        );
    }
    // A name is only read where it is switched on.
    let rest: Vec<_> = rest
        .into_iter()
        .filter(|field| *field != Field::AgentName)
        .collect();
    if !rest.is_empty() {
        findings.add(
            Verdict::Note,
            "fields",
            format!(
                "this server does not send {} (not every server does)",
                list(&rest)
            ),
        );
    }
    if !sample.unknown.is_empty() {
        findings.add(Verdict::Note, "fields", unknown(&sample.unknown));
    }
    for (field, count) in sample.invalid() {
        findings.add(
            Verdict::Problem,
            "fields",
            format!(
                "{} can't be read in {count} of {} rows; those values are left out",
                field.name(),
                sample.rows
            ),
        );
    }
}

/// Names only: a value may be anybody's.
fn unknown(keys: &[ServerText]) -> String {
    // What is left of a key may have any quotes in it.
    let names = keys
        .iter()
        .take(NAMED)
        .map(|key| format!("{:?}", key.to_string()));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = match keys.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "rows have keys that this version does not know, and does not read: {names}{more}. Wolkvox has added them; a later version may use them"
    )
}
