//! The operations file changes while the exporter runs.

use crate::support::exposition::Exposition;
use crate::support::fleet::Fleet;
use crate::support::placed::now;
use crate::support::process::{Exporter, command, finish, wait_for, wait_until, with};
use crate::support::web::{Place, curl};

const SUCCESSFUL: &str = "wolkvox_exporter_config_last_reload_successful";
const SUCCEEDED_AT: &str = "wolkvox_exporter_config_last_reload_success_timestamp_seconds";

pub(super) async fn hang_up(exporter: &Exporter, said: &str) {
    exporter.signal("HUP").await;
    wait_until("the reload", || exporter.log.text().contains(said)).await;
}

pub(super) fn is_held(page: &Exposition, name: &str) -> Option<bool> {
    let held = page.get(&format!("wolkvox_operation_held{{operation=\"{name}\"}}"));
    held.map(|held| held > 0.5)
}

#[tokio::test]
async fn operations_are_added_changed_and_removed_and_the_others_are_not_touched() {
    let mut fleet = Fleet::of(&["changed", "kept", "removed"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let before = exporter.scrape().await;
    fleet.add("added").await;
    let changed = fleet.table("changed") + "asa_target = \"1m\"\n";
    fleet.write(&[fleet.table("kept"), changed, fleet.table("added")].concat());
    hang_up(
        &exporter,
        "1 added (added), 1 changed (changed), 1 removed (removed), 1 unchanged",
    )
    .await;
    let after = exporter.scrape().await;
    for name in ["kept", "changed"] {
        after.of(name).assert_not_below(&before.of(name));
    }
    assert!(
        after.of("kept").sum("wolkvox_polls_total") >= before.of("kept").sum("wolkvox_polls_total"),
        "its poller went on"
    );
    assert_eq!(after.of("changed").sum("wolkvox_asa_target_seconds"), 60.0);
    assert!(after.of("removed").0.is_empty());
    fleet.operations.remove("removed");
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    for name in ["added", "kept"] {
        fleet.settle(&exporter, name).await;
    }
    // Its target is another one now, so only its chats are compared.
    let chats = fleet.operations["changed"].truth().all.chats as f64;
    wait_for("the chats of the changed one", || async {
        let page = exporter.scrape().await.of("changed");
        (page.sum("wolkvox_chats_total") == chats).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_was_removed_goes_on_from_its_state_when_it_comes_back() {
    let mut fleet = Fleet::of(&["away", "here"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    fleet.write(&fleet.table("here"));
    hang_up(&exporter, "1 removed (away)").await;
    fleet.operations.get_mut("away").unwrap().place_until(now());
    fleet.write_all();
    hang_up(&exporter, "1 added (away)").await;
    fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn a_file_with_a_mistake_is_refused_whole_and_told_to_whoever_asked() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let variables = with(fleet.variables(), "ENABLE_LIFECYCLE", "true");
    let exporter = Exporter::serve(&variables).await;
    let began = exporter.scrape().await.sum(SUCCEEDED_AT);
    let wrong = fleet.table("norte") + "asa_target = \"soon\"\n";
    fleet.write(&wrong);
    let (status, told) = exporter.reload().await;
    assert_eq!(status, 500, "{told}");
    let line = wrong.lines().count();
    for what in [
        format!("operations.toml:{line}"),
        "norte".to_owned(),
        "asa_target is".to_owned(),
    ] {
        assert!(told.contains(&what), "{what} is not in {told}");
        wait_until("the log", || exporter.log.text().contains(&what)).await;
    }
    let page = exporter.scrape().await;
    assert_eq!((page.sum(SUCCESSFUL), page.sum(SUCCEEDED_AT)), (0.0, began));
    assert_eq!(is_held(&page, "soporte"), Some(true), "nothing was taken over");
    fleet.settle_all(&exporter).await;
    fleet.write(&fleet.table("norte"));
    let (status, told) = exporter.reload().await;
    assert_eq!(status, 200, "{told}");
    let page = exporter.scrape().await;
    assert_eq!(page.sum(SUCCESSFUL), 1.0);
    assert!(page.sum(SUCCEEDED_AT) > began);
    assert_eq!(is_held(&page, "soporte"), None);
}

#[tokio::test]
async fn what_is_odd_about_the_file_is_logged_once_a_reload() {
    let fleet = Fleet::of(&["norte", "soporte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    let [norte, soporte] = ["norte", "soporte"].map(|name| fleet.table(name) + "group = \"all\"\n");
    fleet.write(&(norte + "api_daily_limit = 5000\n" + &soporte));
    hang_up(&exporter, "2 changed (norte, soporte)").await;
    let said = exporter.log.text();
    assert_eq!(said.matches("api_daily_limit is not set").count(), 1, "{said}");
}

#[tokio::test]
async fn a_reload_by_http_has_to_be_switched_on() {
    let fleet = Fleet::of(&["norte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    let (status, told) = exporter.reload().await;
    assert_eq!(status, 403, "{told}");
    assert!(told.contains("WOLKVOX_ENABLE_LIFECYCLE=true"), "{told}");
    let (status, _, _) = exporter.get("/-/reload").await;
    assert_eq!(status, 405, "only POST and PUT reload");
}

#[tokio::test]
async fn a_token_file_that_is_gone_refuses_the_reload() {
    let fleet = Fleet::of(&["norte"]).await;
    let token = fleet.file().with_file_name("token");
    std::fs::write(&token, fleet.operations["norte"].token()).unwrap();
    let in_file = fleet
        .table("norte")
        .lines()
        .take(3)
        .collect::<Vec<_>>()
        .join("\n");
    fleet.write(&format!("{in_file}\ntoken_file = \"token\"\n"));
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle(&exporter, "norte").await;
    std::fs::remove_file(&token).unwrap();
    hang_up(&exporter, "were not taken over").await;
    let told = format!(
        "operation \"norte\": no token to send: token_file: {}",
        token.display()
    );
    assert!(exporter.log.text().contains(&told), "{}", exporter.log.text());
    assert_eq!(exporter.scrape().await.sum(SUCCESSFUL), 0.0);
}

#[tokio::test]
async fn an_operation_that_has_moved_stands_still_alone_until_its_state_is_adopted() {
    let mut fleet = Fleet::of(&["moved", "stays"]).await;
    let variables = with(fleet.variables(), "ENABLE_LIFECYCLE", "true");
    let exporter = Exporter::serve(&variables).await;
    fleet.settle_all(&exporter).await;
    let moved = fleet.operations.get_mut("moved").unwrap();
    moved.go_down().await;
    moved.come_up_elsewhere().await;
    fleet.write_all();
    hang_up(&exporter, "state adopt moved").await;
    let (status, told) = exporter.reload().await;
    assert!(
        status == 200 && told.contains("Standing still: 1 (moved)"),
        "{told}"
    );
    let page = exporter.scrape().await;
    assert_eq!(is_held(&page, "moved"), Some(false));
    assert_eq!(is_held(&page, "stays"), Some(true));
    let (status, _, text) = exporter.get("/metrics?operation=moved").await;
    assert_eq!(status, 503, "{text}");
    let (_, _, status_page) = exporter.get("/").await;
    assert!(status_page.contains("state adopt moved"), "{status_page}");
    let polls = exporter.polls("stays").await;
    exporter.polls_beyond("stays", polls).await;

    let (status, told, error) = finish(command(["state", "adopt", "moved"], &variables)).await;
    assert!(status.success(), "{error}");
    assert!(told.contains("moved"), "{told}");
    wait_until("it is polled again", || {
        exporter.log.text().contains("is polled again")
    })
    .await;
    fleet.operations.get_mut("moved").unwrap().place_until(now());
    fleet.settle_all(&exporter).await;
}

/// What was abandoned in a commit holds the state until it is written.
#[tokio::test]
async fn while_a_state_is_still_in_use_after_a_reload_its_operation_waits_and_is_shown_as_before() {
    let mut fleet = Fleet::of(&["changed"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let before = exporter.scrape().await.of("changed");
    let lock = fleet.state().join("changed.lock");
    let held = fleet.file().with_file_name("held");
    let mut holder = tokio::process::Command::new("flock")
        .arg(&lock)
        .args(["sh", "-c", "echo > \"$0\"; sleep 2"])
        .arg(&held)
        .kill_on_drop(true)
        .spawn()
        .expect("flock starts (Debian's package util-linux)");
    let mut timeout = 20;
    // It takes the lock between the two, sooner or later.
    wait_for("the lock", || {
        timeout += 1;
        fleet.write(&(fleet.table("changed") + &format!("request_timeout = \"{timeout}s\"\n")));
        let (held, exporter) = (&held, &exporter);
        async move {
            exporter.signal("HUP").await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            held.exists().then_some(())
        }
    })
    .await;
    let page = exporter.scrape().await;
    page.of("changed").assert_not_below(&before);
    assert!(page.of("changed").sum("wolkvox_chats_total") > 0.0);
    assert_eq!(is_held(&page, "changed"), Some(true));
    holder.wait().await.unwrap();
    fleet.operations.get_mut("changed").unwrap().place_until(now());
    fleet.settle_all(&exporter).await;
    assert!(
        !exporter.log.text().contains("stands still"),
        "{}",
        exporter.log.text()
    );
}

#[tokio::test]
async fn an_operation_in_other_letters_is_another_one_with_a_state_of_its_own() {
    let fleet = Fleet::of(&["norte"]).await;
    let exporter = Exporter::serve(&fleet.variables()).await;
    fleet.settle_all(&exporter).await;
    let renamed = fleet.table_as("norte", "Norte");
    fleet.write(&renamed);
    hang_up(&exporter, "1 added (Norte), 1 removed (norte), 0 unchanged").await;
    wait_for("the chats since then", || async {
        let page = exporter.scrape().await;
        assert!(page.of("norte").0.is_empty(), "it is gone");
        fleet.operations["norte"]
            .is_counted(&page.of("Norte"))
            .then_some(())
    })
    .await;
    // Beside each other they could not be told apart on every file system.
    fleet.write(&[fleet.table("norte"), renamed].concat());
    hang_up(&exporter, "but for upper and lower case").await;
    fleet.write_all();
    hang_up(&exporter, "1 added (norte), 1 removed (Norte), 0 unchanged").await;
    fleet.settle_all(&exporter).await;
}

#[tokio::test]
async fn behind_a_web_configuration_a_reload_needs_the_password_and_discovery_says_https() {
    let fleet = Fleet::of(&["norte"]).await;
    let place = Place::new();
    let password = bcrypt::hash("wonderland", 4).unwrap();
    let web = format!(
        "tls_server_config: {{cert_file: server.pem, key_file: server.key}}\nbasic_auth_users:\n  alice: {password}\n"
    );
    std::fs::write(place.path("web.yml"), web).unwrap();
    let variables = with(fleet.variables(), "ENABLE_LIFECYCLE", "true");
    let variables = with(variables, "WEB_CONFIG_FILE", &place.text_path("web.yml"));
    let exporter = Exporter::serve(&variables).await;
    let ask = async |path: &str, more: &[&str]| {
        let authority = place.text_path("ca.pem");
        let url = exporter.url(path);
        curl(&[&["--cacert", &authority, &url], more].concat()).await
    };
    let (status, told) = ask("/-/reload", &["-X", "POST"]).await;
    assert_eq!(status, 401, "{told}");
    assert!(!exporter.log.text().contains("were read again"));
    let (status, told) = ask("/-/reload", &["-X", "PUT", "-u", "alice:wonderland"]).await;
    assert_eq!(status, 200, "{told}");
    let (_, told) = ask("/sd", &["-u", "alice:wonderland"]).await;
    assert!(told.contains("\"__scheme__\":\"https\""), "{told}");
}
