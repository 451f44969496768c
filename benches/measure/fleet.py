"""What each operation more costs: memory, processor time, threads, files, and scrapes of all and of one, from 1 to 1,000.

All sizes run at the same time, each in a process of its own: what they do is little, and the kernel counts it for each. The largest
runs a second time with its states in memory: what a commit costs the processor is the file system's, and file systems differ. And
some operations have chats: their pages are what scrapes of real ones are like."""

import gzip
import os
import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from . import report
from .process import PATIENCE, Failed, Program, free_port
from .programs import ALLOCATOR, OURS, constant
from .table import Result, markdown, middle, number

SIZES = [1, 10, 100, 1_000]
# The pace of the default settings, seconds: in one interval each operation has one cycle.
INTERVAL = 300
# Of many operations so many begin within a second of the start.
BEGIN_IN_A_SECOND = 10
# Until the last first cycle has ended, seconds.
SETTLING = 20
# So much later the pages of some operations are new, as they are for a Prometheus, seconds.
NEXT_SCRAPE = 60
REPEATS = 20
EMPTY = b'{"code":"200","error":null,"msg":"0 records were found","data":[]}'

KIB = 1 << 10
IN_MEMORY = ", states in memory"
# Of those with chats: a small operation, each poll of which has a few hours.
WITH_CHATS = 100
CHATS = report.Shape(rows=500, skills=4, agents=20)
# A file system in memory, of Linux.
MEMORY = Path("/dev/shm")


def measure(bench, _rounds, say):
    with ExitStack() as stack:
        fleets = started(bench, stack, say)
        say("first cycles")
        for fleet in fleets:
            fleet.wait_until_all_have_polled()
        say(f"one cycle of each, {INTERVAL} s, load {os.getloadavg()[0]:.1f}")
        for fleet in fleets:
            fleet.begin()
        time.sleep(INTERVAL)
        for fleet in fleets:
            fleet.end()
        say(f"scrapes, load {os.getloadavg()[0]:.1f}")
        for fleet in fleets:
            fleet.scrape()
        say(f"scrapes {NEXT_SCRAPE} s later")
        time.sleep(NEXT_SCRAPE)
        for fleet in fleets:
            fleet.scrape_later()
    return tables(fleets), results(fleets)


def started(bench, stack, say):
    """Those of all sizes, and then the special ones."""

    def start(size, vendor, state, remark="", **settings):
        say(f"start of {size:,} operations{remark}")
        return stack.enter_context(Fleet(bench, size, vendor, state, remark, settings))

    idle = vendor(stack, bench.folder / "no-chats", EMPTY)
    fleets = [start(size, idle, bench.state()) for size in SIZES]
    if MEMORY.is_dir():
        state = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=MEMORY))
        fleets.append(start(SIZES[-1], idle, state, IN_MEMORY))
    else:
        bench.built.left_out.append(f"states in memory: there is no {MEMORY}")
    made = report.make(CHATS, bench.zone)
    busy = vendor(stack, bench.folder / "chats", made.json)
    fleets.append(
        start(
            WITH_CHATS,
            busy,
            bench.state(),
            f", {CHATS.rows} chats each",
            # The same rows in each answer: in the window they stay, and are known after the first.
            WINDOW=f"{int(report.WINDOW.total_seconds())}s",
            COUNT_FROM=f"{made.since:%Y-%m-%dT%H:%M:%SZ}",
            TIMEZONE=bench.zone.name(),
        )
    )
    return fleets


def vendor(stack, file, answer):
    """The address of a server that answers each call of any operation with the same bytes."""
    plain, packed = file.with_suffix(".json"), file.with_suffix(".json.gz")
    plain.write_bytes(answer)
    packed.write_bytes(gzip.compress(answer, 6))
    server = constant("vendor", plain, packed)
    stack.callback(server.stop)
    return f"127.0.0.1:{server.port}"


