use proptest::prelude::*;

use super::*;
use crate::config::tests::with;

fn operation(name: &str) -> OperationConfig {
    with(&[("WOLKVOX_OPERATION", name)]).unwrap().into_operation()
}

#[test]
fn an_operation_alone_begins_at_once() {
    assert_eq!(Spread::Aligned.first_after(&operation("ventas")), Duration::ZERO);
}

#[test]
fn a_few_operations_begin_within_a_second_and_many_within_an_interval() {
    for (together, longest) in [(5, 1), (1_000, 100), (1_000_000, 300)] {
        let spread = Spread::ByName { together };
        for name in ["a", "b", "ventas", "soporte"] {
            let first = spread.first_after(&operation(name));
            assert!(
                first < Duration::from_secs(longest),
                "{name} of {together}: {first:?}"
            );
        }
    }
}

#[test]
fn many_operations_are_spread_evenly_over_the_interval() {
    let mut tenths = [0; 10];
    for number in 0..1_000 {
        let at = share(&format!("operation {number}"));
        let tenth = (1_u8..10).filter(|tenth| at >= f64::from(*tenth) / 10.0).count();
        tenths[tenth] += 1;
    }
    assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
}

proptest! {
    #[test]
    fn each_name_has_a_share_below_one(name in ".{0,30}") {
        let share = share(&name);
        prop_assert!((0.0..1.0).contains(&share), "{share}");
    }
}
