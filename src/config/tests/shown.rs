//! What is shown of the settings, to compare and to join with.

use super::*;

#[test]
fn the_daily_limit_is_a_count_of_calls() {
    assert_eq!(with(&[]).unwrap().into_operation().polling.api_daily_limit, None);
    let config = with(&[("WOLKVOX_API_DAILY_LIMIT", "5000")]).unwrap();
    assert_eq!(config.operation().polling.api_daily_limit, Some(5_000));
    assert_eq!(config.operation().warnings, Vec::<String>::new());
    for mistake in ["0", "-1", "5.000", "5,000", "5k", "10000000000"] {
        let problem = problem(with(&[("WOLKVOX_API_DAILY_LIMIT", mistake)]));
        assert!(
            problem.starts_with("WOLKVOX_API_DAILY_LIMIT is ") && problem.contains("such as 5000"),
            "{problem}"
        );
    }
}

#[test]
fn a_daily_limit_that_the_polls_alone_pass_is_warned_of() {
    // 288 polls and 24 sweeps.
    let warnings = |limit, more: &[(&str, &str)]| {
        with(&[&[("WOLKVOX_API_DAILY_LIMIT", limit)], more].concat())
            .unwrap()
            .into_operation()
            .warnings
            .join("\n")
    };
    let all = [("WOLKVOX_API_DAILY_RESERVE", "0")];
    assert_eq!(warnings("312", &all), "");
    assert_eq!(
        warnings("311", &all),
        "WOLKVOX_API_DAILY_LIMIT is 311, but polls and sweeps make 312 calls a day: sweeps will be left out, then polls. Lengthen WOLKVOX_POLL_INTERVAL"
    );
    let without_sweeps = [all[0], ("WOLKVOX_SWEEP_INTERVAL", "0")];
    assert!(!warnings("288", &without_sweeps).contains("WOLKVOX_API_DAILY_LIMIT"));
    // A tenth is left to others.
    assert_eq!(warnings("347", &[]), "");
    assert_eq!(
        warnings("346", &[]),
        "WOLKVOX_API_DAILY_LIMIT is 346, of which WOLKVOX_API_DAILY_RESERVE leaves 35 to others, but polls and sweeps make 312 calls a day: sweeps will be left out, then polls. Lengthen WOLKVOX_POLL_INTERVAL"
    );
}

#[test]
fn the_reserve_is_a_share_that_leaves_something() {
    let calls = |reserve| {
        let set = [
            ("WOLKVOX_API_DAILY_LIMIT", "5000"),
            ("WOLKVOX_API_DAILY_RESERVE", reserve),
        ];
        with(&set).map(|config| config.operation().polling.calls_allowed())
    };
    for (reserve, allowed) in [("0", 5_000), ("0.1", 4_500), ("0.999", 5)] {
        assert_eq!(calls(reserve).unwrap(), Some(allowed));
    }
    for reserve in ["1", "10", "-0.1", "NaN", "ten"] {
        assert!(
            problem(calls(reserve).map(|_| with(&[]).unwrap())).starts_with("WOLKVOX_API_DAILY_RESERVE is ")
        );
    }
    assert_eq!(with(&[]).unwrap().operation().polling.calls_allowed(), None);
}

#[test]
fn the_address_for_others_is_a_host_and_a_port_that_they_reach() {
    let address = |value| with(&[("WOLKVOX_ADVERTISE_ADDRESS", value)]);
    for value in [
        "wolkvox-1.example:10555",
        "10.0.0.1:80",
        "[2001:db8::1]:10555",
        "exporter:1",
    ] {
        assert_eq!(
            address(value).unwrap().fleet.advertise_address.as_deref(),
            Some(value)
        );
    }
    for value in [
        "0.0.0.0:10555",
        "[::]:10555",
        ":10555",
        "10555",
        "host",
        "host:0",
        "host:x",
        "::1:10555",
        "http://a:1",
        "a b:1",
    ] {
        assert!(
            problem(address(value)).starts_with("WOLKVOX_ADVERTISE_ADDRESS is "),
            "{value}"
        );
    }
    let fleet = with(&[]).unwrap().fleet;
    assert_eq!(
        (
            fleet.advertise_address,
            fleet.operations_file,
            fleet.enable_lifecycle
        ),
        (None, None, false)
    );
}

#[test]
fn a_mistake_beside_the_operations_hides_none_of_them() {
    let told = read(&[("WOLKVOX_ENABLE_LIFECYCLE", "yes"), ("WOLKVOX_SERVER", "0010")])
        .unwrap_err()
        .problems;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("WOLKVOX_ENABLE_LIFECYCLE is") && told[1].starts_with("WOLKVOX_TOKEN is not set"),
        "{told:?}"
    );
}

#[test]
fn skills_have_the_names_that_are_set() {
    assert!(
        with(&[])
            .unwrap()
            .into_operation()
            .counting
            .skill_names
            .is_empty()
    );
    let config = with(&[("WOLKVOX_SKILL_NAMES", "12=Sales, 13=Support\n14=Billing")]).unwrap();
    let names: Vec<_> = config
        .operation()
        .counting
        .skill_names
        .iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect();
    assert_eq!(names, [("12", "Sales"), ("13", "Support"), ("14", "Billing")]);
}

#[test]
fn each_mistake_in_the_names_of_skills_is_a_problem_of_its_own() {
    let error = with(&[("WOLKVOX_SKILL_NAMES", "12=Sales,Support,13=,12=More")]).unwrap_err();
    assert_eq!(
        error.problems,
        [
            "WOLKVOX_SKILL_NAMES holds a value of 7 characters as pair 2, which is not a pair such as 12=Sales; between two pairs stands a comma or a line break, so names have none",
            "WOLKVOX_SKILL_NAMES has no name for skill \"13\"; write 12=Sales, or leave the skill out: it is shown by its number then",
            "WOLKVOX_SKILL_NAMES names skill \"12\" twice",
        ]
    );
}

#[test]
fn business_hours_are_read_and_each_mistake_in_them_is_a_problem_of_its_own() {
    let hours = |text| with(&[("WOLKVOX_BUSINESS_HOURS", text)]);
    assert_eq!(with(&[]).unwrap().operation().counting.business_hours, None);
    let config = hours("mo-fr 8:00-18:00; Sa 09:00-13:00; off 2026-12-25").unwrap();
    let read = config.operation().counting.business_hours.as_ref().unwrap();
    assert_eq!(
        read.to_string(),
        "Mo-Fr 08:00-18:00; Sa 09:00-13:00; off 2026-12-25"
    );
    assert_eq!(
        hours("Mo-Fr 8-18; Sa 09:00-13:00; off 25-12-2026")
            .unwrap_err()
            .problems,
        [
            "WOLKVOX_BUSINESS_HOURS has a mistake in part 1: \"8-18\" is no range of times; write hours and minutes as in 08:00-18:00",
            "WOLKVOX_BUSINESS_HOURS has a mistake in part 3: \"25-12-2026\" is no date; dates are written as in off 2026-12-25, several as in off 2026-12-24..2027-01-02,2027-01-06",
        ]
    );
    assert_eq!(
        problem(hours("off 2026-12-25")),
        "WOLKVOX_BUSINESS_HOURS leaves no time that is open; write it as in Mo-Fr 08:00-18:00; Sa 09:00-13:00"
    );
}
