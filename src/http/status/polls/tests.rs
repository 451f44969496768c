use super::*;
use crate::http::status::tests::{at, bad, good};

#[test]
fn a_poll_that_is_published_again_counts_once() {
    let mut polls = Polls::default();
    for _ in 0..3 {
        polls.note(&bad(1, at(0)));
    }
    // After a restart of the poller the cycles begin anew.
    polls.note(&bad(1, at(300)));
    assert_eq!((polls.total(), polls.failed(), polls.recent().len()), (2, 2, 2));
}

#[test]
fn failures_are_counted_from_the_first_of_a_row_to_the_next_success() {
    let mut polls = Polls::default();
    polls.note(&good(1, at(0)));
    assert_eq!(polls.failing(), None);
    for cycle in 2..5 {
        polls.note(&bad(cycle, at(300 * i64::try_from(cycle).unwrap())));
    }
    let failing = polls.failing().unwrap();
    assert_eq!((failing.since, failing.polls), (at(600), 3));
    polls.note(&good(5, at(1_500)));
    assert_eq!((polls.failing(), polls.total(), polls.failed()), (None, 5, 3));
}

#[test]
fn only_the_newest_polls_are_kept_and_equal_failures_share_their_words() {
    let mut polls = Polls::default();
    for cycle in 0..100 {
        polls.note(&bad(cycle, at(i64::try_from(cycle).unwrap())));
    }
    assert_eq!((polls.recent().len(), polls.total()), (KEPT, 100));
    let ends: Vec<_> = polls.recent().map(|poll| poll.ended_at).collect();
    assert_eq!((ends[0], ends[KEPT - 1]), (at(40), at(99)));
    let words: Vec<_> = polls
        .recent()
        .map(|poll| Arc::as_ptr(&poll.result.as_ref().unwrap_err().words))
        .collect();
    assert!(words.iter().all(|one| std::ptr::addr_eq(*one, words[0])));
}
