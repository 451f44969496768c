"""What the exporter takes besides polls and scrapes: to start, to wait, and on the disk."""

import os
import shutil
import subprocess
import time

from . import report
from .polls import sample_lines
from .programs import OURS
from .table import Result, middle

IDS = 1_000_000
# The most rows that one answer may have are 60,000.
ROWS = 50_000
IDLE_SECONDS = 60


def start(bench, rounds, say):
    """The time from the start of a process with a large state until it is ready."""
    made = report.make(report.Shape(ROWS), bench.zone)
    state = bench.state()
    with bench.start(OURS, made, state=state) as polled:
        # The state is that of this server.
        server_port = polled.server.port()
        for series in range(IDS // ROWS):
            say(f"a state of {(series + 1) * ROWS:,} ids")
            polled.poll(made.answer(series, level=1), new=ROWS)
    took, cpu, lines = [], [], 0
    for round_ in range(rounds):
        say(f"start, round {round_ + 1} of {rounds}")
        with bench.start(OURS, made, server_port, state=state) as polled:
            polled.program.wait_until_served("/-/ready", pause=0.002)
            took.append(time.monotonic() - polled.program.started)
            cpu.append(polled.program.cpu())
            lines = sample_lines(polled.program.get(encoding="identity")[0])
    size = max(file.stat().st_size for file in state.iterdir()) / 1e6
    return [], [
        Result(f"ready after a start with {IDS:,} ids, {lines:,} series", middle(took), "s", 0.5),
        Result("the same, CPU", middle(cpu), "s"),
        Result(f"state file of {IDS:,} ids, {lines:,} series", size, "MB"),
    ]


def idle(bench, _rounds, say):
    """An operation of 1,000 chats between two polls, while nobody asks for anything."""
    made = report.make(report.Shape(1_000, skills=10, agents=50), bench.zone)
    with bench.start(OURS, made, interval="1d") as polled:
        polled.poll(made.answer(), new=1_000, scrape=True)
        program = polled.program
        say(f"idle, {IDLE_SECONDS} s")
        cpu, wake_ups = program.cpu(), program.wake_ups()
        time.sleep(IDLE_SECONDS)
        minutes = IDLE_SECONDS / 60
        return [], [
            Result("idle RSS, one operation, after a poll of 1,000 rows", program.rss(), "MiB", 12),
            Result("idle: voluntary context switches", (program.wake_ups() - wake_ups) / minutes, "a minute"),
            Result("idle: CPU", 1000 * (program.cpu() - cpu) / minutes, "ms a minute"),
        ]


def size(bench, _rounds, _say):
    """The release binary as it is shipped at its smallest."""
    if not shutil.which("strip"):
        bench.built.left_out.append("the size of the binary: there is no strip (Debian: binutils)")
        return [], [Result("release binary, stripped", None, "MB", 10)]
    stripped = bench.folder / "stripped"
    subprocess.run(["strip", "-o", stripped, bench.built.exporter], check=True)
    return [], [
        Result("release binary, stripped", os.path.getsize(stripped) / 1e6, "MB", 10),
        Result("release binary, as cargo leaves it", os.path.getsize(bench.built.exporter) / 1e6, "MB"),
    ]
