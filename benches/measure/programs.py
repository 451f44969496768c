"""Builds and starts what is measured: the exporter, its peers, and the tools."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .process import Polled, Program, free_port
from .report import WINDOW
from .server import ReportServer

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
OWN = TARGET / "bench"
EXPORTER = TARGET / "release" / "wolkvox-exporter"
TOOLS = TARGET / "release" / "bench-tools"
GO = OWN / "go-peer"
PYTHON = OWN / "python" / "bin" / "python"
PEERS = ROOT / "benches" / "peers"

OURS = "exporter"
# No server of constant bytes is needed for longer, seconds.
LONGEST = 3000
# As the image and the unit for systemd have it.
ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}


@dataclass
class Built:
    """What there is, and what was left out and why."""

    exporter: Path = EXPORTER
    peers: list = field(default_factory=list)
    left_out: list = field(default_factory=list)

    def programs(self):
        """The peers before the exporter, so that a machine that grows slower over a round is against us."""
        return [*self.peers, OURS]


def run(*command, **options):
    print("+", *command, file=sys.stderr)
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr, **options)


def build(exporter, with_peers):
    """Builds what this machine can build; not the exporter, if it is there already."""
    cargo = ["cargo", "build", "--release", "--locked", "--manifest-path", ROOT / "Cargo.toml"]
    if exporter is None:
        run(*cargo, "--bin", "wolkvox-exporter")
    run(*cargo, "--package", "bench-tools")
    built = Built(exporter or EXPORTER)
    if with_peers:
        for name, build_peer in [("Python", build_python), ("Go", build_go)]:
            try:
                build_peer()
                built.peers.append(name)
            except (OSError, subprocess.CalledProcessError) as error:
                built.left_out.append(f"the {name} peer can't be built: {error}")
    return built


def constant(name, plain, packed):
    """A server that answers each call with the bytes of one of two files: as they are, or compressed."""
    server = Program(name, [TOOLS, "constant", plain, packed, str(LONGEST)], stdout=subprocess.PIPE)
    server.port = int(server.process.stdout.readline().rpartition(":")[2])
    return server


def build_go():
    if not shutil.which("go"):
        raise FileNotFoundError("there is no go on this machine")
    run("go", "build", "-trimpath", "-o", GO, ".", cwd=PEERS / "go")


def build_python():
    OWN.mkdir(parents=True, exist_ok=True)
    requirements = PEERS / "python" / "requirements.txt"
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", OWN / "python")
    run(PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-r", requirements)


class Bench:
    """A place to start programs in."""

    def __init__(self, built, zone):
        self.built = built
        self.zone = zone
        OWN.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="bench-", dir=OWN)
        self.folder = Path(self._folder.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def start(self, name, report, server_port=0, **settings):
        """Starts a program that polls a server of its own, each second if nothing else is said."""
        server = ReportServer(server_port)
        try:
            start = {OURS: self._exporter, "Go": self._go, "Python": self._python}[name]
            return Polled(start(server.url(), report, **settings), server)
        except BaseException:
            server.close()
            raise

    def state(self):
        """A new directory for a state."""
        return Path(tempfile.mkdtemp(prefix="state-", dir=self.folder))

    def _exporter(self, url, report, interval="1s", state=None):
        port = free_port()
        settings = {
            "BASE_URL": url,
            "TOKEN": "benchmark",
            "OPERATION": "bench",
            "POLL_INTERVAL": interval,
            "WINDOW": f"{int(WINDOW.total_seconds())}s",
            # A sweep would be a second request in a poll.
            "SWEEP_INTERVAL": "0",
            # A request is held for as long as something else is measured.
            "REQUEST_TIMEOUT": "1h",
            "COUNT_FROM": f"{report.since:%Y-%m-%dT%H:%M:%SZ}",
            "TIMEZONE": self.zone.name(),
            "MAX_SERIES": "1000000",
            "LISTEN_ADDRESS": f"127.0.0.1:{port}",
            "STATE_DIR": str(state or self.state()),
        }
        variables = {f"WOLKVOX_{name}": value for name, value in settings.items()}
        return Program(OURS, [self.built.exporter], port, {**ALLOCATOR, **variables})

    def _go(self, url, _report, interval="1s"):
        port = free_port()
        arguments = ["-base-url", url, "-listen", f"127.0.0.1:{port}", "-interval", interval]
        return Program("Go", [GO, *arguments], port, {"WOLKVOX_TOKEN": "benchmark"})

    def _python(self, url, _report, interval="1s"):
        port = free_port()
        arguments = ["--base-url", url, "--port", str(port), "--interval", interval.removesuffix("s")]
        command = [PYTHON, PEERS / "python" / "peer.py", *arguments]
        return Program("Python", command, port, {"WOLKVOX_TOKEN": "benchmark", "PYTHONDONTWRITEBYTECODE": "1"})
