//! A PostgreSQL server of a test's own, Debian's: in a temporary folder, on a port of loopback, gone with the test. A test that
//! is killed itself leaves the folder behind, in `/dev/shm` or among the temporary files.
//!
//! Its database `wolkvox` belongs to the role [`OWNER`]. All roles log in with a password by SCRAM. What the test itself asks,
//! it asks as [`SUPERUSER`].

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

mod client;
mod disk;
mod folder;
pub(crate) mod history;
mod pgbouncer;
mod port;
mod postmaster;
mod program;
pub(crate) mod proxy;
mod setup;

use std::net::SocketAddr;
use std::path::PathBuf;

use super::process::wait_for;
use folder::{Copy, Folder};
use postmaster::{Postmaster, Stop};

pub(crate) use client::connect;
pub(crate) use pgbouncer::PgBouncer;
pub(crate) use setup::{Setup, Tls};

/// May do anything; the server lets it in without TLS, also where it requires TLS of others.
pub(crate) const SUPERUSER: &str = "postgres";
/// Owns the database, and so may create tables in it.
pub(crate) const OWNER: &str = "wolkvox_owner";

const DATABASE: &str = "wolkvox";

/// A server, which runs or is stopped. When it is dropped, its processes end and its folder is removed.
pub(crate) struct Postgres {
    // Before the folder: what is dropped first must no longer need it.
    postmaster: Option<Postmaster>,
    address: SocketAddr,
    folder: Folder,
    setup: Setup,
}

impl Postgres {
    /// Without TLS, as fast as can be.
    pub(crate) async fn start() -> Postgres {
        Postgres::start_with(Setup::default()).await
    }

    pub(crate) async fn start_with(setup: Setup) -> Postgres {
        let folder = Folder::new(&setup).await;
        let server = Postgres::serve(folder, setup).await;
        // The one that is there takes the name: to create another one takes half as long as all the rest.
        let begin = format!(
            "{}; alter database postgres rename to {DATABASE}; alter database {DATABASE} owner to {OWNER}",
            create_role(OWNER)
        );
        client::rows(&server.maintenance_url(), &begin).await;
        server
    }

    /// At a port that nothing else has.
    async fn serve(folder: Folder, setup: Setup) -> Postgres {
        let address = port::choose();
        let mut server = Postgres {
            postmaster: None,
            address,
            folder,
            setup,
        };
        server.start_again().await;
        server
    }

    /// A hot standby that follows this server: it answers what is asked, and refuses to write.
    pub(crate) async fn standby(&self) -> Postgres {
        let primary = format!(
            "host={} port={} user={SUPERUSER} password={}",
            self.address.ip(),
            self.address.port(),
            password(SUPERUSER)
        );
        let folder = Folder::follow(&primary, &self.setup).await;
        Postgres::serve(folder, self.setup.clone()).await
    }

