use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

fn piece(from: i64, to: i64) -> Window {
    let [from, to] = [from, to].map(at);
    Window {
        from,
        to,
        date_ini: from.naive_utc(),
        date_end: to.naive_utc(),
    }
}

fn error(reason: Reason) -> wolkvox::Error {
    wolkvox::Error::new(reason, "scripted")
}

fn fail_a_beat(cutter: &mut Cutter, reason: Reason) {
    cutter.begin_beat();
    cutter.note_end(Found::ByPoll, Some(&Failure::Api(error(reason))));
}

#[test]
fn what_is_cut_is_halved_down_to_a_second_and_grows_with_each_good_piece() {
    let mut cutter = Cutter::default();
    for reason in [Reason::Truncated, Reason::TooLarge, Reason::TooManyRows] {
        assert_eq!(
            cutter.remedy(Found::ByPoll, &error(reason), &piece(0, 1800)),
            Remedy::Halve,
            "{reason:?}"
        );
        assert_eq!(
            cutter.part(Found::ByPoll, at(0), at(1800)),
            Part::Usual { to: at(900) }
        );
    }
    assert_eq!(
        cutter.remedy(Found::ByPoll, &error(Reason::Truncated), &piece(0, 3)),
        Remedy::Halve
    );
    assert_eq!(cutter.poll.length, SHORTEST);
    assert_eq!(
        cutter.remedy(Found::ByPoll, &error(Reason::Truncated), &piece(0, 1)),
        Remedy::GoAround
    );
    cutter.note_read(Found::ByPoll, at(2));
    cutter.note_read(Found::ByPoll, at(4));
    assert_eq!(
        cutter.part(Found::ByPoll, at(4), at(1800)),
        Part::Usual { to: at(8) }
    );
    for _ in 0..40 {
        cutter.note_read(Found::ByPoll, at(8));
    }
    assert_eq!(cutter.poll.length, window::LONGEST);
}

#[test]
fn what_has_nothing_to_do_with_size_is_left_to_the_next_beat() {
    let mut cutter = Cutter::default();
    for reason in [
        Reason::Connect,
        Reason::Tls,
        Reason::Auth,
        Reason::Quota,
        Reason::Concurrency,
        Reason::Forbidden,
    ] {
        assert_eq!(
            cutter.remedy(Found::ByPoll, &error(reason), &piece(0, 86_400)),
            Remedy::None,
            "{reason:?}"
        );
    }
    assert_eq!(cutter.poll.length, window::LONGEST);
}

#[test]
fn a_long_piece_that_failed_without_a_hint_is_half_as_long_at_the_next_beat_but_never_below_an_hour() {
    for reason in [Reason::Timeout, Reason::BadRequest] {
        let mut cutter = Cutter::default();
        assert_eq!(
            cutter.remedy(Found::ByPoll, &error(reason), &piece(0, 1800)),
            Remedy::None
        );
        assert_eq!(
            cutter.poll.length,
            window::LONGEST,
            "{reason:?}: a usual poll is not cut"
        );
        for hours in [20, 10, 5, 3, 2, 1, 1] {
            let Part::Usual { to } = cutter.part(Found::ByPoll, at(0), at(20 * 3600)) else {
                panic!("nothing is known to be unreadable");
            };
            let minutes = u64::try_from((to - at(0)).num_minutes()).unwrap();
            assert_eq!(minutes.div_ceil(60), hours, "{reason:?}");
            let asked = piece(0, (to - at(0)).num_seconds());
            assert_eq!(cutter.remedy(Found::ByPoll, &error(reason), &asked), Remedy::None);
        }
        for (stretches, hours) in [(TRY_LONGER_AFTER - 1, 1), (1, 2), (TRY_LONGER_AFTER, 4)] {
            for _ in 0..stretches {
                cutter.note_read(Found::ByPoll, at(0));
                cutter.note_end(Found::ByPoll, None);
            }
            cutter.note_read(Found::ByPoll, at(0));
            let part = cutter.part(Found::ByPoll, at(0), at(20 * 3600));
            assert_eq!(part, Part::Usual { to: at(hours * 3600) }, "{reason:?}");
        }
        // Half of what was only tried is known to work.
        let tried = piece(0, 4 * 3600);
        assert_eq!(
            cutter.remedy(Found::ByPoll, &error(reason), &tried),
            Remedy::Halve
        );
        let tried = piece(0, 2 * 3600);
        assert_eq!(cutter.remedy(Found::ByPoll, &error(reason), &tried), Remedy::None);
    }
}

#[test]
fn in_a_long_stretch_longer_pieces_are_tried_after_some_good_ones() {
    let mut cutter = Cutter::default();
    cutter.remedy(Found::ByPoll, &error(Reason::Timeout), &piece(0, 7200));
    for _ in 0..TRY_LONGER_AFTER {
        cutter.note_read(Found::ByPoll, at(0));
    }
    assert_eq!(cutter.poll.longest, MODEST * 2);
    assert_eq!(cutter.sweep.longest, window::LONGEST, "sweeps have their own");
}

