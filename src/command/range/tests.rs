use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-25T20:00:00Z";

fn range(from: &str, to: &str, beyond: Beyond) -> Result<Range, String> {
    Range::new(utc(from), utc(to), utc(NOW), beyond).map_err(|error| error.to_string())
}

#[test]
fn a_range_lies_between_the_first_report_and_now() {
    for beyond in [Beyond::Cut, Beyond::Refuse] {
        let good = range("2010-01-01T00:00:00Z", NOW, beyond).unwrap();
        assert_eq!((good.from, good.to), (utc("2010-01-01T00:00:00Z"), utc(NOW)));
        for (from, to, cause) in [
            ("2009-12-31T23:59:59Z", NOW, "before 2010"),
            ("0001-01-01T00:00:00Z", NOW, "before 2010"),
            (NOW, NOW, "nothing between"),
            ("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z", "nothing between"),
            (
                NOW,
                "2026-11-26T00:00:00Z",
                "--from is 2026-11-25T20:00:00Z, which lies in the future",
            ),
        ] {
            let error = range(from, to, beyond).unwrap_err();
            assert!(error.contains(cause), "{from} to {to}: {error}");
        }
    }
}

#[test]
fn an_end_in_the_future_is_now_or_refused() {
    let (from, to) = ("2026-11-25T05:00:00Z", "3026-11-25T00:00:00Z");
    assert_eq!(range(from, to, Beyond::Cut).unwrap().to, utc(NOW));
    let error = range(from, to, Beyond::Refuse).unwrap_err();
    assert!(
        error.contains("--to is 3026-11-25T00:00:00Z, which lies in the future"),
        "{error}"
    );
}

#[test]
fn the_cost_is_a_call_a_month_and_the_pauses_between_them() {
    let year = range("2025-01-01T05:00:00Z", "2026-01-01T04:59:59Z", Beyond::Refuse).unwrap();
    let cost = Cost::of(
        &[year],
        Zone::Named(chrono_tz::America::Bogota),
        Duration::from_secs(300),
        1,
    );
    assert_eq!(cost.calls, 12);
    assert_eq!(
        cost.to_string(),
        "about 12 calls of the API, with 5m between two of them (--pace) about 55m"
    );
    let day = range("2025-01-01T05:00:00Z", "2025-01-02T05:00:00Z", Beyond::Refuse).unwrap();
    let cost = Cost::of(
        &[day],
        Zone::Named(chrono_tz::America::Bogota),
        Duration::from_secs(300),
        2,
    );
    assert_eq!(cost.to_string(), "about 1 call of the API");
    let cost = Cost::of(&[year], Zone::Named(chrono_tz::America::Bogota), Duration::MAX, 1);
    assert_eq!(cost.time, Duration::MAX);
}
