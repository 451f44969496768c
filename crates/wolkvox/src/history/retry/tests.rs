use super::*;

#[test]
fn a_cycle_has_six_calls_that_may_fail_and_four_that_may_time_out() {
    let stalled = Error::new(Reason::Timeout, "").with_status(200);
    for (error, most) in [(stalled, 4), (Error::new(Reason::Truncated, ""), 6)] {
        let mut cycle = CycleRetries::until(None);
        let calls = (1..=20).find(|_| {
            cycle.note_failure(&error);
            cycle.is_spent()
        });
        assert_eq!(calls, Some(most), "{error}");
    }
}
