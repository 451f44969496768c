"""Polls the chat_1 report, counts each chat once and serves /metrics: what a plain exporter with json and prometheus_client costs, to
compare wolkvox-exporter with. It keeps no state."""

import argparse
import gzip
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime, timedelta

import prometheus_client

from metrics import Metrics


class Poller:
    def __init__(self, base, token, window):
        self.base = base
        self.token = token
        self.window = window
        self.metrics = Metrics("bench")
        self.seen = set()

    def ask(self):
        now = datetime.now()
        query = urllib.parse.urlencode(
            {
                "api": "chat_1",
                "date_ini": f"{now - self.window:%Y%m%d%H%M%S}",
                "date_end": f"{now:%Y%m%d%H%M%S}",
            }
        )
        headers = {"wolkvox-token": self.token, "Accept-Encoding": "gzip"}
        request = urllib.request.Request(f"{self.base}/api/v2/reports_manager.php?{query}", headers=headers)
        with urllib.request.urlopen(request) as response:
            body = response.read()
            if response.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
        return json.loads(body)["data"]

    def poll(self):
        rows = self.ask()
        added = 0
        for row in rows:
            conn_id = row["conn_id"]
            if conn_id in self.seen:
                continue
            self.seen.add(conn_id)
            self.metrics.count(row)
            added += 1
        print(f"poll: {added} new chats of {len(rows)} rows", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", required=True, help="scheme, host and port of the server")
    parser.add_argument("--port", type=int, required=True, help="port of /metrics")
    parser.add_argument("--interval", type=float, default=300, help="seconds between two polls")
    parser.add_argument("--window", type=float, default=1800, help="seconds that each poll reaches back")
    options = parser.parse_args()

    # A second series for each counter, which neither the Go peer nor the exporter shows.
    prometheus_client.disable_created_metrics()
    prometheus_client.start_http_server(options.port, addr="127.0.0.1")
    poller = Poller(options.base_url, os.environ["WOLKVOX_TOKEN"], timedelta(seconds=options.window))
    while True:
        begun = time.monotonic()
        try:
            poller.poll()
        except (OSError, ValueError, KeyError) as error:
            print(f"poll failed: {error}", file=sys.stderr, flush=True)
        time.sleep(max(0, begun + options.interval - time.monotonic()))


if __name__ == "__main__":
    main()
