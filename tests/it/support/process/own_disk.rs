//! A disk that only the exporters under test see, so that it can be full or read-only for real: a file system in memory,
//! in a mount namespace of its own. It lies there until it is dropped, whatever becomes of the exporters.
//!
//! That takes the administrator with the right to mount (`CAP_SYS_ADMIN`, which containers lack by default), or a system
//! that lets everybody make user namespaces. It works in a chroot too, for the administrator, with `/proc` mounted.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Log, Variables, command, finish, state, through, wait_for};

/// Much more than the states of the tests take.
const SIZE: &str = "size=2m";
/// What takes up the room of a full disk.
const FILLER: &str = "filler";

/// Mounts what the holder holds. Mounts made here must not appear outside: where the root is no mount point, as in a
/// chroot, the one of the namespace is what has to be cut off, and entering the namespace leads there.
const MOUNT: &str = r#"
mount --make-rslave / 2>/dev/null ||
    nsenter --mount=/proc/self/ns/mnt mount --make-rslave / 2>/dev/null ||
    ! grep -q ' shared:' /proc/self/mountinfo || { echo "mounts can't be kept apart" >&2; exit 1; }
mount -t tmpfs -o "$1" tmpfs "$0" && echo mounted at this disk && exec cat >/dev/null
"#;

/// Whether the administrator runs the tests: permissions do not bind them.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// Only mounted for the processes that [`OwnDisk::command`] starts.
pub(crate) struct OwnDisk {
    directory: TempDir,
    /// Keeps the namespace; ends when it is dropped.
    holder: Child,
}

impl OwnDisk {
    pub(crate) async fn mount() -> OwnDisk {
        let directory = state();
        // Whoever is not the administrator is so in a user namespace of their own.
        let namespaces = if is_root() { "-m" } else { "-rm" };
        let (said, error) = (Log::new(), Log::new());
        let mut holder = Command::new("unshare")
            .args([namespaces, "--propagation", "unchanged", "sh", "-c", MOUNT])
            .arg(directory.path())
            .arg(SIZE)
            .stdin(Stdio::piped())
            .stdout(said.stdio())
            .stderr(error.stdio())
            .kill_on_drop(true)
            .spawn()
            .expect("unshare starts");
        let mounted = wait_for("a disk of its own", || {
            let ended = holder.try_wait().expect("its state").is_some();
            let mounted = said.word_after("mounted at ").map(|_| true);
            std::future::ready(mounted.or_else(|| ended.then_some(false)))
        });
        assert!(
            mounted.await,
            "no disk could be mounted, which takes root with CAP_SYS_ADMIN or the right to make user namespaces: {}",
            error.text()
        );
        OwnDisk { directory, holder }
    }

    /// Where the exporters see it.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the test sees it.
    pub(crate) fn seen(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid()));
        root.join(self.path().strip_prefix("/").expect("an absolute path"))
    }

    /// The exporter where this disk is.
    pub(crate) fn command(&self, variables: &Variables) -> Command {
        through(&self.entry(), &command::<[&str; 0], _>([], variables))
    }

    /// From now on nothing can be written where it lies. What is open stays so, as on a disk that fails: a remount would be
    /// refused while the exporter holds its lock.
    pub(crate) async fn make_read_only(&self) {
        let path = self.path().to_str().expect("UTF-8");
        self.enter("mount", &["--bind", "-o", "ro", path, path])
            .await
            .unwrap();
    }

    pub(crate) async fn make_writable(&self) {
        let path = self.path().to_str().expect("UTF-8");
        wait_for("a disk that nobody looks at", || async {
            self.enter("umount", &[path]).await.ok()
        })
        .await;
    }

    /// Leaves so much room, and no more.
    pub(crate) fn fill_but(&self, bytes: u64) {
        let mut filler = File::options()
            .append(true)
            .create(true)
            .open(self.seen().join(FILLER))
            .unwrap();
        let full = loop {
            if let Err(error) = filler.write_all(&[b'-'; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::StorageFull);
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.saturating_sub(bytes)).unwrap();
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.seen().join(FILLER)).unwrap();
    }

    /// Runs a program where this disk is; the error is what it said.
    async fn enter(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let (status, _, error) = finish(through(&self.entry(), &command)).await;
        if status.success() { Ok(()) } else { Err(error) }
    }

    /// What leads a program into its namespaces.
    fn entry(&self) -> Vec<String> {
        let pid = self.pid().to_string();
        // Its root as well: in a chroot the namespace's is another one.
        let mut entry = vec!["nsenter", "-t", &pid, "-m", "-r"];
        if !is_root() {
            entry.extend(["-U", "--preserve-credentials"]);
        }
        entry.into_iter().map(str::to_owned).collect()
    }

    fn pid(&self) -> u32 {
        self.holder.id().expect("it runs")
    }
}
