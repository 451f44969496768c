//! What boards show of several operations, whose skills, agents and codes have the same ids: each is told from the others,
//! ratios are of sums, and settings are never added up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::prometheus::dashboards::{BOARDS, board, list, text};
use crate::support::tsdb::{self, Database};

use super::query::{Choice, OLD, Query, QueryKind};
use super::{Series, ask_at, named_columns};

/// A poll, seconds.
pub(super) const POLL: u64 = 300;
pub(super) const DAY: u64 = 86_400;
/// The end of the history: a poll.
pub(super) const END: u64 = 1_774_440_000;
/// All operations have these.
pub(super) const SKILL: &str = "12";
pub(super) const AGENT: &str = "7";
const CODE: &str = "1";

/// An operation that closes the same number of chats in each poll.
pub(super) struct Member {
    name: &'static str,
    skill_name: &'static str,
    /// Chats of a poll.
    chats: u64,
    /// Those of them that were answered within 30 s, and within the target.
    in_time: u64,
    target: f64,
    objective: f64,
    /// Target and objective of its skill, where they differ from the operation's.
    of_skill: Option<(f64, f64)>,
    /// Calls of a day.
    limit: f64,
    /// Since when it is counted.
    begin: u64,
}

/// The last one is counted since yesterday.
pub(super) const FLEET: [Member; 3] = [
    Member {
        name: "ventas",
        skill_name: "Sales",
        chats: 10,
        in_time: 9,
        target: 30.0,
        objective: 0.8,
        of_skill: None,
        limit: 5000.0,
        begin: END - 8 * DAY,
    },
    Member {
        name: "soporte",
        skill_name: "Support",
        chats: 2,
        in_time: 0,
        target: 60.0,
        objective: 0.9,
        of_skill: None,
        limit: 3000.0,
        begin: END - 8 * DAY,
    },
    Member {
        name: "cobros",
        skill_name: "Collections",
        chats: 4,
        in_time: 3,
        target: 30.0,
        objective: 0.8,
        of_skill: Some((20.0, 0.5)),
        limit: 5000.0,
        begin: END - DAY,
    },
];

impl Member {
    /// Its samples, at each poll.
    pub(super) fn history(&self) -> String {
        let late = self.chats - self.in_time;
        let seconds = 10 * self.in_time + 100 * late;
        let of_skill = format!("skill_id=\"{SKILL}\",outcome=\"coded\"");
        let of_chat = format!("{of_skill},channel=\"web\"");
        let of_agent = format!("agent_id=\"{AGENT}\",outcome=\"coded\"");
        let bucket = |le: &str| format!("{of_chat},le=\"{le}\"");
        let counters = [
            ("wolkvox_chats_total", of_chat.clone(), self.chats),
            ("wolkvox_chat_asa_seconds_bucket", bucket("30.0"), self.in_time),
            ("wolkvox_chat_asa_seconds_bucket", bucket("120.0"), self.chats),
            ("wolkvox_chat_asa_seconds_bucket", bucket("+Inf"), self.chats),
            ("wolkvox_chat_asa_seconds_count", of_chat.clone(), self.chats),
            ("wolkvox_chat_asa_seconds_sum", of_chat.clone(), seconds),
            (
                "wolkvox_chat_answered_within_target_total",
                of_chat.clone(),
                self.in_time,
            ),
            (
                "wolkvox_chat_dispositions_total",
                format!("{of_skill},cod_act=\"{CODE}\""),
                self.chats,
            ),
            ("wolkvox_agent_chats_total", of_agent.clone(), self.chats),
            ("wolkvox_agent_asa_seconds_count", of_agent.clone(), self.chats),
            ("wolkvox_agent_asa_seconds_sum", of_agent.clone(), seconds),
            (
                "wolkvox_agent_answered_within_target_total",
                of_agent.clone(),
                self.in_time,
            ),
        ];
        let named = |id: &str, name: &str| format!("{id},{name}=\"{}\"", self.skill_name);
        let of_skill = self.of_skill.map(|(target, objective)| {
            [
                ("wolkvox_asa_target_seconds", target),
                ("wolkvox_service_level_target_ratio", objective),
            ]
        });
        let gauges = [
            (
                "wolkvox_skill_info",
                named(&format!("skill_id=\"{SKILL}\""), "skill_name"),
                1.0,
            ),
            (
                "wolkvox_agent_info",
                named(&format!("agent_id=\"{AGENT}\""), "agent_name"),
                1.0,
            ),
            (
                "wolkvox_disposition_info",
                named(&format!("cod_act=\"{CODE}\""), "description"),
                1.0,
            ),
            ("wolkvox_asa_target_seconds", String::new(), self.target),
            (
                "wolkvox_service_level_target_ratio",
                String::new(),
                self.objective,
            ),
            ("wolkvox_poll_interval_seconds", String::new(), POLL as f64),
            ("wolkvox_api_daily_limit", String::new(), self.limit),
        ];
        let mut text = String::new();
        for (name, labels, of_a_poll) in counters {
            self.series(&mut text, name, &labels, |poll| (of_a_poll * poll).to_string());
        }
        for (name, labels, value) in gauges {
            self.series(&mut text, name, &labels, |_| value.to_string());
        }
        for (name, value) in of_skill.into_iter().flatten() {
            let labels = format!("skill_id=\"{SKILL}\"");
            self.series(&mut text, name, &labels, |_| value.to_string());
        }
        text
    }

