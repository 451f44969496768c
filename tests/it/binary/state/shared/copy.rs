//! States on the way from files to PostgreSQL and back. Whatever happens on it: none is lost, and no two exporters go on from it.

use std::fs;
use std::path::PathBuf;

use crate::support::placed::now;
use crate::support::process::{Exporter, Variables, command, finish, wait_for, with};
use crate::support::states::{Places, copy, shown};

/// Counts what there is, and ends in order.
async fn count(places: &mut Places, variables: &Variables) {
    for operation in places.fleet.operations.values_mut() {
        operation.place_until(now());
    }
    let mut exporter = Exporter::serve(variables).await;
    places.fleet.settle_all(&exporter).await;
    exporter.signal("TERM").await;
    exporter.ended().await;
}

/// Operations of these names, counted by an exporter with files.
async fn counted_in_files(names: &[&str]) -> Places {
    let mut places = Places::of(names).await;
    let on_files = places.on_files();
    count(&mut places, &on_files).await;
    places
}

fn file(places: &Places, name: &str) -> PathBuf {
    places.fleet.state().join(name)
}

#[tokio::test]
async fn counting_goes_on_from_files_to_a_database_and_back_and_there_again() {
    let mut places = counted_in_files(&["norte", "sala 1/ñ"]).await;
    let (files, url) = (places.files(), places.url());
    let (on_files, on_database) = (places.on_files(), places.on_database());

    let told = copy(&files, &url, &[]).await.well();
    assert!(
        told.contains("norte: moved to PostgreSQL at 127.0.0.1:"),
        "{told}"
    );
    assert!(told.contains("sala 1/ñ: moved to "), "{told}");
    let (status, _, said) = finish(command(["serve"], &on_files)).await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("the state was moved to PostgreSQL at 127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("norte.state.moved"), "{said}");
    count(&mut places, &on_database).await;

    copy(&url, &files, &[]).await.well();
    let moved = shown(&url).await;
    assert_eq!(moved["norte"]["moved_to"], files.as_str());
    assert!(
        !file(&places, "norte.state.moved").exists(),
        "an old state is left behind"
    );
    count(&mut places, &on_files).await;

    copy(&files, &url, &["norte", "sala 1/ñ"]).await.well();
    count(&mut places, &on_database).await;
    let shown = shown(&url).await;
    let chats = places.fleet.operations["norte"].truth().all.chats;
    assert_eq!(shown["norte"]["chats"].as_u64(), Some(chats as u64));
    assert_eq!(shown["norte"]["moved"], false);
}

#[tokio::test]
async fn what_an_exporter_is_using_stays_where_it_is() {
    let places = Places::of(&["norte"]).await;
    let (files, url) = (places.files(), places.url());
    let mut exporter = Exporter::serve(&places.on_files()).await;
    places.fleet.settle_all(&exporter).await;
    let said = copy(&files, &url, &[]).await.failed();
    let holder = format!(
        "norte: an exporter is using the state file {files}/norte.state (process {})",
        exporter.pid()
    );
    assert!(said.contains(&holder), "{said}");
    exporter.signal("TERM").await;
    exporter.ended().await;
    copy(&files, &url, &[]).await.well();

    let exporter = Exporter::serve(&places.on_database()).await;
    places.fleet.settle_all(&exporter).await;
    let said = copy(&url, &files, &[]).await.failed();
    assert!(said.contains("norte is held by the replica at "), "{said}");
    assert!(said.contains("Stop the replicas first"), "{said}");
    places.fleet.settle_all(&exporter).await;
    // Its lease is out after a moment.
    exporter.kill().await;
    wait_for("the lease to be out", || async {
        (copy(&url, &files, &[]).await.status == Some(0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_state_that_is_there_is_never_overwritten() {
    let mut places = counted_in_files(&["norte", "soporte"]).await;
    let (files, url) = (places.files(), places.url());
    let (on_files, on_database) = (places.on_files(), places.on_database());
    count(&mut places, &on_database).await;
    let before = fs::read(file(&places, "norte.state")).unwrap();
    for (from, to) in [(&files, &url), (&url, &files)] {
        let said = copy(from, to, &[]).await.failed();
        assert!(
            said.contains("has a state of it already, which counts since"),
            "{said}"
        );
        assert!(said.contains("2 of 2 states could not be moved"), "{said}");
    }
    assert_eq!(fs::read(file(&places, "norte.state")).unwrap(), before);
    // Both go on from what they have.
    count(&mut places, &on_files).await;
    count(&mut places, &on_database).await;
}

#[tokio::test]
async fn a_state_that_can_not_be_read_or_is_missing_does_not_hold_up_the_others() {
    let mut places = Places::of(&["bueno", "malo", "nuevo"]).await;
    let (files, url) = (places.files(), places.url());
    let on_files = places.on_files();
    count(&mut places, &on_files).await;
    fs::write(file(&places, "malo.state"), "nonsense").unwrap();
    let newer = fs::read_to_string(file(&places, "nuevo.state"))
        .unwrap()
        .replacen(" v1 ", " v2 ", 1);
    fs::write(file(&places, "nuevo.state"), newer).unwrap();
    let ended = copy(&files, &url, &["malo", "nadie", "nuevo", "bueno"]).await;
    assert!(ended.printed.contains("bueno: moved to"), "{}", ended.printed);
    let said = ended.failed();
    for part in [
        "malo: the state is damaged",
        "nadie: there is no state of it in ",
        "nuevo: the state was written by a newer exporter",
        "3 of 4 states could not be moved",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for name in ["malo.state", "nuevo.state"] {
        assert!(file(&places, name).exists(), "nothing was changed");
    }
    assert!(
        !file(&places, "nadie.lock").exists(),
        "of what is not there no lock is left"
    );
}

#[tokio::test]
async fn an_old_copy_does_not_take_the_place_of_what_was_counted_since() {
    let mut places = counted_in_files(&["norte"]).await;
    let (files, url) = (places.files(), places.url());
    let on_database = places.on_database();
    let old = fs::read(file(&places, "norte.state")).unwrap();
    copy(&files, &url, &[]).await.well();
    count(&mut places, &on_database).await;
    copy(&url, &files, &[]).await.well();
    fs::write(file(&places, "norte.state"), old).unwrap();
    let said = copy(&files, &url, &[]).await.failed();
    assert!(said.contains("this one is an old copy"), "{said}");
    assert!(file(&places, "norte.state").exists());
}

#[tokio::test]
async fn after_a_crash_between_mark_and_write_the_same_command_goes_on() {
    let mut places = counted_in_files(&["norte"]).await;
    let (files, url) = (places.files(), places.url());
    let (on_files, on_database) = (places.on_files(), places.on_database());
    copy(&files, &url, &[]).await.well();
    // What a crash before the write leaves.
    places.server.run("delete from wolkvox_operation").await;
    let other = tempfile::tempdir().unwrap();
    let said = copy(&files, other.path().to_str().unwrap(), &["norte"])
        .await
        .failed();
    assert!(
        said.contains("its state was moved to PostgreSQL at 127.0.0.1:"),
        "{said}"
    );
    copy(&files, &url, &[]).await.well();
    // And after the write there is nothing left to do.
    let told = copy(&files, &url, &[]).await.well();
    assert!(
        told.contains("norte: was moved to") && told.contains("before, and is there"),
        "{told}"
    );
    count(&mut places, &on_database).await;

    copy(&url, &files, &[]).await.well();
    fs::remove_file(file(&places, "norte.state")).unwrap();
    copy(&url, &files, &[]).await.well();
    count(&mut places, &on_files).await;
}

#[tokio::test]
async fn a_first_start_in_between_is_not_taken_for_the_state() {
    let mut places = counted_in_files(&["norte"]).await;
    let (files, url) = (places.files(), places.url());
    let on_database = places.on_database();
    copy(&files, &url, &[]).await.well();
    places.server.run("delete from wolkvox_operation").await;
    let anew = with(on_database, "COUNT_FROM", &now().to_rfc3339());
    let mut exporter = Exporter::serve(&anew).await;
    exporter.polls_beyond("norte", 1.0).await;
    exporter.signal("TERM").await;
    exporter.ended().await;
    let said = copy(&files, &url, &[]).await.failed();
    assert!(
        said.contains("has a state of it already, which counts since"),
        "{said}"
    );
    assert!(file(&places, "norte.state.moved").exists(), "it is not lost");
    // The way out that docs/states.md has.
    let empty = "update wolkvox_operation set state = null, version = version + 1 where operation = 'norte'";
    places.server.run(empty).await;
    copy(&files, &url, &[]).await.well();
    let variables = places.on_database();
    count(&mut places, &variables).await;
}

/// As docs/states.md says it, in both places.
#[tokio::test]
async fn a_mark_is_taken_away_by_hand_where_the_state_is_to_stay() {
    let mut places = counted_in_files(&["norte"]).await;
    let (files, url) = (places.files(), places.url());
    let (on_files, on_database) = (places.on_files(), places.on_database());
    let other = tempfile::tempdir().unwrap();
    let elsewhere = other.path().to_str().unwrap();
    copy(&files, elsewhere, &[]).await.well();
    fs::remove_file(other.path().join("norte.state")).unwrap();
    fs::rename(file(&places, "norte.state.moved"), file(&places, "norte.state")).unwrap();
    fs::remove_file(file(&places, "norte.state.moved-to")).unwrap();
    count(&mut places, &on_files).await;

    copy(&files, &url, &[]).await.well();
    copy(&url, elsewhere, &[]).await.well();
    fs::remove_file(other.path().join("norte.state")).unwrap();
    let unmark = "update wolkvox_operation set moved_to = null where operation = 'norte'";
    places.server.run(unmark).await;
    count(&mut places, &on_database).await;
}

#[tokio::test]
async fn one_place_by_two_names_is_told() {
    let places = Places::of(&["norte"]).await;
    let files = places.files();
    fs::create_dir_all(&files).unwrap();
    let ended = copy(&files, &format!("{files}/../state"), &[]).await;
    assert_eq!(ended.status, Some(64), "{}", ended.said);
    assert!(ended.said.contains("are the same place"), "{}", ended.said);
    let said = copy(&files, &places.url(), &[]).await.failed();
    assert!(said.contains("there are no states in "), "{said}");
}
