//! The folder of a server: its data, its certificates, and copies of its data.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::setup::{Setup, Storage, Tls};
use super::{SUPERUSER, password, program};
use crate::support::peer::{Authority, issue};

const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";
/// Tells what a folder is that a test left behind because it was killed.
const PREFIX: &str = "wolkvox-test-postgres-";

/// Data that were copied aside. They are gone with the server's folder.
pub(crate) struct Copy(PathBuf);

/// It is removed when it is dropped.
pub(super) struct Folder {
    folder: TempDir,
    copies: usize,
}

impl Folder {
    /// With the data of a new server.
    pub(super) async fn new(setup: &Setup) -> Folder {
        let folder = Folder::empty(setup);
        let password_file = folder.data().with_file_name("password");
        fs::write(&password_file, password(SUPERUSER)).unwrap();
        let mut initdb = program::command("initdb");
        initdb
            .args(["--username", SUPERUSER, "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--no-locale", "--no-sync"])
            // 15 MB less to write.
            .arg("--wal-segsize=1")
            .arg("--pwfile")
            .arg(password_file)
            .arg("--pgdata")
            .arg(folder.data());
        program::run(initdb).await;
        folder
    }

    /// With a copy of the data of a server that runs, and what makes a standby of them. The server is a connection string.
    pub(super) async fn follow(primary: &str, setup: &Setup) -> Folder {
        let folder = Folder::empty(setup);
        let mut backup = program::command("pg_basebackup");
        backup
            .args([
                "--dbname",
                primary,
                "--checkpoint=fast",
                "--write-recovery-conf",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(folder.data());
        program::run(backup).await;
        folder
    }

    /// Others may read what lies beside the data: the certificate that clients trust.
    fn empty(setup: &Setup) -> Folder {
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(place(setup.storage))
            .expect("a temporary directory");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        if setup.tls != Tls::Off {
            // Two servers have two authorities: a client tells them apart by their names.
            let name = format!("authority of {}", folder.path().display());
            issue(
                folder.path(),
                &Authority::new(&name),
                &["127.0.0.1", "localhost"],
                |_| (),
            );
            let key = folder.path().join(KEY);
            fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
            program::hand_over(&key);
        }
        let folder = Folder { folder, copies: 0 };
        fs::create_dir(folder.data()).unwrap();
        fs::set_permissions(folder.data(), Permissions::from_mode(0o700)).unwrap();
        program::hand_over(&folder.data());
        folder
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn root_certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Writes `postgresql.conf` and `pg_hba.conf`.
    pub(super) fn configure(&self, address: SocketAddr, setup: &Setup) {
        let (ip, port) = (address.ip(), address.port());
        let beside = |name| self.folder.path().join(name).display().to_string();
        let settings = format!(
            "listen_addresses = '{ip}'\nport = {port}\nssl_cert_file = '{}'\nssl_key_file = '{}'\n{}",
            beside(CERTIFICATE),
            beside(KEY),
            setup.lines()
        );
        let others = match setup.tls {
            Tls::Off | Tls::Offered => "host",
            Tls::Required => "hostssl",
        };
        let access = format!(
            "host all,replication {SUPERUSER} {ip}/32 scram-sha-256\n{others} all all {ip}/32 scram-sha-256\n"
        );
        for (name, text) in [("postgresql.conf", settings), ("pg_hba.conf", access)] {
            let path = self.data().join(name);
            fs::write(&path, text).unwrap();
            program::hand_over(&path);
        }
    }

    pub(super) async fn copy(&mut self) -> Copy {
        self.copies += 1;
        let copy = self.data().with_file_name(format!("copy-{}", self.copies));
        copy_all(&self.data(), &copy).await;
        Copy(copy)
    }

    pub(super) async fn put_back(&self, copy: &Copy) {
        fs::remove_dir_all(self.data()).unwrap();
        copy_all(&copy.0, &self.data()).await;
    }
}

/// Where the system keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// Much more than the servers of all tests that run at once take. A container has 64 MiB, unless it is told otherwise.
const ROOM: u64 = 2 << 30;

fn place(storage: Storage) -> PathBuf {
    let free = rustix::fs::statvfs(MEMORY).map_or(0, |memory| memory.f_bavail * memory.f_frsize);
    if storage == Storage::Fast && free >= ROOM {
        MEMORY.into()
    } else {
        std::env::temp_dir()
    }
}

/// With owners and rights.
async fn copy_all(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(from).arg(to);
    program::run(copy).await;
}
