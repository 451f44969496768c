mod same;
mod today;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::UTC;
use prometheus::Registry;
use prometheus::proto::MetricType;

use super::*;
use crate::chats::chat::Chat;
use crate::chats::exemplar::Exemplars;
use crate::chats::key::{Keys, LabelSet, Table};
use crate::chats::latest_window::Gatherer;
use crate::chats::{Field, Totals};
use crate::config::tests::COUNTING;
use crate::config::{self, Agents, OperationConfig};
use crate::ledger::{Counted as _, Counts};
use crate::poller::budget::Pace;
use crate::poller::stats::Stats;
use crate::poller::view::LedgerProgress;
use wolkvox::{Exchange, Row, Value};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

fn config() -> OperationConfig {
    config::tests::with(&[
        ("WOLKVOX_OPERATION", "ventas"),
        ("WOLKVOX_AGENTS", "names"),
        ("WOLKVOX_API_DAILY_LIMIT", "5000"),
        ("WOLKVOX_SKILL_NAMES", "12=Sales"),
    ])
    .unwrap()
    .into_operation()
}

/// A chat with a value in every field.
fn chat(skill: &str, agent: &str) -> Chat {
    let mut row = Row::default();
    for (field, value) in [
        (Field::ConnId, "1"),
        (Field::Channel, "web"),
        (Field::SkillId, skill),
        (Field::AgentId, agent),
        (Field::AgentName, "Ana"),
        (Field::Date, "2026-03-10 14:50:00"),
        (Field::DateClose, "2026-03-10 14:59:00"),
        (Field::Asa, "12"),
        (Field::ChatDuration, "540"),
        (Field::TimeOnAgent, "300"),
        (Field::AgentResponse, "9"),
        (Field::CustomerChars, "10"),
        (Field::AgentChars, "20"),
        (Field::AgentAnswers, "3"),
        (Field::CodAct, "21"),
        (Field::DescriptionCodAct, "Sold"),
        (Field::Transfer, "yes"),
        (Field::Feeling, "positive"),
        (Field::LastParticipant, "agent"),
    ] {
        row.set(field, Value::Text(value));
    }
    Chat::from_row(&row, UTC).unwrap()
}

fn keys() -> Keys {
    Keys::of(&chat("7", "2001"), Agents::Names)
}

fn totals(chats: &[Chat]) -> Totals {
    let mut totals = Totals::default();
    for chat in chats {
        totals.absorb(
            chat,
            &Keys::of(chat, Agents::Names),
            Counts::Yes,
            &COUNTING,
            now(),
        );
        let recontacts = LabelSet::new(Table::Recontacts, [&*chat.skill_id, "24h"]);
        totals.open_set(Table::Recontacts, &recontacts);
    }
    totals
}

/// The same totals, as they are shown for the first time.
fn fresh(totals: Totals) -> Totals {
    let mut fresh = Totals::default();
    fresh.add(totals);
    fresh
}

/// Everything that can be shown.
fn shown_of(totals: &Totals) -> Vec<Family> {
    let config = config();
    let mut stats = Stats::new(now(), Pace::usual(&config.polling));
    stats.up = Some(true);
    stats.poll_duration = Some(Duration::from_secs(1));
    stats.last_poll = Some(now());
    stats.last_commit = Some(now());
    stats.state_bytes = Some(1);
    stats.clock_offset_ms = Some(-250);
    stats.answers.unknown_keys = Some(0);
    stats.note_exchange(&Exchange {
        status: Some(502),
        date: None,
        bytes: 7,
        duration: Duration::from_millis(300),
        result: Ok(wolkvox::Answer::default()),
    });
    let progress = LedgerProgress {
        counting_since: now(),
        watermark: now(),
        last_success: Some(now()),
        last_chat_close: Some(now()),
        seen_chats: 1,
        requests_today: 2,
    };
    let mut exemplars = Exemplars::default();
    exemplars.note(&chat("7", "2001"), &keys(), &COUNTING, now());
    let view = View {
        config: &config,
        totals,
        exemplars: &exemplars,
        skill_names: &Arc::new(config.counting.skill_names.clone()),
        progress: &progress,
        stats: &stats,
    };
    let mut gatherer = Gatherer::default();
    gatherer.note(&chat("7", "2001"), &keys(), now());
    let latest = gatherer.finish(now(), config.polling.window, &COUNTING);
    let mut families = families(view, 0);
    families.extend(values(&chats::families::latest_window(
        "ventas",
        &Arc::new(latest),
    )));
    families.extend(today::families());
    let hours = business_hours::BusinessHours::parse("24/7").unwrap();
    families.extend(open_since::families("ventas", &hours.at(now(), &UTC)));
    families.extend(exporter::families(&exporter::Settings {
        hash: "0f3a91c2",
        is_reloaded: true,
        reloaded_at: now(),
        operations: &[("ventas", true)],
        fleet: Some(exporter::Fleet {
            is_database_up: true,
            takeovers: 1,
            fenced: 1,
            unknown: 1,
            leases: vec![("ventas".to_owned(), Duration::from_secs(40))],
        }),
    }));
    families.extend(process::Process::register(Registry::new()).unwrap().families());
    families
}

