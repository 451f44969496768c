//! Leases, with a real database and no exporter: claims, commits whose answer is lost, replicas that are fenced, and a database
//! that goes on from an older copy of itself.

mod claim;
mod commit;
mod rollback;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leases::{Hold, Member, Replica, Settings, StateUrl};
use tokio::task::JoinHandle;

use crate::support::postgres::{OWNER, Postgres, history};

/// Long enough for a busy machine, short enough to be waited for.
const LEASE: Duration = Duration::from_secs(3);
/// The format of the states that these replicas write.
const FORMAT: i32 = 1;

/// A replica that takes part. When it is dropped, it is as after `kill -9`.
struct Running {
    replica: Arc<Replica>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// With this lease and these operations, each `name` or `name of group`.
    fn start_with(url: &str, lease: Duration, operations: &[&str]) -> Running {
        let replica = Replica::new(Settings {
            url: StateUrl::parse(url).unwrap(),
            lease,
            advertised: "http://127.0.0.1:1".to_owned(),
            format: FORMAT,
        });
        let replica = Arc::new(replica.unwrap());
        replica.configure(&members(operations), "hash");
        let running = Arc::clone(&replica);
        let task = tokio::spawn(async move { running.run().await });
        Running { replica, task }
    }

    fn start(url: &str, operations: &[&str]) -> Running {
        Running::start_with(url, LEASE, operations)
    }

    /// Waits until it holds an operation.
    async fn holds(&self, operation: &str) -> Hold {
        self.replica.lease(operation).unwrap().held().await
    }

    fn fenced(&self) -> u64 {
        self.replica.counters().fenced.load(Ordering::Relaxed)
    }

    fn unknown(&self) -> u64 {
        self.replica.counters().unknown.load(Ordering::Relaxed)
    }

    fn takeovers(&self) -> u64 {
        self.replica.counters().takeovers.load(Ordering::Relaxed)
    }
}

fn members(operations: &[&str]) -> Vec<Member> {
    let member = |text: &&str| {
        let (operation, group) = text.split_once(" of ").unwrap_or((text, text));
        Member {
            operation: operation.to_owned(),
            group: group.to_owned(),
        }
    };
    operations.iter().map(member).collect()
}

/// A server with the tables, whose commits are recorded.
async fn server() -> Postgres {
    let server = Postgres::start().await;
    record(&server).await;
    server
}

/// Makes the tables, and records commits.
async fn record(server: &Postgres) {
    let url = StateUrl::parse(&server.url(OWNER)).unwrap();
    leases::Admin::new(&url, FORMAT).unwrap().migrate().await.unwrap();
    history::install(server).await;
}

/// The state of an operation in the database, as text.
async fn stored(server: &Postgres, operation: &str) -> String {
    let query =
        format!("select convert_from(state, 'UTF8') from wolkvox_operation where operation = '{operation}'");
    server.rows(&query).await.join(" ")
}

async fn commit(hold: &Hold, state: &str) {
    hold.commit(state.as_bytes().to_vec()).await.unwrap();
}
