//! What is wrong with a file, or was probably not meant.

use super::*;

/// A table that is complete but for what is added.
const GOOD: &str = "[[operation]]\nname = \"ventas\"\nserver = \"0010\"\ntoken_file = \"./token\"\n";

/// The only problem of a table with this line, which is its fifth.
fn line(line: &str) -> String {
    let problem = problem(&format!("{GOOD}{line}\n"));
    let what = problem.strip_prefix("operations.toml:5: operation \"ventas\": ");
    what.unwrap_or_else(|| panic!("{problem}")).to_owned()
}

#[test]
fn all_problems_are_told_at_once_each_with_file_line_and_operation() {
    let text = r#"
[[operation]]
asa_target = 30
name = "ventas"
server = "0010"

[[operation]]
server = "0020"
token = "a b"
token_file = "./b"
timezone = "Bogota"
[operation.skills]
12 = { asa_target = 20 }
"#;
    let variables = [
        ("WOLKVOX_WINDOW", "30"),
        ("WOLKVOX_TIMEZONE", "Bogata"),
        ("WOLKVOX_LOG_FORMAT", "xml"),
    ];
    assert_eq!(
        problems_with(text, &variables),
        [
            "WOLKVOX_TIMEZONE is \"Bogata\", which is not an IANA time zone such as America/Bogota or Europe/Madrid, nor an offset from UTC in hours and minutes such as -05:00; did you mean America/Bogota?",
            "WOLKVOX_WINDOW is \"30\", which is not a duration; write it with a unit, such as 30m",
            "operations.toml:2: operation \"ventas\": token is not set. It is the wolkvox-token of your operation (or set token_file to a file that holds it)",
            "operations.toml:3: operation \"ventas\": asa_target is \"30\", which is not a duration; write it with a unit, such as 30s",
            "operations.toml:9: operation \"0020\": token and token_file are both set; exactly one is needed",
            "operations.toml:11: operation \"0020\": timezone is \"Bogota\", which is not an IANA time zone such as America/Bogota or Europe/Madrid, nor an offset from UTC in hours and minutes such as -05:00; did you mean America/Bogota?",
            "operations.toml:13: operation \"0020\": skill \"12\": asa_target is \"20\", which is not a duration; write it with a unit, such as 20s",
            "WOLKVOX_LOG_FORMAT is a value of 3 characters; it must be one of: text, json",
        ]
    );
}