fn labels(metric: &prometheus::proto::Metric) -> Vec<(String, String)> {
    metric
        .get_label()
        .iter()
        .map(|pair| (pair.name().to_owned(), pair.value().to_owned()))
        .collect()
}

#[test]
fn names_in_the_catalogue_are_valid_and_speak_of_their_type() {
    let mut names = HashSet::new();
    for spec in all() {
        assert!(names.insert(spec.name), "{} is there twice", spec.name);
        let valid = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(valid(spec.name), "{}", spec.name);
        let of_process = spec.name.starts_with("process_");
        assert!(of_process || spec.name.starts_with("wolkvox_"), "{}", spec.name);
        assert_eq!(
            spec.name.ends_with("_total"),
            spec.kind == Kind::Counter,
            "{}",
            spec.name
        );
        let counted = ["_count", "_sum", "_bucket", "_created"];
        assert!(
            !counted.iter().any(|end| spec.name.ends_with(end)),
            "{}",
            spec.name
        );
        if matches!(spec.kind, Kind::Histogram(_) | Kind::Summary) {
            assert!(spec.name.ends_with("_seconds"), "{}", spec.name);
        }
        assert_eq!(
            spec.is_per_operation(),
            !of_process && !is_of_exporter(spec.name),
            "{}",
            spec.name
        );
        assert!(
            spec.help.ends_with('.') && spec.help.len() > 20 && !spec.help.contains('\n'),
            "{}",
            spec.name
        );
        let unique: HashSet<_> = spec.labels.iter().collect();
        assert_eq!(unique.len(), spec.labels.len(), "{}", spec.name);
        for label in spec.labels {
            let reserved = ["le", "quantile", "job", "instance"].contains(label)
                || *label == "operation" && spec.is_per_operation();
            assert!(valid(label) && !reserved, "{}: {label}", spec.name);
        }
        if let Kind::Histogram(bounds) = spec.kind {
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{}", spec.name);
        }
    }
    // A histogram's or summary's series must not be another family's name.
    for spec in all() {
        for end in ["_count", "_sum", "_bucket"] {
            assert!(!names.contains(format!("{}{end}", spec.name).as_str()));
        }
    }
}

/// Whether what a family tells is of the exporter, and not of what it has read for an operation.
fn is_of_exporter(name: &str) -> bool {
    name.starts_with("wolkvox_exporter_")
        || ["wolkvox_operation_held", "wolkvox_operation_lease_seconds"].contains(&name)
}

#[cfg(target_os = "linux")]
#[test]
fn every_family_of_the_catalogue_is_shown_with_its_type_and_labels() {
    let totals = totals(&[chat("7", "2001")]);
    let families = shown_of(&totals);
    let shown: Vec<&str> = families.iter().map(|family| family.proto.name()).collect();
    let unique: BTreeSet<&str> = shown.iter().copied().collect();
    assert_eq!(unique.len(), shown.len(), "{shown:?}");
    let declared: BTreeSet<&str> = all().map(|spec| spec.name).collect();
    assert_eq!(unique, declared);
    for family in &families {
        let spec = find(family.proto.name()).unwrap();
        let kind = match spec.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram(_) => MetricType::HISTOGRAM,
            Kind::Summary => MetricType::SUMMARY,
        };
        assert_eq!(family.proto.get_field_type(), kind, "{}", spec.name);
        assert_eq!(family.proto.help(), spec.help);
        assert_eq!(family.extras.len(), family.proto.get_metric().len());
        for metric in family.proto.get_metric() {
            let operation = spec.is_per_operation().then_some("operation");
            let expected: Vec<&str> = operation.into_iter().chain(spec.labels.iter().copied()).collect();
            let mut names: Vec<String> = labels(metric).into_iter().map(|(name, _)| name).collect();
            names.sort_by_key(|name| expected.iter().position(|label| label == name));
            // That of the operation, beside which each skill that differs has one.
            let is_of_operation = spec.labels == ["skill_id"] && spec.section == Section::Settings;
            let expected = if is_of_operation {
                &expected[..1]
            } else {
                &expected
            };
            assert_eq!(names, expected, "{}", spec.name);
        }
        let series: BTreeSet<_> = family.proto.get_metric().iter().map(labels).collect();
        assert_eq!(series.len(), family.proto.get_metric().len(), "{}", spec.name);
    }
}

