"""Reads each board into the types of Grafana's own SDK (PyPI: grafana-foundation-sdk) and writes it again: what does not come back is
unknown to Grafana's schema, mistyped, or in the wrong place. Usage: round_trip.py BOARD.json…"""

import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

# What Grafana's Prometheus data source reads from an annotation; its schema knows no data source's own settings.
NOT_IN_SCHEMA = {"step", "tagKeys", "titleFormat", "textFormat"}


def lost(before, after, path=""):
    if isinstance(before, dict):
        for key, value in before.items():
            where = f"{path}/{key}"
            if not isinstance(after, dict) or key not in after:
                if value not in (None, "", [], {}, False) and key not in NOT_IN_SCHEMA:
                    yield f"{where} is lost: {json.dumps(value)[:80]}"
            else:
                yield from lost(value, after[key], where)
    elif isinstance(before, list):
        if not isinstance(after, list) or len(after) != len(before):
            yield f"{path} has another length"
        else:
            for index, (one, other) in enumerate(zip(before, after)):
                yield from lost(one, other, f"{path}/{index}")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def main():
    register_default_plugins()
    bad = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            before = json.load(file)
        after = json.loads(JSONEncoder().encode(Dashboard.from_json(before)))
        for line in lost(before, after):
            print(f"{path}: {line}")
            bad = True
    sys.exit(bad)


if __name__ == "__main__":
    main()
