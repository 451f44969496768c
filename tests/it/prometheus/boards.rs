//! Every query of the boards, and every rule, put to a real Prometheus that knows three weeks of an operation: they
//! answer, with numbers, under the names that panels look for, and key panels show the truth.

mod fleet;
mod query;
mod supervisor;
mod truth;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{self, VectorSelector};
use serde_json::Value;

use crate::prometheus::alerts::{self, Rule};
use crate::prometheus::dashboards::{self, BOARDS, list, text, visit};
use crate::support::tsdb::{self, Database};
use query::{Choice, OLD, Query, QueryKind};
use world::{JOB, OPERATION, SKILLS, World};

/// Queries that have no answer where all is well, and why. Where it is not, they have.
const QUIET: &[(&str, &str)] = &[
    ("wall: annotation Firing alerts", "no alert fires"),
    ("operations: annotation Firing alerts", "no alert fires"),
    ("skill: annotation Firing alerts", "no alert fires"),
    ("agent: annotation Firing alerts", "no alert fires"),
    ("exporter: annotation Firing alerts", "no alert fires"),
    (
        "operations: Chats today, B",
        "the past that was filled in has no gauges",
    ),
    (
        "wall: Chats today, B",
        "the past that was filled in has no gauges",
    ),
    ("exporter: Polls and failures, B", "no poll fails"),
    ("exporter: Polls and failures, C", "nothing calls for a pause"),
    ("exporter: Rows, D", "no row is rejected"),
    (
        "operations: Service level over time, D",
        "one operation has one objective",
    ),
    ("operations: Answer time, E", "one operation has one target"),
    (
        "skill: Service level within $seconds s, C",
        "one operation has one objective",
    ),
    (
        "skill: Answer time, percentiles, F",
        "one operation has one target",
    ),
    ("exporter: Calls today, C", "one operation has one limit"),
    ("exporter: Calls today, E", "one operation has one limit"),
    (
        "exporter: Late rows, unreadable and missing fields, B",
        "all values can be read",
    ),
    (
        "exporter: Late rows, unreadable and missing fields, C",
        "no field is missing",
    ),
];

/// Queries of what a past that was filled in does not have: gauges, and what rules record. `supervisor` has them.
const UNFILLED: &[&str] = &[
    "operations: Chats today, B",
    "wall: Chats today, B",
    "operations: Chats per hour against the usual, B",
    "operations: Chats per hour against the usual, C",
    "operations: Chats per hour against the usual, D",
];

/// Recorded of a past that was scraped: the one that was filled in has no arrivals.
const SCRAPED: &str = "operation_week:wolkvox_chat_arrivals_within_hour:ratio_increase1h";

/// Has a sample where an operation is closed, or has just opened.
const CLOSED: &str = "operation:wolkvox_open_since:closed1h";

/// Only replicas have them, and here the states are in files.
const OF_REPLICAS: [&str; 2] = ["wolkvox_exporter_takeovers_total", "wolkvox_exporter_database_up"];

/// Tiles that have a target for each state, each with its colour: one of them has an answer.
const STATES: &[&str] = &[
    "operations: Service level, ",
    "skill: Service level, ",
    "wall: In time, ",
    "wall: Answer time, ",
    "wall: Chats, ",
    "wall: Agents, ",
    "wall: Age of the data, ",
];

/// The same of several skills: each has one state.
const STATES_OF_SKILLS: &str = "wall: Skills: in time, the worst first, ";

/// `offset 2m30s`, seconds.
const HALF_A_POLL: f64 = 150.0;

/// One series of an answer.
struct Series {
    labels: BTreeMap<String, String>,
    values: Vec<f64>,
}

async fn ask(world: &World, query: &Query) -> Vec<Series> {
    // Curves end half a poll ago: that much later they show what is known now.
    let end = match query.kind {
        QueryKind::Range { .. } => world.now + HALF_A_POLL,
        _ => world.now,
    };
    ask_at(&world.prometheus, query, end).await
}

/// The answer to a query whose time range ends at a Unix time.
async fn ask_at(prometheus: &Database, query: &Query, end: f64) -> Vec<Series> {
    let end_text = end.to_string();
    let expr = ("query", query.expr.as_str());
    match &query.kind {
        QueryKind::Instant => series_of(&prometheus.api("query", &[expr, ("time", &end_text)]).await),
        QueryKind::Range { seconds, step } => {
            let (start, step) = ((end - *seconds as f64).to_string(), step.to_string());
            let parameters = [expr, ("start", &start), ("end", &end_text), ("step", &step)];
            series_of(&prometheus.api("query_range", &parameters).await)
        }
        QueryKind::Values { label } => {
            let parameters = [("match[]", query.expr.as_str()), ("end", &end_text)];
            let path = format!("label/{label}/values");
            let values = prometheus.api(&path, &parameters).await;
            list(&values, "")
                .iter()
                .map(|value| Series {
                    labels: [(label.clone(), value.as_str().unwrap().to_owned())].into(),
                    values: vec![1.0],
                })
                .collect()
        }
    }
}

