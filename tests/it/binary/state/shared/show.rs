//! What `state show` tells.

use std::fs;

use crate::support::fleet::Fleet;
use crate::support::process::{Exporter, Variables, with};
use crate::support::states::{ADVERTISED, Places, shown, state, state_with};

#[tokio::test]
async fn files_are_shown_while_their_exporter_runs_and_without_a_server_or_a_token() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let files = fleet.state().to_str().unwrap().to_owned();
    let only = with(Variables::new(), "STATE_DIR", &files);
    let table = state_with(&only, &["show"]).await.well();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let heading: Vec<_> = lines[0]
        .split("  ")
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect();
    assert_eq!(
        heading,
        [
            "operation",
            "counting since",
            "watermark",
            "chats",
            "size",
            "held by",
            "moved to"
        ]
    );
    assert!(
        lines[1].contains(&format!("process {}", exporter.pid())),
        "{table}"
    );

    let norte = shown(&files).await["norte"].clone();
    let chats = fleet.operations["norte"].truth().all.chats;
    assert_eq!(norte["chats"].as_u64(), Some(chats as u64));
    assert_eq!(norte["held_by"], format!("process {}", exporter.pid()));
    // An exporter that starts while somebody looks is not held off.
    exporter.kill().await;
    assert!(shown(&files).await["norte"]["held_by"].is_null());
    let looks = tokio::spawn(async move {
        for _ in 0..20 {
            shown(&files).await;
        }
    });
    let exporter = Exporter::serve(&fleet.variables()).await;
    looks.await.unwrap();
    fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn rows_are_shown_with_the_replica_that_holds_them_or_held_them_last() {
    let places = Places::of(&["norte"]).await;
    let variables = places.on_database();
    let mut exporter = Exporter::serve(&variables).await;
    places.fleet.settle_all(&exporter).await;
    let held = shown(&places.url()).await["norte"].clone();
    let by = held["held_by"].as_str().unwrap();
    assert!(by.contains(ADVERTISED), "{held}");
    assert!(held["bytes"].as_u64().unwrap() > 1000, "{held}");
    exporter.signal("TERM").await;
    exporter.ended().await;
    // By the variables, and no others.
    let only = with(Variables::new(), "STATE_URL", &places.url());
    let table = state_with(&only, &["show"]).await.well();
    assert!(table.contains(&format!("- (last {by})")), "{table}");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, places.url()).unwrap();
    let again = state(&["show", "--from", file.path().to_str().unwrap()])
        .await
        .well();
    assert_eq!(again, table, "a file with the URL is as good");
}

#[tokio::test]
async fn what_can_not_be_read_is_told_and_hides_nothing() {
    let fleet = Fleet::of(&["bueno", "malo"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    exporter.kill().await;
    fs::write(fleet.state().join("malo.state"), "nonsense").unwrap();
    let files = fleet.state().to_str().unwrap().to_owned();
    let ended = state(&["show", "--from", &files]).await;
    assert!(
        ended.printed.contains("malo: the state is damaged"),
        "{}",
        ended.printed
    );
    assert!(ended.printed.contains("\nbueno      20"), "{}", ended.printed);
    let said = ended.failed();
    assert!(said.contains("1 of 2 states in "), "{said}");
}

#[tokio::test]
async fn a_place_that_can_not_be_used_is_named_without_its_password() {
    let places = Places::of(&["norte"]).await;
    let url = places.url();
    let said = state(&["show", "--from", &url]).await.failed();
    assert!(
        said.contains("lacks the tables") && said.contains("state migrate"),
        "{said}"
    );
    let wrong = url.replace("password-of-", "wrong-secret-");
    let said = state(&["show", "--from", &wrong]).await.failed();
    assert!(
        said.contains("refuses the connection") && !said.contains("wrong-secret"),
        "{said}"
    );
    for (place, status, words) in [
        ("postgres://role:hush-hush@:::/db", 64, "--from"),
        (
            "https://role:hush-hush@host/db",
            64,
            "must begin with postgres://",
        ),
        ("/nowhere/at/all", 1, "/nowhere/at/all can't be opened"),
    ] {
        let ended = state(&["show", "--from", place]).await;
        assert_eq!(ended.status, Some(status), "{}", ended.said);
        assert!(
            ended.said.contains(words) && !ended.said.contains("hush"),
            "{}",
            ended.said
        );
    }
}
