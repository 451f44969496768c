//! What supervisors see: names in drop-downs, the wall, the usual and today, of several operations and of old data.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::prometheus::dashboards::{BOARDS, board, list, text};
use crate::support::tsdb::Database;

use super::fleet::{
    AGENT, DAY, END, FLEET, Member, POLL, SKILL, assert_near, by_label, history, history_of, polled, shown,
    value,
};
use super::query::{Choice, OLD};
use super::{Series, ask_at};

/// What a drop-down shows, and what it stands for.
async fn choices(prometheus: &Database, choice: &Choice, variable: &str) -> BTreeMap<String, String> {
    let what = format!(": ${variable}");
    let query = choice
        .queries()
        .into_iter()
        .find(|query| query.what.ends_with(&what))
        .unwrap();
    let label = |series: &Series, of: &str| series.labels[&format!("{variable}_{of}")].clone();
    ask_at(prometheus, &query, END as f64)
        .await
        .iter()
        .map(|series| (label(series, "name"), label(series, "id")))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drop_downs_show_names_where_all_operations_of_the_choice_give_the_same() {
    let prometheus = history().await;
    let shown = |name: &str, id: &str| BTreeMap::from([(name.to_owned(), id.to_owned())]);
    for (board, variable, id) in [("skill", "skill", SKILL), ("agent", "agent", AGENT)] {
        let all = Choice::as_opened(board);
        assert_eq!(
            choices(&prometheus, &all, variable).await,
            shown(id, id),
            "three names for {id}"
        );
        let one = all.with("operation", &["soporte"]);
        assert_eq!(choices(&prometheus, &one, variable).await, shown("Support", id));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sums_leave_operations_out_whose_data_is_old() {
    let fresh = polled("ventas", true, Some(END));
    let stale = polled("soporte", false, Some(END - 27 * 60));
    let history: String = FLEET[..2].iter().map(Member::history).collect();
    let prometheus = history_of(history + &fresh + &stale).await;
    let all = Choice::as_opened("operations");
    let chats = value(&prometheus, &all, "Chats", "A").await;
    assert_near("chats", chats, 10.0 * 12.0);
    let level = shown(&prometheus, &all, "Service level", "A").await;
    assert_near("level", level[0].values[0], 0.9);
    assert_eq!(level[0].labels["goal"], "80");
    let rows = by_label(&prometheus, &all, "Skills", "A", "operation").await;
    assert_eq!(rows.into_keys().collect::<Vec<_>>(), ["ventas"]);
    // Who runs the exporter sees what there was.
    let oldest = by_label(&prometheus, &all, "Age of the data", "A", "operation").await;
    assert_eq!(oldest, [("soporte".to_owned(), 27.0 * 60.0)].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_shows_the_worst_skill_first_with_a_word_and_each_number_with_its_goal() {
    let prometheus = history().await;
    let wall = Choice::as_opened("wall");
    let tile = "Skills: in time, the worst first";
    let mut words = Vec::new();
    for letter in wall.letters(tile) {
        for series in shown(&prometheus, &wall, tile, &letter).await {
            words.push((
                letter.clone(),
                series.labels["operation"].clone(),
                series.values[0],
            ));
        }
    }
    // Soporte answers nobody in time; the others keep their goals of 50 % and 80 %.
    let truth = [("A", "soporte", 0.0), ("D", "cobros", 0.75), ("D", "ventas", 0.9)];
    assert_eq!(
        words,
        truth.map(|(letter, operation, level)| (letter.to_owned(), operation.to_owned(), level))
    );

    let level = shown(&prometheus, &wall, "In time", "A").await;
    assert_near("in time", level[0].values[0], 0.75);
    assert_eq!((&*level[0].labels["goal"], &*level[0].labels["way"]), ("74", "="));
    // (9 × 10 s + 1 × 100 s + 2 × 100 s + 3 × 10 s + 1 × 100 s) / 16, of targets of 30 s, 60 s and 20 s: 31 s.
    let wait = shown(&prometheus, &wall, "Answer time", "B").await;
    assert_near("answer time", wait[0].values[0], 520.0 / 16.0);
    assert_eq!(wait[0].labels["goal"], "31");
}

#[test]
fn the_wall_fits_on_a_screen_of_1080_lines() {
    // Grafana draws a row of its grid 30 pixels high, and 8 between two; in kiosk mode nothing else is there but a margin.
    let (row, gap, margin) = (30, 8, 16);
    let wall = board("wall");
    let bottom = |panel: &serde_json::Value| {
        panel["gridPos"]["y"].as_u64().unwrap() + panel["gridPos"]["h"].as_u64().unwrap()
    };
    let rows = list(&wall, "/panels").iter().map(bottom).max().unwrap();
    assert!(rows * (row + gap) + 2 * margin <= 1080, "{rows} rows");
    for panel in list(&wall, "/panels") {
        let size = panel
            .pointer("/options/text/valueSize")
            .and_then(serde_json::Value::as_u64);
        assert!(size.unwrap() >= 70, "{}", text(panel, "/title"));
    }
}

#[test]
fn boards_of_supervisors_hide_what_is_about_prometheus() {
    for name in BOARDS {
        for variable in list(&board(name), "/templating/list") {
            let id = text(variable, "/name");
            let is_about_prometheus = ["datasource", "job", "instance"].contains(&id);
            if is_about_prometheus {
                let is_hidden = variable["hide"] == 2;
                assert_eq!(is_hidden, name != "exporter", "{name}: {id}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_exporter_that_is_gone_counted_is_not_shown_as_now() {
    let gone_since = END - 27 * 60;
    let labels = "instance=\"one\",operation=\"ventas\"";
    let polled = [
        "wolkvox_last_success_timestamp_seconds",
        "wolkvox_poll_interval_seconds",
    ];
    let [success, interval] = polled.map(|name| move |value| constant(name, labels, gone_since, value));
    let counted = FLEET[0]
        .history()
        .replace("wolkvox_poll_interval_seconds", "wolkvox_unused");
    let prometheus = history_of(counted + &success(gone_since as f64) + &interval(POLL as f64)).await;
    for board in ["operations", "wall"] {
        let choice = Choice::as_opened(board);
        assert!(
            shown(&prometheus, &choice, "Chats", "A").await.is_empty(),
            "{board}"
        );
        assert_near(board, value(&prometheus, &choice, "Chats", OLD).await, -1e6);
    }
    let age = value(
        &prometheus,
        &Choice::as_opened("operations"),
        "Age of the data",
        "A",
    )
    .await;
    assert_near("age", age, 27.0 * 60.0);
    // Red, and when Wolkvox was read.
    let clock = value(&prometheus, &Choice::as_opened("wall"), "Age of the data", "C").await;
    assert_near("clock", clock, 1000.0 * gone_since as f64);
}

/// A series of the last hour with one value, of an operation.
fn constant(name: &str, labels: &str, end: u64, value: f64) -> String {
    let mut text = String::new();
    for time in (end - 3600..=end).step_by(POLL as usize) {
        writeln!(text, "{name}{{job=\"wolkvox\",{labels}}} {value} {time}").unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_usual_is_the_mean_of_each_operations_own_weeks_and_the_band_what_they_vary_by() {
    let week = |operation: &str, skill: &str, weeks_ago: u64, chats: f64| {
        let labels = format!("operation=\"{operation}\",skill_id=\"{skill}\",weeks_ago=\"{weeks_ago}\"");
        constant(
            "operation_skill_week:wolkvox_chats:increase1h",
            &labels,
            END,
            chats,
        )
    };
    // Ventas has two weeks, of 100 and 140 chats together; soporte has one.
    let weeks = [
        week("ventas", "12", 1, 60.0),
        week("ventas", "27", 1, 40.0),
        week("ventas", "12", 2, 80.0),
        week("ventas", "27", 2, 60.0),
        week("soporte", "12", 1, 30.0),
    ];
    let prometheus = history_of(weeks.concat()).await;
    let title = "Chats per hour against the usual";
    for (operation, usual, more, less) in [("$__all", 150.0, 170.0, 130.0), ("soporte", 30.0, 30.0, 30.0)] {
        let choice = Choice::as_opened("operations").with("operation", &[operation]);
        for (letter, truth) in [("B", usual), ("C", more), ("D", less)] {
            let shown = value(&prometheus, &choice, title, letter).await;
            assert_near(&format!("{operation}: {letter}"), shown, truth);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_of_today_stand_beside_those_of_yesterday_at_the_same_time() {
    let labels = "instance=\"one\",operation=\"ventas\",skill_id=\"12\",outcome=\"coded\"";
    let today = constant("wolkvox_today_chats", labels, END, 50.0);
    let yesterday = constant("wolkvox_today_chats", labels, END - DAY, 40.0);
    let prometheus = history_of(yesterday + &today).await;
    for board in ["operations", "wall"] {
        let choice = Choice::as_opened(board);
        for (letter, truth) in [("A", 50.0), ("B", 40.0)] {
            assert_near(
                board,
                value(&prometheus, &choice, "Chats today", letter).await,
                truth,
            );
        }
    }
}
