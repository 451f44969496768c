//! The demo of several operations. That of one is a demo like any other exporter: the tests of the command line, of signals and
//! of the log have it.

use std::fs;
use std::path::PathBuf;

use crate::support::exposition::Exposition;
use crate::support::process::{Exporter, Variables, command, finish, wait_until};

async fn demo(operations: &str) -> Exporter {
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--operations", operations];
    Exporter::start(arguments, &Variables::new()).await
}

/// The operations file that the log names.
fn file(demo: &Exporter) -> PathBuf {
    demo.log.word_after("are polled as ").unwrap().into()
}

/// The names that service discovery lists, at the address that the log names.
async fn discovered(demo: &Exporter) -> Vec<String> {
    let url = demo.log.word_after("(http_sd) is at ").unwrap();
    assert_eq!(url, demo.url("/sd"));
    let (status, _, text) = demo.get("/sd").await;
    assert_eq!(status, 200, "{text}");
    let groups: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let names = groups.iter().map(|group| &group["labels"]["instance"]);
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_operation_of_the_demo_is_polled_and_has_numbers_of_its_own() {
    let demo = demo("3").await;
    let names = ["ventas", "soporte", "cobranzas"];
    let mut in_order = names;
    in_order.sort_unstable();
    let mut listed = discovered(&demo).await;
    listed.sort_unstable();
    assert_eq!(listed, in_order);
    let chats = |page: &Exposition, name| page.of(name).sum("wolkvox_chats_total");
    let mut newest = Exposition::default();
    let page = demo
        .scrape_until("chats of all", &mut newest, |page| {
            names.iter().all(|name| chats(page, name) > 0.0)
        })
        .await;
    assert!(chats(&page, "ventas") > chats(&page, "cobranzas"), "one is busy");
    let objective = "wolkvox_asa_target_seconds{operation=\"ventas\",skill_id=\"12\"}";
    assert_eq!(page.get(objective), Some(20.0));
}

#[tokio::test]
async fn the_operations_of_the_demo_can_be_changed_while_it_runs() {
    let demo = demo("2").await;
    let path = file(&demo);
    let text = fs::read_to_string(&path).unwrap();
    let (_, from_first) = text.split_once("[[operation]]").unwrap();
    let (first, _) = from_first.split_once("[[operation]]").unwrap();
    fs::write(&path, format!("[[operation]]{first}")).unwrap();
    demo.signal("HUP").await;
    wait_until("the reload", || demo.log.text().contains("1 removed (soporte)")).await;
    assert_eq!(discovered(&demo).await, ["ventas"]);

    fs::write(&path, &text).unwrap();
    let (status, told) = demo.reload().await;
    assert_eq!(status, 200, "{told}");
    assert!(told.contains("1 added (soporte), 1 unchanged"), "{told}");
    demo.polls_beyond("soporte", 0.0).await;
}

#[tokio::test]
async fn the_demo_leaves_no_file_behind() {
    let mut demo = demo("2").await;
    let path = file(&demo);
    assert!(path.exists());
    demo.signal("TERM").await;
    assert_eq!(demo.ended().await.code(), Some(0), "{}", demo.log.text());
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn a_demo_of_no_operation_is_refused() {
    let (status, _, error) = finish(command(["demo", "--operations", "0"], &Variables::new())).await;
    assert_eq!(status.code(), Some(2), "{error}");
    assert!(error.contains("--operations"), "{error}");
}
