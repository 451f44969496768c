use super::*;

#[test]
fn time_outs_of_large_answers_are_cut_a_few_times_a_cycle() {
    let stalled = Error::new(Reason::Timeout, "").with_status(200);
    let mut cycle = CycleRetries::until(None);
    let may = [(); 4].map(|()| cycle.may_ask_for_less(&stalled));
    assert_eq!(may, [true, true, true, false]);
    assert!(cycle.may_ask_for_less(&Error::new(Reason::Truncated, "")));
    assert!(CycleRetries::until(None).may_ask_for_less(&stalled));
}
