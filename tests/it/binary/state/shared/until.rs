//! `backfill --until-state`, wherever the state is.

use std::fs;

use crate::support::process::{Exporter, command, finish};
use crate::support::states::{Places, copy};

#[tokio::test]
async fn the_past_ends_at_the_same_moment_wherever_the_state_is() {
    let places = Places::of(&["norte"]).await;
    let exporter = Exporter::serve(&places.on_files()).await;
    places.fleet.settle_all(&exporter).await;
    exporter.kill().await;
    let (files, url) = (places.files(), places.url());
    let of_files = past(&places, &files).await;
    copy(&files, &url, &[]).await.well();
    let exporter = Exporter::serve(&places.on_database()).await;
    places.fleet.settle_all(&exporter).await;
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(&secret, &url).unwrap();
    for place in [&url, secret.path().to_str().unwrap()] {
        assert_eq!(past(&places, place).await, of_files, "{place}");
    }
    drop(exporter);

    for (place, words) in [
        (url.replace("password-of-", "wrong-"), "refuses the connection"),
        (format!("{url}-2"), "says: database"),
        (
            "/nowhere".to_owned(),
            "there is no state of the operation norte in /nowhere",
        ),
    ] {
        let (status, _, said) = backfill(&places, &place).await;
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(words) && !said.contains("wrong-"), "{said}");
    }
}

/// What is written.
async fn past(places: &Places, place: &str) -> String {
    let (status, written, said) = backfill(places, place).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(written.ends_with("# EOF\n"), "{written}");
    written
}

async fn backfill(places: &Places, place: &str) -> (Option<i32>, String, String) {
    let from = (chrono::Utc::now() - chrono::TimeDelta::hours(1))
        .format("%FT%H:00:00Z")
        .to_string();
    let arguments = [
        "backfill",
        "--from",
        &from,
        "--until-state",
        place,
        "--pace",
        "0s",
    ];
    let (status, written, said) = finish(command(arguments, &places.on_files())).await;
    (status.code(), written, said)
}
