//! A Prometheus that knows three weeks of a simulated operation, scrapes the exporter that goes on counting it, and
//! another one that has every kind of trouble; with the rules loaded.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use simulator::{Bursts, Fault, Outcome, Settings, SimulatedChat, Simulator};
use tempfile::TempDir;

use crate::prometheus::alerts;
use crate::support::operation::Operation;
use crate::support::process::{Exporter, Variables, command, finish, wait_for};
use crate::support::truth::utc;
use crate::support::tsdb::{self, Database};

/// The operation that is well.
pub(super) const OPERATION: &str = "ventas";
pub(super) const JOB: &str = "wolkvox";
/// The one that is not, and its job.
pub(super) const TROUBLED: &str = "trouble";
const TROUBLED_JOB: &str = "wolkvox-trouble";
/// Of the operation in trouble: not what the other one has.
const OTHER_SETTINGS: [(&str, &str); 4] = [
    ("ASA_TARGET", "60s"),
    ("SERVICE_LEVEL_TARGET", "0.9"),
    ("API_DAILY_LIMIT", "100000"),
    ("MAX_SERIES", "20000"),
];
/// The one that has a name, and the one that has none.
pub(super) const SKILLS: [&str; 2] = ["12", "27"];
pub(super) const SKILL_NAME: &str = "Sales";
/// How far the past reaches back: the same time a week ago, and a week before it.
const PAST: TimeDelta = TimeDelta::days(21);
/// For how long the operation that is well has been counted: longer than any alert looks back.
const COUNTED: TimeDelta = TimeDelta::days(8);
/// A Wednesday, 11 o'clock in the operation: the simulated time that is now. So it is never night in the test.
const SIMULATED: &str = "2026-03-25T16:00:00Z";
/// So many times faster do chats come while the exporter runs: an hour passes in five minutes.
const HASTE: i32 = 12;

pub(super) struct World {
    pub(super) prometheus: Database,
    /// The chats of the past.
    pub(super) chats: Vec<SimulatedChat>,
    /// Where the past ends: its last step.
    pub(super) seam: DateTime<Utc>,
    /// Now: when all has been scraped, Unix seconds.
    pub(super) now: f64,
    /// Of the exporter that counts the operation that is well.
    pub(super) instance: String,
    /// Kept running.
    _exporters: [Exporter; 2],
    _operations: [Operation; 2],
    _directory: TempDir,
}

impl World {
    pub(super) async fn make() -> World {
        let seam = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap();
        let (past, live) = chats(seam);
        let directory = tempfile::tempdir().unwrap();
        let backfilled = Operation::of(past.clone()).await;
        let operation = Operation::of(live).await;
        let troubled = Operation::of(odd_chats(seam)).await;
        let mut well = variables(&operation, OPERATION, seam, directory.path());
        // What looks at long times waits until so long is counted. The past itself comes from the backfill.
        let counted_from = (seam - COUNTED).to_rfc3339();
        well.insert("WOLKVOX_COUNT_FROM".to_owned(), counted_from);
        let mut ill = variables(&troubled, TROUBLED, seam, directory.path());
        ill.extend(OTHER_SETTINGS.map(|(name, value)| (format!("WOLKVOX_{name}"), value.to_owned())));

        let file = directory.path().join("past.om");
        let mut before = well.clone();
        before.insert("WOLKVOX_BASE_URL".to_owned(), backfilled.base_url());
        before.insert("WOLKVOX_POLL_INTERVAL".to_owned(), "5m".to_owned());
        backfill(&before, seam, &file).await;
        // The test does not wait for groups that are evaluated rarely.
        let rules = alerts::read("alerts/wolkvox.rules.yml").replace("    interval: 5m\n", "");
        let rules_file = directory.path().join("wolkvox.rules.yml");
        std::fs::write(&rules_file, rules).unwrap();
        let config = configuration(&rules_file, &[(JOB, &well), (TROUBLED_JOB, &ill)]);
        let prometheus = Database::configured(tsdb::blocks(&file).await, &config).await;
        std::fs::remove_file(&file).unwrap();

        // Prometheus is there first, so that it sees each series begin at 0.
        damage_state(&ill);
        let exporters = [Exporter::serve(&well).await, Exporter::serve(&ill).await];
        seen(&prometheus, "count(wolkvox_polls_total > 0) == 2").await;
        troubled.handle().misbehave(Fault::Status {
            code: 503,
            msg: "maintenance".to_owned(),
            retry_after: Some("1".to_owned()),
        });
        let now = settled(&prometheus).await;
        World {
            prometheus,
            chats: past,
            seam,
            now,
            instance: exporters[0].address().to_owned(),
            _exporters: exporters,
            _operations: [operation, troubled],
            _directory: directory,
        }
    }
}

/// Chats of the believable operation, up to the seam and after it. Two skills and five agents keep the series few; not
/// the chats.
fn chats(seam: DateTime<Utc>) -> (Vec<SimulatedChat>, Vec<SimulatedChat>) {
    let lively = Simulator::new(Settings {
        chats_per_hour: 40.0,
        agents: 8,
        bot_share: 0.0,
        bursts: Bursts {
            per_day: 0.0,
            ..Settings::default().bursts
        },
        ..Settings::believable()
    });
    let end = utc(SIMULATED);
    let moved = |chats: Vec<SimulatedChat>, by: &dyn Fn(DateTime<Utc>) -> TimeDelta| {
        chats
            .into_iter()
            .filter(is_of_few_series)
            .map(|chat| {
                let by = by(chat.closed);
                SimulatedChat {
                    opened: chat.opened + by,
                    closed: chat.closed + by,
                    visible: chat.closed + by,
                    channel: if chat.skill_id == SKILLS[0] {
                        "whatsapp"
                    } else {
                        "web"
                    }
                    .to_owned(),
                    ..chat
                }
            })
            .collect::<Vec<_>>()
    };
    let past = lively.truth(end - PAST, end - TimeDelta::seconds(1));
    let live = lively.truth(end, end + TimeDelta::hours(1));
    (
        moved(past, &|_| seam - end),
        moved(live, &|closed| {
            let late = closed - end;
            seam - end - late + late / HASTE
        }),
    )
}