class Fleet:
    """An exporter of so many operations, and what was measured of it."""

    def __init__(self, bench, size, vendor, state, remark, settings):
        self.size = size
        self.heading = f"{size:,}{remark}"
        self.figures = {}
        handle, file = tempfile.mkstemp(prefix="operations-", suffix=".toml", dir=bench.folder)
        with open(handle, "w") as out:
            for number_ in range(size):
                out.write(f'[[operation]]\nname = "{self.name(number_)}"\ntoken = "token-{number_}"\n')
        port = free_port()
        variables = {
            "OPERATIONS_FILE": file,
            "BASE_URL": f"http://{vendor}",
            "LISTEN_ADDRESS": f"127.0.0.1:{port}",
            "STATE_DIR": str(state),
            **settings,
        }
        variables = {f"WOLKVOX_{name}": value for name, value in variables.items()}
        self.program = Program(OURS, [bench.built.exporter], port, {**ALLOCATOR, **variables})
        try:
            self.program.wait_until_served("/-/ready", pause=0.005)
        except BaseException:
            self.program.stop()
            raise
        self.figures["start: until ready, s"] = time.monotonic() - self.program.started
        self.figures["start: CPU, s"] = self.program.cpu()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()

    @staticmethod
    def name(number_):
        return f"operation-{number_:04}"

    def wait_until_all_have_polled(self):
        first_cycles = min(self.size / BEGIN_IN_A_SECOND, INTERVAL) + SETTLING
        time.sleep(max(0, self.program.started + first_cycles - time.monotonic()))
        end = time.monotonic() + PATIENCE
        while self.program.polls() < self.size:
            if time.monotonic() > end:
                raise Failed(f"of {self.size} operations {self.program.polls()} have polled")
            time.sleep(0.5)

    def begin(self):
        self.polls, self.cpu = self.program.polls(), self.program.cpu()

    def end(self):
        polls = self.program.polls() - self.polls
        cpu = self.program.cpu() - self.cpu
        # One that has just polled when its time comes waits for the next one: few have no cycle in an interval, or two.
        if not self.size / 2 <= polls <= self.size * 2:
            raise Failed(f"{self.size} operations had {polls} cycles in {INTERVAL} s")
        self.figures |= {
            "cycles that were measured": polls,
            "CPU a cycle, ms": 1000 * cpu / polls,
            "CPU, share of a processor, %": 100 * cpu / INTERVAL,
            "RSS, MiB": self.program.rss(),
            "threads, idle": self.program.threads(),
            "open files, idle": self.program.open_files(),
        }

    def scrape(self):
        """The first scrapes ever: all is rendered."""
        self._scrape("of all, gzip: first ever", "/metrics", "gzip")
        self._repeat("of all, gzip: repeated", "/metrics", "gzip")
        self._scrape("of all, plain: first ever", "/metrics", "identity")
        self._repeat("of all, plain: repeated", "/metrics", "identity")
        one = f"/metrics?operation={self.name(0)}"
        self._scrape("of one, gzip: first ever", one, "gzip")
        self._repeat("of one, gzip: repeated", one, "gzip")
        self._repeat("of one, plain: repeated", one, "identity")
        self._repeat("/sd", "/sd", "identity")

    def scrape_later(self):
        """As a Prometheus does it: since its last scrape some operations have published."""
        self._scrape("of all, gzip: a minute later", "/metrics", "gzip")
        self.figures["RSS, scraped in all ways, MiB"] = self.program.rss()

    def _scrape(self, what, path, encoding):
        self._note(what, self._timed(path, encoding))

    def _repeat(self, what, path, encoding):
        timed = [self._timed(path, encoding) for _ in range(REPEATS)]
        self._note(what, [middle(values) for values in zip(*timed, strict=True)])

    def _timed(self, path, encoding):
        before = self.program.cpu()
        body, took = self.program.get(path, encoding)
        return took, self.program.cpu() - before, len(body)

    def _note(self, what, timed):
        took, cpu, size = timed
        self.figures |= {
            f"{what}: ms": 1000 * took,
            f"{what}: CPU ms": 1000 * cpu,
            f"{what}: KiB": size / KIB,
        }


def ends(fleets):
    """The smallest and the largest with their states on the disk."""
    return fleets[0], fleets[len(SIZES) - 1]


def growth(fleets, what):
    """What an idle operation more costs, from the smallest to the largest."""
    least, most = ends(fleets)
    return (most.figures[what] - least.figures[what]) / (most.size - least.size)


def results(fleets):
    least, most = ends(fleets)
    in_memory = [
        Result(f"CPU of an idle operation and cycle, of {fleet.heading}", fleet.figures["CPU a cycle, ms"], "ms", 1)
        for fleet in fleets
        if fleet.heading.endswith(IN_MEMORY)
    ]
    return [
        Result(f"RSS of an idle operation: {most.size:,} against {least.size}", KIB * growth(fleets, "RSS, MiB"), "KiB", 150),
        Result(f"CPU of an idle operation and cycle, of {most.size:,}", most.figures["CPU a cycle, ms"], "ms", 1),
        *in_memory,
        Result(
            f"RSS of an operation that is scraped: {most.size:,} against {least.size}",
            KIB * growth(fleets, "RSS, scraped in all ways, MiB"),
            "KiB",
        ),
    ]


def cell(value):
    """A count as it is, a measurement by the digits that matter."""
    return f"{value:,}" if isinstance(value, int) else number(value)


def tables(fleets):
    headings = ["operations", *(fleet.heading for fleet in fleets)]
    names = list(fleets[-1].figures)
    scrape = re.compile(r"(.*): (ms|CPU ms|KiB)$")
    plain = [name for name in names if not scrape.match(name)]
    rows = [[name, *(cell(fleet.figures[name]) for fleet in fleets)] for name in plain]
    scrapes = [found[1] for name in names if (found := scrape.match(name)) and found[2] == "ms"]
    scraped = [
        [
            f"{name}: ms, CPU ms, KiB",
            *(", ".join(number(fleet.figures[f"{name}: {unit}"]) for unit in ("ms", "CPU ms", "KiB")) for fleet in fleets),
        ]
        for name in scrapes
    ]
    return [markdown(headings, rows), markdown(headings, scraped)]