#[test]
fn a_piece_in_trouble_that_gets_no_answer_is_cut_shorter_too() {
    let mut cutter = Cutter::default();
    let day = piece(0, 86_400);
    assert_eq!(
        cutter.remedy(Found::ByPoll, &error(Reason::Truncated), &day),
        Remedy::Halve
    );
    let half = piece(0, 43_200);
    assert_eq!(
        cutter.remedy(Found::ByPoll, &error(Reason::Timeout), &half),
        Remedy::None
    );
    assert_eq!(
        cutter.part(Found::ByPoll, at(0), at(86_400)),
        Part::Usual { to: at(21_600) }
    );
}

#[test]
fn an_answer_that_stalls_is_halved_a_few_times_a_beat() {
    let mut cutter = Cutter::default();
    let stalled = error(Reason::Timeout).with_status(200);
    for _ in 1..TIMEOUTS_PER_BEAT {
        assert_eq!(
            cutter.remedy(Found::ByPoll, &stalled, &piece(0, 1800)),
            Remedy::Halve
        );
    }
    assert_eq!(
        cutter.remedy(Found::ByPoll, &stalled, &piece(0, 1800)),
        Remedy::None
    );
    cutter.begin_beat();
    assert_eq!(
        cutter.remedy(Found::ByPoll, &stalled, &piece(0, 1800)),
        Remedy::Halve
    );
}

#[test]
fn what_may_lie_in_one_row_is_searched_for_at_the_third_sixth_and_twelfth_failure() {
    let mut cutter = Cutter::default();
    let mut searched = Vec::new();
    for beat in 1..=24 {
        if cutter.remedy(Found::ByPoll, &error(Reason::NotJson), &piece(0, 1800)) == Remedy::Halve {
            searched.push(beat);
        }
        fail_a_beat(&mut cutter, Reason::NotJson);
    }
    assert_eq!(searched, [3, 6, 12, 24]);
    fail_a_beat(&mut cutter, Reason::Forbidden);
    assert_eq!(cutter.poll.failed, 24, "another failure says nothing of rows");
    cutter.note_end(Found::ByPoll, None);
    assert_eq!(
        cutter.remedy(Found::ByPoll, &error(Reason::NotJson), &piece(0, 1800)),
        Remedy::None
    );
}

#[test]
fn a_stretch_is_cut_around_what_could_not_be_read() {
    let mut cutter = Cutter::default();
    assert_eq!(cutter.note_unreadable(at(100)), 1);
    assert_eq!(
        cutter.part(Found::ByPoll, at(0), at(1800)),
        Part::Usual { to: at(100) }
    );
    assert_eq!(
        cutter.part(Found::ByPoll, at(100), at(1800)),
        Part::Unreadable {
            from: at(100),
            failures: 1
        }
    );
    assert_eq!(
        cutter.part(Found::ByPoll, at(101), at(1800)),
        Part::Unreadable {
            from: at(100),
            failures: 1
        }
    );
    assert_eq!(
        cutter.part(Found::ByPoll, behind(at(100)), at(1800)),
        Part::Usual { to: at(1800) }
    );
    assert_eq!(
        (cutter.note_unreadable(at(100)), cutter.note_unreadable(at(100))),
        (2, GIVE_UP_AFTER)
    );
    cutter.forget_before(at(101));
    assert_eq!(cutter.unreadable.len(), 1);
    cutter.forget_before(at(102));
    assert!(cutter.unreadable.is_empty());
}

#[test]
fn a_piece_in_trouble_is_cut_ever_smaller_from_beat_to_beat() {
    let mut cutter = Cutter::default();
    let stalled = error(Reason::Timeout).with_status(200);
    let culprit = 700;
    let mut beats = 0;
    // Each beat begins anew at 0, and has a few tries only.
    'search: loop {
        beats += 1;
        assert!(beats < 6, "the search does not come to its end");
        cutter.begin_beat();
        let mut from = 0;
        while from < 900 {
            let Part::Usual { to } = cutter.part(Found::ByPoll, at(from), at(900)) else {
                panic!("nothing is known to be unreadable");
            };
            let to = (to - at(0)).num_seconds();
            if !(from..=to).contains(&culprit) {
                cutter.note_read(Found::ByPoll, at(to));
                from = to;
                continue;
            }
            match cutter.remedy(Found::ByPoll, &stalled, &piece(from, to)) {
                Remedy::Halve => {}
                Remedy::None => break,
                Remedy::GoAround => {
                    assert_eq!((from, to), (culprit - 1, culprit));
                    break 'search;
                }
            }
        }
    }
}