/// Each combination of labels costs 75 series: the second skill's chats are all coded.
fn is_of_few_series(chat: &SimulatedChat) -> bool {
    chat.skill_id == SKILLS[0] || chat.skill_id == SKILLS[1] && chat.outcome == Outcome::Coded
}

/// Rows that are no chats, and chats whose values can't be read or are missing.
fn odd_chats(seam: DateTime<Utc>) -> Vec<SimulatedChat> {
    let chat = |number: i64| {
        let closed = seam + TimeDelta::seconds(2 * number);
        let id = (700_000_000 + number).to_string();
        SimulatedChat::new(&id, closed - TimeDelta::minutes(9), closed)
    };
    (0..400)
        .map(|number| match number % 4 {
            0 => chat(number).with_raw("conn_id", Some("\"-\"")),
            1 => chat(number).with_raw("ASA", Some("\"soon\"")),
            2 => chat(number).with_raw("feeling", None),
            _ => chat(number),
        })
        .collect()
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// For an exporter whose address is known before it starts: the past has it as its `instance`.
fn variables(operation: &Operation, name: &str, seam: DateTime<Utc>, directory: &Path) -> Variables {
    let state = directory.join(name).display().to_string();
    let token = Settings::default().token;
    [
        ("BASE_URL", operation.base_url()),
        ("TOKEN", token),
        ("OPERATION", name.to_owned()),
        ("STATE_DIR", state),
        ("LISTEN_ADDRESS", free_address()),
        ("POLL_INTERVAL", "1s".to_owned()),
        ("WINDOW", "10m".to_owned()),
        ("COUNT_FROM", seam.to_rfc3339()),
        ("AGENTS", "names".to_owned()),
        ("API_DAILY_LIMIT", "200000".to_owned()),
        ("SKILL_NAMES", format!("{}={SKILL_NAME}", SKILLS[0])),
        // What this operation can keep: no alert is to fire for it.
        ("SERVICE_LEVEL_TARGET", "0.3".to_owned()),
        ("BUSINESS_HOURS", "24/7".to_owned()),
    ]
    .map(|(name, value)| (format!("WOLKVOX_{name}"), value))
    .into()
}

async fn backfill(variables: &Variables, seam: DateTime<Utc>, file: &Path) {
    let instance = format!("instance={}", variables["WOLKVOX_LISTEN_ADDRESS"]);
    let from = (seam - PAST).to_rfc3339();
    let to = seam.to_rfc3339();
    let job = format!("job={JOB}");
    let file = file.display().to_string();
    let arguments = [
        "backfill", "--from", &from, "--to", &to, "--step", "5m", "--pace", "0s", "--label", &job, "--label",
        &instance, "--output", &file,
    ];
    let (status, _, said) = finish(command(arguments, variables)).await;
    assert!(status.success(), "{said}");
}

/// Of a Prometheus that scrapes these exporters and has the rules loaded. Scrapes have time on a busy machine: after a
/// failed one nothing is there.
fn configuration(rules: &Path, jobs: &[(&str, &Variables)]) -> String {
    let mut config = format!(
        "global: {{ scrape_interval: 3s, scrape_timeout: 3s, evaluation_interval: 1s }}\nrule_files: [{}]\nscrape_configs:\n",
        rules.display()
    );
    for (job, variables) in jobs {
        let address = &variables["WOLKVOX_LISTEN_ADDRESS"];
        config += &format!("  - {{ job_name: {job}, static_configs: [{{ targets: [\"{address}\"] }}] }}\n");
    }
    config
}

/// A state that can't be read: it is put aside at the start.
fn damage_state(variables: &Variables) {
    let state = Path::new(&variables["WOLKVOX_STATE_DIR"]);
    std::fs::create_dir_all(state).unwrap();
    std::fs::write(state.join(format!("{TROUBLED}.state")), "damaged").unwrap();
}

/// Waits until a query has an answer; when that was, Unix seconds.
async fn seen(prometheus: &Database, query: &str) -> f64 {
    wait_for(query, || async {
        let now = Utc::now().timestamp_millis() as f64 / 1000.0;
        let parameters = [("query", query), ("time", &now.to_string())];
        let answer = prometheus.api("query", &parameters).await;
        if answer["result"] == Value::Array(Vec::new()) {
            // It has better things to do than to answer.
            tokio::time::sleep(Duration::from_millis(200)).await;
            return None;
        }
        Some(now)
    })
    .await
}

/// Waits until counters have been scraped a few times and the rules have been evaluated upon them; when that was.
async fn settled(prometheus: &Database) -> f64 {
    // What fires, what only time brings, and the last of a chain of rules.
    let signs = [
        "ALERTS{alertstate=\"firing\"}",
        "increase(wolkvox_poll_failures_total{reason=\"http_status\"}[5m]) > 0",
        "increase(wolkvox_api_pauses_total{reason=\"retry_after\"}[5m]) > 0",
        "count(increase(wolkvox_chat_arrival_delay_seconds_count[5m]) > 0) == 2",
        "min(count_over_time(wolkvox_up[5m])) >= 5",
        "operation_skill:wolkvox_chat_time_on_agent_seconds:mean_increase1w",
    ];
    let mut now = 0.0;
    for sign in signs {
        now = seen(prometheus, sign).await;
    }
    now
}
