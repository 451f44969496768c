//! Settings that are not what was meant, as the built program meets them.

use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use wolkvox_exporter::config::variable::Variable;

use crate::support::process::{Exporter, command, finish, wait_until, with, with_all, without_server};

/// As long as the vendor's.
const TOKEN: &str = "cAn4rY5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9f==";

/// Its status and all that it says. One that starts after all is ended, and fails the test.
async fn run(directory: &Path, variables: &[(&str, &str)]) -> (ExitStatus, String) {
    let variables = with_all(without_server(directory), variables);
    let mut command = command::<[&str; 0], _>([], &variables);
    command.current_dir(directory);
    let (status, output, error) = tokio::time::timeout(Duration::from_secs(30), finish(command))
        .await
        .unwrap_or_else(|_| panic!("it starts with {variables:?}"));
    (status, output + &error)
}

/// What is said of settings that can't be used.
async fn refused(directory: &Path, variables: &[(&str, &str)]) -> String {
    let (status, said) = run(directory, variables).await;
    assert_eq!(status.code(), Some(64), "{said}");
    let made: Vec<_> = fs::read_dir(directory).unwrap().collect();
    assert!(made.is_empty(), "{made:?}");
    said
}

#[tokio::test]
async fn quotes_of_an_environment_file_are_reported_for_all_variables_and_no_directory_is_made_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let said = refused(
        directory.path(),
        &[
            ("WOLKVOX_TOKEN", "\"token\""),
            ("WOLKVOX_OPERATION", "'Ventas Bogotá'"),
            ("WOLKVOX_STATE_DIR", "\"wolkvox state\""),
            ("WOLKVOX_AGENT_DNI", "'1'"),
            ("WOLKVOX_SKILL_NAMES", "\"12=Sales\""),
        ],
    )
    .await;
    for variable in ["TOKEN", "OPERATION", "STATE_DIR", "AGENT_DNI", "SKILL_NAMES"] {
        let reported = format!("WOLKVOX_{variable} has quotes around its value: remove the quotes");
        assert!(said.contains(&reported), "{variable}: {said}");
    }
}

#[tokio::test]
async fn a_home_directory_is_reported_and_no_directory_named_like_it_is_made() {
    let directory = tempfile::tempdir().unwrap();
    for path in ["~/st", "~ana/st", "$HOME/st", "${HOME}/st", "%h/st"] {
        let said = refused(directory.path(), &[("WOLKVOX_STATE_DIR", path)]).await;
        assert!(
            said.contains("WOLKVOX_STATE_DIR") && said.contains("write the whole path"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_token_in_any_other_variable_is_not_said() {
    let directory = tempfile::tempdir().unwrap();
    for variable in Variable::all() {
        let name = variable.name();
        if name == "WOLKVOX_TOKEN" || name == "WOLKVOX_AGENT_DNI" {
            continue;
        }
        let said = refused(directory.path(), &[(&name, TOKEN)]).await;
        assert!(said.contains(&name) && !said.contains("cAn4rY"), "{name}: {said}");
    }
}

#[tokio::test]
async fn a_short_token_in_place_of_its_file_is_not_said_of_the_polls_that_fail() {
    let directory = tempfile::tempdir().unwrap();
    // Empty is not set.
    let variables = with_all(
        without_server(directory.path()),
        &[("WOLKVOX_TOKEN", ""), ("WOLKVOX_TOKEN_FILE", "cAn4rY")],
    );
    let exporter = Exporter::serve(&variables).await;
    let log = || exporter.log.text();
    wait_until("the first poll has failed", || {
        log().contains("WOLKVOX_TOKEN_FILE: a value of 6 characters can't be read")
    })
    .await;
    assert!(!log().contains("cAn4rY"), "{}", log());
}

#[tokio::test]
async fn a_name_too_long_for_a_file_is_reported_before_anything_is_made_and_the_longest_works() {
    let directory = tempfile::tempdir().unwrap();
    let said = refused(directory.path(), &[("WOLKVOX_OPERATION", &"é".repeat(38))]).await;
    assert!(
        said.contains("WOLKVOX_OPERATION is too long for the names of its files"),
        "{said}"
    );
    let longest = "é".repeat(37);
    let state = directory.path().join("state");
    fs::create_dir(&state).unwrap();
    let file = state.join(format!("{}.state", "%C3%A9".repeat(37)));
    // The longest of all names is that of a damaged state.
    fs::write(&file, "damaged").unwrap();
    let variables = with(without_server(directory.path()), "OPERATION", &longest);
    let exporter = Exporter::serve(&variables).await;
    wait_until("the state is written", || file.exists()).await;
    let log = exporter.log.text();
    assert!(log.contains("It was put aside as"), "{log}");
}

#[tokio::test]
async fn a_bare_word_in_place_of_the_state_directory_is_told_as_its_length() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("SECRET123"),
        "a file, so that no directory can be made",
    )
    .unwrap();
    let (status, said) = run(directory.path(), &[("WOLKVOX_STATE_DIR", "SECRET123")]).await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("the state directory a value of 9 characters can't be used")
            && !said.contains("SECRET123"),
        "{said}"
    );
}

#[tokio::test]
async fn mistakes_in_an_operations_file_are_told_all_at_once_and_nothing_is_made() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("operations.toml");
    let text = format!(
        "[[operation]]\nname = \"ventas\"\nserver = 10\ntoken = \"{TOKEN}\"\nasa_traget = \"20s\"\n\n[[operation]]\nname = \"{TOKEN}\"\nserver = \"0020\"\n"
    );
    fs::write(&file, text).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut variables = without_server(directory.path());
    for one in ["WOLKVOX_BASE_URL", "WOLKVOX_TOKEN"] {
        variables.remove(one);
    }
    let variables = with(variables, "OPERATIONS_FILE", file.to_str().unwrap());
    for arguments in [
        vec!["serve"],
        vec!["check"],
        vec!["check", "--operation", "ventas"],
    ] {
        let (status, output, said) = finish(command(&arguments, &variables)).await;
        assert_eq!(status.code(), Some(64), "{said}");
        let place = file.display();
        for expected in [
            format!("{place}:3: operation \"ventas\": server is the number \"10\""),
            format!("{place}:5: operation \"ventas\": asa_traget is not known; did you mean asa_target?"),
            format!("{place}:7: operation \"0020\": token is not set"),
            format!(
                "{place}:8: operation \"0020\": name is a value of {} characters",
                TOKEN.len()
            ),
        ] {
            assert!(said.contains(&expected), "{expected}: {said}");
        }
        assert!(!format!("{output}{said}").contains(&TOKEN[..12]), "{said}");
        let made: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert!(made.is_empty(), "{made:?}");
    }
}
