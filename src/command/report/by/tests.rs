use super::*;

#[test]
fn one_key_or_two_go_together_if_only_one_is_a_time() {
    for good in [
        vec![By::Hour],
        vec![By::Skill, By::Hour],
        vec![By::Quarter, By::Agent],
        vec![By::Skill, By::Outcome],
    ] {
        assert_eq!(Keys::new(good.clone()).unwrap().as_slice(), good);
    }
    for (bad, cause) in [
        (vec![], "0 keys"),
        (vec![By::Skill, By::Agent, By::Hour], "3 keys"),
        (vec![By::Skill, By::Skill], "skill twice"),
        (vec![By::Day, By::HalfHour], "two times, day and half-hour"),
    ] {
        let error = Keys::new(bad).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}

#[test]
fn values_are_in_the_order_of_numbers_and_words_come_last() {
    let mut values = ["unknown", "100", "9", "chat_bot", "12"].map(Value::of);
    values.sort();
    assert_eq!(values, ["9", "12", "100", "chat_bot", "unknown"].map(Value::of));
}
