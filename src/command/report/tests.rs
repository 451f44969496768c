use proptest::prelude::*;

use super::column::Number;
use super::*;
use crate::chats::Field;
use crate::config::Config;
use wolkvox::Row as ReportRow;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn config(zone: &str) -> OperationConfig {
    let variables = [
        ("WOLKVOX_SERVER", "0001"),
        ("WOLKVOX_TOKEN", "token"),
        ("WOLKVOX_TIMEZONE", zone),
        ("WOLKVOX_ASA_TARGET", "15s"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
    let now = utc("2026-11-25T20:00:00Z");
    let mut config = Config::from_variables(variables, now).unwrap().into_operation();
    let own = crate::config::Objectives {
        asa_target_ms: Some(5_000),
        ..Default::default()
    };
    config.counting.objectives.insert("13".to_owned(), own);
    config
}

fn question<'a>(config: &'a OperationConfig, of: Of, by: &[By]) -> Question<'a> {
    Question {
        config,
        from: utc("2026-10-24T22:00:00Z"),
        to: utc("2026-10-27T10:30:00Z"),
        now: utc("2026-11-25T20:00:00Z"),
        of,
        by: Keys::new(by.to_vec()).unwrap(),
        without_timeouts: false,
    }
}

fn chat(fields: &[(Field, &str)]) -> Chat {
    let mut row = ReportRow::default();
    row.set(Field::ConnId, wolkvox::Value::Text("1"));
    for (field, text) in fields {
        row.set(*field, wolkvox::Value::Text(text));
    }
    Chat::from_row(&row, chrono_tz::UTC).unwrap()
}

fn line(chats: &[Chat]) -> Line {
    let mut line = Line::default();
    for chat in chats {
        line.add(chat, 15_000);
    }
    line
}

fn answered_after(seconds: &[u64]) -> Line {
    let chats = seconds.iter().map(|seconds| {
        let mut chat = chat(&[]);
        chat.asa_ms = Some(seconds * 1000);
        chat
    });
    line(&chats.collect::<Vec<_>>())
}

#[test]
fn percentiles_are_by_nearest_rank_and_shares_hold_their_bound() {
    let line = answered_after(&[30, 10, 20, 15, 11]);
    assert_eq!(line.asa_percentile(50), Some(15.0));
    assert_eq!(line.asa_percentile(90), Some(30.0));
    assert_eq!(answered_after(&[1, 2]).asa_percentile(50), Some(1.0));
    let hundred: Vec<u64> = (1..=100).collect();
    assert_eq!(answered_after(&hundred).asa_percentile(95), Some(95.0));
    assert_eq!(line.answered_within(10), Some(0.2));
    assert_eq!(line.answered_within(20), Some(0.8));
    assert_eq!(line.answered_within(30), Some(1.0));
    assert_eq!(line.service_level(), Some(0.6));
    assert_eq!(answered_after(&[]).asa_percentile(50), None);
    assert_eq!(answered_after(&[]).answered_within(10), None);
}

#[test]
fn who_wrote_alone_tells_unanswered_from_sendings_and_what_is_not_known_is_neither() {
    let wrote = |customer: &str, agent: &str| {
        let fields = [(Field::CustomerChars, customer), (Field::AgentChars, agent)];
        let line = line(&[chat(&fields)]);
        (line.unanswered, line.sendings)
    };
    assert_eq!(wrote("12", "0"), (1, 0));
    assert_eq!(wrote("0", "12"), (0, 1));
    for (customer, agent) in [("12", "12"), ("0", "0"), ("12", ""), ("", "12"), ("12", "many")] {
        assert_eq!(wrote(customer, agent), (0, 0), "{customer:?} {agent:?}");
    }
}

#[test]
fn what_no_row_says_has_no_value_and_without_a_chat_it_is_zero() {
    let silent = line(&[chat(&[])]);
    let none = (silent.transfers(), silent.replies(), silent.time_on_agent_total());
    assert_eq!(none, (None, None, None));
    let empty = line(&[]);
    let zeros = (empty.transfers(), empty.replies(), empty.time_on_agent_total());
    assert_eq!(zeros, (Some(0), Some(0), Some(0.0)));
    let one = line(&[
        chat(&[]),
        chat(&[
            (Field::Transfer, "yes"),
            (Field::AgentAnswers, "3"),
            (Field::TimeOnAgent, "00:30:00"),
        ]),
    ]);
    let told = (one.transfers(), one.replies(), one.time_on_agent_total());
    assert_eq!(told, (Some(1), Some(3), Some(1800.0)));
}

