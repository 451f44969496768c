//! Where the commands of the documents are run: a folder that looks like the repository, programs that stand in for what a
//! reader has, and a simulated operation.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use simulator::{Settings, SimulatedChat};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::operation::Operation;
use crate::support::postgres::{OWNER, Postgres};
use crate::support::process::{Exporter, Variables, finish};
use crate::support::repository::root;
use crate::support::truth::utc;
use crate::support::tsdb::Database;

/// Runs the program to its end where it has one. What serves is asked for its readiness and ended. The simulated server may be
/// asked at any pace.
const PROGRAM: &str = r#"#!/bin/bash
set -eu
case "${1:-}" in
check | state | metrics | --version) exec "$EXPORTER" "$@" ;;
report | backfill) exec "$EXPORTER" "$@" --pace 0s ;;
demo) set -- "$@" --listen 127.0.0.1:0 ;;
esac
log=$(mktemp -p "$TMPDIR")
"$EXPORTER" "$@" 2>"$log" &
until url=$(grep -o 'metrics are at [^ ]*' "$log") && curl -sf "${url##* }" -o /dev/null; do
    kill -0 $! || { cat "$log" >&2; exit 1; }
    sleep 0.02
done
kill -TERM $!
wait $!
"#;

/// The program is built already.
const CARGO: &str = r#"#!/bin/bash
case "$*" in
"build --release") ;;
"run --release -- "*) shift 3 && exec wolkvox-exporter "$@" ;;
*) echo "cargo $*: not known to this test" >&2 && exit 1 ;;
esac
"#;

/// The exporter of this test, and no other one of the machine.
const PIDOF: &str = "#!/bin/sh\necho \"$EXPORTER_PID\"\n";

/// It would ask for ever.
const VMALERT: &str = "#!/bin/sh\nPATH=$REST_OF_PATH exec vmalert -dryRun \"$@\"\n";

pub(super) struct Machine {
    folder: TempDir,
    operation: Operation,
    postgres: Postgres,
    victoria_metrics: Database,
    /// Of the operations `ventas` and `soporte`: what commands speak to that need one that runs.
    running: Exporter,
}

