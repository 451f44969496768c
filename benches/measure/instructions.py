"""Instruction counts of the criterion benchmarks, by valgrind's callgrind: the same for the same program, however busy the machine is."""

import json
import re
import shutil
import subprocess
import sys

from .programs import ROOT
from .table import markdown

# A dump is written where one of these is entered: each has what was counted since the one before. The first has the preparation of all
# benchmarks, and each further one a benchmark, which criterion runs once where it is only tested.
BEFORE = ["*BenchmarkGroup*bench_*", "*final_summary*"]


def measure(bench, say):
    """Returns a table. Takes minutes: under valgrind a program is about fifty times slower."""
    if not shutil.which("valgrind"):
        bench.built.left_out.append("instructions: there is no valgrind (Debian: valgrind)")
        return [], []
    say("building the benchmarks")
    counts = []
    for target, program in programs():
        names = re.findall(r"^(.*): benchmark$", run(program, "--list"), re.MULTILINE)
        say(f"counting the instructions of {len(names)} benchmarks of {target}")
        totals = counted(program, len(names), bench.folder / f"{target}.callgrind")
        counts += [[target, name, f"{total / 1e6:,.1f}"] for name, total in zip(names, totals, strict=True)]
    return [markdown(["", "benchmark", "million instructions"], counts)], []


def programs():
    """The programs that cargo bench would run, by the names of their benchmarks."""
    metadata = json.loads(run("cargo", "metadata", "--no-deps", "--locked", "--format-version=1", cwd=ROOT))
    package = next(package for package in metadata["packages"] if package["name"] == "wolkvox-exporter")
    names = [target["name"] for target in package["targets"] if target["kind"] == ["bench"]]
    chosen = [word for name in names for word in ("--bench", name)]
    lines = run("cargo", "bench", "--locked", *chosen, "--no-run", "--message-format=json", cwd=ROOT).splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    found = {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}
    return [(name, found[name]) for name in names]


def counted(program, benchmarks, out):
    """The instructions of each benchmark, in their order."""
    dumps = [f"--dump-before={pattern}" for pattern in BEFORE]
    run("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", *dumps, program, "--test")
    parts = [out.with_name(f"{out.name}.{part}") for part in range(2, benchmarks + 2)]
    # The dump without a number is what came at the end: the last benchmark with it, where the summary was inlined.
    return [total(part if part.exists() else out) for part in parts]


def run(*command, cwd=None):
    ran = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True, cwd=cwd
    )
    return ran.stdout


def total(dump):
    return int(re.search(r"^totals: (\d+)", dump.read_text(), re.MULTILINE)[1])
