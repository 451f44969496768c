//! The tables, made by their owner or by the exporters' role.

use crate::support::postgres::{OWNER, connect};
use crate::support::process::{Exporter, Variables, command, finish, with};
use crate::support::states::{Places, in_database, state, state_with};

#[tokio::test]
async fn the_tables_are_made_once() {
    let places = Places::of(&["norte"]).await;
    let only = with(Variables::new(), "STATE_URL", &places.url());
    let told = state_with(&only, &["migrate"]).await.well();
    assert!(
        told.contains("The tables are made in PostgreSQL at 127.0.0.1:"),
        "{told}"
    );
    let told = state_with(&only, &["migrate"]).await.well();
    assert!(told.contains("are there already"), "{told}");
    let ended = state_with(&with(Variables::new(), "STATE_DIR", "/tmp"), &["migrate"]).await;
    assert_eq!(ended.status, Some(64));
    assert!(
        ended.said.contains("WOLKVOX_STATE_URL") && ended.said.contains("--print"),
        "{}",
        ended.said
    );
}

#[tokio::test]
async fn what_is_printed_is_all_that_the_owner_has_to_run() {
    let places = Places::of(&["norte"]).await;
    let role = "wolkvox_run";
    places.server.create_role(role).await;
    let variables = in_database(&places.fleet.variables(), &places.server.url(role));
    for arguments in [vec!["serve"], vec!["state", "migrate"]] {
        let (status, _, said) = finish(command(&arguments, &variables)).await;
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains("state migrate --print"), "{said}");
    }

    // Whatever the variables are.
    let printed = state_with(&with(Variables::new(), "TOKEN", ""), &["migrate", "--print"])
        .await
        .well();
    assert_eq!(printed, state(&["migrate", "--print"]).await.well());
    let granting: String = printed
        .lines()
        .map(|line| match line.strip_prefix("-- grant") {
            Some(rest) => format!("grant{}\n", rest.replace("to wolkvox;", &format!("to {role};"))),
            None => format!("{line}\n"),
        })
        .collect();
    let owner = connect(&places.server.url(OWNER)).await.unwrap();
    // As it is, twice, and with the rights.
    for statements in [&printed, &printed, &granting] {
        owner.batch_execute(statements).await.unwrap();
    }

    let exporter = Exporter::serve(&variables).await;
    places.fleet.settle_all(&exporter).await;
    exporter.kill().await;
    let told = state_with(&variables, &["migrate"]).await.well();
    assert!(told.contains("are there already"), "{told}");
    let tables =
        "select count(*) from pg_tables where tablename like 'wolkvox%' and tableowner = 'wolkvox_owner'";
    assert_eq!(places.server.rows(tables).await, ["3"]);
}