#[test]
fn concurrency_is_the_time_on_agent_by_the_part_of_the_interval_in_the_range() {
    let config = config("Europe/Madrid");
    let question = question(&config, Of::Closing, &[By::Hour]);
    let mut sums = Sums::new(&question);
    // The last hour of the range is cut in halves.
    for (id, closed) in [("1", "2026-10-27T09:59:59Z"), ("2", "2026-10-27T10:00:00Z")] {
        let mut chat = chat(&[(Field::ConnId, id), (Field::TimeOnAgent, "00:30:00")]);
        chat.closed = Some(moment(closed));
        sums.add(&chat, question.to);
    }
    let summary = sums.summary(1);
    let shown: Vec<_> = summary.rows.iter().rev().take(3).map(Row::concurrency).collect();
    assert_eq!(shown, [Some(1.0), Some(0.5), Some(0.0)]);
    let hours = (question.to - question.from).as_seconds_f64() / 3600.0;
    assert_eq!(summary.total.concurrency(), Some(1.0 / hours));
}

#[test]
fn intervals_without_a_chat_are_rows_where_a_time_is_the_only_key() {
    let config = config("Europe/Madrid");
    let rows = |by: &[By]| {
        let question = question(&config, Of::Closing, by);
        let summary = Sums::new(&question).summary(1);
        summary.rows.len()
    };
    // From local midnight of the day with 25 hours to half past eleven of the day after the next.
    assert_eq!(rows(&[By::Day]), 3);
    assert_eq!(rows(&[By::Hour]), 25 + 24 + 12);
    assert_eq!(rows(&[By::Quarter]), (25 + 24) * 4 + 46);
    assert_eq!(rows(&[By::Skill]), 0);
    assert_eq!(rows(&[By::Skill, By::Hour]), 0);
}

#[test]
fn what_is_read_besides_lies_before_the_range_or_after_it_and_never_in_the_future() {
    let config = config("America/Bogota");
    let lookback = config.polling.sweep_lookback;
    let closing = question(&config, Of::Closing, &[By::Skill]);
    let Range { from, to } = closing.besides().unwrap();
    assert_eq!(
        (from, to),
        (closing.from - lookback, closing.from - TimeDelta::seconds(1))
    );
    let mut opening = question(&config, Of::Opening, &[By::Skill]);
    let Range { from, to } = opening.besides().unwrap();
    assert_eq!((from, to), (opening.to, opening.to + lookback));
    opening.now = opening.to + TimeDelta::hours(1);
    assert_eq!(opening.besides().unwrap().to, opening.now);
    opening.now = opening.to;
    assert_eq!(opening.besides(), None);
}

#[test]
fn a_month_and_what_is_read_besides_take_two_calls() {
    let config = config("America/Bogota");
    for (of, calls) in [(Of::Closing, 2), (Of::Opening, 2)] {
        let mut month = question(&config, of, &[By::Skill]);
        (month.from, month.to) = (utc("2026-10-01T05:00:00Z"), utc("2026-11-01T05:00:00Z"));
        assert_eq!(month.cost(Duration::ZERO).calls, calls, "{of:?}");
    }
}

fn moment(at: &str) -> Moment {
    Moment {
        earliest: utc(at),
        latest: utc(at),
    }
}

