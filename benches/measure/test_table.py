"""python3 -m unittest discover --start-directory benches --top-level-directory benches"""

import gzip
import json
import unittest
from types import SimpleNamespace

from measure import decode, fleet, report, table
from measure.table import Result


class Growing(unittest.TestCase):
    def fleets(self):
        sizes = [(size, f"{size:,}") for size in fleet.SIZES] + [(1_000, f"1,000{fleet.IN_MEMORY}"), (100, "100, chats")]
        return [
            SimpleNamespace(size=size, heading=heading, figures=self.figures(100 + size, 2.0 if heading == "1,000" else 0.5))
            for size, heading in sizes
        ]

    @staticmethod
    def figures(rss, cycle):
        names = {"RSS, MiB": rss, "RSS, scraped in all ways, MiB": 2 * rss, "CPU a cycle, ms": cycle}
        return {**names, "/sd: ms": 0.25, "/sd: CPU ms": 0.1, "/sd: KiB": rss}

    def test_what_an_operation_more_takes_is_told_from_the_smallest_and_the_largest_on_the_disk(self):
        results = fleet.results(self.fleets())
        self.assertEqual([result.measured for result in results], [1024, 2, 0.5, 2048])
        self.assertEqual([result.verdict() for result in results], [table.NOT_MET, table.NOT_MET, table.MET, ""])

    def test_each_figure_stands_in_the_column_of_its_size(self):
        plain, scrapes = (text.split("\n") for text in fleet.tables(self.fleets()))
        self.assertEqual(plain[0], "| operations | 1 | 10 | 100 | 1,000 | 1,000, states in memory | 100, chats |")
        self.assertIn("| CPU a cycle, ms | 0.50 | 0.50 | 0.50 | 2.00 | 0.50 | 0.50 |", plain)
        self.assertTrue(scrapes[2].startswith("| /sd: ms, CPU ms, KiB | 0.25, 0.10, 101 | 0.25, 0.10, 110 |"), scrapes[2])


class Judging(unittest.TestCase):
    def test_a_ratio_at_its_limit_is_met_and_one_above_is_not(self):
        at = Result("poll", 30, "ms", 0.3, "Go", 100)
        self.assertEqual((at.ratio(), at.verdict()), (0.3, table.MET))
        self.assertEqual(Result("poll", 30.1, "ms", 0.3, "Go", 100).verdict(), table.NOT_MET)

    def test_a_strict_target_is_not_met_at_its_limit(self):
        self.assertEqual(Result("p99", 15, "ms", 1.5, "idle", 10, strict=True).verdict(), table.NOT_MET)
        self.assertEqual(Result("p99", 14.9, "ms", 1.5, "idle", 10, strict=True).verdict(), table.MET)

    def test_a_figure_without_a_reference_is_held_against_its_limit(self):
        under = Result("peak", 18, "MiB", 36)
        self.assertEqual((under.ratio(), under.verdict(), under.target()), (0.5, table.MET, "≤ 36.0 MiB"))
        self.assertEqual(Result("peak", 36.1, "MiB", 36).verdict(), table.NOT_MET)

    def test_what_was_not_measured_is_never_met(self):
        self.assertEqual(Result("poll", None, "ms", 0.3, "Go", 100).verdict(), table.UNKNOWN)
        self.assertEqual(Result("poll", 30, "ms", 0.3, "Go", None).verdict(), table.UNKNOWN)
        self.assertEqual(Result("poll", 30, "ms", 0.3, "Go", 0).verdict(), table.UNKNOWN)
        self.assertEqual(Result("peak", None, "MiB", 36).verdict(), table.UNKNOWN)

    def test_a_figure_without_a_target_is_only_shown(self):
        self.assertEqual(Result("wake-ups", 3, "a minute").verdict(), "")

    def test_the_table_says_what_was_measured_the_target_the_ratio_and_the_verdict(self):
        line = table.targets([Result("first poll", 240.4, "ms", 0.3, "Go", 801)]).splitlines()[-1]
        self.assertEqual(line, "| first poll | 240 ms | ≤ 0.3 × Go (801 ms) | 0.30 | **not met** |")
        line = table.targets([Result("first poll", None, "ms", 0.3, "Go")]).splitlines()[-1]
        self.assertEqual(line, "| first poll | — | ≤ 0.3 × Go |  | not measured |")

    def test_the_median_of_nothing_is_nothing(self):
        self.assertEqual((table.middle([]), table.middle([3, 1, 2])), (None, 2))


class Reports(unittest.TestCase):
    def test_an_answer_has_its_rows_with_25_fields_and_ids_of_its_own(self):
        made = report.make(report.Shape(rows=50), report.Zone.now())
        ids = []
        for series in (0, 1):
            rows = json.loads(unpacked(made.answer(series).body))["data"]
            self.assertEqual({len(row) for row in rows}, {25})
            ids += [row["conn_id"] for row in rows]
        self.assertEqual(len(set(ids)), 100)

    def test_no_window_crosses_the_end_of_a_day(self):
        self.assertRegex(report.Zone.now().name(), r"^[+-](0\d|1[0-4]):00$")


def unpacked(chunked):
    """The plain bytes of a chunked gzip body."""
    packed = b""
    while True:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return gzip.decompress(packed)
        packed, chunked = packed + rest[:length], rest[length + 2 :]


class Decoding(unittest.TestCase):
    def test_what_the_benchmark_says_is_read_whatever_its_units(self):
        said = "56600000 bytes; serde_json walks over them in 18.25ms\nread 27.5ms, ratio 1.51\nskipped 9ms, ratio 0.49\n"
        result = decode.result(said)
        self.assertEqual((result.measured, result.reference, result.verdict()), (27.5, 18.25, table.MET))
        slow = decode.result("9 bytes; serde_json walks over them in 999.5µs\nread 1.002s, ratio 1002.50\n")
        self.assertAlmostEqual(slow.measured, 1002)
        self.assertAlmostEqual(slow.reference, 0.9995)
        self.assertEqual(slow.verdict(), table.NOT_MET)


if __name__ == "__main__":
    unittest.main()
