//! Values that came with something else than was meant: quotes, a secret, what only a shell replaces.

use super::*;

/// As long as the vendor's.
const TOKEN: &str = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9f==";

fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    read(variables).unwrap_err().problems
}

#[test]
fn quotes_around_any_value_are_reported_all_at_once_and_hide_no_other_problem() {
    let names: Vec<_> = variable::Variable::all().map(variable::Variable::name).collect();
    for quote in ['"', '\''] {
        let value = format!("{quote}x{quote}");
        let all: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
        let reported = problems(&all);
        for name in &names {
            let start = format!("{name} has quotes around its value: remove the quotes");
            assert_eq!(
                reported.iter().filter(|text| text.starts_with(&start)).count(),
                1,
                "{name}"
            );
        }
    }
    let reported = problems(&[
        ("WOLKVOX_SERVER", "\"0010\""),
        ("WOLKVOX_TOKEN", "'SECRET123'"),
        ("WOLKVOX_POLL_INTERVAL", "\"300\""),
        ("WOLKVOX_STATE_DIR", "\"/var/lib/x\""),
        ("WOLKVOX_CA_FILE", "\"\""),
    ]);
    assert_eq!(reported.len(), 6, "{reported:?}");
    assert!(
        reported.iter().any(|text| text.contains("is not a duration")),
        "{reported:?}"
    );
}

#[test]
fn what_only_a_shell_replaces_is_reported_for_every_path() {
    for variable in ["TOKEN_FILE", "STATE_DIR", "CA_FILE", "WEB_CONFIG_FILE"] {
        let name = format!("WOLKVOX_{variable}");
        let at = |value: &str| {
            problems(&[("WOLKVOX_SERVER", "0010"), (&name, value)])
                .into_iter()
                .find(|problem| problem.starts_with(&name))
                .unwrap()
        };
        assert!(at("~/st").contains("write the whole path"), "{variable}");
        assert!(at("~ana/st").contains("home directory"), "{variable}");
        assert!(at("$HOME/st").contains("only a shell replaces"), "{variable}");
        assert!(at("/a/${B}").contains("only a shell replaces"), "{variable}");
        assert!(at("%h/st").contains("systemd"), "{variable}");
    }
    let token = problem(read(&[("WOLKVOX_SERVER", "0010"), ("WOLKVOX_TOKEN", "${TOKEN}")]));
    assert!(token.contains("write the value itself"), "{token}");
}

