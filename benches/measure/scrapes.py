"""What a scrape costs: of a warm page against a server of constant bytes, the first one after a publication, and one during a poll."""

import json
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass

from . import report
from .polls import sample_lines
from .process import Failed
from .programs import OURS, TOOLS, constant
from .table import Result, markdown, middle, number

SHAPES = {
    2_000: report.Shape(rows=2_000, skills=4, agents=22),
    20_000: report.Shape(rows=20_000, skills=43, agents=220),
    200_000: report.Shape(rows=59_000, skills=410, agents=2_600),
}
CONNECTIONS = [1, 8, 64]
ENCODINGS = ["plain", "gzip"]
# How long one load lasts, and how many there are in a round: many short ones, so that what disturbs one is not in the median.
SECONDS = 0.2
LOADS = 4
HYPER = "hyper"


@dataclass(frozen=True)
class Load:
    """What a load saw, microseconds."""

    per_scrape: float
    cpu: float
    p99: float


def measure(bench, rounds, say):
    """Returns tables and results."""
    tables, results = [], []
    for measured in (warm, first_after_publication, during_a_poll):
        one, others = measured(bench, rounds, say)
        tables += one
        results += others
    return tables, results


class Loader:
    """A load that has its connections and waits."""

    def __init__(self, program, connections, encoding, seconds):
        self.program = program
        address = f"127.0.0.1:{program.port}"
        command = [TOOLS, "load", address, str(connections), str(seconds), encoding]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise Failed(f"no load on {program.name}: {self.process.stderr.read()}")

    def begin(self):
        self.cpu = self.program.cpu()
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self, at_once=False):
        """Waits for its end, or makes it end."""
        if at_once:
            self.process.stdin.close()
        text = self.process.stdout.read()
        cpu = self.program.cpu() - self.cpu
        if self.process.wait() != 0:
            raise Failed(f"the load on {self.program.name} failed: {self.process.stderr.read()}")
        seen = json.loads(text)
        requests = max(1, seen["requests"])
        return Load(1e6 * seen["seconds"] / requests, 1e6 * cpu / requests, seen["p99"])


def load(program, connections, encoding, seconds=SECONDS):
    loader = Loader(program, connections, encoding, seconds)
    loader.begin()
    return loader.end()


def constant_page(bench, program):
    """A hyper server that hands out the page that a program shows now."""
    files = []
    for encoding in ("identity", "gzip"):
        body, _ = program.get(encoding=encoding)
        files.append(bench.folder / f"page-{program.pid}.{encoding}")
        files[-1].write_bytes(body)
    return constant(HYPER, *files)


def warm(bench, rounds, say):
    rows, results = [], []
    for size, shape in SHAPES.items():
        made = report.make(shape, bench.zone)
        with bench.start(OURS, made) as polled:
            # A label set is 0 in its first cycle.
            polled.poll(made.answer(), new=shape.rows)
            polled.poll(made.answer(), new=0)
            polled.server.request()
            # Its gauges of the latest window are withdrawn after two intervals: from then on the page stays as it is.
            time.sleep(2.5)
            page, _ = polled.program.get(encoding="identity")
            hyper = constant_page(bench, polled.program)
            try:
                seen = side_by_side(polled.program, hyper, size, rounds, say)
            finally:
                hyper.stop()
        for (encoding, connections), loads in seen.items():
            ours, theirs = loads[OURS], loads[HYPER]
            what = f"scrape of {size:,} lines, {encoding}, {connections} connection{'s' if connections > 1 else ''}"
            figures = [middle(load.per_scrape for load in loads) for loads in (ours, theirs)]
            results.append(Result(what, figures[0], "µs", 1.3, HYPER, figures[1]))
            others = [middle(getattr(load, kind) for load in loads) for kind in ("cpu", "p99") for loads in (ours, theirs)]
            exact = f"{sample_lines(page):,}"
            rows.append([exact, encoding, connections, *map(number, [*figures, *others])])
    columns = ["µs a scrape", "hyper", "CPU µs", "hyper", "p99 µs", "hyper"]
    return [markdown(["lines", "encoding", "connections", *columns], rows)], results


def side_by_side(program, hyper, size, rounds, say):
    seen = {}
    for encoding in ENCODINGS:
        for connections in CONNECTIONS:
            loads = seen[encoding, connections] = {OURS: [], HYPER: []}
            say(f"scrapes of {size:,} lines, {encoding}, {connections} at once")
            for turn in range(LOADS * rounds):
                pair = [program, hyper] if turn % 2 else [hyper, program]
                for one in pair:
                    loads[one.name].append(load(one, connections, encoding))
    return seen


def first_after_publication(bench, rounds, say):
    """Each poll brings new chats for all label sets, so that everything is to be rendered anew."""
    made = report.make(report.Shape(rows=20_000), bench.zone)
    answers = [made.answer(series) for series in range(rounds + 2)]
    took, cpu, lines = defaultdict(list), defaultdict(list), {}
    names = [name for name in bench.built.programs() if name != "Python"]
    programs = {name: bench.start(name, made) for name in names}
    try:
        for turn, answer in enumerate(answers):
            for name, polled in programs.items():
                say(f"first scrape after a publication, {turn + 1} of {len(answers)}, {name}")
                polled.poll(answer, new=20_000)
                before = polled.program.cpu()
                page, seconds = polled.program.get()
                polled.program.settle()
                # The first two show new label sets, and grow buffers.
                if turn >= 2:
                    took[name].append(1000 * seconds)
                    cpu[name].append(1000 * (polled.program.cpu() - before))
        for name, polled in programs.items():
            page, _ = polled.program.get(encoding="identity")
            lines[name] = sample_lines(page)
    finally:
        for polled in programs.values():
            polled.close()
    rows = [[name, f"{lines[name]:,}", number(middle(took[name])), number(middle(cpu[name]))] for name in names]
    table = markdown(["program", "lines", "first scrape after a publication, gzip: ms", "CPU ms"], rows)
    what = "first scrape after a publication, 20,000 lines, gzip"
    return [table], [Result(what, middle(took[OURS]), "ms", 0.5, "Go", middle(took["Go"]))]


def during_a_poll(bench, rounds, say):
    """One connection that scrapes all the time: while the program waits, and for as long as a poll of 59,000 new rows takes."""
    made = report.make(report.Shape(rows=59_000), bench.zone)
    answers = [made.answer(series, level=1) for series in range(rounds + 2)]
    idle, busy = [], []
    with bench.start(OURS, made) as polled:
        program = polled.program
        for turn, answer in enumerate(answers):
            say(f"scrapes during a poll, {turn + 1} of {len(answers)}")
            if turn < 2:
                polled.poll(answer, new=59_000)
                continue
            request = polled.server.request()
            program.settle()
            program.get()
            idle.append(load(program, 1, "gzip", 1).p99)
            loader = Loader(program, 1, "gzip", 60)
            poll = program.polls() + 1
            loader.begin()
            request.release(answer)
            program.wait_for_poll(poll)
            # The line is written before the publication.
            time.sleep(0.05)
            busy.append(loader.end(at_once=True).p99)
    what = "p99 of a scrape during a poll of 59,000 rows, 1 connection, gzip"
    return [], [Result(what, middle(busy), "µs", 1.5, "while it waits", middle(idle), strict=True)]
