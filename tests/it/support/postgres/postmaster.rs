//! The processes of a server: the postmaster, and those that it starts.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::program;
use crate::support::process::{Log, wait_until};

/// How a server is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// `fast`: sessions are ended, and the data brought to rest.
    Fast,
    /// `immediate`: everything is left as it is.
    AtOnce,
}

/// It is stopped at once when it is dropped, with all that it started.
pub(super) struct Postmaster {
    child: Child,
    log: Log,
}

impl Postmaster {
    pub(super) fn start(data: &Path) -> Postmaster {
        let log = Log::new();
        let child = program::command("postgres")
            .arg("-D")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(log.stdio())
            .stderr(log.stdio())
            .spawn()
            .expect("setpriv starts");
        Postmaster { child, log }
    }

    pub(super) fn log(&self) -> String {
        self.log.text()
    }

    pub(super) fn assert_runs(&mut self) {
        let ended = self.child.try_wait().expect("its state");
        assert!(ended.is_none(), "PostgreSQL has ended, {ended:?}: {}", self.log());
    }

    pub(super) async fn stop(&mut self, how: Stop) {
        self.ask_to_stop(how);
        wait_until("the end of PostgreSQL", || {
            self.child.try_wait().expect("its state").is_some()
        })
        .await;
    }

    fn ask_to_stop(&mut self, how: Stop) {
        // One that is paused hears nothing.
        self.resume();
        send(
            self.pid(),
            match how {
                Stop::Fast => Signal::INT,
                Stop::AtOnce => Signal::QUIT,
            },
        );
    }

    /// The postmaster first: it can start no more then.
    pub(super) async fn pause(&self) {
        send(self.pid(), Signal::STOP);
        wait_until("the postmaster to stand still", || stands_still(self.pid())).await;
        wait_until("all processes to stand still", || {
            let moving: Vec<_> = self
                .children()
                .into_iter()
                .filter(|pid| !stands_still(*pid))
                .collect();
            for pid in &moving {
                send(*pid, Signal::STOP);
            }
            moving.is_empty()
        })
        .await;
    }

    pub(super) fn resume(&self) {
        for pid in self.children() {
            send(pid, Signal::CONT);
        }
        send(self.pid(), Signal::CONT);
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// All others are its children.
    fn children(&self) -> Vec<Pid> {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let pids = children.split_whitespace().map(|pid| pid.parse().unwrap());
        pids.filter_map(Pid::from_raw).collect()
    }
}

/// How long the processes of a server may take to end before they are killed. PostgreSQL itself kills after 5 seconds.
const PATIENCE: Duration = Duration::from_secs(20);

impl Drop for Postmaster {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.ask_to_stop(Stop::AtOnce);
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > PATIENCE {
                for pid in self.children() {
                    send(pid, Signal::KILL);
                }
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// One that has ended in the meantime needs none.
fn send(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// Stopped by a signal, or ended.
fn stands_still(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may hold anything; the state comes after its parenthesis.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, None | Some('T' | 'Z' | 'X'))
}