    fn series(&self, text: &mut String, name: &str, labels: &str, value: impl Fn(u64) -> String) {
        let operation = self.name;
        for (poll, time) in (self.begin..=END).step_by(POLL as usize).enumerate() {
            writeln!(
                text,
                "{name}{{job=\"wolkvox\",instance=\"one\",operation=\"{operation}\",{labels}}} {} {time}",
                value(poll as u64)
            )
            .unwrap();
        }
    }
}

pub(super) async fn history() -> Database {
    history_of(FLEET.iter().map(Member::history).collect()).await
}

pub(super) async fn history_of(text: String) -> Database {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("fleet.om");
    std::fs::write(&file, text.replace(",}", "}") + "# EOF\n").unwrap();
    Database::prometheus(tsdb::blocks(&file).await, "[]").await
}

/// What the exporter says of the last hour of an operation: whether its last poll succeeded, and when one did.
pub(super) fn polled(operation: &str, is_up: bool, last_success: Option<u64>) -> String {
    let mut text = String::new();
    let values = [
        ("wolkvox_operation_held", Some(1)),
        ("wolkvox_up", Some(u64::from(is_up))),
        ("wolkvox_counting_since_timestamp_seconds", Some(END - 2 * 3600)),
        ("wolkvox_last_success_timestamp_seconds", last_success),
    ];
    for (name, value) in values {
        let Some(value) = value else { continue };
        for time in (END - 3600..=END).step_by(POLL as usize) {
            let labels = format!("job=\"wolkvox\",instance=\"one\",operation=\"{operation}\"");
            writeln!(text, "{name}{{{labels}}} {value} {time}").unwrap();
        }
    }
    text
}

/// What a panel's target answers at the end of the history.
pub(super) async fn shown(prometheus: &Database, choice: &Choice, title: &str, letter: &str) -> Vec<Series> {
    ask_at(prometheus, &choice.query_of(title, letter), END as f64).await
}

/// The last value of the only series.
pub(super) async fn value(prometheus: &Database, choice: &Choice, title: &str, letter: &str) -> f64 {
    let series = shown(prometheus, choice, title, letter).await;
    assert_eq!(series.len(), 1, "{title}, {letter}");
    *series[0].values.last().unwrap()
}

pub(super) async fn by_label(
    prometheus: &Database,
    choice: &Choice,
    title: &str,
    letter: &str,
    label: &str,
) -> BTreeMap<String, f64> {
    shown(prometheus, choice, title, letter)
        .await
        .into_iter()
        .map(|series| (series.labels[label].clone(), *series.values.last().unwrap()))
        .collect()
}

/// Numbers of whole chats are far enough from each other.
pub(super) fn assert_near(what: &str, shown: f64, truth: f64) {
    assert!(
        (shown - truth).abs() < 1e-6,
        "{what}: {shown} is shown, {truth} is true"
    );
}

