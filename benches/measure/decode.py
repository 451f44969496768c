"""What it costs to read the rows of an answer, beside a walk over the same rows by serde_json: the benchmark of the client measures it."""

import re
import subprocess
import sys

from .programs import ROOT
from .table import Result

# Milliseconds, by how Rust prints a duration.
UNITS = {"s": 1000, "ms": 1, "µs": 0.001}
# Criterion's own benchmarks are left out; the comparison follows them.
NONE_OF_CRITERION = "^$"


def measure(_bench, _rounds, say):
    """Returns tables and results."""
    say("decoding")
    command = ["cargo", "bench", "--locked", "--package", "wolkvox", "--bench", "decode", "--", NONE_OF_CRITERION]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True, cwd=ROOT)
    return [], [result(ran.stdout)]


def result(text):
    """What the benchmark says."""
    what = "reading the values of 59,000 rows"
    walked, read = (milliseconds(text, words) for words in ("walks over them in", "read"))
    return Result(what, read, "ms", 2.5, "serde_json's IgnoredAny", walked)


def milliseconds(text, words):
    found = re.search(rf"\b{words} ([\d.]+)(s|ms|µs)\b", text)
    return float(found[1]) * UNITS[found[2]]
