use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::*;
use crate::http::overview::Exporter;
use crate::http::status::tests::{SomeNumbers, at, bad, good, polled, started, with_settings};
use crate::http::status::{NotHeld, Pace, Pause, Readiness, Slowdown, Status};
use crate::poller::{LastPoll, PauseReason};

fn shown(statuses: &[Status], query: &str, now: DateTime<Utc>) -> String {
    let statuses: Vec<_> = statuses.iter().cloned().map(Arc::new).collect();
    let exporter = Exporter {
        now,
        readiness: Readiness::Ready,
        problems: Vec::new(),
        warnings: Vec::new(),
        grafana_url: None,
        elsewhere: &|_| Some("http://two.example:10555".to_owned()),
    };
    page(&Overview::of(&statuses, exporter), &View::of(query))
}

fn page_of(status: &Status) -> String {
    shown(std::slice::from_ref(status), "", at(0))
}

/// The text of a page, without its tags. What stands in elements of its own is parted by a blank, as it is by the style.
fn text(page: &str) -> String {
    let body = page.split("</style>").last().unwrap();
    let mut text = String::new();
    for part in body.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        if !["span", "strong", "time", "a"].contains(&name) {
            text.push(' ');
        }
        text.push_str(words);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn with_numbers(mut status: Status, name: &str) -> Status {
    status.numbers = Some(Arc::new(SomeNumbers {
        name: name.to_owned(),
    }));
    status
}

#[track_caller]
fn assert_has(page: &str, expected: &[&str]) {
    let text = text(page);
    for expected in expected {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
}

#[test]
fn everything_that_comes_from_outside_is_escaped() {
    let hostile = "<script>alert(\"1\" & '2')</script>";
    let mut status = with_numbers(polled("ventas", at(-700)), hostile);
    (status.operation, status.server) = (hostile.to_owned(), hostile.to_owned());
    status.polls.note(&LastPoll {
        outcome: hostile.to_owned(),
        ..bad(2, at(-1))
    });
    let mut still = started("soporte");
    still.not_held = Some(NotHeld::StandsStill(hostile.to_owned()));
    for query in ["", "wall"] {
        for statuses in [&[status.clone()][..], &[status.clone(), still.clone()]] {
            let page = shown(statuses, query, at(0));
            assert!(!page.contains("<script"), "{page}");
            assert!(
                page.matches("&lt;script&gt;alert(&quot;1&quot; &amp; ").count() >= 3,
                "{page}"
            );
        }
    }
}

#[test]
fn the_verdict_is_the_heading_and_the_title() {
    let mut status = polled("ventas", at(-780));
    assert!(shown(&[status.clone()], "", at(-700)).contains("<title>All is well · ventas · "));
    for cycle in 2..5 {
        status.polls.note(&bad(cycle, at(-10)));
    }
    let page = page_of(&status);
    assert!(
        page.contains("<title>Data is 13 minutes old, 3 polls failed · ventas · "),
        "{page}"
    );
    assert!(page.contains("<h1>Data is 13 minutes old, 3 polls failed</h1>"));
    assert_has(&page, &["The disk is full: make room"]);
}

#[test]
fn the_page_shows_how_the_polls_go() {
    let mut status = polled("ventas", at(-390));
    status.polls.note(&bad(2, at(-90)));
    status.next_poll = Some(at(30));
    status.chats_counted = 4321;
    assert_has(
        &page_of(&status),
        &[
            "1 of the last 2 polls failed (02:53:30 to 02:58:30)",
            "Failed 02:58:30 (1 minute ago), took 3.0 s",
            "Next poll 03:00:30 (in 30 seconds)",
            "Data up to 02:53:30 (6 minutes ago)",
            "1 of 2 polls since the start",
            "The last poll, since 02:58:30 (1 minute ago)",
            "4,321, of those closed since 14 Jan 03:00 (24 hours ago)",
            "times in America/Bogota (UTC-05:00)",
        ],
    );
}

#[test]
fn an_exporter_that_never_read_anything_does_not_say_up_to_when_its_data_is() {
    let mut status = started("ventas");
    (status.counting_since, status.watermark) = (Some(at(-24)), Some(at(-24)));
    assert_has(
        &page_of(&status),
        &[
            "Data up to nothing read yet",
            "Last poll none yet",
            "Next poll not planned yet",
            "Nothing was read yet.",
        ],
    );
}

#[test]
fn a_poll_that_is_due_is_shown_as_under_way() {
    let mut status = polled("ventas", at(-10));
    for due in [-3, 0] {
        status.next_poll = Some(at(due));
        assert_has(&page_of(&status), &["Next poll under way"]);
    }
}

#[test]
fn a_pause_is_shown_with_its_end_and_its_cause_while_it_lasts() {
    let mut status = polled("ventas", at(-10));
    let hours = |hours: u64| Some(std::time::Duration::from_secs(3_600 * hours));
    for (reason, asked, why) in [
        (PauseReason::Concurrency, None, "too many calls at once"),
        (
            PauseReason::RetryAfter,
            hours(1),
            "Wolkvox asked to wait 1h (Retry-After)",
        ),
        (
            PauseReason::RetryAfter,
            hours(24),
            "Wolkvox asked to wait a day or more (Retry-After); the exporter waits an hour at most",
        ),
        (PauseReason::Quota, None, "the day's calls are used up"),
    ] {
        let until = at(600);
        status.pause = Some(Pause { until, reason, asked });
        let expected = format!("Pauses until 03:10:00 (in 10 minutes): {why}");
        assert_has(&page_of(&status), &[&expected]);
        assert!(!shown(&[status.clone()], "", until).contains("Pauses"));
    }
}

#[test]
fn seconds_that_are_passed_over_are_shown_once_there_are_any() {
    let mut status = polled("ventas", at(-10));
    assert!(!page_of(&status).contains("assed over"));
    status.seconds_skipped = 3;
    assert_has(
        &page_of(&status),
        &[
            "3 seconds of the report passed over",
            "Passed over 3 seconds of the report since the start: chats closed in them are missing until a sweep reads them",
        ],
    );
}

#[test]
fn a_slowdown_is_shown_with_what_it_leaves_out() {
    let mut status = polled("ventas", at(-10));
    status.pace = Some(Pace {
        slowdown: Slowdown::LongerInterval,
        interval: std::time::Duration::from_secs(1_800),
    });
    assert_has(
        &page_of(&status),
        &["Slowed down no sweeps, and 30m between two polls"],
    );
}

#[test]
fn limits_are_shown_with_what_is_used_of_them() {
    let mut status = with_settings("ventas", &[("WOLKVOX_API_DAILY_LIMIT", "5000")]);
    (status.calls.own, status.calls.group) = (100, 2_345);
    (status.series.shown, status.series.limited) = (1_234, 7);
    assert_has(
        &page_of(&status),
        &[
            "Calls today 100 of 5,000; 2,345 with those of its group",
            "Series 1,234 of 150,000",
            "7 chats counted as “other” since the start",
        ],
    );
}

#[test]
fn settings_are_shown_with_their_warnings() {
    let status = with_settings(
        "ventas",
        &[
            ("WOLKVOX_POLL_INTERVAL", "30s"),
            ("WOLKVOX_ASA_TARGET", "20s"),
            ("WOLKVOX_SERVICE_LEVEL_TARGET", "0.925"),
        ],
    );
    assert_has(
        &page_of(&status),
        &[
            "Poll interval 30s",
            "Objective 92.5% answered within 20 s",
            "Warnings of the configuration WOLKVOX_POLL_INTERVAL is under a minute.",
        ],
    );
}

#[test]
fn what_was_counted_is_shown_by_skill_and_by_agent() {
    let page = page_of(&with_numbers(polled("ventas", at(-10)), "Ana"));
    assert_has(
        &page,
        &[
            "Chats that closed on 15 January, from 00:00:00 on",
            "Chats 1,200 3 of them timeouts",
            "Service level ▼ 50.1% (under the objective) objective 80% within 30 s",
            "Mean ASA 00:01:40 of 1,197 answered",
            "Unanswered 2",
            "Skills today",
            "Ana 12 1,200 ▼ 50.1% (under the objective) 90% in 20 s 00:01:40",
            "Agents today",
            "Ana 1001 1,200",
            "Chats that closed in the 30m from 02:30:00 to 02:59:30",
            "How long customers waited (ASA) dashed: the target, 30 s",
            "Chats per quarter of an hour most: 160 at 02:45",
            "01:00 420 408",
        ],
    );
}

#[test]
fn links_lead_somewhere_behind_a_prefix_too() {
    let three = ["a", "b", "c"].map(|name| with_numbers(polled(name, at(-10)), "Ana"));
    for page in [
        page_of(&three[0]),
        shown(&three, "", at(0)),
        shown(&three, "wall", at(0)),
    ] {
        let links = page
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        for link in links {
            let is_ours = ["metrics", "api/v1/status", "-/healthy", "-/ready"].contains(&link);
            assert!(
                is_ours || link.starts_with(['?', '#']) || link.starts_with("https://"),
                "{link}"
            );
        }
    }
}

#[test]
fn each_link_to_a_section_has_its_section() {
    let names = ["a b", "ventas & más", "Ñ/1"];
    let page = shown(&names.map(|name| polled(name, at(-10))), "", at(0));
    let anchors: Vec<_> = page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(anchors.len(), names.len());
    for anchor in anchors {
        assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        assert!(!anchor.contains(['%', ' ']), "{anchor}");
    }
}

#[test]
fn of_many_operations_only_those_that_are_not_well_have_a_section() {
    let mut statuses: Vec<_> = (10..30)
        .map(|number| polled(&format!("op{number}"), at(-10)))
        .collect();
    statuses[7].polls.note(&bad(2, at(-1)));
    let page = shown(&statuses, "", at(0));
    assert_eq!(page.matches("<section class=\"operation\"").count(), 1);
    assert!(page.contains("href=\"#operation-op17\"") && page.contains("id=\"operation-op17\""));
    assert_eq!(page.matches("href=\"?operation=op").count(), 19);
    let first = page.split("<tbody>").nth(1).unwrap();
    assert!(first.find("op17").unwrap() < first.find("op10").unwrap());
}

#[test]
fn the_headings_follow_one_another() {
    let mut failing = with_numbers(polled("a", at(-900)), "Ana");
    failing.polls.note(&bad(2, at(-1)));
    let two = [failing.clone(), polled("b", at(-1))];
    for (statuses, query) in [
        (&two[..], ""),
        (&two[..1], ""),
        (&two[..], "wall"),
        (&two[..1], "wall"),
    ] {
        let page = shown(statuses, query, at(0));
        let levels: Vec<u32> = page
            .split("<h")
            .skip(1)
            .filter_map(|rest| rest.chars().next()?.to_digit(10))
            .collect();
        assert_eq!(
            levels.iter().filter(|level| **level == 1).count(),
            1,
            "{levels:?}"
        );
        assert_eq!(levels[0], 1);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    }
}

#[test]
fn each_heading_of_a_table_says_what_it_heads_and_each_table_has_a_caption() {
    let mut status = with_numbers(polled("a", at(-900)), "Ana");
    status.polls.note(&bad(2, at(-1)));
    for query in ["", "wall"] {
        let page = shown(&[status.clone(), polled("b", at(-1))], query, at(0));
        let headings = page.matches("<th ").count() + page.matches("<th>").count();
        assert_eq!(page.matches(" scope=\"").count(), headings);
        assert_eq!(page.matches("<caption>").count(), page.matches("<table").count());
        let drawings = page.matches("<svg").count();
        let named = page.matches("role=\"img\" aria-label=\"").count();
        assert_eq!(
            drawings,
            named + page.matches("aria-hidden=\"true\"><rect").count()
        );
    }
}

#[test]
fn the_page_loads_itself_again_unless_it_is_held() {
    let status = polled("ventas", at(-10));
    let page = |query| shown(std::slice::from_ref(&status), query, at(0));
    assert!(page("").contains("<meta http-equiv=\"refresh\" content=\"60\">"));
    assert!(page("wall").contains("http-equiv=\"refresh\""));
    assert!(!page("refresh=off").contains("http-equiv"));
}

#[test]
fn an_operation_of_another_replica_leads_there() {
    let mut status = polled("ventas", at(-10));
    status.chats_counted = 4321;
    status.not_held = Some(NotHeld::Elsewhere);
    let alone = page_of(&status);
    let among = shown(&[status, polled("soporte", at(-1))], "", at(0));
    for page in [alone, among] {
        assert!(page.contains("href=\"http://two.example:10555/\""), "{page}");
        assert!(!page.contains("4,321"), "{page}");
    }
}

#[test]
fn a_good_poll_says_what_it_read() {
    let mut status = polled("ventas", at(-300));
    status.polls.note(&good(2, at(-1)));
    assert_has(
        &page_of(&status),
        &[
            "The last 2 polls all succeeded",
            "Succeeded 02:59:59 (1 second ago), took 1.5 s read 40 rows: 12 new chats counted, 28 already known",
            "none of 2 since the start",
        ],
    );
}
