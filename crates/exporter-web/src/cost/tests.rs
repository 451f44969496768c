use super::*;

#[test]
fn a_cost_is_judged_by_the_time_that_it_takes() {
    let costs = Costs::of_machine(Duration::from_secs(10), Duration::from_millis(4));
    for (cost, expected) in [
        (4, Judgement::Good),
        (12, Judgement::Good),
        (15, Judgement::Good),
        (16, Judgement::Slow(Duration::from_millis(4_096))),
        (17, Judgement::Slow(Duration::from_millis(8_192))),
        (18, Judgement::TooSlow(Duration::from_millis(16_384))),
        (31, Judgement::TooSlow(Duration::from_millis(4 << 25))),
    ] {
        assert_eq!(costs.judge(cost), expected, "{cost}");
    }
}

#[test]
fn this_machine_is_measured() {
    let costs = Costs::new(Duration::from_secs(10));
    // A machine that did it would take a millionth of what the fastest of today takes.
    assert!(matches!(costs.judge(31), Judgement::TooSlow(_)));
    assert_eq!(costs.judge(4), Judgement::Good);
}
