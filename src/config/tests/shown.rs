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
    let warnings = |limit| {
        with(&[("WOLKVOX_API_DAILY_LIMIT", limit)])
            .unwrap()
            .into_operation()
            .warnings
    };
    assert_eq!(warnings("312"), Vec::<String>::new());
    let warned = warnings("311").join("\n");
    assert!(
        warned.contains("WOLKVOX_API_DAILY_LIMIT is 311") && warned.contains("make 312 calls a day"),
        "{warned}"
    );
    let without_sweeps = [
        ("WOLKVOX_API_DAILY_LIMIT", "288"),
        ("WOLKVOX_SWEEP_INTERVAL", "0"),
    ];
    let warned = with(&without_sweeps)
        .unwrap()
        .into_operation()
        .warnings
        .join("\n");
    assert!(!warned.contains("WOLKVOX_API_DAILY_LIMIT"), "{warned}");
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