fn series_of(data: &Value) -> Vec<Series> {
    let sample = |pair: &Value| pair[1].as_str().unwrap().parse().unwrap();
    let series = |series: &Value| {
        let labels = series["metric"].as_object().unwrap().iter();
        Series {
            labels: labels
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            values: match series.get("values") {
                Some(values) => list(values, "").iter().map(sample).collect(),
                None => vec![sample(&series["value"])],
            },
        }
    };
    list(data, "/result").iter().map(series).collect()
}

/// What is wrong with an answer, if anything is.
fn complaints(query: &Query, answer: &[Series], is_quiet: bool) -> Vec<String> {
    let mut complaints = Vec::new();
    if answer.is_empty() != is_quiet {
        complaints.push(if is_quiet { "has an answer" } else { "is empty" }.to_owned());
    }
    let odd = answer
        .iter()
        .flat_map(|series| &series.values)
        .filter(|v| !v.is_finite());
    match odd.count() {
        0 => {}
        count => complaints.push(format!("{count} values are no numbers")),
    }
    for label in &query.labels {
        if answer.iter().any(|series| !series.labels.contains_key(label)) {
            complaints.push(format!("the label {label} is missing"));
        }
    }
    complaints
        .into_iter()
        .map(|complaint| format!("{}: {complaint}\n{}\n", query.what, query.expr))
        .collect()
}

fn is_quiet(query: &Query) -> bool {
    QUIET.iter().any(|(what, _)| *what == query.what)
}

/// One value of each variable: those of the operation that is well, and other windows than the board opens with.
fn narrow(name: &str, world: &World) -> Choice {
    Choice::as_opened(name)
        .with("job", &[JOB])
        .with("instance", &[&world.instance])
        .with("operation", &[OPERATION])
        .with("skill", &SKILLS[..1])
        .with("channel", &["whatsapp"])
        .with("agent", &[&world.chats[0].agent.id])
        .with("outcome", &["coded"])
        .with("window", &["8h"])
        .with("seconds", &["60"])
        .with("period", &["14d"])
}

async fn check_boards(world: &World) -> Vec<String> {
    let mut complaints_of_all = Vec::new();
    let mut asked = BTreeSet::new();
    for name in BOARDS {
        let choices = [
            (Choice::as_opened(name), false),
            (Choice::as_opened(name).with_everything(), false),
            (Choice::as_opened(name).with("skill", &SKILLS), false),
            (narrow(name, world), true),
        ];
        for (choice, is_well) in choices {
            let mut states: BTreeMap<&str, usize> = BTreeMap::new();
            let mut of_skills = 0;
            for query in choice.queries() {
                let answer = ask(world, &query).await;
                let state = STATES.iter().find(|tile| query.what.starts_with(**tile));
                let is_old = query.what.ends_with(&format!(", {OLD}"));
                match state {
                    Some(tile) if !is_old => *states.entry(tile).or_default() += answer.len(),
                    None if query.what.starts_with(STATES_OF_SKILLS) && !is_old => {
                        of_skills += answer.len();
                    }
                    _ => {
                        let is_unfilled = UNFILLED.contains(&query.what.as_str());
                        let is_quiet = is_old || is_unfilled || is_well && is_quiet(&query);
                        complaints_of_all.extend(complaints(&query, &answer, is_quiet));
                    }
                }
                asked.insert(query.what);
            }
            assert!(states.values().all(|count| *count == 1), "{name}: {states:?}");
            assert_eq!(of_skills > 0, name == "wall", "{name}: {of_skills} skills");
        }
    }
    assert!(asked.len() > 150, "only {} queries", asked.len());
    for (what, _) in QUIET {
        assert!(asked.contains(*what), "there is no {what}");
    }
    complaints_of_all
}

/// The columns that a table colours, renames, orders or leaves out must be there.
async fn check_tables(world: &World) -> Vec<String> {
    let mut complaints = Vec::new();
    for name in BOARDS {
        let (board, choice) = (dashboards::board(name), Choice::as_opened(name));
        for panel in list(&board, "/panels")
            .iter()
            .filter(|p| text(p, "/type") == "table")
        {
            let title = text(panel, "/title");
            let mut columns = BTreeSet::from(["Time".to_owned()]);
            for target in list(panel, "/targets") {
                let letter = text(target, "/refId");
                columns.insert(format!("Value #{letter}"));
                for series in ask(world, &choice.query_of(title, letter)).await {
                    columns.extend(series.labels.into_keys());
                }
            }
            complaints.extend(
                named_columns(panel)
                    .difference(&columns)
                    .map(|column| format!("{name}: {title}: there is no column {column}")),
            );
        }
    }
    complaints
}

