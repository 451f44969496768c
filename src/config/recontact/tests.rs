use crate::config::tests::with;

use super::*;

fn read(text: &str) -> Result<Option<Recontact>, String> {
    let config = with(&[("WOLKVOX_RECONTACT", text)]);
    let config = config.map_err(|error| error.problems.join("\n"))?;
    Ok(config.operation().counting.recontact.clone())
}

#[test]
fn it_is_off_unless_times_are_set_which_have_one_label_each_however_they_are_written() {
    assert_eq!(with(&[]).unwrap().operation().counting.recontact, None);
    assert_eq!(read("Off"), Ok(None));
    for (text, labels) in [
        ("24h,72h", "24h, 72h"),
        ("90m, 1d ,3days", "90m, 24h, 72h"),
        ("1m", "1m"),
        ("31d", "744h"),
    ] {
        let recontact = read(text).unwrap().unwrap();
        assert_eq!(recontact.to_string(), labels);
    }
    let recontact = read("1h,24h").unwrap().unwrap();
    assert_eq!(
        recontact.each().collect::<Vec<_>>(),
        [("1h", 3_600_000), ("24h", 86_400_000)]
    );
    assert_eq!(recontact.longest_ms(), 86_400_000);
    assert!(recontact.has("24h") && !recontact.has("72h"));
}

#[test]
fn what_is_no_time_too_many_out_of_order_or_out_of_range_is_told_with_the_way_out() {
    for (text, problem) in [
        (
            "of",
            "has \"of\", which is not a duration; it must be off, or durations such as 24h,72h",
        ),
        (
            "24h,",
            "has a value of 0 characters, which is not a duration; it must be off, or durations such as 24h,72h",
        ),
        (
            "72h,24h",
            "has 72h before 24h; write the shortest first, and each once, as in 24h,72h",
        ),
        (
            "24h,1d",
            "has 24h before 24h; write the shortest first, and each once, as in 24h,72h",
        ),
        (
            "1h,2h,3h,4h,5h",
            "has 5 times; it may have up to 4, such as 24h,72h",
        ),
        ("30s", "has 30s; a time must lie between 1m and 31d"),
        ("32d", "has 32d; a time must lie between 1m and 31d"),
        ("61s", "has 61s; a time must be whole minutes"),
    ] {
        assert_eq!(read(text), Err(format!("WOLKVOX_RECONTACT {problem}")));
    }
}