#[test]
fn a_token_in_any_other_variable_is_never_shown() {
    for secret in [
        TOKEN,
        &TOKEN[..43],
        "CANARY-token+/=",
        "0123456789abcdef0123456789abcdef",
    ] {
        for variable in variable::Variable::all() {
            let name = variable.name();
            let result = read(&[(&name, secret)]);
            let reported = match result {
                Ok(config) => format!("{config:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(
                !reported.contains(secret) && !reported.contains(&secret[..12]),
                "{name}: {reported}"
            );
            // In its place too, and then it is reported even where it could be a value.
            if !["WOLKVOX_TOKEN", "WOLKVOX_TOKEN_FILE"].contains(&name.as_str()) {
                let reported = problems(&[("WOLKVOX_TOKEN", secret), (&name, secret)]).join("\n");
                let expected = format!("{name} holds the value of WOLKVOX_TOKEN");
                assert!(
                    reported.contains(&expected) && !reported.contains(&secret[..12]),
                    "{reported}"
                );
            }
        }
    }
}

#[test]
fn a_token_in_place_of_a_file_or_a_server_is_reported_with_the_way_out() {
    let file = problem(read(&[("WOLKVOX_SERVER", "0010"), ("WOLKVOX_TOKEN_FILE", TOKEN)]));
    assert_eq!(
        file,
        "WOLKVOX_TOKEN_FILE is a value of 45 characters that looks like a token and not like a path; the token itself belongs into WOLKVOX_TOKEN, and a path begins with / or ./"
    );
    let server = problem(read(&[("WOLKVOX_SERVER", TOKEN), ("WOLKVOX_TOKEN", "SECRET123")]));
    assert!(
        server.starts_with("WOLKVOX_SERVER is a value of 45 characters;"),
        "{server}"
    );
    let base = problem(at(&format!("https://{}", &TOKEN[..32]), &[]));
    assert!(base.contains("looks like a token"), "{base}");
    for base in [
        "https://wolkvox-gateway-eu1.internal",
        "https://gateway1",
        "https://[2001:db8::1]:8443",
    ] {
        assert!(at(base, &[]).is_ok(), "{base}");
    }
}

#[test]
fn an_identity_document_in_another_variable_is_reported() {
    let dni = [("WOLKVOX_AGENT_DNI", "5219000077")];
    for (name, value) in [
        ("WOLKVOX_OPERATION", "agent 5219000077"),
        ("WOLKVOX_SKILL_NAMES", "12=5219000077"),
        ("WOLKVOX_STATE_DIR", "/data/5219000077"),
        ("WOLKVOX_MAX_SERIES", "5219000077"),
    ] {
        let reported = with(&[dni.as_slice(), &[(name, value)]].concat())
            .unwrap_err()
            .to_string();
        assert!(
            reported.contains("holds the value of WOLKVOX_AGENT_DNI"),
            "{reported}"
        );
        assert!(!reported.contains("5219"), "{reported}");
    }
    assert!(with(&[("WOLKVOX_AGENT_DNI", "103"), ("WOLKVOX_OPERATION", "floor 103")]).is_ok());
}

#[test]
fn a_name_too_long_for_its_files_is_reported_before_anything_is_made() {
    let longest = "a".repeat(128);
    assert!(with(&[("WOLKVOX_OPERATION", &longest)]).is_ok());
    // Three bytes each, and 224 in all.
    let fits = "é".repeat(37);
    assert_eq!(
        with(&[("WOLKVOX_OPERATION", &fits)])
            .unwrap()
            .operation()
            .server
            .operation,
        fits
    );
    for name in [
        "é".repeat(38),
        "ñandú olé ".repeat(11).trim().to_owned(),
        "日本".repeat(64),
    ] {
        let reported = problem(with(&[("WOLKVOX_OPERATION", &name)]));
        assert!(
            reported.starts_with("WOLKVOX_OPERATION is too long for the names of its files")
                && reported.contains("room for 224"),
            "{reported}"
        );
    }
}

#[test]
fn a_zone_is_a_place_or_an_offset_and_the_nearest_place_is_named() {
    let zone = |value| with(&[("WOLKVOX_TIMEZONE", value)]);
    assert_eq!(
        zone("-05:00")
            .unwrap()
            .into_operation()
            .server
            .timezone
            .to_string(),
        "-05:00"
    );
    assert_eq!(
        zone("+05:30")
            .unwrap()
            .into_operation()
            .server
            .timezone
            .to_string(),
        "+05:30"
    );
    assert_eq!(
        zone("Z").unwrap().into_operation().server.timezone.to_string(),
        "UTC"
    );
    for (value, near) in [
        ("Bogota", "America/Bogota"),
        ("America/Bogata", "America/Bogota"),
        ("mexico city", "America/Mexico_City"),
        ("Europe/Madird", "Europe/Madrid"),
    ] {
        let reported = problem(zone(value));
        assert!(
            reported.ends_with(&format!("did you mean {near}?")) && reported.contains(value),
            "{reported}"
        );
    }
    for value in ["-5", "UTC-5", "-16:00", "swordfish"] {
        let reported = problem(zone(value));
        assert!(
            reported.contains("such as -05:00") && !reported.contains("did you mean"),
            "{reported}"
        );
    }
}

#[test]
fn what_is_no_duration_is_told_with_an_example_that_is_one() {
    for variable in variable::Variable::all() {
        let name = variable.name();
        let Err(error) = with(&[(&name, "five minutes")]) else {
            continue;
        };
        let told = error.problems.join("\n");
        let Some((_, example)) = told.split_once("write it with a unit, such as ") else {
            continue;
        };
        let duration = example.split([',', '\n']).next().unwrap();
        assert!(humantime::parse_duration(duration).is_ok(), "{told}");
    }
    let told = problem(with(&[("WOLKVOX_RETIRE_AFTER", "of")]));
    assert!(told.ends_with("such as 180d, or off"), "{told}");
}