fn of(title: &str, letter: &str, by_operation: &BTreeMap<String, f64>, truth: impl Fn(&Member) -> f64) {
    assert_eq!(
        by_operation.len(),
        FLEET.len(),
        "{title}, {letter}: {by_operation:?}"
    );
    for member in &FLEET {
        let what = format!("{title}, {letter}, {}", member.name);
        assert_near(&what, by_operation[member.name], truth(member));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_is_added_up_and_its_operations_are_told_from_each_other() {
    let prometheus = history().await;
    let all = Choice::as_opened("operations");
    let polls_of_an_hour = 12.0;

    // (10 + 2 + 4) chats a poll, of which 9 + 0 + 3 in time.
    assert_near(
        "chats",
        value(&prometheus, &all, "Chats", "A").await,
        16.0 * polls_of_an_hour,
    );
    // Goals of 80 %, 90 % and, for the skill of Cobros, 50 %: (8 + 1.8 + 2) of 16 chats. 12 are in time: green.
    let level = shown(&prometheus, &all, "Service level", "A").await;
    assert_near("level", level[0].values[0], 12.0 / 16.0);
    assert_eq!(level[0].labels["goal"], "74");
    // Cobros was not there a week ago: what it closes is no growth.
    let change = value(&prometheus, &all, "Against last week", "A").await;
    assert_near("against last week", change, 0.0);

    for (board, title, letter) in [
        ("operations", "Skills", "A"),
        ("agent", "Agents", "A"),
        ("skill", "Agents of the operation", "A"),
        ("operations", "Codes", "A"),
    ] {
        let choice = Choice::as_opened(board);
        let rows = by_label(&prometheus, &choice, title, letter, "operation").await;
        of(title, letter, &rows, |member| {
            member.chats as f64 * polls_of_an_hour
        });
    }
    let names = by_label(&prometheus, &all, "Skills", "A", "skill_name").await;
    let truth: BTreeSet<_> = FLEET.iter().map(|member| member.skill_name.to_owned()).collect();
    assert_eq!(names.into_keys().collect::<BTreeSet<_>>(), truth);
    for (board, title, letter) in [
        ("operations", "Skills", "B"),
        ("agent", "Agents", "B"),
        ("skill", "Agents of the operation", "B"),
    ] {
        let choice = Choice::as_opened(board);
        let rows = by_label(&prometheus, &choice, title, letter, "operation").await;
        of(title, letter, &rows, |member| {
            member.in_time as f64 / member.chats as f64
        });
    }

    let one = all.with("operation", &["soporte"]);
    assert_near(
        "chats of one",
        value(&prometheus, &one, "Chats", "A").await,
        2.0 * polls_of_an_hour,
    );
    let rows = by_label(&prometheus, &one, "Skills", "A", "operation").await;
    assert_eq!(rows.into_keys().collect::<Vec<_>>(), ["soporte"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curves_show_the_highest_and_the_lowest_of_settings_that_differ() {
    let prometheus = history().await;
    for (board, title, highest, lowest) in [
        // Of the operations: that of a skill alone is not among them.
        ("operations", "Answer time", ("D", 60.0), ("E", 30.0)),
        ("skill", "Answer time, percentiles", ("E", 60.0), ("F", 20.0)),
        ("skill", "Service level within $seconds s", ("B", 0.9), ("C", 0.5)),
        ("exporter", "Calls today", ("B", 5000.0), ("C", 3000.0)),
    ] {
        let all = Choice::as_opened(board);
        for (letter, truth) in [highest, lowest] {
            let shown = value(&prometheus, &all, title, letter).await;
            assert_near(&format!("{title}, {letter}"), shown, truth);
        }
        let one = all.with("operation", &["cobros"]);
        let lowest = shown(&prometheus, &one, title, lowest.0).await;
        assert!(lowest.is_empty(), "{title}: one operation has one setting");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_is_held_to_its_own_objective_where_it_has_one() {
    let prometheus = history().await;
    let skills = Choice::as_opened("skill").with("period", &["1d"]);
    let (ventas, soporte, cobros) = (10.0 * 0.8, 2.0 * 0.9, 4.0 * 0.5);
    for (operation, chats, late, due) in [
        ("$__all", 16.0, 4.0, ventas + soporte + cobros),
        ("ventas", 10.0, 1.0, ventas),
        ("soporte", 2.0, 2.0, soporte),
        ("cobros", 4.0, 1.0, cobros),
    ] {
        let choice = skills.clone().with("operation", &[operation]);
        let burn = late / (chats - due);
        for (title, letter, truth) in [
            ("Error budget left", "A", 1.0 - burn),
            ("Burn rate, $window", "A", burn),
            ("Burn rate", "A", burn),
            ("Burn rate", "C", burn),
        ] {
            let shown = value(&prometheus, &choice, title, letter).await;
            assert_near(&format!("{operation}: {title}, {letter}"), shown, truth);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_ids_in_several_operations_break_no_query_and_make_no_two_legends_equal() {
    let prometheus = history().await;
    for name in BOARDS {
        for choice in [Choice::as_opened(name), Choice::as_opened(name).with_everything()] {
            for query in choice.queries() {
                // Prometheus refuses what would join one series with several.
                let answer = ask_at(&prometheus, &query, END as f64).await;
                if query.labels.is_empty() {
                    continue;
                }
                let legend = |series: &Series| {
                    let value = |label| series.labels.get(label).cloned();
                    query.labels.iter().map(value).collect::<Vec<_>>()
                };
                let legends: BTreeSet<_> = answer.iter().map(legend).collect();
                assert_eq!(legends.len(), answer.len(), "{}: {legends:?}", query.what);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_the_past_are_not_shown_as_now() {
    let stopped = polled("ventas", false, Some(END - 27 * 60));
    let prometheus = history_of(FLEET[0].history() + &stopped).await;
    let mut tiles = 0;
    for name in ["wall", "operations", "skill", "agent"] {
        for query in Choice::as_opened(name).queries() {
            let is_lookup = query.what.contains(": $");
            // The age is of now, and goals hold whatever the data.
            if is_lookup
                || query.what.contains("Age of the data")
                || query.what.contains("annotation")
                || query.expr.starts_with("max(")
                || query.expr.starts_with("min(")
            {
                continue;
            }
            let at_the_end = Query {
                kind: QueryKind::Instant,
                ..query
            };
            let answer = ask_at(&prometheus, &at_the_end, END as f64).await;
            if at_the_end.what.ends_with(&format!(", {OLD}")) {
                tiles += 1;
                assert_near(&at_the_end.what, answer[0].values[0], -1e6);
            } else {
                assert!(answer.is_empty(), "{}\n{}", at_the_end.what, at_the_end.expr);
            }
        }
    }
    assert!(tiles > 15, "only {tiles} tiles say that their numbers are old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_was_never_read_is_not_hidden_by_those_that_are() {
    let read = FLEET.iter().map(|member| polled(member.name, true, Some(END)));
    let prometheus = history_of(read.collect::<String>() + &polled("norte", false, None)).await;
    let all = Choice::as_opened("exporter");
    assert_near(
        "last poll",
        value(&prometheus, &all, "Last poll", "A").await,
        -1.0,
    );
    let oldest = by_label(&prometheus, &all, "Age of the data", "A", "operation").await;
    assert_eq!(oldest, [("norte".to_owned(), 7200.0)].into());
    let rows = by_label(&prometheus, &all, "Operations", "B", "operation").await;
    let truth = [
        ("cobros", 1.0),
        ("norte", -1.0),
        ("soporte", 1.0),
        ("ventas", 1.0),
    ];
    assert_eq!(rows, truth.map(|(name, value)| (name.to_owned(), value)).into());
}

#[test]
fn rows_of_skills_and_agents_say_their_operation_and_lead_to_it() {
    let mut links = 0;
    for name in BOARDS {
        let board = board(name);
        for panel in list(&board, "/panels")
            .iter()
            .filter(|panel| text(panel, "/type") == "table")
        {
            let what = format!("{name}: {}", text(panel, "/title"));
            let columns = named_columns(panel);
            if !(columns.contains("skill_id") || columns.contains("agent_id")) {
                continue;
            }
            let organize = &list(panel, "/transformations")[1]["options"];
            assert!(
                organize["excludeByName"].get("operation").is_none(),
                "{what}: no operation"
            );
            assert_eq!(organize["indexByName"]["operation"], 0, "{what}");
            for link in list(panel, "/fieldConfig/overrides")
                .iter()
                .flat_map(|by_name| list(by_name, "/properties"))
                .filter(|property| text(property, "/id") == "links")
                .flat_map(|property| list(property, "/value"))
            {
                links += 1;
                let url = text(link, "/url");
                assert!(
                    url.contains("&var-operation=${__data.fields.operation}&"),
                    "{what}: {url}"
                );
                assert!(
                    !url.contains("${operation:queryparam}"),
                    "{what}: {url} leads to all operations"
                );
            }
        }
    }
    assert_eq!(links, 4);
}
