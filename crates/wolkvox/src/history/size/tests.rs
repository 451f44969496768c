use super::*;

const SECOND: TimeDelta = TimeDelta::seconds(1);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn chunk(from: i64, to: i64) -> Window {
    let [from, to] = [from, to].map(at);
    Window {
        from,
        to,
        date_ini: from.naive_utc(),
        date_end: to.naive_utc(),
    }
}

fn error(reason: Reason) -> Error {
    Error::new(reason, "scripted")
}

/// What follows a failure in a cycle.
fn remedy(size: &mut ChunkSize, error: &Error, chunk: &Window) -> Remedy {
    let search = if size.is_search_due() {
        Search::Due
    } else {
        Search::NotDue
    };
    size.remedy(error, chunk, SECOND, search)
}

fn end(size: &ChunkSize, from: i64) -> i64 {
    (size.end_of_chunk(at(from)).unwrap() - at(0)).num_seconds()
}

#[test]
fn what_is_cut_is_halved_down_to_a_second_and_grows_with_each_good_chunk() {
    let mut size = ChunkSize::default();
    for reason in [Reason::Truncated, Reason::TooLarge, Reason::TooManyRows] {
        let remedy = remedy(&mut size, &error(reason), &chunk(0, 1800));
        assert_eq!((remedy, end(&size, 0)), (Remedy::Halve, 900), "{reason:?}");
    }
    let truncated = error(Reason::Truncated);
    assert_eq!(remedy(&mut size, &truncated, &chunk(0, 2)), Remedy::Halve);
    assert_eq!(size.size, SECOND);
    assert_eq!(remedy(&mut size, &truncated, &chunk(0, 1)), Remedy::Shortest);
    size.note_read(at(2));
    size.note_read(at(4));
    assert_eq!(end(&size, 4), 8);
    for _ in 0..40 {
        size.note_read(at(8));
    }
    assert_eq!(size.size, window::LONGEST);
}

#[test]
fn a_minute_is_the_least_where_it_is_the_shortest() {
    let mut size = ChunkSize::default();
    let minute = TimeDelta::minutes(1);
    let too_many = error(Reason::TooManyRows);
    for (seconds, remedy) in [(61, Remedy::Halve), (60, Remedy::Shortest)] {
        assert_eq!(
            size.remedy(&too_many, &chunk(0, seconds), minute, Search::NotDue),
            remedy
        );
    }
    assert_eq!(size.size, minute);
}

#[test]
fn what_has_nothing_to_do_with_size_is_left_alone() {
    let mut size = ChunkSize::default();
    for reason in [
        Reason::Connect,
        Reason::Tls,
        Reason::Auth,
        Reason::Quota,
        Reason::Concurrency,
        Reason::Forbidden,
    ] {
        let remedy = remedy(&mut size, &error(reason), &chunk(0, 86_400));
        assert_eq!(remedy, Remedy::None, "{reason:?}");
    }
    assert_eq!(size.size, window::LONGEST);
}

#[test]
fn a_long_chunk_that_failed_without_a_hint_is_half_as_long_next_time_but_never_below_an_hour() {
    for reason in [Reason::Timeout, Reason::BadRequest] {
        let error = error(reason);
        let mut size = ChunkSize::default();
        assert_eq!(remedy(&mut size, &error, &chunk(0, 1800)), Remedy::None);
        assert_eq!(size.size, window::LONGEST, "{reason:?}: a usual poll is not cut");
        for hours in [20, 10, 5, 3, 2, 1, 1] {
            let to = end(&size, 0).min(20 * 3600);
            assert_eq!((to / 60 + 59) / 60, hours, "{reason:?}");
            assert_eq!(remedy(&mut size, &error, &chunk(0, to)), Remedy::None);
        }
        for (ranges, hours) in [(TRY_LONGER_AFTER - 1, 1), (1, 2), (TRY_LONGER_AFTER, 4)] {
            for _ in 0..ranges {
                size.note_read(at(0));
                size.note_whole_range();
            }
            size.note_read(at(0));
            assert_eq!(end(&size, 0), hours * 3600, "{reason:?}");
        }
        // Half of what was only tried is known to work.
        assert_eq!(remedy(&mut size, &error, &chunk(0, 4 * 3600)), Remedy::Halve);
        assert_eq!(remedy(&mut size, &error, &chunk(0, 2 * 3600)), Remedy::None);
    }
}

#[test]
fn in_a_long_range_longer_chunks_are_tried_after_some_good_ones() {
    let mut size = ChunkSize::default();
    remedy(&mut size, &error(Reason::Timeout), &chunk(0, 7200));
    for _ in 0..TRY_LONGER_AFTER {
        size.note_read(at(0));
    }
    assert_eq!(size.limit, MODEST * 2);
}

#[test]
fn what_was_too_much_for_sure_is_not_asked_for_again_for_a_dozen_chunks() {
    let mut size = ChunkSize::default();
    let day = 86_400;
    remedy(&mut size, &error(Reason::TooManyRows), &chunk(0, 16 * day));
    for _ in 0..TRY_LONGER_AFTER {
        assert_eq!(end(&size, 16 * day), 24 * day);
        size.note_read(at(16 * day));
    }
    size.note_read(at(16 * day));
    assert_eq!(end(&size, 16 * day), 32 * day);
}

#[test]
fn a_chunk_in_trouble_that_gets_no_answer_is_cut_shorter_too() {
    let mut size = ChunkSize::default();
    let day = 86_400;
    assert_eq!(
        remedy(&mut size, &error(Reason::Truncated), &chunk(0, day)),
        Remedy::Halve
    );
    assert_eq!(
        remedy(&mut size, &error(Reason::Timeout), &chunk(0, day / 2)),
        Remedy::None
    );
    assert_eq!(end(&size, 0), day / 4);
}

#[test]
fn what_may_lie_in_one_row_is_searched_for_from_the_third_failure_on() {
    let mut size = ChunkSize::default();
    let not_json = error(Reason::NotJson);
    let mut searched = Vec::new();
    for cycle in 1..=6 {
        if remedy(&mut size, &not_json, &chunk(0, 1800)) == Remedy::Halve {
            searched.push(cycle);
        }
        size.note_failed_range(&not_json);
    }
    assert_eq!(searched, [3, 4, 5, 6]);
    size.note_failed_range(&error(Reason::Forbidden));
    assert_eq!(size.failed_ranges, 6, "another failure says nothing of rows");
    size.note_whole_range();
    assert_eq!(remedy(&mut size, &not_json, &chunk(0, 1800)), Remedy::None);
}

#[test]
fn a_chunk_in_trouble_is_cut_ever_smaller_from_cycle_to_cycle() {
    let mut size = ChunkSize::default();
    let stalled = error(Reason::Timeout).with_status(200);
    let culprit = 700;
    // Each cycle begins anew at 0, and has a few tries only.
    for _ in 0..5 {
        let (mut from, mut tries) = (0, 4);
        while from < 900 && tries > 0 {
            let to = end(&size, from).min(900);
            if !(from..=to).contains(&culprit) {
                size.note_read(at(to));
                from = to;
                continue;
            }
            tries -= 1;
            if remedy(&mut size, &stalled, &chunk(from, to)) == Remedy::Shortest {
                assert_eq!((from, to), (culprit - 1, culprit));
                return;
            }
        }
    }
    panic!("the search does not come to its end");
}
