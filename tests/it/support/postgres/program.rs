//! Programs of PostgreSQL, and who runs them: it refuses to run as root.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::process::{finish, is_root};

/// Debian's package makes the user.
const USER: &str = "postgres";
/// Each version of a server has a folder here.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A program as the user of PostgreSQL where root runs the tests, else as who runs them. It is interrupted when the thread that
/// starts it ends, so that a test that is killed leaves no server behind.
pub(super) fn command(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]);
    }
    command.arg(find(name)).current_dir("/");
    command
}

/// Runs a program to its good end.
pub(super) async fn run(command: Command) {
    let text = format!("{command:?}");
    let (status, said, error) = finish(command.into()).await;
    assert!(status.success(), "{text}: {said}{error}");
}

/// Makes a file or folder that user's.
pub(super) fn hand_over(path: &Path) {
    if is_root() {
        let (user, group) = ids();
        chown(path, Some(user), Some(group)).unwrap();
    }
}

fn ids() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ours = users.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        (fields[0] == USER).then(|| (fields[2].parse().unwrap(), fields[3].parse().unwrap()))
    });
    ours.unwrap_or_else(|| panic!("there is no user {USER} (tests/run installs PostgreSQL)"))
}

/// Debian has the programs of a server in a folder of their version, and some of others in `/usr/sbin`: neither is in
/// everybody's path.
fn find(name: &str) -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir(VERSIONS)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("there is no {name} (tests/run installs it)"))
}
