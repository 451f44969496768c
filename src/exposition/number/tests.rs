use proptest::prelude::*;

use super::*;

fn written(push: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    push(&mut out);
    out
}

#[test]
fn floats_that_are_no_numbers_are_written_as_openmetrics_names_them() {
    for (value, expected) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (-0.5, "-0.5"),
        (-0.0, "-0.0"),
        (0.0, "0.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
    ] {
        assert_eq!(written(|out| push_float(out, value)), expected);
    }
}

fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(|value| value as f64),
        (0_u32..2_000).prop_map(f64::from),
        (0_u32..2_000_000).prop_map(|value| f64::from(value) / 1000.0),
        (0_u64..4).prop_map(|more| WHOLE - 2.0 + more as f64),
    ]
}

proptest! {
    #[test]
    fn the_short_way_writes_what_the_long_one_does(value in numbers(), integer in any::<u64>()) {
        prop_assert_eq!(written(|out| push_short(out, value)), value.to_string());
        if value.is_finite() {
            prop_assert_eq!(written(|out| push_float(out, value)), format!("{value:?}"));
        }
        prop_assert_eq!(written(|out| push_integer(out, integer)), integer.to_string());
    }
}
