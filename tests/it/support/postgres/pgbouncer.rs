//! Debian's PgBouncer in transaction mode, in front of a server.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::{OWNER, Postgres, SUPERUSER, connect, password, port, program, url_through};
use crate::support::process::{Log, wait_for};

/// Sessions with the server per database and role. Fewer than clients, so that they share them.
const POOL: u32 = 2;

/// A pooler that runs. It is killed when it is dropped.
pub(crate) struct PgBouncer {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl PgBouncer {
    /// For the owner, the superuser and these roles. It asks for their passwords by SCRAM, and gives them to the server.
    pub(crate) async fn before(server: &Postgres, roles: &[&str]) -> PgBouncer {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let users = folder.path().join("users.txt");
        let settings = folder.path().join("pgbouncer.ini");
        let address = port::choose();
        let to = server.address();
        fs::write(&users, user_list(roles)).unwrap();
        let text = format!(
            "[databases]\n\
             * = host={} port={}\n\
             [pgbouncer]\n\
             listen_addr = {}\n\
             listen_port = {}\n\
             unix_socket_dir =\n\
             auth_type = scram-sha-256\n\
             auth_file = {}\n\
             pool_mode = transaction\n\
             default_pool_size = {POOL}\n\
             max_client_conn = 1000\n\
             server_login_retry = 1\n",
            to.ip(),
            to.port(),
            address.ip(),
            address.port(),
            users.display()
        );
        fs::write(&settings, text).unwrap();
        let log = Log::new();
        let child = program::command("pgbouncer")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(log.stdio())
            .stderr(log.stdio())
            .spawn()
            .expect("setpriv starts");
        let mut pooler = PgBouncer {
            child,
            address,
            _folder: folder,
        };
        let url = url_through(address, SUPERUSER);
        wait_for("PgBouncer", || {
            let ended = pooler.child.try_wait().expect("its state");
            assert!(ended.is_none(), "PgBouncer has ended, {ended:?}: {}", log.text());
            let client = connect(&url);
            async { client.await.ok() }
        })
        .await;
        pooler
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line for each.
fn user_list(roles: &[&str]) -> String {
    let all = [SUPERUSER, OWNER].into_iter().chain(roles.iter().copied());
    all.map(|role| format!("\"{role}\" \"{}\"\n", password(role)))
        .collect()
}
