use std::time::Duration;

use super::*;
use crate::poller::{LastPoll, Pause, PauseReason};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn page_of(status: &Status, readiness: Readiness, now: DateTime<Utc>) -> String {
    page(&[Arc::new(status.clone())], readiness, now, &|_| None)
}

#[test]
fn everything_that_comes_from_outside_is_escaped() {
    let hostile = "<script>alert(\"1\" & '2')</script>";
    let mut status = Status::new(hostile, hostile, at(0));
    status.version = hostile.to_owned();
    status.last_poll = Some(LastPoll {
        at: at(0),
        ok: false,
        outcome: hostile.to_owned(),
        duration: Duration::ZERO,
    });
    let page = page_of(&status, Readiness::Ready, at(0));
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(
        page.matches("&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;")
            .count(),
        5
    );
}

#[test]
fn the_page_shows_how_the_polls_go() {
    let mut status = Status::new("ventas", "wv0001.example", at(-7_200));
    assert!(page_of(&status, Readiness::Starting, at(0)).contains("<dt>Last poll</dt><dd>none yet</dd>"));
    status.last_success = Some(at(-150));
    status.next_poll = Some(at(30));
    status.chats_counted = 4321;
    status.last_poll = Some(LastPoll {
        at: at(-90),
        ok: true,
        outcome: "12 new chats.".to_owned(),
        duration: Duration::from_millis(1_540),
    });
    let page = page_of(&status, Readiness::Ready, at(0));
    for expected in [
        "<span class=\"ok\">Succeeded</span>",
        "(1 min ago), took 1.5 s<br>12 new chats.",
        "(2 min ago)",
        "(in 30 s)",
        "(2 h ago)",
        "<dd>4321</dd>",
        "2027-01-15T08:00:30Z",
    ] {
        assert!(page.contains(expected), "{expected} is not in {page}");
    }
}

#[test]
fn operations_are_shown_one_after_another() {
    let statuses = ["soporte", "ventas"].map(|name| Arc::new(Status::new(name, "wv0001.example", at(0))));
    let both = page(&statuses, Readiness::Ready, at(0), &|_| None);
    let [first, second] = ["soporte", "ventas"].map(|name| {
        let row = format!("<dl>\n<div><dt>Operation</dt><dd>{name}</dd></div>");
        both.find(&row)
            .unwrap_or_else(|| panic!("{name} is not in {both}"))
    });
    assert!(first < second && both.contains("<title>2 operations"), "{both}");
    assert!(page(&[], Readiness::Ready, at(0), &|_| None).contains("<title>0 operations"));
}

#[test]
fn links_lead_somewhere_behind_a_prefix_too() {
    let status = Status::new("ventas", "wv0001.example", at(0));
    let page = page_of(&status, Readiness::Ready, at(0));
    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| !link.starts_with("https://"))
        .collect();
    assert_eq!(links, ["metrics", "-/healthy", "-/ready"]);
}

#[test]
fn a_poll_that_is_due_is_shown_as_under_way() {
    let mut status = Status::new("ventas", "wv0001.example", at(-10));
    for (due, expected) in [(-3, "under way"), (0, "under way")] {
        status.next_poll = Some(at(due));
        assert!(
            page_of(&status, Readiness::Ready, at(0))
                .contains(&format!("<dt>Next poll</dt><dd>{expected}</dd>"))
        );
    }
    status.next_poll = Some(at(3));
    assert!(page_of(&status, Readiness::Ready, at(0)).contains("(in 3 s)"));
}

#[test]
fn a_pause_is_shown_with_its_end_and_its_cause_while_it_lasts() {
    let mut status = Status::new("ventas", "wv0001.example", at(-10));
    let hours = |hours: u64| Some(Duration::from_secs(3_600 * hours));
    for (next_poll, reason, asked, why) in [
        // It waits before the second call of a poll.
        (at(-3), PauseReason::Concurrency, None, "too many calls at once"),
        (
            at(600),
            PauseReason::RetryAfter,
            hours(1),
            "Wolkvox asked to wait 1h (Retry-After)</dd>",
        ),
        (
            at(600),
            PauseReason::RetryAfter,
            hours(23),
            "Wolkvox asked to wait 23h (Retry-After); the exporter waits an hour at most</dd>",
        ),
        (
            at(600),
            PauseReason::RetryAfter,
            hours(24),
            "Wolkvox asked to wait a day or more (Retry-After); the exporter waits an hour at most</dd>",
        ),
        (
            at(600),
            PauseReason::Quota,
            None,
            "the day&#39;s calls are used up",
        ),
    ] {
        status.next_poll = Some(next_poll);
        let until = at(600);
        status.pause = Some(Pause { until, reason, asked });
        let during = page_of(&status, Readiness::Ready, at(0));
        assert!(
            during.contains("Pauses</span> until <time") && during.contains(&format!("(in 10 min): {why}")),
            "{during}"
        );
        assert!(!page_of(&status, Readiness::Ready, until).contains("Pauses"));
    }
}

#[test]
fn seconds_that_are_passed_over_are_shown_once_there_are_any() {
    let mut status = Status::new("ventas", "wv0001.example", at(-10));
    assert!(!page_of(&status, Readiness::Ready, at(0)).contains("passed over"));
    status.seconds_skipped = 3;
    let page = page_of(&status, Readiness::Ready, at(0));
    let expected = "<dt>Seconds passed over</dt><dd><span class=\"bad\">3</span> since the start (chats closed in them are \
                    missing until a sweep reads them)</dd></div>\n<div><dt>Chats counted</dt>";
    assert!(page.contains(expected), "{page}");
}

#[test]
fn distances_are_shown_in_whole_units() {
    for (seconds, expected) in [
        (0, "now"),
        (-59, "59 s ago"),
        (-60, "1 min ago"),
        (-3_599, "59 min ago"),
        (-172_799, "47 h ago"),
        (-172_800, "2 days ago"),
        (61, "in 1 min"),
    ] {
        assert_eq!(distance(at(seconds), at(0)), expected);
    }
}

#[test]
fn an_operation_of_another_replica_names_it_and_nothing_that_is_old() {
    let mut status = Status::new("ventas", "wv0001.example", at(0));
    status.chats_counted = 4321;
    status.not_held = Some(NotHeld::Elsewhere);
    let at_url = |url: Option<&str>| {
        let statuses = [Arc::new(status.clone())];
        page(&statuses, Readiness::Ready, at(0), &|_| url.map(str::to_owned))
    };
    let held = at_url(Some("http://two.example:10555"));
    assert!(
        held.contains("by the replica at <a href=\"http://two.example:10555/\">"),
        "{held}"
    );
    assert!(!held.contains("4321") && !held.contains("Stands still"), "{held}");
    assert!(at_url(None).contains("by no replica at the moment"));
}
