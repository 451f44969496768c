use super::*;

#[test]
fn what_lies_ahead_is_counted_down_and_not_shown_when_it_is_past() {
    let now = Instant::now();
    let ahead = Ahead {
        next_call: Some(now + Duration::from_millis(289_400)),
        end: Some(now + Duration::from_secs(7384)),
    };
    assert_eq!(ahead.words(now), ", 2h 3m left, next call in 4m 50s");
    let later = now + Duration::from_secs(300);
    assert_eq!(ahead.words(later), ", 1h 58m left");
    assert_eq!(Ahead::default().words(now), "");
}

#[test]
fn the_time_left_counts_the_pauses_that_are_still_to_come() {
    let day = |day: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day);
    let mut progress = Progress::silent();
    progress.begin(day(0), day(90), day(30), Duration::from_secs(300));
    // One of three chunks is read; of this run it is the first of two.
    let left = progress.time_left(day(60));
    assert_eq!(left.as_secs(), 300);
}
