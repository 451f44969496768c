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

#[tokio::test(start_paused = true)]
async fn too_many_calls_are_not_answered_by_one_more_unless_the_server_says_when() {
    let pause = |status, asked: Option<u64>| {
        let error = Error::new(Reason::HttpStatus, "")
            .with_status(status)
            .with_retry_after(asked.map(Duration::from_secs));
        let next = Instant::now() + Duration::from_secs(300);
        CycleRetries::until(Some(next)).pause(&Pauses::default(), &error)
    };
    assert_eq!(pause(429, None), None);
    assert_eq!(pause(429, Some(20)), Some(Duration::from_secs(20)));
    assert_eq!(pause(503, None), Some(Duration::from_secs(10)));
}
