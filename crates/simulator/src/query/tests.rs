use super::*;

#[test]
fn parameters_are_decoded() {
    let query = Query::parse(Page::Reports, "api=chat_1&date_ini=&agent_dni=52%2B1+0&x=y");
    assert_eq!(query.api.as_deref(), Some("chat_1"));
    assert_eq!(query.date_ini, None);
    assert_eq!(query.agent_dni.as_deref(), Some("52+1 0"));
}

#[test]
fn windows_that_the_server_refuses() {
    assert!(Window::new("20260101000000", "20260131235959").is_some());
    assert!(Window::new("20260101000000", "20260101000000").is_some());
    for (ini, end, why) in [
        ("20260102000000", "20260101000000", "reversed"),
        ("20260131000000", "20260201000000", "crosses a month"),
        (
            "20250101000000",
            "20260101000000",
            "the same month of another year",
        ),
        ("20260230000000", "20260228000000", "no such day"),
        ("2026010100000", "20260101000000", "13 digits"),
        ("2026-01-01 00:", "20260101000000", "not digits"),
    ] {
        assert_eq!(Window::new(ini, end), None, "{why}");
    }
}

#[test]
fn a_repeated_hour_is_in_the_window_twice() {
    let zone = Tz::America__Santiago;
    // On 2026-04-05 at 00:00 (UTC−3) clocks went back to 23:00 of the day before (UTC−4).
    let window = Window::new("20260404233000", "20260404233000").unwrap();
    let first = 1_775_356_200; // 2026-04-05T02:30:00Z
    assert!(window.holds(first, zone, true) && window.holds(first + 3600, zone, true));
    assert!(!window.holds(first, zone, false) && !window.holds(first + 1, zone, true));
    let (from, to) = window.bounds(zone);
    assert!(from <= first && first + 3600 <= to);
}
