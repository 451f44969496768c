//! Too few descriptors and threads.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::placed::Placed;
use crate::support::process::{
    Exporter, Variables, client, command, finish, is_root, state, through, variables, wait_for, wait_until,
    with,
};

fn limited_to(descriptors: u32, variables: &Variables) -> Command {
    let limit = format!("--nofile={descriptors}");
    through(&["prlimit", &limit], &command::<[&str; 0], _>([], variables))
}

#[tokio::test]
async fn idle_connections_leave_the_descriptors_that_polls_and_scrapes_need() {
    let operation = Placed::start().await;
    let state = state();
    let exporter = Exporter::run(limited_to(40, &variables(&operation, state.path()))).await;
    let log = exporter.log.text();
    assert!(
        log.contains("connection slots instead of 512") && log.contains("(ulimit -n) is 40"),
        "{log}"
    );
    let mut idle = Vec::new();
    let mut polls = 0.0;
    for _ in 0..3 {
        for _ in 0..60 {
            idle.push(TcpStream::connect(exporter.address()).await.unwrap());
        }
        let mut newest = exporter.scrape().await;
        let page = exporter
            .scrape_until("two more polls", &mut newest, |page| {
                page.sum("wolkvox_polls_total") >= polls + 2.0
            })
            .await;
        polls = page.sum("wolkvox_polls_total");
        assert_eq!(
            page.sum("wolkvox_poll_failures_total"),
            0.0,
            "{}",
            exporter.log.text()
        );
    }
    assert!(
        !exporter.log.text().contains("Too many open files"),
        "{}",
        exporter.log.text()
    );
}

#[tokio::test]
async fn a_soft_limit_of_open_files_is_raised_to_the_hard_one() {
    let operation = Placed::start().await;
    let state = state();
    let command = command::<[&str; 0], _>([], &variables(&operation, state.path()));
    let exporter = Exporter::run(through(&["prlimit", "--nofile=40:700"], &command)).await;
    assert_eq!(exporter.scrape().await.get("process_max_fds"), Some(700.0));
    assert!(
        !exporter.log.text().contains("connection slots"),
        "{}",
        exporter.log.text()
    );
}

/// It ends at once, with one sentence on the limit of open files.
async fn assert_told_too_few(command: Command) {
    let limited = format!("{command:?}");
    let (status, _, error) = finish(command).await;
    assert_eq!(status.code(), Some(71), "{limited}: {error}");
    assert!(
        error.contains("limit of open files") || error.contains("of open files (ulimit -n)"),
        "{limited}: {error}"
    );
    assert_eq!(error.lines().count(), 1, "{limited}: {error}");
}

#[tokio::test]
async fn so_few_descriptors_that_nothing_is_left_for_connections_are_reported_at_the_start() {
    let operation = Placed::start().await;
    for descriptors in 4..=28 {
        let state = state();
        assert_told_too_few(limited_to(descriptors, &variables(&operation, state.path()))).await;
    }
    for command_line in [
        &["check"] as &[&str],
        &["report", "--from", "2026-01-01", "--to", "2026-01-02"],
        &["backfill", "--from", "2026-01-01", "--to", "2026-01-02"],
        &["demo", "--listen", "127.0.0.1:0"],
    ] {
        for descriptors in [4, 7, 8, 9, 14] {
            let state = state();
            let command = command(command_line, &variables(&operation, state.path()));
            let limit = format!("--nofile={descriptors}");
            assert_told_too_few(through(&["prlimit", &limit], &command)).await;
        }
    }
    assert!(operation.handle().requests().is_empty());
}

/// The program where nobody's processes count but its own, with so many processes and threads at the most.
struct FewThreads {
    directory: tempfile::TempDir,
    user: u32,
}

impl FewThreads {
    fn new(user: u32) -> FewThreads {
        let directory = state();
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        // Where the program was built need not be open to others.
        let program = directory.path().join("exporter");
        fs::copy(env!("CARGO_BIN_EXE_wolkvox-exporter"), &program).unwrap();
        open(&program, 0o755);
        open(directory.path(), 0o777);
        // Users beyond those that systems give out, others for each run of the tests.
        let user = 200_000 + 10 * (std::process::id() % 100_000) + user;
        FewThreads { directory, user }
    }

    fn command(&self, most: u32, variables: &Variables) -> Command {
        let program = self.directory.path().join("exporter");
        let most = format!("--nproc={most}");
        let mut command = self.alike(&["prlimit", &most, program.to_str().unwrap()]);
        command.envs(variables);
        command
    }

    /// Sets the limits of a process that runs, the soft and the hard one.
    async fn limit(&self, pid: u32, most: &str) {
        let (pid, most) = (pid.to_string(), format!("--nproc={most}"));
        let (status, _, error) = finish(self.alike(&["prlimit", "--pid", &pid, &most])).await;
        assert!(status.success(), "{error}");
    }