#[test]
fn a_key_that_is_none_is_told_with_the_nearest_or_with_where_it_belongs() {
    for (written, told) in [
        (
            "asa_traget = \"20s\"",
            "asa_traget is not known; did you mean asa_target?",
        ),
        (
            "WOLKVOX_ASA_TARGET = \"20s\"",
            "WOLKVOX_ASA_TARGET is not known; did you mean asa_target?",
        ),
        (
            "asa-target = \"20s\"",
            "asa-target is not known; did you mean asa_target?",
        ),
        ("gruop = \"a\"", "gruop is not known; did you mean group?"),
        (
            "skill = { 1 = \"a\" }",
            "skill is not known; did you mean skills?",
        ),
        (
            "operation = \"a\"",
            "operation is not known; the name of an operation is its key name",
        ),
        (
            "listen_address = \":1\"",
            "listen_address is for the whole process and not for one operation: set WOLKVOX_LISTEN_ADDRESS in the environment",
        ),
        (
            "state_dir = \"/a\"",
            "state_dir is for the whole process and not for one operation: set WOLKVOX_STATE_DIR in the environment",
        ),
        (
            "\"a b\" = 1",
            "a key that is a value of 3 characters is not known; did you mean name?",
        ),
    ] {
        assert_eq!(line(written), told);
    }
    assert_eq!(
        line("skills = { 12 = { nam = \"a\" } }"),
        "skill 12: nam is not known; did you mean name?"
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_told_without_showing_it() {
    let table = |line: &str| problem(&format!("[[operation]]\n{line}\n"));
    assert_eq!(
        table("server = 10\ntoken_file = \"./a\""),
        "operations.toml:2: operation \"10\": server is the number \"10\", which would have lost its leading zeros: write it in quotes, as in \"0010\""
    );
    assert_eq!(
        table("token = 123456789\nserver = \"0010\""),
        "operations.toml:2: operation \"0010\": token is a number; write it in quotes"
    );
    for (written, told) in [
        ("group = 5", "group is a number; write it in quotes"),
        ("window = [1]", "window is a list; it takes one value"),
        ("window = { a = 1 }", "window is a table; it takes one value"),
        (
            "skills = 1",
            "skills is no table; write [operation.skills] with a line for each: \"12\" = \"Sales\"",
        ),
        (
            "agents = false",
            "agents is a value of 5 characters; it must be one of: off, ids, names",
        ),
        (
            "agents = \"'off'\"",
            "agents has quotes inside of its quotes: remove the inner ones",
        ),
        (
            "count_from = 2026-01-31",
            "count_from is \"2026-01-31\"; it must be `start` or a time such as 2026-01-31T00:00:00-05:00",
        ),
        (
            "skills = { 12 = 5 }",
            "skill 12 is a number; write its name in quotes, or a table such as { name = \"Sales\", asa_target = \"20s\" }",
        ),
        ("skills = { 12 = \"\" }", "skill \"12\": its name is empty"),
        (
            "skills = { 12 = { name = 1 } }",
            "skill 12: name is a number; write it in quotes",
        ),
        (
            "skills = { 12 = { service_level_target = 80 } }",
            "skill \"12\": service_level_target is \"80\"; it must be a share above 0 and up to 1, such as 0.8",
        ),
        (
            "skills = { 12 = \"a\", \" 12\" = \"b\" }",
            "skill \"12\": stands there twice",
        ),
    ] {
        assert_eq!(line(written), told);
    }
}

#[test]
fn what_only_a_shell_replaces_is_a_problem_here_too() {
    let told = line("ca_file = \"~/ca.pem\"");
    assert!(told.starts_with("ca_file begins with ~"), "{told}");
    let told = line("agent_dni = \"${DNI}\"");
    assert!(told.starts_with("agent_dni refers to a variable"), "{told}");
}

#[test]
fn what_is_no_toml_is_told_with_line_and_column() {
    assert_eq!(
        problems("[[operation]]\nserver = 0010\n"),
        [
            "operations.toml:2: column 10 is no TOML: unexpected leading zero; where zeros belong to a value, as to the number of a server, write it in quotes: \"0010\""
        ]
    );
    assert_eq!(
        problems("[[operation]]\nname = \"a\"\nname = \"b\"\n"),
        ["operations.toml:3: column 1 is no TOML: duplicate key; remove one of them"]
    );
    for text in [
        "[[operation]\n",
        "name = SECRET123\n",
        "x\n",
        "a = \"SECRET123\n",
        "= SECRET123",
    ] {
        let told = problems(text);
        assert!(told[0].starts_with("operations.toml:1: column "), "{told:?}");
        assert!(!told.concat().contains("SECRET"), "{told:?}");
    }
}

#[test]
fn what_stands_outside_of_the_tables_is_told_with_where_it_belongs() {
    for (text, told) in [
        (
            "asa_target = \"20s\"\n",
            "operations.toml:1: asa_target stands outside of the [[operation]] tables: write it below one, or set WOLKVOX_ASA_TARGET in the environment for all",
        ),
        (
            "[operation]\nname = \"a\"\n",
            "operations.toml:1: an operation is written with two brackets: [[operation]]",
        ),
        (
            "operation = [1]\n",
            "operations.toml:1: operation is a list of values; write [[operation]] tables",
        ),
        (
            "[skills]\n12 = \"a\"\n",
            "operations.toml:1: skills belong to an operation: write [operation.skills] behind its [[operation]]",
        ),
        (
            "[[operations]]\nname = \"a\"\n",
            "operations.toml:1: operations is not known here: a file holds [[operation]] tables, and nothing else",
        ),
    ] {
        assert_eq!(problem(text), told);
    }
}

#[test]
fn without_an_operation_nothing_is_guessed() {
    let told = problem("# nothing yet\n");
    assert!(
        told.ends_with("operations.toml holds no [[operation]] table; at least one is needed"),
        "{told}"
    );
    let empty = directory(&[("operations.txt", "x")]);
    let told = at(empty.path(), &[]).unwrap_err().problems;
    assert!(
        told[0].ends_with("which holds no file whose name ends in .toml"),
        "{told:?}"
    );
    assert!(
        told[0].starts_with("WOLKVOX_OPERATIONS_FILE: is the directory /"),
        "{told:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_why() {
    let directory = directory(&[]);
    let told = |path: &Path| {
        let mut problems = at(path, &[]).unwrap_err().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    };
    let missing = told(&directory.path().join("none.toml"));
    assert!(
        missing.starts_with("WOLKVOX_OPERATIONS_FILE: ") && missing.contains("can't be read"),
        "{missing}"
    );
    let file = directory.path().join("a.toml");
    fs::write(&file, b"[[operation]]\nname = \"\xff\"\n").unwrap();
    assert!(told(&file).contains("not UTF-8 text"), "{}", told(&file));
    fs::File::create(&file).unwrap().set_len(64 << 20).unwrap();
    assert!(told(&file).contains("is larger than"), "{}", told(&file));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let nested = told(directory.path());
    assert!(nested.contains("a.toml is a directory"), "{nested}");
}

#[test]
fn what_belongs_to_one_operation_does_not_stand_in_the_environment() {
    for (variable, value, key) in [
        ("WOLKVOX_SERVER", "0010", "server"),
        ("WOLKVOX_TOKEN", "SECRET123", "token"),
        ("WOLKVOX_TOKEN_FILE", "./token", "token_file"),
        ("WOLKVOX_OPERATION", "ventas", "name"),
        ("WOLKVOX_AGENT_DNI", "52190", "agent_dni"),
    ] {
        assert_eq!(
            problems_with(GOOD, &[(variable, value)]),
            [format!(
                "{variable} is set beside WOLKVOX_OPERATIONS_FILE, and would hold for all operations: remove it, and write {key} into the [[operation]] table of the one that it belongs to"
            )]
        );
    }
}

#[test]
fn a_problem_of_the_environment_is_told_once_and_also_where_no_operation_needs_it() {
    let three = ["a", "b", "c"].map(|name| {
        GOOD.replace("ventas", name)
            .replace("./token", &format!("./{name}"))
    });
    let variables = [("WOLKVOX_ASA_TARGET", "30"), ("WOLKVOX_BASE_URL", "gateway")];
    assert_eq!(problems_with(&three.concat(), &variables).len(), 2);
    let own: String = three
        .iter()
        .map(|table| format!("{table}asa_target = \"1s\"\n"))
        .collect();
    assert_eq!(problems_with(&own, &variables).len(), 2);
}

#[test]
fn a_warning_of_the_environment_is_told_once_and_that_of_a_table_with_its_operation() {
    let two = format!("{GOOD}window = \"9m\"\n{}", GOOD.replace("ventas", "b"));
    let variables = [("WOLKVOX_POLL_INTERVAL", "30s"), ("HTTP_PROXY", "http://proxy:1")];
    let directory = directory(&[("operations.toml", &two)]);
    let warnings = |variables: &[_]| {
        let config = at(&directory.path().join("operations.toml"), variables).unwrap();
        let own = config
            .operations
            .iter()
            .map(|operation| without(&operation.warnings, directory.path()));
        (own.collect::<Vec<_>>(), config.warnings)
    };
    let (own, shared) = warnings(&variables);
    assert_eq!(own, [Vec::<String>::new(), Vec::new()]);
    assert_eq!(shared.len(), 3, "{shared:?}");
    assert!(shared[0].starts_with("HTTP_PROXY is set"), "{shared:?}");
    assert!(
        shared[1].starts_with("WOLKVOX_POLL_INTERVAL is under a minute"),
        "{shared:?}"
    );
    assert!(shared[2].contains("has the token of"), "{shared:?}");
    let (own, _) = warnings(&[]);
    assert_eq!(
        own,
        [
            vec!["operations.toml:5: operation \"ventas\": window is shorter than two poll intervals: chats that show up late may have to wait for the next sweep".to_owned()],
            vec![]
        ]
    );
}

#[test]
fn two_operations_have_two_names_and_two_state_files() {
    let two = |first: &str, second: &str| {
        problem(&format!(
            "{}{}",
            GOOD.replace("ventas", first),
            GOOD.replace("ventas", second)
        ))
    };
    assert_eq!(
        two("a", "a"),
        "operations.toml:5: operation \"a\": has the same name as the operation at operations.toml:1; each needs a name of its own, which is the server's number where none is set"
    );
    assert!(two("ventas", "Ventas").contains("but for upper and lower case"));
    // Also where one of the two can't be used for another reason.
    let told = problems(&format!("{GOOD}window = 1\n{GOOD}"));
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn operations_that_share_a_token_and_no_group_are_a_warning_and_so_are_two_limits_of_one_group() {
    let warnings = |text: &str| {
        let directory = directory(&[("operations.toml", text)]);
        let config = at(&directory.path().join("operations.toml"), &[]).unwrap();
        without(&config.warnings, directory.path())
    };
    let other = GOOD.replace("ventas", "b");
    assert_eq!(
        warnings(&format!("{GOOD}{other}")),
        [
            "operations.toml:5: operation \"b\": has the token of the operation at operations.toml:1, and is of another group: write group = \"ventas\" there and here, so that they are polled one call at a time and share the daily limit"
        ]
    );
    assert_eq!(
        warnings(&format!(
            "{GOOD}group = \"x\"\napi_daily_limit = 5000\n{other}group = \"x\"\n"
        )),
        [
            "operations.toml:7: operation \"b\": api_daily_limit is not set, and 5000 for the operation at operations.toml:1, which is of the same group: a group has one limit, that of its token"
        ]
    );
    assert_eq!(
        warnings(&format!("{GOOD}group = \"x\"\n{other}group = \"x\"\n")),
        Vec::<String>::new()
    );
}

#[test]
fn a_secret_under_another_key_is_told_and_never_shown() {
    const SECRET: &str = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9f==";
    for wrong in [
        format!("name = \"{SECRET}\""),
        format!("group = \"{SECRET}\""),
        format!("timezone = \"{SECRET}\""),
        format!("base_url = \"{SECRET}\""),
        format!("ca_file = \"./{SECRET}\""),
        format!("skill_names = \"12={SECRET}\""),
        format!("skills = {{ 12 = \"{SECRET}\" }}"),
        format!("skills = {{ \"{SECRET}\" = \"x\" }}"),
        format!("skills = {{ 12 = {{ \"{SECRET}\" = \"x\" }} }}"),
        format!("\"{SECRET}\" = 1"),
        format!("{} = 1", &SECRET[..43]),
    ] {
        let told = problems(&format!("[[operation]]\ntoken = \"{SECRET}\"\n{wrong}\n"));
        assert!(!told.concat().contains(&SECRET[..12]), "{wrong}: {told:?}");
        if !wrong.ends_with("= 1") && !wrong.contains("\"x\" } }") {
            let holds = |told: &String| told.contains("holds the value of token");
            assert!(told.iter().any(holds), "{wrong}: {told:?}");
        }
    }
    for key in ["name", "server", "group", "timezone", "window", "token_file"] {
        let told = problems(&format!(
            "[[operation]]\n{key} = \"CANARY-token+/=\"\nagents = 1\n"
        ));
        assert!(!told.concat().contains("CANARY"), "{key}: {told:?}");
    }
    let short = problems("[[operation]]\nserver = \"0010\"\ntoken = \"SECRET123\"\nname = \"SECRET123\"\n");
    assert_eq!(
        short,
        [
            "operations.toml:4: operation \"0010\": name holds the value of token, which would be shown there: was it written under the wrong key?"
        ]
    );
}
