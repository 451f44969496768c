#!/usr/bin/env python3
"""Writes the boards beside this file, and the rules in `alerts/`. They are plain JSON of Grafana and rules of Prometheus; what they
are made of is in `dashboards/source/`, a file a board, and `alerts/source/`, a file a group of rules.

    python3 dashboards/make.py                        write them
    python3 dashboards/make.py --check                exit status 1 if a file is not what this makes (a test runs it)
    python3 dashboards/make.py --poll-interval 10m    for another WOLKVOX_POLL_INTERVAL
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from alerts.source import rules  # noqa: E402
from alerts.source import spanish as alerts_in_spanish  # noqa: E402
from dashboards.source import agent, exporter, operations, skill, spanish, wall  # noqa: E402
from dashboards.source.language import board_in  # noqa: E402
from dashboards.source.parameters import links, polling  # noqa: E402


def seconds(text):
    """Of a duration in one unit: 10m."""
    match = re.fullmatch(r"(\d+)([smh])", text)
    if not match or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration like 90s, 10m or 1h")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def files():
    """Path from the root, and text."""
    boards = {"wall": wall.wall, "operations": operations.operations, "skill": skill.skill, "agent": agent.agent, "exporter": exporter.exporter}
    for name, make in boards.items():
        board = make()
        yield f"dashboards/wolkvox-{name}.json", written(board)
        yield f"dashboards/es/wolkvox-{name}.json", written(board_in(spanish.SPANISH, board))
    yield "alerts/wolkvox.rules.yml", rules.text()
    yield "alerts/es/wolkvox.rules.yml", rules.text(alerts_in_spanish.SPANISH)
    for language in (spanish.SPANISH, alerts_in_spanish.SPANISH):
        if language.unused():
            sys.exit(f"texts in Spanish that nothing says any more: {language.unused()}")


def written(board):
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def main():
    arguments = argparse.ArgumentParser(description="Writes the boards and the rules.")
    arguments.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a file is not what this makes")
    arguments.add_argument("--poll-interval", type=seconds, default=polling.interval, metavar="DURATION", help="WOLKVOX_POLL_INTERVAL; default: 5m")
    arguments.add_argument("--grafana", default=links.grafana, metavar="URL", help=f"where the boards are, for the links of alerts; default: {links.grafana}")
    arguments.add_argument("--runbooks", default=links.runbooks, metavar="URL", help="where docs/runbooks is, for the links of alerts")
    arguments.add_argument("--into", type=Path, default=ROOT, metavar="FOLDER", help="write below this folder; default: this project")
    options = arguments.parse_args()
    polling.interval = options.poll_interval
    links.grafana, links.runbooks = options.grafana.rstrip("/"), options.runbooks.rstrip("/")
    stale = []
    for name, text in files():
        path = options.into / name
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        sys.exit(f"not what make.py makes: {', '.join(stale)}; run python3 dashboards/make.py")


if __name__ == "__main__":
    main()
