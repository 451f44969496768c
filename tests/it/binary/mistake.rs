//! Settings that are not what was meant, as the built program meets them.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use wolkvox_exporter::config::variable::Variable;

use crate::support::web::{Exporter, command, eventually};

/// As long as the vendor's.
const TOKEN: &str = "cAn4rY5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9f==";

/// One that starts after all is ended, and fails the test.
fn run(directory: &Path, variables: &[(&str, &str)]) -> Output {
    let mut child = command(directory, variables)
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    // It may have ended by itself.
    let _ = child.kill();
    child.wait_with_output().unwrap()
}

/// What is said of settings that can't be used.
fn refused(directory: &Path, variables: &[(&str, &str)]) -> String {
    let output = run(directory, variables);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(64), "{said}");
    let made: Vec<_> = fs::read_dir(directory).unwrap().collect();
    assert!(made.is_empty(), "{made:?}");
    said
}

#[test]
fn quotes_of_an_environment_file_are_reported_for_all_variables_and_no_directory_is_made_of_them() {
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
    );
    for variable in ["TOKEN", "OPERATION", "STATE_DIR", "AGENT_DNI", "SKILL_NAMES"] {
        let reported = format!("WOLKVOX_{variable} has quotes around its value: remove the quotes");
        assert!(said.contains(&reported), "{variable}: {said}");
    }
}

#[test]
fn a_home_directory_is_reported_and_no_directory_named_like_it_is_made() {
    let directory = tempfile::tempdir().unwrap();
    for path in ["~/st", "~ana/st", "$HOME/st", "${HOME}/st", "%h/st"] {
        let said = refused(directory.path(), &[("WOLKVOX_STATE_DIR", path)]);
        assert!(
            said.contains("WOLKVOX_STATE_DIR") && said.contains("write the whole path"),
            "{said}"
        );
    }
}

#[test]
fn the_token_in_any_other_variable_is_not_said() {
    let directory = tempfile::tempdir().unwrap();
    for variable in Variable::all() {
        let name = variable.name();
        if name == "WOLKVOX_TOKEN" || name == "WOLKVOX_AGENT_DNI" {
            continue;
        }
        let said = refused(directory.path(), &[(&name, TOKEN)]);
        assert!(said.contains(&name) && !said.contains("cAn4rY"), "{name}: {said}");
    }
}

#[test]
fn a_short_token_in_place_of_its_file_is_not_said_of_the_polls_that_fail() {
    let directory = tempfile::tempdir().unwrap();
    // Empty is not set.
    let exporter = Exporter::start(
        directory.path(),
        &[("WOLKVOX_TOKEN", ""), ("WOLKVOX_TOKEN_FILE", "cAn4rY")],
    );
    eventually("the first poll has failed", || {
        exporter
            .log()
            .contains("WOLKVOX_TOKEN_FILE: a value of 6 characters can't be read")
            .then_some(())
    });
    assert!(!exporter.log().contains("cAn4rY"), "{}", exporter.log());
}

#[test]
fn a_name_too_long_for_a_file_is_reported_before_anything_is_made_and_the_longest_works() {
    let directory = tempfile::tempdir().unwrap();
    let said = refused(directory.path(), &[("WOLKVOX_OPERATION", &"é".repeat(38))]);
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
    let exporter = Exporter::start(directory.path(), &[("WOLKVOX_OPERATION", &longest)]);
    eventually("the state is written", || file.exists().then_some(()));
    assert!(
        exporter.log().contains("It was put aside as"),
        "{}",
        exporter.log()
    );
}

#[test]
fn a_bare_word_in_place_of_the_state_directory_is_told_as_its_length() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("SECRET123"),
        "a file, so that no directory can be made",
    )
    .unwrap();
    let output = run(directory.path(), &[("WOLKVOX_STATE_DIR", "SECRET123")]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the state directory a value of 9 characters can't be used")
            && !said.contains("SECRET123"),
        "{said}"
    );
}
