//! What can stand in an operations file, and what is said of mistakes.

// Texts of a test are short.
#![allow(clippy::format_collect, clippy::format_push_string)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::config::tests::now;
use crate::config::{Config, ConfigError, Objectives};
use crate::token::ConfiguredToken;

mod any;
mod mistaken;

/// Reads the operations at a path, with more variables.
fn at(path: &Path, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let path = path.to_str().unwrap();
    let all = [&[("WOLKVOX_OPERATIONS_FILE", path)], variables].concat();
    let owned = all
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Ok((*value).to_owned())));
    Config::from_variables(owned, now())
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// Reads a text as `operations.toml`.
fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = directory(&[("operations.toml", text)]);
    at(&directory.path().join("operations.toml"), variables)
}

fn read(text: &str) -> Result<Config, ConfigError> {
    read_with(text, &[])
}

/// All problems, without the directory of the file.
fn problems_with(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let directory = directory(&[("operations.toml", text)]);
    let error = at(&directory.path().join("operations.toml"), variables).unwrap_err();
    without(&error.problems, directory.path())
}

fn problems(text: &str) -> Vec<String> {
    problems_with(text, &[])
}

/// The only problem.
fn problem(text: &str) -> String {
    let mut problems = problems(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn without(texts: &[String], directory: &Path) -> Vec<String> {
    let directory = format!("{}/", directory.display());
    texts.iter().map(|text| text.replace(&directory, "")).collect()
}

const TWO: &str = r#"
[[operation]]
name = "ventas"
server = "0010"
token_file = "tokens/ventas"
group = "acme"
timezone = "Europe/Madrid"
asa_target = "20s"
service_level_target = 0.9
api_daily_limit = 5_000
max_series = 0x7d0
sweep_interval = 0
count_from = 2026-01-31T00:00:00-05:00
[operation.skills]
"12" = { name = "Sales, new", asa_target = "15s", service_level_target = 0.95 }
13 = "Support"
14 = { asa_target = "1m" }

[[operation]]
server = "wv0020"
token_file = "/run/secrets/0020"
ca_file = "ca.pem"
skill_names = "13=Other"
"#;

#[test]
fn each_table_is_an_operation_and_the_environment_has_the_defaults() {
    let variables = [
        ("WOLKVOX_POLL_INTERVAL", "10m"),
        ("WOLKVOX_ASA_TARGET", "40s"),
        ("WOLKVOX_SKILL_NAMES", "12=Default, 15=Billing"),
    ];
    let directory = directory(&[("operations.toml", TWO)]);
    let config = at(&directory.path().join("operations.toml"), &variables).unwrap();
    let [ventas, other] = config.operations.as_slice() else {
        panic!("{:?}", config.operations);
    };
    assert_eq!((ventas.name(), ventas.group.as_str()), ("ventas", "acme"));
    assert_eq!((other.name(), other.group.as_str()), ("0020", "0020"));
    assert_eq!(ventas.server.base_url.as_str(), "https://wv0010.wolkvox.com/");
    assert_eq!(ventas.server.timezone.to_string(), "Europe/Madrid");
    for operation in [ventas, other] {
        assert_eq!(operation.polling.poll_interval, Duration::from_secs(600));
    }
    assert_eq!(
        (ventas.counting.asa_target_ms, other.counting.asa_target_ms),
        (20_000, 40_000)
    );
    assert!((ventas.counting.service_level_target - 0.9).abs() < f64::EPSILON);
    assert_eq!(ventas.polling.api_daily_limit, Some(5_000));
    assert_eq!(ventas.counting.max_series, 2_000);
    assert_eq!(ventas.polling.sweep_interval, None);
    assert_eq!(
        ventas.counting.count_from,
        Some("2026-01-31T05:00:00Z".parse().unwrap())
    );
}

#[test]
fn skills_have_names_and_targets_of_their_own_before_those_of_the_variables() {
    let variables = [("WOLKVOX_SKILL_NAMES", "12=Default, 15=Billing")];
    let config = read_with(TWO, &variables).unwrap();
    let [ventas, other] = config.operations.as_slice() else {
        panic!("{:?}", config.operations);
    };
    let name = |id: &str| ventas.counting.skill_names.get(id).map(String::as_str);
    assert_eq!(
        ["12", "13", "14", "15"].map(name),
        [Some("Sales, new"), Some("Support"), None, Some("Billing")]
    );
    assert_eq!(
        other.counting.skill_names.clone().into_iter().collect::<Vec<_>>(),
        [("13".to_owned(), "Other".to_owned())]
    );
    let targets = |id: &str| {
        let counting = &ventas.counting;
        (
            counting.asa_target_ms_of(id),
            counting.service_level_target_of(id),
        )
    };
    assert_eq!(
        ["12", "13", "14", "none"].map(targets),
        [(15_000, 0.95), (20_000, 0.9), (60_000, 0.9), (20_000, 0.9)]
    );
    let own: Vec<_> = ventas.counting.objectives.keys().map(String::as_str).collect();
    assert_eq!(own, ["12", "14"]);
    assert_eq!(
        ventas.counting.objectives["14"],
        Objectives {
            asa_target_ms: Some(60_000),
            service_level_target: None,
        }
    );
}

#[test]
fn files_that_a_table_names_are_looked_for_beside_the_operations_file() {
    let directory = directory(&[("operations.toml", TWO)]);
    let config = at(&directory.path().join("operations.toml"), &[]).unwrap();
    let token = |at: usize| match &config.operations[at].server.token {
        ConfiguredToken::File(file) => file.path.clone(),
        ConfiguredToken::Fixed(_) => panic!("a fixed token"),
    };
    assert_eq!(token(0), directory.path().join("tokens/ventas"));
    assert_eq!(token(1), Path::new("/run/secrets/0020"));
    assert_eq!(
        config.operations[1].server.ca_file,
        Some(directory.path().join("ca.pem"))
    );
    // That of the environment is not the file's.
    let config = at(
        &directory.path().join("operations.toml"),
        &[("WOLKVOX_CA_FILE", "./all.pem")],
    )
    .unwrap();
    assert_eq!(
        config.operations[0].server.ca_file.as_deref(),
        Some(Path::new("./all.pem"))
    );
}

#[test]
fn a_directory_is_read_file_by_file_in_the_order_of_their_names() {
    let table = |name: &str| {
        format!("[[operation]]\nname = \"{name}\"\nserver = \"0010\"\ntoken_file = \"./{name}\"\n")
    };
    let directory = directory(&[
        ("b.toml", &table("second")),
        ("a.toml", &table("first")),
        (".hidden.toml", "no TOML"),
        ("a.toml~", "no TOML"),
        ("README.md", "no TOML"),
        ("c.toml", "# nothing yet\n"),
    ]);
    fs::create_dir(directory.path().join("..data")).unwrap();
    let names = |path: &Path| -> Vec<String> {
        let config = at(path, &[]).unwrap();
        config
            .operations
            .iter()
            .map(|operation| operation.name().to_owned())
            .collect()
    };
    assert_eq!(names(directory.path()), ["first", "second"]);
}

#[cfg(unix)]
#[test]
fn a_mount_of_kubernetes_is_a_directory_of_links() {
    let directory = tempfile::tempdir().unwrap();
    let version = directory.path().join("..2026_01_01");
    fs::create_dir(&version).unwrap();
    fs::write(
        version.join("ventas.toml"),
        "[[operation]]\nserver = \"0010\"\ntoken_file = \"token\"\n",
    )
    .unwrap();
    std::os::unix::fs::symlink("..2026_01_01", directory.path().join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/ventas.toml", directory.path().join("ventas.toml")).unwrap();
    let config = at(directory.path(), &[]).unwrap();
    assert_eq!(config.operations.len(), 1);
    let ConfiguredToken::File(token) = &config.operation().server.token else {
        panic!("no file");
    };
    assert_eq!(token.path, directory.path().join("token"));
}

#[cfg(unix)]
#[test]
fn a_token_in_a_file_that_others_can_read_is_a_warning_without_the_token() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory(&[(
        "operations.toml",
        "[[operation]]\nserver = \"0010\"\ntoken = \"SECRET123\"\n",
    )]);
    let file = directory.path().join("operations.toml");
    let warnings = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let config = at(&file, &[]).unwrap();
        let ConfiguredToken::Fixed(token) = &config.operation().server.token else {
            panic!("no token");
        };
        assert_eq!(token.expose_secret(), "SECRET123");
        assert!(!format!("{config:?}").contains("SECRET123"));
        without(&config.warnings, directory.path())
    };
    assert_eq!(warnings(0o600), Vec::<String>::new());
    for mode in [0o640, 0o604] {
        assert_eq!(
            warnings(mode),
            [format!(
                "operations.toml holds a token, and others than its owner can read it (mode {mode:04o}): run chmod 600 on it, or write token_file in place of token"
            )]
        );
    }
}

#[test]
fn a_gateway_for_all_stands_in_the_environment_until_a_table_has_a_server() {
    let text = "[[operation]]\nname = \"a\"\ntoken_file = \"a\"\n[[operation]]\nserver = \"0020\"\ntoken_file = \"b\"\n";
    let config = read_with(text, &[("WOLKVOX_BASE_URL", "https://gateway.example")]).unwrap();
    let hosts: Vec<_> = config
        .operations
        .iter()
        .map(|operation| operation.server.host())
        .collect();
    assert_eq!(hosts, ["gateway.example", "wv0020.wolkvox.com"]);
}

#[test]
fn operations_are_the_same_only_if_all_that_is_set_is() {
    let text = |token: &str, more: &str| {
        format!("[[operation]]\nname = \"a\"\nserver = \"0010\"\ntoken = \"{token}\"\n{more}\n")
    };
    let config = |text: &str| read(text).unwrap();
    let first = config(&text("SECRET123", ""));
    let same = config(&text("SECRET123", "poll_interval = \"5m\" # the default"));
    assert!(first.operation().is_same(same.operation()));
    for other in [
        text("SECRET124", ""),
        text("SECRET123", "agent_dni = 52190"),
        text("SECRET123", "ca_file = \"./ca.pem\""),
        text("SECRET123", "group = \"b\""),
        text("SECRET123", "window = \"31m\""),
        text("SECRET123", "timezone = \"UTC\""),
        text("SECRET123", "request_timeout = \"91s\""),
        text("SECRET123", "[operation.skills]\n12 = \"Sales\""),
        text("SECRET123", "[operation.skills]\n12 = { asa_target = \"1s\" }"),
        text("SECRET123", "").replace("0010", "0011"),
        text("SECRET123", "").replace("\"a\"", "\"b\""),
        text("SECRET123", "").replace("token =", "token_file ="),
    ] {
        let other = config(&other);
        assert!(!first.operation().is_same(other.operation()), "{other:?}");
    }
}

#[test]
fn the_hash_tells_what_is_configured_but_neither_order_nor_secrets_nor_places() {
    let a = "[[operation]]\nname = \"a\"\nserver = \"0010\"\ntoken = \"SECRET123\"\nagent_dni = \"52190\"\n";
    let b = "[[operation]]\nname = \"b\"\nserver = \"0020\"\ntoken = \"OTHER1234\"\n";
    let hash = |text: &str, variables: &[_]| read_with(text, variables).unwrap().hash();
    let first = hash(&format!("{a}{b}"), &[]);
    assert_eq!(first.len(), 16);
    for (text, variables) in [
        (format!("{b}{a}"), vec![]),
        (format!("{a}{b}").replace("SECRET123", "SECRET124"), vec![]),
        (format!("{a}{b}").replace("52190", "52191"), vec![]),
        (
            format!("{a}{b}"),
            vec![("WOLKVOX_STATE_DIR", "/data"), ("WOLKVOX_LISTEN_ADDRESS", ":1")],
        ),
    ] {
        assert_eq!(hash(&text, &variables), first, "{variables:?}");
    }
    for (text, variables) in [
        (a.to_owned(), vec![]),
        (format!("{a}group = \"b\"\n{b}"), vec![]),
        (format!("{a}[operation.skills]\n1 = \"x\"\n{b}"), vec![]),
        (format!("{a}{b}"), vec![("WOLKVOX_AGENTS", "off")]),
        (format!("{a}{b}"), vec![("WOLKVOX_EXEMPLARS", "true")]),
        (format!("{a}{b}").replace("0020", "0021"), vec![]),
    ] {
        assert_ne!(hash(&text, &variables), first, "{text} {variables:?}");
    }
}

#[test]
fn a_command_for_one_operation_asks_which_where_there_are_several() {
    let choose = |name: Option<&str>| read(TWO).unwrap().choose(name);
    assert_eq!(choose(Some("0020")).unwrap().name(), "0020");
    assert_eq!(
        choose(None).unwrap_err().to_string(),
        "2 operations are configured, and this command is for one: name it with --operation NAME. They are: ventas, 0020"
    );
    assert_eq!(
        choose(Some("soporte")).unwrap_err().to_string(),
        "no operation is called \"soporte\"; configured: ventas, 0020"
    );
    let one = read("[[operation]]\nserver = \"0010\"\ntoken_file = \"a\"\n").unwrap();
    assert_eq!(one.choose(None).unwrap().name(), "0010");
    let many: String = (10..40)
        .map(|at| format!("[[operation]]\nserver = \"00{at}\"\ntoken_file = \"{at}\"\n"))
        .collect();
    let told = read(&many).unwrap().choose(None).unwrap_err().to_string();
    assert!(
        told.starts_with("30 operations") && told.ends_with("0019, …"),
        "{told}"
    );
}

#[test]
fn each_operation_has_business_hours_of_its_own_and_a_mistake_in_them_its_line() {
    let of = |hours: &str| {
        read_with(
            &format!(
                "[[operation]]\nserver = \"0010\"\ntoken_file = \"a\"\nbusiness_hours = \"{hours}\"\n[[operation]]\nserver = \"0020\"\ntoken_file = \"b\"\n"
            ),
            &[("WOLKVOX_BUSINESS_HOURS", "24/7")],
        )
    };
    let config = of("Sa 09:00-13:00").unwrap();
    let hours = config.operations.iter().map(|operation| {
        let hours = operation.counting.business_hours.as_ref();
        hours.unwrap().to_string()
    });
    assert_eq!(hours.collect::<Vec<_>>(), ["Sa 09:00-13:00", "Mo-Su 00:00-24:00"]);
    let problems = of("Sa 9-13").unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].ends_with("operations.toml:4: operation \"0010\": business_hours has a mistake in part 1: \"9-13\" is no range of times; write hours and minutes as in 08:00-18:00"),
        "{problems:?}"
    );
}