fn named_columns(panel: &Value) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for by_name in list(panel, "/fieldConfig/overrides") {
        named.insert(text(by_name, "/matcher/options").to_owned());
    }
    for transformation in list(panel, "/transformations") {
        for key in ["excludeByName", "indexByName", "renameByName"] {
            let by_name = transformation["options"][key].as_object();
            named.extend(by_name.into_iter().flatten().map(|(column, _)| column.clone()));
        }
    }
    named
}

/// Recording rules have an answer; no alert fires for the operation that is well, and what each one looks at is there.
async fn check_rules(world: &World) -> Vec<String> {
    let mut complaints_of_all = Vec::new();
    for rule in alerts::rules() {
        let instant = |what: String, expr: String| Query {
            what,
            kind: QueryKind::Instant,
            expr,
            labels: Vec::new(),
        };
        let query = instant(format!("rule {}", rule.name), rule.expr());
        let mut answer = ask(world, &query).await;
        answer.retain(|series| {
            let operation = series.labels.get("operation");
            operation.is_none_or(|operation| operation == OPERATION)
        });
        let is_without = rule.is_alert || rule.name == SCRAPED || rule.name == CLOSED;
        complaints_of_all.extend(complaints(&query, &answer, is_without));
        let recorded = (!rule.is_alert).then(|| rule.name.clone());
        for selector in selectors(&rule).into_iter().chain(recorded) {
            let is_of_replicas = OF_REPLICAS.iter().any(|family| selector.starts_with(family));
            let is_quiet = selector == SCRAPED || selector == CLOSED || is_of_replicas;
            let query = instant(format!("{} of rule {}", selector, rule.name), selector);
            complaints_of_all.extend(complaints(&query, &ask(world, &query).await, is_quiet));
        }
    }
    let loaded = world.prometheus.api("rules", &[]).await;
    let mut count = 0;
    for rule in list(&loaded, "/groups")
        .iter()
        .flat_map(|group| list(group, "/rules"))
    {
        count += 1;
        if text(rule, "/health") != "ok" {
            complaints_of_all.push(format!(
                "rule {}: {}",
                text(rule, "/name"),
                text(rule, "/lastError")
            ));
        }
    }
    assert_eq!(count, alerts::rules().len(), "rules loaded");
    complaints_of_all
}

/// What a rule looks at, now: some of it has no past.
fn selectors(rule: &Rule) -> BTreeSet<String> {
    let expr = parser::parse(&rule.expr()).unwrap();
    let mut selectors = BTreeSet::new();
    visit(&expr, None, &mut |selector, _| {
        let now = VectorSelector {
            offset: None,
            ..selector.clone()
        };
        selectors.insert(now.to_string());
    });
    selectors
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_has_an_answer_and_key_panels_show_the_truth() {
    let world = World::make().await;
    let complaints = [
        check_boards(&world).await,
        check_tables(&world).await,
        check_rules(&world).await,
        truth::check(&world).await,
    ]
    .concat();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Three hours of a counter as it is scraped live: polls at :00, :05, :10 …, each with ten chats, and a scrape every 15
/// seconds, which comes 7 seconds after a poll and sees it.
fn polled_and_scraped(begin: u64) -> String {
    let mut text = "# TYPE wolkvox_chats_total counter\n".replace("_total", "");
    for second in (begin + 7..begin + 3 * 3600).step_by(15) {
        let chats = 10 * ((second - begin) / 300);
        text += &format!(
            "wolkvox_chats_total{{job=\"wolkvox\",instance=\"one\",operation=\"past\",channel=\"web\",skill_id=\"12\",outcome=\"coded\"}} {chats} {second}\n"
        );
    }
    text + "# EOF\n"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curves_count_all_polls_although_grafana_asks_at_the_very_moments_of_them() {
    let begin = 1_774_440_000;
    assert_eq!(begin % 300, 0);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("polls.om");
    std::fs::write(&file, polled_and_scraped(begin)).unwrap();
    let prometheus = Database::prometheus(tsdb::blocks(&file).await, "[]").await;
    let query = Choice::as_opened("operations").query_of("Chats per hour by channel", "A");
    let answer = ask_at(&prometheus, &query, (begin + 3 * 3600) as f64).await;
    let points = &answer[0].values;
    let settled = &points[points.len() - 24..];
    for pace in settled {
        // Ten in five minutes. increase() extrapolates by up to one scrape.
        assert!((pace - 120.0).abs() < 3.0, "{pace} an hour in {settled:?}");
    }
}
