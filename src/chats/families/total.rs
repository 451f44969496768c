//! The totals per chat, and the names that belong to their ids.

use std::collections::BTreeMap;

use crate::chats::exemplar::{Buckets, Example, Examples};
use crate::chats::key::{AgentKey, ChatKey};
use crate::chats::totals::{AgentTotals, ChatTotals, Entry, Name, Table};
use crate::metrics::catalogue::{Spec, seconds};
use crate::metrics::family::{Exemplar, Extra, Family, Sample};
use crate::metrics::{View, catalogue as c};

/// The families of the totals, and the names to join with.
pub fn families(view: View<'_>) -> Vec<Family> {
    let mut families = chats(view);
    families.extend(agents(view));
    families.extend(names(view));
    families
}

fn chats(view: View<'_>) -> Vec<Family> {
    type Value = for<'a> fn(&'a ChatTotals) -> Sample<'a>;
    type Example = fn(&Examples) -> &Buckets;
    /// A family: how to get its value, its examples, and whether the server sends its field (now, and as shown before).
    type Row = (&'static Spec, Value, Option<Example>, (bool, bool));
    let always = (true, true);
    let response = (view.totals.sends_agent_response, view.shown.sends_agent_response);
    let transfer = (view.totals.sends_transfer, view.shown.sends_transfer);
    let rows: [Row; 10] = [
        (&c::CHATS, |t| t.chats.into(), None, always),
        (
            &c::CHAT_ASA,
            |t| Sample::Histogram(&t.asa),
            Some(|e| &e.asa),
            always,
        ),
        (
            &c::CHAT_DURATION,
            |t| Sample::Histogram(&t.duration),
            Some(|e| &e.duration),
            always,
        ),
        (
            &c::CHAT_TIME_ON_AGENT,
            |t| Sample::Histogram(&t.time_on_agent),
            Some(|e| &e.time_on_agent),
            always,
        ),
        (
            &c::CHAT_AGENT_RESPONSE,
            |t| Sample::Histogram(&t.agent_response),
            Some(|e| &e.agent_response),
            response,
        ),
        (
            &c::CHAT_WITHIN_TARGET,
            |t| t.answered_within_target.into(),
            None,
            always,
        ),
        (
            &c::CHAT_CUSTOMER_CHARACTERS,
            |t| t.customer_characters.into(),
            None,
            always,
        ),
        (
            &c::CHAT_AGENT_CHARACTERS,
            |t| t.agent_characters.into(),
            None,
            always,
        ),
        (&c::CHAT_AGENT_ANSWERS, |t| t.agent_answers.into(), None, always),
        (&c::CHAT_TRANSFERS, |t| t.transfers.into(), None, transfer),
    ];
    let zero = ChatTotals::default();
    let family = |(spec, value, example, (sent, sent_before)): Row| {
        let mut family = Family::new(spec);
        if !sent {
            return family;
        }
        for (key, entry) in &view.totals.chats {
            let is_shown = sent_before && view.shown.chats.contains_key(key);
            let totals = if is_shown { &entry.value } else { &zero };
            let examples = example.filter(|_| is_shown).zip(view.exemplars.get(key));
            let exemplars = examples
                .map(|(part, examples)| exemplars(part(examples)))
                .unwrap_or_default();
            let extra = Extra {
                created_ms: Some(entry.created_ms),
                exemplars,
            };
            family.push(spec, &chat_labels(view, key), value(totals), extra);
        }
        family
    };
    let mut families: Vec<Family> = rows.into_iter().map(family).collect();
    families.push(counter(
        &c::CHAT_DISPOSITIONS,
        view,
        &view.totals.dispositions,
        &view.shown.dispositions,
        |key| vec![&key.skill_id, &key.cod_act],
    ));
    families.push(counter(
        &c::CHAT_FEELINGS,
        view,
        &view.totals.feelings,
        &view.shown.feelings,
        |key| vec![&key.skill_id, key.feeling.as_str(), key.outcome.as_str()],
    ));
    families.push(counter(
        &c::CHAT_LAST_SPEAKERS,
        view,
        &view.totals.speakers,
        &view.shown.speakers,
        |key| vec![&key.skill_id, key.participant.as_str(), key.outcome.as_str()],
    ));
    families
}

