use crate::config::tests::with;

use super::*;

fn said(variables: &[(&str, &str)]) -> String {
    let mut findings = Findings::default();
    judge_recontact(&mut findings, with(variables).unwrap().operation());
    findings.print()
}

#[test]
fn the_times_are_told_with_what_is_kept_of_customers() {
    assert_eq!(said(&[]), "");
    assert_eq!(
        said(&[("WOLKVOX_RECONTACT", "1d,72h")]),
        "ok       recontact   WOLKVOX_RECONTACT is read as 24h, 72h: of each customer's customer_id, or else customer_phone, a keyed hash is kept in the state. That is personal data\n"
    );
}
