use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap_or_default()
}

#[test]
fn a_range_is_cut_around_what_could_not_be_read() {
    let mut unreadable = Unreadable::default();
    assert_eq!(unreadable.note_failure(at(100)), 1);
    let once = Part::Unreadable {
        from: at(100),
        failures: 1,
    };
    for (from, part) in [
        (0, Part::Usual { to: at(100) }),
        (100, once),
        (101, once),
        (102, Part::Usual { to: at(1800) }),
    ] {
        assert_eq!(unreadable.part(at(from), at(1800)), part, "{from}");
    }
    let failures = [(); 2].map(|()| unreadable.note_failure(at(100)));
    assert_eq!(failures, [2, GIVE_UP_AFTER]);
}

#[test]
fn what_no_range_reaches_is_forgotten() {
    let mut unreadable = Unreadable::default();
    unreadable.note_failure(at(100));
    unreadable.forget_before(at(101));
    assert_eq!(unreadable.0.len(), 1);
    unreadable.forget_before(at(102));
    assert!(unreadable.0.is_empty());
}

#[test]
fn seconds_that_failed_are_at_fault_when_what_is_behind_them_was_read() {
    let mut suspects = Suspects::default();
    for second in [100, 102] {
        suspects.push(at(second), &Error::new(crate::Reason::NotJson, "scripted"));
    }
    let next = |suspects: &Suspects, from: i64| suspects.next(at(from)).map(|(second, _)| *second);
    assert_eq!(next(&suspects, 0), Some(at(100)));
    assert_eq!(next(&suspects, 101), Some(at(100)));
    assert_eq!(next(&suspects, 102), Some(at(102)));
    assert_eq!(next(&suspects, 104), None);
    assert!(suspects.take_before(at(100)).is_empty());
    assert_eq!((suspects.take_before(at(104)).len(), suspects.len()), (2, 0));
}