fn chat_labels<'a>(view: View<'a>, key: &'a ChatKey) -> [&'a str; 4] {
    [
        &view.settings.operation,
        &key.channel,
        &key.skill_id,
        key.outcome.as_str(),
    ]
}

fn exemplars(buckets: &Buckets) -> Vec<Option<Exemplar>> {
    let exemplar = |example: &Example| Exemplar {
        labels: vec![("conn_id".to_owned(), example.id.as_str().to_owned())],
        value: seconds(example.milliseconds),
        timestamp_ms: Some(example.at.timestamp_millis()),
    };
    buckets
        .iter()
        .map(|example| example.as_ref().map(exemplar))
        .collect()
}

/// A counter whose table holds plain counts.
fn counter<K: Ord>(
    spec: &'static Spec,
    view: View<'_>,
    table: &Table<K, u64>,
    shown: &Table<K, u64>,
    labels: impl Fn(&K) -> Vec<&str>,
) -> Family {
    let mut family = Family::new(spec);
    for (key, entry) in table {
        let value = if shown.contains_key(key) { entry.value } else { 0 };
        let mut values = vec![view.settings.operation.as_str()];
        values.extend(labels(key));
        family.push(spec, &values, value.into(), created(entry));
    }
    family
}

fn created<V>(entry: &Entry<V>) -> Extra {
    Extra {
        created_ms: Some(entry.created_ms),
        exemplars: Vec::new(),
    }
}

fn agents(view: View<'_>) -> Vec<Family> {
    type Value = fn(&AgentTotals) -> Sample<'static>;
    let rows: [(&'static Spec, Value); 7] = [
        (&c::AGENT_CHATS, |t| t.chats.into()),
        (&c::AGENT_WITHIN_TARGET, |t| t.answered_within_target.into()),
        (&c::AGENT_ANSWERS, |t| t.answers.into()),
        (&c::AGENT_CHARACTERS, |t| t.characters.into()),
        (&c::AGENT_ASA, |t| Sample::SumCount(t.asa)),
        (&c::AGENT_TIME_ON_AGENT, |t| Sample::SumCount(t.time_on_agent)),
        (&c::AGENT_CHAT_DURATION, |t| Sample::SumCount(t.duration)),
    ];
    let zero = AgentTotals::default();
    let family = |(spec, value): (&'static Spec, Value)| {
        let mut family = Family::new(spec);
        for (key, entry) in &view.totals.agents {
            let totals = if view.shown.agents.contains_key(key) {
                &entry.value
            } else {
                &zero
            };
            family.push(spec, &agent_labels(view, key), value(totals), created(entry));
        }
        family
    };
    rows.into_iter().map(family).collect()
}

fn agent_labels<'a>(view: View<'a>, key: &'a AgentKey) -> [&'a str; 3] {
    [&view.settings.operation, &key.agent_id, key.outcome.as_str()]
}

fn names(view: View<'_>) -> [Family; 3] {
    fn texts(names: &BTreeMap<String, Name>) -> impl Iterator<Item = (&String, &String)> {
        names.iter().map(|(id, name)| (id, &name.text))
    }
    [
        info(view, &c::AGENT_INFO, texts(&view.totals.agent_names)),
        info(view, &c::SKILL_INFO, &view.settings.skill_names),
        info(view, &c::DISPOSITION_INFO, texts(&view.totals.descriptions)),
    ]
}

/// A family to join names from: by an id, always 1.
fn info<'a>(
    view: View<'_>,
    spec: &Spec,
    names: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Family {
    let mut family = Family::new(spec);
    for (id, name) in names {
        let values = [view.settings.operation.as_str(), id, name];
        family.push(spec, &values, Sample::Number(1.0), Extra::default());
    }
    family
}
