//! What holds of any file.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// A variable that a table may have, with a value, and how TOML may write it: in quotes in any case.
#[derive(Debug, Clone)]
struct Written {
    short: &'static str,
    value: String,
    is_bare: bool,
}

fn written(short: &'static str, values: BoxedStrategy<String>, may_be_bare: bool) -> BoxedStrategy<Written> {
    (values, any::<bool>())
        .prop_map(move |(value, bare)| Written {
            short,
            value,
            is_bare: may_be_bare && bare,
        })
        .boxed()
}

fn seconds(range: std::ops::Range<u64>) -> BoxedStrategy<String> {
    range.prop_map(|seconds| format!("{seconds}s")).boxed()
}

fn one_of(values: &'static [&'static str]) -> BoxedStrategy<String> {
    select(values).prop_map(str::to_owned).boxed()
}

/// Any valid settings besides server, token and name.
fn settings() -> impl Strategy<Value = Vec<Written>> {
    let each = vec![
        written("AGENT_DNI", "[1-9][0-9]{3,9}".boxed(), true),
        written(
            "TIMEZONE",
            one_of(&["America/Bogota", "UTC", "-05:00", "europe/madrid"]),
            false,
        ),
        written("REQUEST_TIMEOUT", seconds(1..3600), false),
        written("CA_FILE", "/[a-z]{1,9}\\.pem".boxed(), false),
        written("ALLOW_INSECURE_HTTP", one_of(&["true", "false"]), true),
        written("POLL_INTERVAL", seconds(1..86_400), false),
        written("WINDOW", seconds(1..86_400), false),
        written("SWEEP_INTERVAL", one_of(&["0", "0s", "1h", "1d 2h"]), false),
        written("SWEEP_LOOKBACK", seconds(1..1_000_000), false),
        written(
            "API_DAILY_LIMIT",
            (1_u64..1_000_000).prop_map(|n| n.to_string()).boxed(),
            true,
        ),
        written(
            "API_DAILY_RESERVE",
            (0_u32..100).prop_map(|n| format!("0.{n:02}")).boxed(),
            true,
        ),
        written(
            "COUNT_FROM",
            one_of(&["2026-01-31T00:00:00-05:00", "2025-12-31T23:59:59Z"]),
            true,
        ),
        written("ASA_TARGET", seconds(1..1_000_000), false),
        written(
            "SERVICE_LEVEL_TARGET",
            (1_u32..100).prop_map(|n| format!("0.{n:02}")).boxed(),
            true,
        ),
        written(
            "SKILL_NAMES",
            "[0-9]{1,3}=[A-Za-zéñ '\"]{0,9}[a-z]".boxed(),
            false,
        ),
        written("AGENTS", one_of(&["off", "ids", "Names"]), false),
        written(
            "MAX_SERIES",
            (1_000_u64..10_000_000).prop_map(|n| n.to_string()).boxed(),
            true,
        ),
        written("RECONTACT", one_of(&["off", "24h,72h", "90m"]), false),
        written("RETIRE_AFTER", one_of(&["off", "0", "180d"]), false),
        written("SKILL_CATALOGUE", one_of(&["true", "false"]), true),
    ];
    each.into_iter()
        .map(option::of)
        .collect::<Vec<_>>()
        .prop_map(|all| all.into_iter().flatten().collect())
}

/// A basic string, with each character that needs it escaped.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

proptest! {
    /// A table says the same as the same values in the environment.
    #[test]
    fn a_table_is_read_as_the_environment_is(
        settings in settings(),
        name in "[A-Za-z][A-Za-zéñ ]{0,20}[a-z]",
        server in "[0-9]{4}",
    ) {
        let mut text = format!("[[operation]]\nname = {}\nserver = {}\ntoken = \"SECRET-of-one\"\n", quoted(&name), quoted(&server));
        let mut variables = vec![
            ("WOLKVOX_OPERATION".to_owned(), Ok(name)),
            ("WOLKVOX_SERVER".to_owned(), Ok(server)),
            ("WOLKVOX_TOKEN".to_owned(), Ok("SECRET-of-one".to_owned())),
        ];
        for Written { short, value, is_bare } in settings {
            let value_written = if is_bare { value.clone() } else { quoted(&value) };
            text.push_str(&format!("{} = {value_written}\n", short.to_lowercase()));
            variables.push((format!("WOLKVOX_{short}"), Ok(value)));
        }
        let of_file = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let of_environment = Config::from_variables(variables, now()).unwrap();
        prop_assert!(
            of_file.operation().is_same(of_environment.operation()),
            "{:?}\n{:?}", of_file.operation(), of_environment.operation()
        );
        prop_assert_eq!(of_file.hash(), of_environment.hash());
    }

    /// Whatever a file holds, it is taken or refused in sentences that name it.
    #[test]
    fn any_text_is_taken_or_refused_with_its_file(text in ".{0,200}") {
        refused_with_its_file(&text)?;
    }

    /// The same of what nearly is an operations file.
    #[test]
    fn what_is_nearly_right_is_taken_or_refused_with_its_file(
        lines in vec(select(&[
            "[[operation]]", "[operation]", "[operation.skills]", "[[operation.skills]]", "name = \"a\"", "name = 1",
            "server = \"0010\"", "server = 0010", "token = \"x\"", "token_file = \"./x\"", "\"12\" = { name = \"é\" }",
            "12 = \"Sales\"", "12.name = \"x\"", "asa_target = 30", "window = \"30m\"", "operation = 1", "= 1", "\"\" = ''",
            "skills.1 = 2", "group = '''", "# x", "max_series = 99999999999999999999999999", "count_from = 07:32:00", "a = [[[",
            "max_series = 0xffffffffffffffffffffffffffffffffffff", "api_daily_reserve = nan",
        ][..]), 0..12),
        end in select(&["\n", "\r\n", "\r", " ", "é\n"][..]),
    ) {
        refused_with_its_file(&lines.join(end))?;
    }

    /// Names that are given out in any order are those of the tables, in their order.
    #[test]
    fn operations_keep_the_order_of_the_file(names in btree_map("[a-z]{1,8}", any::<u8>(), 1..12)) {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|(_, order)| *order);
        let text: String = names
            .iter()
            .map(|(name, _)| format!("[[operation]]\nname = \"{name}\"\nserver = \"0010\"\ntoken_file = \"./{name}\"\n"))
            .collect();
        let config = read(&text).unwrap();
        let read: Vec<_> = config.operations.iter().map(crate::config::OperationConfig::name).collect();
        let expected: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(read, expected);
    }
}

fn refused_with_its_file(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = read(text) else { return Ok(()) };
    prop_assert!(!error.problems.is_empty());
    for problem in error.problems {
        let lines = text.split('\n').count();
        let place = problem.split_once("operations.toml:").map(|(_, rest)| rest);
        let line = place.and_then(|rest| rest.split_once(':')?.0.parse::<usize>().ok());
        let is_placed = line.is_some_and(|line| (1..=lines).contains(&line));
        let is_empty =
            problem.ends_with("operations.toml holds no [[operation]] table; at least one is needed");
        prop_assert!(is_placed || is_empty, "{}", problem);
        prop_assert!(!problem.contains(|is: char| is.is_control()), "{:?}", problem);
    }
    Ok(())
}
