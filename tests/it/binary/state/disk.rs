//! A disk that is full, read-only, or not for this user: at the start, and while the exporter runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use wolkvox_exporter::chats::Totals;

use tokio::process::Command;
use wolkvox_exporter::ledger::FileStore;

use super::counted;
use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{
    Exporter, OwnDisk, Variables, bound_by_permissions, command, counting_since, finish, state, through,
    variables, wait_for, wait_until, with,
};

const FULL: &str = "No space left on device";
const READ_ONLY: &str = "Read-only file system";
const NO_PERMISSION: &str = "Permission denied";

/// Starts that must be refused, before anything is asked for: what they say.
async fn refused(command: Command, operation: &Placed) -> String {
    operation.handle().clear_requests();
    let (status, _, error) = finish(command).await;
    assert_eq!(status.code(), Some(1), "{error}");
    assert!(operation.handle().requests().is_empty(), "{error}");
    error
}

/// It says what is wrong, where, and the way out, which depends on the cause.
fn assert_reported(error: &str, cause: &str, directory: &Path) {
    let directory = directory.to_str().unwrap();
    let way_out = match cause {
        FULL => "make room there",
        READ_ONLY => "mount it writable",
        NO_PERMISSION => "change the owner (chown)",
        "Is a directory" => "A directory is in its place",
        _ => "A part of the path is missing, or is no directory",
    };
    for part in [cause, directory, way_out, "WOLKVOX_STATE_DIR"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

fn plain(variables: &Variables) -> Command {
    command::<[&str; 0], _>([], variables)
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_disk_that_is_full_or_read_only_is_reported_at_the_start() {
    for cause in [FULL, READ_ONLY] {
        let disk = OwnDisk::mount().await;
        let mut operation = Placed::start_with(3000.0).await;
        let variables = counting_since(minutes(2), &mut operation, disk.path());
        match cause {
            FULL => disk.fill_but(0),
            _ => disk.make_read_only().await,
        }
        let error = refused(disk.command(&variables), &operation).await;
        assert_reported(&error, cause, disk.path());

        match cause {
            FULL => disk.make_room(),
            _ => disk.make_writable().await,
        }
        let exporter = Exporter::run(disk.command(&variables)).await;
        exporter.settle(&operation, &mut Exposition::default()).await;
    }
}

#[tokio::test]
async fn a_start_without_room_for_the_state_that_is_there_is_refused_and_leaves_it_alone() {
    let disk = OwnDisk::mount().await;
    let mut operation = Placed::start_with(3000.0).await;
    let variables = counting_since(minutes(2), &mut operation, disk.path());
    let exporter = Exporter::run(disk.command(&variables)).await;
    exporter.settle(&operation, &mut Exposition::default()).await;
    exporter.kill().await;
    let file = disk.seen().join("ventas.state");
    let whole = fs::read(&file).unwrap();
    // Enough for the lock and the trial, not for another state.
    for left in [0, 8192] {
        disk.fill_but(left);
        let error = refused(disk.command(&variables), &operation).await;
        assert_reported(&error, FULL, disk.path());
        assert_eq!(fs::read(&file).unwrap(), whole);
        disk.make_room();
    }
    let exporter = Exporter::run(disk.command(&variables)).await;
    operation.assert_counted(&exporter.scrape().await);
}

#[tokio::test]
async fn a_directory_without_write_permission_is_reported_at_the_start() {
    let operation = Placed::start().await;
    let state = state();
    let variables = variables(&operation, state.path());
    allow(state.path(), 0o555);
    let error = refused(bound_by_permissions(plain(&variables)), &operation).await;
    assert_reported(&error, NO_PERMISSION, state.path());
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_written_is_an_error_at_the_start() {
    let operation = Placed::start().await;
    let state = state();
    // Below a file there is nothing.
    let file = state.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("state");
    let error = refused(plain(&variables(&operation, &below)), &operation).await;
    assert_reported(&error, "Not a directory", &below);
}

#[tokio::test]
async fn a_state_file_that_cannot_be_read_is_reported_at_the_start_and_left_alone() {
    let (operation, state, variables) = counted().await;
    let file = state.path().join("ventas.state");
    let whole = fs::read(&file).unwrap();
    allow(&file, 0o000);
    let error = refused(bound_by_permissions(plain(&variables)), &operation).await;
    assert!(error.contains(NO_PERMISSION), "{error}");
    assert!(error.contains(file.to_str().unwrap()), "{error}");
    assert!(error.contains("don't remove it"), "{error}");
    allow(&file, 0o600);
    assert_eq!(fs::read(&file).unwrap(), whole);
    let exporter = Exporter::serve(&variables).await;
    operation.assert_counted(&exporter.scrape().await);
}

/// What can become of a directory of states.
struct Trouble<R, F, M> {
    directory: PathBuf,
    /// The same as the test sees it.
    seen: PathBuf,
    /// An exporter on it.
    run: R,
    /// Lets writing fail from now on.
    fail: F,
    mend: M,
    /// What the log says.
    cause: &'static str,
}

impl<R: Fn(&Variables) -> Command, F: AsyncFn(&Exporter), M: AsyncFn()> Trouble<R, F, M> {
    async fn nothing_new_is_shown_until_it_is_over_and_all_counts_once(self) {
        let mut operation = Placed::start_with(20_000.0).await;
        let variables = counting_since(minutes(1), &mut operation, &self.directory);
        let exporter = Exporter::run((self.run)(&variables)).await;
        let mut newest = Exposition::default();
        exporter.settle(&operation, &mut newest).await;

        // Some chats close in each second, so that the first cycle whose commit fails has read some.
        operation.place_until(now() + seconds(15));
        (self.fail)(&exporter).await;
        let page = exporter
            .scrape_until("failures", &mut newest, |page| page.failures("state") >= 4.0)
            .await;
        assert_eq!(page.up(), Some(false));
        assert!(page.sum("wolkvox_state_commit_failures_total") >= 4.0);
        let (_, stored) = FileStore::look::<Totals>(&self.seen, "ventas").unwrap().unwrap();
        let stored = stored.totals.chats_counted();
        let closed_before = now() - seconds(2);
        let closed = operation
            .expected()
            .iter()
            .filter(|chat| chat.closed < closed_before);
        assert!(closed.count() as u64 > stored, "there is something to hold back");
        let shown = page.sum("wolkvox_chats_total") as u64;
        assert!(
            shown <= stored,
            "{shown} chats are shown of {stored} that are committed"
        );
        assert_eq!(exporter.get("/-/ready").await.0, 200);
        assert_reported(&exporter.log.text(), self.cause, &self.directory);

        (self.mend)().await;
        exporter.settle(&operation, &mut newest).await;
        exporter.kill().await;
        let exporter = Exporter::run((self.run)(&variables)).await;
        exporter.settle(&operation, &mut newest).await;
    }
}

#[tokio::test]
async fn while_the_disk_is_full_nothing_new_is_shown() {
    let disk = OwnDisk::mount().await;
    let trouble = Trouble {
        directory: disk.path().to_owned(),
        seen: disk.seen(),
        run: |variables: &Variables| disk.command(variables),
        // The room of a state that is being replaced comes free.
        fail: async |exporter: &Exporter| {
            wait_for("a full disk", || async {
                disk.fill_but(0);
                (exporter.scrape().await.failures("state") >= 1.0).then_some(())
            })
            .await;
        },
        mend: async || disk.make_room(),
        cause: FULL,
    };
    trouble
        .nothing_new_is_shown_until_it_is_over_and_all_counts_once()
        .await;
}

#[tokio::test]
async fn while_the_disk_is_read_only_nothing_new_is_shown() {
    let disk = OwnDisk::mount().await;
    let trouble = Trouble {
        directory: disk.path().to_owned(),
        seen: disk.seen(),
        run: |variables: &Variables| disk.command(variables),
        fail: async |_: &Exporter| disk.make_read_only().await,
        mend: async || disk.make_writable().await,
        cause: READ_ONLY,
    };
    trouble
        .nothing_new_is_shown_until_it_is_over_and_all_counts_once()
        .await;
}

#[tokio::test]
async fn while_the_directory_has_no_write_permission_nothing_new_is_shown() {
    let state = state();
    allow(state.path(), 0o777);
    let trouble = Trouble {
        directory: state.path().to_owned(),
        seen: state.path().to_owned(),
        run: |variables: &Variables| bound_by_permissions(plain(variables)),
        fail: async |_: &Exporter| allow(state.path(), 0o555),
        mend: async || allow(state.path(), 0o777),
        cause: NO_PERMISSION,
    };
    trouble
        .nothing_new_is_shown_until_it_is_over_and_all_counts_once()
        .await;
}

#[tokio::test]
async fn while_the_state_cannot_be_written_nothing_new_is_shown() {
    let state = state();
    // Nobody can write a file where a directory is.
    let obstacle = state.path().join("ventas.state.new");
    let trouble = Trouble {
        directory: state.path().to_owned(),
        seen: state.path().to_owned(),
        run: plain,
        fail: async |_: &Exporter| {
            wait_until("the obstacle", || fs::create_dir(&obstacle).is_ok()).await;
        },
        mend: async || fs::remove_dir(&obstacle).unwrap(),
        cause: "Is a directory",
    };
    trouble
        .nothing_new_is_shown_until_it_is_over_and_all_counts_once()
        .await;
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_a_write_loses_nothing_and_shows_nothing_new() {
    let mut operation = Placed::start_with(3000.0).await;
    let state = state();
    let count_from = (now() - minutes(2)).to_rfc3339();
    let variables = with(variables(&operation, state.path()), "COUNT_FROM", &count_from);
    // Files may have some kilobytes, as on a disk that has no more: what is beyond is not written.
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -S -f 8; exec \"$0\""];
    let exporter = Exporter::run(through(&limit, &plain(&variables))).await;
    let mut newest = Exposition::default();
    let page = exporter
        .scrape_until("a poll", &mut newest, |page| page.up() == Some(true))
        .await;
    assert_eq!(page.sum("wolkvox_chats_total"), 0.0);

    operation.place(now() - seconds(60), now());
    let page = exporter
        .scrape_until("failures", &mut newest, |page| page.failures("state") >= 3.0)
        .await;
    assert_eq!(
        page.sum("wolkvox_chats_total"),
        0.0,
        "uncommitted chats are shown"
    );
    assert_eq!(page.up(), Some(false));
    let log = exporter.log.text();
    assert!(
        log.contains("the state can't be written: ") && log.contains("LimitFSIZE="),
        "{log}"
    );
    let stored = FileStore::look::<Totals>(state.path(), "ventas").unwrap();
    assert!(stored.is_some(), "the last good state is there, whole");

    let pid = exporter.pid().to_string();
    let mut more = Command::new("prlimit");
    more.args(["--pid", &pid, "--fsize=unlimited:"]);
    let (status, _, error) = finish(more).await;
    assert!(status.success(), "{error}");
    exporter.settle(&operation, &mut newest).await;
    exporter.kill().await;
    let exporter = Exporter::serve(&variables).await;
    operation.assert_counted(&exporter.scrape().await);
}
