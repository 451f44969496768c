//! `state adopt` of a row, while a replica holds it.

use crate::support::exposition::Exposition;
use crate::support::placed::now;
use crate::support::process::{Exporter, wait_for};
use crate::support::states::{Places, state_with};

#[tokio::test]
async fn a_replica_that_stands_still_because_of_another_host_goes_on_after_the_adoption() {
    let mut places = Places::of(&["norte", "soporte"]).await;
    let mut exporter = Exporter::serve(&places.on_database()).await;
    places.fleet.settle_all(&exporter).await;
    exporter.signal("TERM").await;
    exporter.ended().await;

    let norte = places.fleet.operations.get_mut("norte").unwrap();
    norte.go_down().await;
    norte.come_up_elsewhere().await;
    places.fleet.write_all();
    let variables = places.on_database();
    let exporter = Exporter::serve(&variables).await;
    places.fleet.settle(&exporter, "soporte").await;
    wait_for("it to stand still", || async {
        let (_, _, page) = exporter.get("/").await;
        page.contains("state adopt norte").then_some(())
    })
    .await;
    assert_eq!(
        exporter.scrape().await.of("norte").sum("wolkvox_chats_total"),
        0.0
    );

    let told = state_with(&variables, &["adopt", "norte"]).await.well();
    assert!(
        told.contains("The state of norte now counts the report of 127.0.0.1:"),
        "{told}"
    );
    places
        .fleet
        .operations
        .get_mut("norte")
        .unwrap()
        .place_until(now());
    places.fleet.settle_all(&exporter).await;
    let page = exporter
        .scrape_until("a page", &mut Exposition::default(), |page| {
            page.sum("wolkvox_up") > 1.5
        })
        .await;
    assert_eq!(page.sum("wolkvox_state_recoveries_total"), 0.0);
}

#[tokio::test]
async fn what_is_not_there_or_damaged_is_told_and_left_alone() {
    let places = Places::of(&["norte", "soporte"]).await;
    let variables = places.on_database();
    let said = state_with(&variables, &["adopt", "norte"]).await.failed();
    assert!(said.contains("lacks the tables"), "{said}");
    state_with(&variables, &["migrate"]).await.well();
    let said = state_with(&variables, &["adopt", "norte"]).await.failed();
    assert!(
        said.contains("there is no state of norte in PostgreSQL at"),
        "{said}"
    );
    places
        .server
        .run("insert into wolkvox_operation (operation, grp, state) values ('norte', 'norte', 'nonsense'), ('soporte', 'soporte', null)")
        .await;
    let said = state_with(&variables, &["adopt", "norte"]).await.failed();
    assert!(
        said.contains("the state of norte in PostgreSQL at") && said.contains("is damaged"),
        "{said}"
    );
    let said = state_with(&variables, &["adopt", "soporte"]).await.failed();
    assert!(said.contains("nothing to adopt"), "{said}");
    let free = "select count(*) from wolkvox_operation where lease_until <= now() and state = 'nonsense'";
    assert_eq!(places.server.rows(free).await, ["1"]);
}