#[test]
fn what_was_not_shown_before_is_0_in_all_its_families() {
    let totals = fresh(totals(&[chat("7", "2001")]));
    for family in shown_of(&totals) {
        let spec = find(family.proto.name()).unwrap();
        if spec.section != Section::Totals {
            continue;
        }
        for (metric, extra) in family.proto.get_metric().iter().zip(&family.extras) {
            let value = match spec.kind {
                Kind::Counter => metric.get_counter().get_value(),
                Kind::Gauge => metric.get_gauge().get_value(),
                Kind::Histogram(_) => {
                    metric.get_histogram().get_sample_sum() + metric.get_histogram().get_sample_count() as f64
                }
                Kind::Summary => {
                    metric.get_summary().sample_sum() + metric.get_summary().sample_count() as f64
                }
            };
            assert!(value.abs() < f64::EPSILON, "{} begins at {value}", spec.name);
            assert!(extra.exemplars.iter().flatten().next().is_none(), "{}", spec.name);
        }
    }
}

#[test]
fn labels_that_join_to_the_same_text_are_different_series() {
    let totals = totals(&[chat("1", "12"), chat("11", "2")]);
    let families = shown_of(&totals);
    for name in ["wolkvox_chats_total", "wolkvox_agent_chats_total"] {
        let family = families
            .iter()
            .find(|family| family.proto.name() == name)
            .unwrap();
        let series: BTreeMap<_, _> = family
            .proto
            .get_metric()
            .iter()
            .map(|metric| (labels(metric), metric.get_counter().get_value()))
            .collect();
        assert_eq!(series.len(), 2, "{name}");
    }
}

#[test]
fn buckets_are_cumulative_and_their_bounds_included() {
    let mut at_bound = chat("7", "2001");
    at_bound.asa_ms = Some(5000);
    let mut above = chat("7", "2001");
    above.asa_ms = Some(5001);
    let mut beyond = chat("7", "2001");
    beyond.asa_ms = Some(9_000_000);
    let totals = totals(&[at_bound, above, beyond]);
    let families = shown_of(&totals);
    let family = families
        .iter()
        .find(|family| family.proto.name() == "wolkvox_chat_asa_seconds")
        .unwrap();
    let histogram = family.proto.get_metric()[0].get_histogram();
    let counts: Vec<u64> = histogram
        .get_bucket()
        .iter()
        .map(prometheus::proto::Bucket::cumulative_count)
        .collect();
    assert_eq!(counts[..2], [1, 2]);
    assert_eq!(counts.last(), Some(&2));
    assert_eq!(histogram.get_sample_count(), 3);
    assert!((histogram.get_sample_sum() - 9010.001).abs() < 1e-9);
}

#[test]
fn the_reference_names_every_family() {
    let text = markdown();
    for spec in all() {
        assert_eq!(text.matches(&format!("| `{}` |", spec.name)).count(), 1);
    }
}

#[test]
fn the_series_limit_counts_the_lines_that_are_shown() {
    let mut other = chat("8", "2002");
    other.code = Some("22".to_owned());
    let totals = totals(&[chat("7", "2001"), other]);
    let is_counted = |family: &Family| {
        let name = family.proto.name();
        let is_text = ["wolkvox_agent_info", "wolkvox_disposition_info"].contains(&name);
        is_text || find(name).unwrap().section == Section::Totals
    };
    let families = shown_of(&totals);
    let lines: usize = families
        .iter()
        .filter(|family| is_counted(family))
        .map(Family::sample_lines)
        .sum();
    assert_eq!(totals.lines(), lines);
    let bytes: usize = families
        .iter()
        .filter(|family| is_counted(family))
        .flat_map(|family| {
            let lines = find(family.proto.name()).unwrap().kind.lines();
            let metrics = family.proto.get_metric().iter();
            metrics.map(move |metric| {
                let labels = metric.get_label().iter();
                let labels = labels.filter(|label| label.name() != "operation");
                labels.map(|label| label.value().len()).sum::<usize>() * lines
            })
        })
        .sum();
    assert_eq!(totals.label_bytes(), bytes);
    let new: usize = Table::ALL.into_iter().map(Table::lines_of_new).sum();
    assert_eq!(new * 2, lines, "both chats have all label sets of their own");
}

/// Rules divide the age of the data by it: on a day that is slowed down nothing is stale.
#[test]
fn the_interval_between_polls_is_that_in_effect() {
    let config = config();
    let mut stats = Stats::new(now(), Pace::usual(&config.polling));
    stats.pace.interval = 2 * config.polling.poll_interval;
    let progress = LedgerProgress {
        counting_since: now(),
        watermark: now(),
        last_success: None,
        last_chat_close: None,
        seen_chats: 0,
        requests_today: 0,
    };
    let view = View {
        config: &config,
        totals: &Totals::default(),
        exemplars: &Exemplars::default(),
        skill_names: &Arc::new(config.counting.skill_names.clone()),
        progress: &progress,
        stats: &stats,
    };
    let shown = families(view, 0);
    let interval = shown
        .iter()
        .find(|family| family.proto.name() == "wolkvox_poll_interval_seconds")
        .unwrap();
    let seconds = interval.proto.get_metric()[0].get_gauge().get_value();
    assert_eq!(Duration::from_secs_f64(seconds), stats.pace.interval);
}