    /// Makes a server of its own of a standby. What the primary had not handed on by then is lost.
    pub(crate) async fn promote(&self) {
        assert_eq!(self.rows("select pg_promote()").await, ["t"]);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the database for a role, without a word about TLS.
    pub(crate) fn url(&self, role: &str) -> String {
        url_at(self.address, role, DATABASE)
    }

    /// Of a database that is always there.
    fn maintenance_url(&self) -> String {
        url_at(self.address, SUPERUSER, "template1")
    }

    /// The certificate of the authority that issued the server's, for `sslrootcert`. The server's is for `127.0.0.1` and
    /// `localhost`.
    pub(crate) fn root_certificate(&self) -> PathBuf {
        assert!(self.setup.tls != Tls::Off, "a server with TLS");
        self.folder.root_certificate()
    }

    /// A role that may log in, and nothing else.
    pub(crate) async fn create_role(&self, name: &str) {
        self.run(&create_role(name)).await;
    }

    /// Runs statements as superuser in the database, all in one transaction.
    pub(crate) async fn run(&self, statements: &str) {
        self.rows(statements).await;
    }

    /// The same, and the rows that they answered with: the values of one as text with `|` between them, empty for null.
    pub(crate) async fn rows(&self, statements: &str) -> Vec<String> {
        client::rows(&self.url(SUPERUSER), statements).await
    }

    /// All that the server has written to its log since it was started the last time.
    pub(crate) fn log(&self) -> String {
        self.postmaster().log()
    }

    fn postmaster(&self) -> &Postmaster {
        self.postmaster.as_ref().expect("a server that runs")
    }

    /// As by `pg_ctl -m immediate`: nothing is brought to an end, and the next start recovers from the log of writes. Without
    /// fsync no commit is lost by that, because the system has what was written; only a crash of the system would lose it.
    pub(crate) async fn stop_at_once(&mut self) {
        self.stop(Stop::AtOnce).await;
    }

    async fn stop(&mut self, how: Stop) {
        let mut postmaster = self.postmaster.take().expect("a server that runs");
        postmaster.stop(how).await;
    }

    /// Starts it at the port that it had.
    pub(crate) async fn start_again(&mut self) {
        assert!(self.postmaster.is_none(), "a server that was stopped");
        self.folder.configure(self.address, &self.setup);
        let mut postmaster = Postmaster::start(&self.folder.data());
        let url = self.maintenance_url();
        wait_for("PostgreSQL", || {
            postmaster.assert_runs();
            let client = connect(&url);
            async { client.await.ok() }
        })
        .await;
        self.postmaster = Some(postmaster);
    }

    /// Stops all its processes where they are. The system goes on accepting connections and bytes for them.
    pub(crate) async fn pause(&self) {
        self.postmaster().pause().await;
    }

    pub(crate) fn resume(&self) {
        self.postmaster().resume();
    }

    /// From now on every write of a new session is refused with SQLSTATE 25006, and a moment later that of one that was open. That
    /// is how a server in maintenance looks; a [`standby`](Postgres::standby) is one that can't write at all.
    pub(crate) async fn make_read_only(&self) {
        self.set_read_only("on").await;
    }

    pub(crate) async fn make_writable(&self) {
        self.set_read_only("off").await;
    }

    async fn set_read_only(&self, value: &str) {
        let url = self.maintenance_url();
        let set = format!("alter system set default_transaction_read_only = {value}");
        // Each on its own: ALTER SYSTEM takes no transaction of several.
        for statement in [set.as_str(), "select pg_reload_conf()"] {
            client::rows(&url, statement).await;
        }
        wait_for("the settings to be read again", || async {
            let shown = client::rows(&url, "show default_transaction_read_only").await;
            (shown == [value]).then_some(())
        })
        .await;
    }

    /// From now on, writing a row of any table of `public` fails as on a full disk, with SQLSTATE 53100. It is a trigger that
    /// raises it: a real full disk takes the rights to mount one, and a PostgreSQL that runs as administrator of its namespace.
    pub(crate) async fn fill_disk(&self) {
        self.run(disk::FILL).await;
    }

    pub(crate) async fn make_room(&self) {
        self.run(disk::MAKE_ROOM).await;
    }

    /// Copies the data as they are now. The server is stopped for it, and started again.
    pub(crate) async fn take_copy(&mut self) -> Copy {
        self.stop(Stop::Fast).await;
        let copy = self.folder.copy().await;
        self.start_again().await;
        copy
    }

    /// Puts a copy in the place of the data, as somebody does who restores a backup. The server is stopped for it, and started
    /// again.
    pub(crate) async fn put_back(&mut self, copy: &Copy) {
        self.stop(Stop::Fast).await;
        self.folder.put_back(copy).await;
        self.start_again().await;
    }
}

/// As [`Postgres::url`], through what stands before the server: a proxy, a pooler.
pub(crate) fn url_through(way: SocketAddr, role: &str) -> String {
    url_at(way, role, DATABASE)
}

fn url_at(address: SocketAddr, role: &str, database: &str) -> String {
    format!("postgres://{role}:{}@{address}/{database}", password(role))
}

/// Each role has one of its own.
fn password(role: &str) -> String {
    format!("password-of-{role}")
}

fn create_role(name: &str) -> String {
    format!("create role {name} login password '{}'", password(name))
}