impl Machine {
    pub(super) async fn start() -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let operation = Operation::start(Settings::empty()).await;
        operation.add((0..20).map(|number| {
            let closed = utc("2026-03-02T15:00:00Z") + chrono::TimeDelta::minutes(number);
            SimulatedChat::new(
                &format!("{number}"),
                closed - chrono::TimeDelta::minutes(5),
                closed,
            )
        }));
        let at = |name: &str| folder.path().join(name);
        for name in [
            "bin",
            "etc/tokens",
            "rules",
            "prometheus",
            "temporary",
            "work/target/release",
        ] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for (name, text) in [
            ("wolkvox-exporter", PROGRAM),
            ("cargo", CARGO),
            ("pidof", PIDOF),
            ("vmalert", VMALERT),
        ] {
            let path = at("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(
            at("bin/wolkvox-exporter"),
            at("work/target/release/wolkvox-exporter"),
        )
        .unwrap();
        for name in ["alerts", "dashboards", "deploy", "docs"] {
            symlink(root().join(name), at("work").join(name)).unwrap();
        }
        fs::write(at("etc/operations.toml"), operations(&operation)).unwrap();
        fs::write(at("etc/tokens/all"), operation.token()).unwrap();
        // A state that was moved away, for those who stay with it after all.
        for name in ["ventas.state.moved", "ventas.state.moved-to"] {
            fs::write(at("work").join(name), "").unwrap();
        }
        let (postgres, victoria_metrics, running) = tokio::join!(
            Postgres::start(),
            Database::victoria_metrics("[]"),
            serve(folder.path()),
        );
        postgres.create_role("wolkvox").await;
        Machine {
            folder,
            operation,
            postgres,
            victoria_metrics,
            running,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs commands of a page, with places of this test in the place of a reader's; what they printed.
    pub(super) async fn run(&self, page: &str, commands: &str) -> String {
        let mut script = commands.to_owned();
        for (there, here) in self.places(commands) {
            script = script.replace(there, &here);
        }
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", &script])
            .current_dir(self.at("work"))
            .env_clear()
            .envs(self.variables(&script))
            .env("PATH", format!("{}:{path}", self.at("bin").display()))
            .env("REST_OF_PATH", &path)
            .env("TMPDIR", self.at("temporary"))
            .env("EXPORTER", env!("CARGO_BIN_EXE_wolkvox-exporter"))
            .env("EXPORTER_PID", self.running.pid().to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let (status, printed, error) = finish(bash).await;
        assert!(status.success(), "{page}: {status}\n{script}\n{printed}\n{error}");
        printed
    }

    /// What a page says, and what it is here.
    fn places(&self, commands: &str) -> [(&'static str, String); 15] {
        let at = |name: &str| self.at(name).to_str().unwrap().to_owned();
        // What is moved must not be in use.
        let state = if commands.contains("state copy") {
            "one"
        } else {
            "running"
        };
        [
            // First: the others are below the system's.
            ("/tmp/", at("temporary/")),
            ("git clone <this repository>", "mkdir -p".to_owned()),
            (
                "WOLKVOX_SERVER=0010",
                format!("WOLKVOX_BASE_URL={}", self.operation.base_url()),
            ),
            (
                "WOLKVOX_TOKEN=...",
                format!("WOLKVOX_TOKEN='{}'", self.operation.token()),
            ),
            ("127.0.0.1:10555", self.running.address().to_owned()),
            ("/etc/wolkvox-exporter", at("etc")),
            ("/var/lib/wolkvox-exporter", at(state)),
            ("http://EXPORTER:10555", self.running.url("")),
            ("http://victoria:8428", self.victoria_metrics.url()),
            // By the role of the owner, and by that of exporters.
            (
                "postgres://exporter_owner@db.example/wolkvox",
                self.postgres.url(OWNER),
            ),
            (
                "postgres://wolkvox:PASSWORD@db.example:5432/wolkvox",
                self.postgres.url("wolkvox"),
            ),
            ("/var/lib/prometheus", at("prometheus")),
            ("/etc/prometheus/rules", at("rules")),
            // A day of the past, instead of a month that may lie ahead.
            ("2026-10-01", "2026-03-02".to_owned()),
            ("2026-11-01", "2026-03-03".to_owned()),
        ]
    }

    /// Commands for several operations have their file, and others the variables of one.
    fn variables(&self, script: &str) -> Variables {
        let is_for_several = ["_OPERATIONS_FILE", "--shard", "adopt"]
            .iter()
            .any(|word| script.contains(word));
        if is_for_several {
            return several(self.folder.path(), "several");
        }
        let mut variables = self.operation.variables();
        variables.extend(shared(self.folder.path(), "one"));
        variables
    }
}

/// Two operations at the simulated server.
fn operations(operation: &Operation) -> String {
    ["ventas", "soporte"]
        .map(|name| {
            let url = operation.base_url();
            format!("[[operation]]\nname = \"{name}\"\ngroup = \"all\"\nbase_url = \"{url}\"\ntoken_file = \"tokens/all\"\n")
        })
        .concat()
}

fn shared(folder: &Path, state: &str) -> Variables {
    [
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("STATE_DIR", folder.join(state).to_str().unwrap()),
        ("ENABLE_LIFECYCLE", "true"),
    ]
    .map(|(name, value)| (format!("WOLKVOX_{name}"), value.to_owned()))
    .into()
}

async fn serve(folder: &Path) -> Exporter {
    Exporter::serve(&several(folder, "running")).await
}

fn several(folder: &Path, state: &str) -> Variables {
    let mut variables = shared(folder, state);
    let file = folder.join("etc/operations.toml");
    variables.insert(
        "WOLKVOX_OPERATIONS_FILE".to_owned(),
        file.to_str().unwrap().to_owned(),
    );
    variables
}
