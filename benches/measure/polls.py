"""What a poll costs each program: the first one, and one whose rows are all known."""

import threading
from collections import defaultdict

from . import report
from .programs import OURS
from .table import Result, markdown, middle, number

SIZES = [1_000, 10_000, 59_000]
# In one start of a program.
REPEATS = 3
# So short a poll is averaged over some, with what is collected or written now and then.
SHORT_REPEATS = 8


def measure(bench, rounds, say):
    """Returns tables and results."""
    tables, results = [], []
    for measured in (by_size, short_polls, peak):
        one, others = measured(bench, rounds, say)
        tables += one
        results += others
    return tables, results


def by_size(bench, rounds, say):
    costs = defaultdict(list)
    for size in SIZES:
        made = report.make(report.Shape(size), bench.zone)
        answer = made.answer()
        for round_ in range(rounds):
            for name in bench.built.programs():
                say(f"{size:,} rows, round {round_ + 1} of {rounds}, {name}")
                with bench.start(name, made) as polled:
                    costs[size, name, "first"].append(polled.poll(answer, new=size))
                    for _ in range(REPEATS):
                        costs[size, name, "repeat"].append(polled.poll(answer, new=0))
                    costs[size, name, "rss"].append(polled.program.peak_rss())
    return [sizes_table(bench, costs)], sizes_results(costs)


def cpu(costs):
    """Milliseconds."""
    return middle(1000 * cost.cpu for cost in costs)


def wall(costs):
    """Milliseconds."""
    return middle(1000 * cost.wall for cost in costs)


def sizes_table(bench, costs):
    rows = []
    for size in SIZES:
        for name in bench.built.programs():
            first, repeat = costs[size, name, "first"], costs[size, name, "repeat"]
            figures = [wall(first), cpu(first), wall(repeat), cpu(repeat), middle(costs[size, name, "rss"])]
            rows.append([f"{size:,}", name, *map(number, figures)])
    headings = ["rows", "program", "first: wall ms", "CPU ms", "repeat: wall ms", "CPU ms", "peak RSS MiB"]
    return markdown(headings, rows)


def sizes_results(costs):
    most = SIZES[-1]
    first, repeat = (cpu(costs[most, OURS, kind]) for kind in ("first", "repeat"))
    return [
        Result(f"first poll of {most:,} rows, CPU", first, "ms", 0.3, "Go", cpu(costs[most, "Go", "first"])),
        Result(f"repeat of {most:,} rows, CPU", repeat, "ms", 0.35, "Go", cpu(costs[most, "Go", "repeat"])),
        Result(f"repeat of {most:,} rows, CPU", repeat, "ms", 0.45, "Python", cpu(costs[most, "Python", "repeat"])),
    ]


def short_polls(bench, rounds, say):
    """Polls of 1,000 rows in a program that has polled before: all known, or all new; with a scrape after each, or none."""
    made = report.make(report.Shape(1_000), bench.zone)
    known = made.answer()
    fresh = [made.answer(series) for series in range(1, 2 * SHORT_REPEATS + 1)]
    kinds = [("known", False), ("new", False), ("known", True), ("new", True)]
    costs = defaultdict(list)
    for round_ in range(rounds):
        for name in [name for name in bench.built.programs() if name != "Python"]:
            say(f"1,000 rows again and again, round {round_ + 1} of {rounds}, {name}")
            answers = iter(fresh)
            with bench.start(name, made) as polled:
                polled.poll(known, new=1_000, scrape=True)
                for rows, scrape in kinds:
                    spent = 0
                    for _ in range(SHORT_REPEATS):
                        answer, new = (known, 0) if rows == "known" else (next(answers), 1_000)
                        spent += polled.poll(answer, new, scrape).cpu
                    costs[name, rows, scrape].append(1000 * spent / SHORT_REPEATS)
    results = []
    for rows, scrape in kinds:
        text = "one scrape (gzip) after each" if scrape else "nobody scrapes"
        ours, theirs = (middle(costs[name, rows, scrape]) for name in (OURS, "Go"))
        limit = 1.0 if scrape else 0.5
        results.append(Result(f"poll of 1,000 {rows} rows, {text}, CPU", ours, "ms", limit, "Go", theirs))
    return [], results


def peak(bench, rounds, say):
    """The most memory that the largest report takes, while one scraper asks each half second."""
    most = SIZES[-1]
    made = report.make(report.Shape(most), bench.zone)
    answers = [(made.answer(), most), (made.answer(), 0), (made.answer(1), most), (made.answer(1), 0)]
    peaks, lines = [], 0
    for round_ in range(rounds):
        say(f"memory, round {round_ + 1} of {rounds}")
        with bench.start(OURS, made) as polled:
            stop = threading.Event()
            scraper = threading.Thread(target=scrape_until, args=(polled.program, stop))
            scraper.start()
            try:
                for answer, new in answers:
                    polled.poll(answer, new)
            finally:
                stop.set()
                scraper.join()
            peaks.append(polled.program.peak_rss())
            # After it: a page that no scraper asked for takes memory too.
            body, _ = polled.program.get(encoding="identity")
            lines = sample_lines(body)
    return [], [Result(f"peak RSS: {most:,} rows, {lines:,} series, one scraper", middle(peaks), "MiB", 36)]


def scrape_until(program, stop):
    while not stop.wait(0.5):
        program.get()


def sample_lines(page):
    return sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))