/// A chat within a day of the range, with values in some of its fields.
fn chats() -> impl Strategy<Value = Vec<Chat>> {
    let field = |values: &'static [&'static str]| prop::sample::select(values);
    let said = (
        0..60_u32,
        field(&["12", "13", "0", ""]),
        field(&["1001", "1002", "chat_bot"]),
        field(&["web", "whatsapp"]),
        field(&["101", "TIMEOUTCHAT", ""]),
        prop::option::of(0..40_u64),
        (
            field(&["0", "7", ""]),
            field(&["0", "9", ""]),
            field(&["yes", "no", ""]),
        ),
        (-20_000..250_000_i64, 0..90_000_u64),
    );
    let chat = said.prop_map(
        |(id, skill, agent, channel, code, asa, (customer, wrote, transfer), (at, lasted))| {
            let mut chat = chat(&[
                (Field::ConnId, &format!("id{id}")),
                (Field::SkillId, skill),
                (Field::AgentId, agent),
                (Field::Channel, channel),
                (Field::CodAct, code),
                (Field::CustomerChars, customer),
                (Field::AgentChars, wrote),
                (Field::AgentAnswers, wrote),
                (Field::Transfer, transfer),
            ]);
            chat.asa_ms = asa.map(|seconds| seconds * 1000);
            chat.duration_ms = Some(lasted * 1000);
            chat.time_on_agent_ms = Some(lasted * 500);
            let opened = utc("2026-10-24T22:00:00Z") + TimeDelta::seconds(at);
            let once = |at| Moment {
                earliest: at,
                latest: at,
            };
            chat.opened = Some(once(opened));
            chat.closed = once(opened).after(lasted * 1000);
            chat
        },
    );
    prop::collection::vec(chat, 0..60)
}

const KEYS: &[&[By]] = &[
    &[By::Skill],
    &[By::Agent],
    &[By::Channel],
    &[By::Outcome],
    &[By::Day],
    &[By::Hour],
    &[By::HalfHour],
    &[By::Quarter],
    &[By::Skill, By::Hour],
    &[By::Day, By::Agent],
    &[By::Channel, By::Outcome],
];

/// Columns whose values add up.
const ADDITIVE: [Column; 9] = [
    Column::Chats,
    Column::Coded,
    Column::Timeouts,
    Column::Answered,
    Column::Unanswered,
    Column::Sendings,
    Column::Transfers,
    Column::Replies,
    Column::TimeOnAgentTotal,
];

fn number(column: Column, row: &Row) -> f64 {
    match column.of(row) {
        None => 0.0,
        Some(Number::Count(count)) => count as f64,
        Some(Number::Seconds(value) | Number::Share(value) | Number::Ratio(value)) => value,
    }
}

proptest! {
    #[test]
    fn the_rows_of_any_keys_add_up_to_the_chats_of_the_range_each_once(
        chats in chats(),
        keys in prop::sample::select(KEYS),
        of in prop::sample::select(&[Of::Opening, Of::Closing]),
        without_timeouts: bool,
        zone in prop::sample::select(&["Europe/Madrid", "America/Bogota", "Australia/Lord_Howe"]),
    ) {
        let config = config(zone);
        let question = Question { without_timeouts, ..question(&config, of, keys) };
        let mut sums = Sums::new(&question);
        let mut meant: BTreeMap<String, &Chat> = BTreeMap::new();
        for chat in &chats {
            sums.add(chat, question.to);
            let time = if of == Of::Opening { chat.opened } else { chat.closed };
            let is_in = (question.from..question.to).contains(&time.unwrap().latest);
            if is_in && !(without_timeouts && chat.outcome == Outcome::Timeout) {
                meant.entry(chat.id.to_string()).or_insert(chat);
            }
        }
        let summary = sums.summary(1);

        // Counted on its own.
        let mut total = Line::default();
        for chat in meant.values() {
            total.add(chat, if chat.skill_id == "13" { 5_000 } else { 15_000 });
        }
        prop_assert_eq!(&summary.total.line, &total);
        prop_assert_eq!(total.chats, meant.len() as u64);
        for column in ADDITIVE {
            let sum: f64 = summary.rows.iter().map(|row| number(column, row)).sum();
            let difference = sum - number(column, &summary.total);
            prop_assert!(difference.abs() < 1e-6, "{column:?}");
        }
        let within: u64 = summary.rows.iter().map(|row| row.line.within_target).sum();
        prop_assert_eq!(within, summary.total.line.within_target);
        for row in &summary.rows {
            prop_assert_eq!(row.values.len(), keys.len());
            prop_assert!(row.length > TimeDelta::zero());
        }
    }
}