    /// A command of the same user.
    fn alike(&self, command: &[&str]) -> Command {
        let user = [format!("--reuid={}", self.user), format!("--regid={}", self.user)];
        // The limit does not bind the administrator. For others a user namespace begins to count anew.
        let outer = if is_root() {
            vec!["setpriv", &user[0], &user[1], "--clear-groups"]
        } else {
            vec!["unshare", "--map-root-user"]
        };
        let mut alike = Command::new(outer[0]);
        alike
            .args(&outer[1..])
            .args(command)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        alike
    }
}

#[tokio::test]
async fn too_few_threads_are_reported_in_a_sentence_with_the_status_71() {
    let operation = Placed::start().await;
    let few = FewThreads::new(0);
    let variables = variables(&operation, &few.directory.path().join("state"));
    let (status, _, error) = finish(few.command(2, &variables)).await;
    assert_eq!(status.code(), Some(71), "{error}");
    assert!(
        error.contains("threads or processes") && error.contains("TasksMax="),
        "{error}"
    );
    assert!(
        !error.contains("panicked") && error.lines().count() == 1,
        "{error}"
    );
}

#[tokio::test]
async fn with_any_number_of_threads_it_serves_and_polls_or_does_not_start() {
    let operation = Placed::start().await;
    let few = FewThreads::new(1);
    let mut started = 0;
    for most in 4..=10 {
        let state = few.directory.path().join(format!("state-{most}"));
        let variables = variables(&operation, &state);
        let mut command = few.command(most, &variables);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let begun = tokio::time::timeout(std::time::Duration::from_millis(500), child.wait()).await;
        if let Ok(ended) = begun {
            assert_eq!(ended.unwrap().code(), Some(71), "{most}");
            assert_eq!(started, 0, "{most}: fewer were enough");
            continue;
        }
        child.kill().await.unwrap();
        let mut exporter = Exporter::run(few.command(most, &variables)).await;
        exporter.polled(2.0).await;
        exporter.signal("TERM").await;
        assert_eq!(exporter.ended().await.code(), Some(0), "{most}");
        started += 1;
    }
    assert!(started > 0);
}

#[tokio::test]
async fn threads_that_run_out_later_delay_a_new_web_configuration_and_refuse_passwords() {
    // Of the password `wonderland`.
    const USERS: &str =
        "basic_auth_users:\n  alice: $2y$04$CNEDa80Ygi5JY506jlYPlOYj9p1GEeoESSm/3/3ZjerJjRxpr5Ks2\n";
    let operation = Placed::start().await;
    let few = FewThreads::new(3);
    let web = few.directory.path().join("web.yml");
    fs::write(&web, "{}").unwrap();
    fs::set_permissions(&web, Permissions::from_mode(0o644)).unwrap();
    let state = few.directory.path().join("state");
    let variables = with(
        variables(&operation, &state),
        "WEB_CONFIG_FILE",
        web.to_str().unwrap(),
    );
    let mut exporter = Exporter::run(few.command(100, &variables)).await;
    exporter.polled(1.0).await;
    few.limit(exporter.pid(), "1:100").await;
    fs::write(&web, USERS).unwrap();
    wait_until("a line on what can't be looked at", || {
        let log = exporter.log.text();
        log.contains("the files of the web configuration can't be looked at")
    })
    .await;
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    few.limit(exporter.pid(), "100:100").await;
    wait_for("the new configuration", || async {
        (exporter.get("/-/healthy").await.0 == 401).then_some(())
    })
    .await;
    few.limit(exporter.pid(), "1:100").await;
    let url = exporter.url("/-/healthy");
    let asked = async || {
        let request = client().get(&url).basic_auth("alice", Some("wonderland"));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(asked().await, 503);
    few.limit(exporter.pid(), "100:100").await;
    assert_eq!(asked().await, 200);
    exporter.signal("TERM").await;
    assert_eq!(exporter.ended().await.code(), Some(0));
}

#[tokio::test]
async fn threads_that_run_out_later_fail_polls_and_come_back() {
    let operation = Placed::start().await;
    let few = FewThreads::new(2);
    let state = few.directory.path().join("state");
    let variables = variables(&operation, &state);
    let mut exporter = Exporter::run(few.command(100, &variables)).await;
    exporter.polled(1.0).await;
    few.limit(exporter.pid(), "1:100").await;
    let failed = wait_for("a failed poll", || async {
        let page = exporter.scrape().await;
        (page.up() == Some(false) && page.failures("state") >= 2.0).then_some(page)
    })
    .await;
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    few.limit(exporter.pid(), "100:100").await;
    exporter.polled(failed.sum("wolkvox_polls_total") + 1.0).await;
    exporter.signal("TERM").await;
    assert_eq!(exporter.ended().await.code(), Some(0));
}
