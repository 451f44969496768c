//! What becomes of the state's place while the exporter runs: its lock removed, its directory moved away, a link aimed
//! anew, files that another user left over.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::{names, refused};
use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{
    Exporter, Variables, bound_by_permissions, command, counting_since, finish, is_root, state, through,
    variables, wait_until, with,
};

const LOST: &str = "is no longer this exporter's";

/// An exporter that has counted, and counts on.
async fn counting(state: &Path) -> (Placed, Variables, Exporter, Exposition) {
    let mut operation = Placed::start_with(3000.0).await;
    let variables = counting_since(minutes(2), &mut operation, state);
    let exporter = Exporter::serve(&variables).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    (operation, variables, exporter, newest)
}

/// Chats close, and the exporter shows none of them.
async fn assert_nothing_new_is_shown(exporter: &Exporter, operation: &mut Placed, newest: &mut Exposition) {
    let before = newest.sum("wolkvox_chats_total");
    let failures = newest.failures("state");
    operation.place_until(now() - seconds(1));
    let page = exporter
        .scrape_until("failures", newest, |page| {
            page.failures("state") >= failures + 3.0
        })
        .await;
    assert_eq!(page.sum("wolkvox_chats_total"), before);
    assert_eq!(page.up(), Some(false));
    assert!(exporter.log.text().contains(LOST), "{}", exporter.log.text());
}

#[tokio::test]
async fn where_a_second_exporter_took_a_removed_lock_the_first_stops_counting_and_nothing_is_lost() {
    let directory = state();
    let (mut operation, variables, first, mut shown) = counting(directory.path()).await;
    // Stopped, so that it does not make the lock anew before the second one starts.
    first.signal("STOP").await;
    fs::remove_file(directory.path().join("ventas.lock")).unwrap();
    let second = Exporter::serve(&variables).await;
    first.signal("CONT").await;
    assert_nothing_new_is_shown(&first, &mut operation, &mut shown).await;
    let log = first.log.text();
    assert!(log.contains("its lock file was replaced"), "{log}");

    let mut newest = Exposition::default();
    second.settle(&operation, &mut newest).await;
    first.kill().await;
    second.kill().await;
    // Each chat is in the state once.
    let third = Exporter::serve(&variables).await;
    third.settle(&operation, &mut newest).await;
}

#[tokio::test]
async fn a_removed_lock_is_made_anew_and_logged_once() {
    let directory = state();
    let (mut operation, variables, exporter, mut newest) = counting(directory.path()).await;
    let lock = directory.path().join("ventas.lock");
    fs::remove_file(&lock).unwrap();
    wait_until("a lock", || lock.exists()).await;
    operation.place_until(now() - seconds(1));
    exporter.settle(&operation, &mut newest).await;
    assert_eq!(newest.failures("state"), 0.0);
    let log = exporter.log.text();
    assert_eq!(log.matches("ventas.lock was removed").count(), 1, "{log}");
    let (status, error) = refused(&variables).await;
    assert_eq!(status, Some(1));
    assert!(error.contains("another exporter (process"), "{error}");
}

#[tokio::test]
async fn a_state_directory_that_was_remade_is_not_written_until_the_old_one_is_back() {
    let above = state();
    let [directory, away] = ["state", "away"].map(|name| above.path().join(name));
    let (mut operation, _, exporter, mut newest) = counting(&directory).await;
    fs::rename(&directory, &away).unwrap();
    fs::create_dir(&directory).unwrap();
    assert_nothing_new_is_shown(&exporter, &mut operation, &mut newest).await;
    assert_eq!(names(&directory), Vec::<String>::new());
    fs::remove_dir(&directory).unwrap();
    fs::rename(&away, &directory).unwrap();
    exporter.settle(&operation, &mut newest).await;
}

#[tokio::test]
async fn a_link_to_the_state_directory_that_was_aimed_anew_is_not_followed() {
    let above = state();
    let [one, other, link] = ["one", "other", "link"].map(|name| above.path().join(name));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&other).unwrap();
    symlink(&one, &link).unwrap();
    let (mut operation, _, exporter, mut newest) = counting(&link).await;
    fs::remove_file(&link).unwrap();
    symlink(&other, &link).unwrap();
    assert_nothing_new_is_shown(&exporter, &mut operation, &mut newest).await;
    assert_eq!(names(&other), Vec::<String>::new());
    let log = exporter.log.text();
    assert!(
        log.contains("its directory is another one than at the start"),
        "{log}"
    );
}

/// A start as a user whom permissions bind.
async fn refused_to_a_user(variables: &Variables) -> String {
    let (status, _, error) = finish(bound_by_permissions(command::<[&str; 0], _>([], variables))).await;
    assert_eq!(status.code(), Some(1), "{error}");
    error
}

fn leave_over(directory: &TempDir, name: &str) {
    let file = directory.path().join(name);
    fs::write(&file, "left over").unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o000)).unwrap();
}

#[tokio::test]
async fn a_lock_left_over_by_another_user_is_named_with_its_owner() {
    let operation = Placed::start().await;
    let directory = state();
    leave_over(&directory, "ventas.lock");
    let error = refused_to_a_user(&variables(&operation, directory.path())).await;
    let owner = directory.path().metadata().unwrap().uid();
    for part in [
        "ventas.lock can't be opened (Permission denied",
        &format!("it belongs to user {owner} "),
        "remove a file that was left over",
    ] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[tokio::test]
async fn an_unfinished_state_left_over_by_another_user_does_not_hinder() {
    let mut operation = Placed::start_with(3000.0).await;
    let directory = state();
    let variables = counting_since(minutes(2), &mut operation, directory.path());
    leave_over(&directory, "ventas.state.new");
    let exporter = Exporter::run(bound_by_permissions(command::<[&str; 0], _>([], &variables))).await;
    exporter.settle(&operation, &mut Exposition::default()).await;
}

#[tokio::test]
async fn an_operation_whose_file_has_too_long_a_name_is_refused() {
    let operation = Placed::start().await;
    let directory = state();
    // Each letter takes six characters in a file name.
    let variables = with(
        variables(&operation, directory.path()),
        "OPERATION",
        &"ñ".repeat(60),
    );
    let (_, error) = refused(&variables).await;
    assert!(error.contains("WOLKVOX_OPERATION"), "{error}");
    assert_eq!(names(directory.path()), Vec::<String>::new());
}

#[tokio::test]
async fn in_a_directory_of_its_group_another_user_goes_on_with_the_state() {
    let directory = state();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o2770)).unwrap();
    let mut operation = Placed::start_with(3000.0).await;
    let variables = counting_since(minutes(2), &mut operation, directory.path());
    let mut newest = Exposition::default();
    // As on OpenShift: any user, in the directory's group; without root both are the same one.
    for user in ["1000700000", "1000800000"] {
        let group = directory.path().metadata().unwrap().gid().to_string();
        let as_user = ["setpriv", "--reuid", user, "--regid", &group, "--clear-groups"];
        let command = command::<[&str; 0], _>([], &variables);
        let exporter = Exporter::run(if is_root() {
            through(&as_user, &command)
        } else {
            command
        })
        .await;
        operation.place_until(now() - seconds(1));
        exporter.settle(&operation, &mut newest).await;
        exporter.kill().await;
    }
}
