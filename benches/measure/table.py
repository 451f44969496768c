"""The table: what was measured, what it is held against, and whether that holds."""

from dataclasses import dataclass
from statistics import median

MET = "met"
NOT_MET = "**not met**"
UNKNOWN = "not measured"


@dataclass(frozen=True)
class Result:
    """A figure and its target.

    `limit` is in units of `unit`, or, with a `reference`, how many times the reference it may be. A target that is `strict` must be
    below its limit, not at it. Without a limit it is a figure that is only shown.
    """

    what: str
    measured: float | None
    unit: str
    limit: float | None = None
    against: str | None = None
    reference: float | None = None
    strict: bool = False

    def ratio(self):
        """Measured over the reference, or over the limit where there is nothing to compare with; `None` where it can't be told."""
        base = self.reference if self.against else self.limit
        if self.measured is None or not base:
            return None
        return self.measured / base

    def verdict(self):
        if self.limit is None:
            return "" if self.measured is not None else UNKNOWN
        ratio = self.ratio()
        if ratio is None:
            return UNKNOWN
        limit = self.limit if self.against else 1
        holds = ratio < limit if self.strict else ratio <= limit
        return MET if holds else NOT_MET

    def target(self):
        if self.limit is None:
            return ""
        sign = "<" if self.strict else "≤"
        if not self.against:
            return f"{sign} {number(self.limit)} {self.unit}"
        if self.reference is None:
            return f"{sign} {self.limit:g} × {self.against}"
        return f"{sign} {self.limit:g} × {self.against} ({number(self.reference)} {self.unit})"


def number(value):
    """Three digits that matter, and no fewer before the point."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def middle(values):
    """The median; `None` of nothing."""
    values = list(values)
    return median(values) if values else None


def markdown(headings, rows):
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def targets(results):
    """The table of all figures that have a target, or are shown beside them."""
    rows = []
    for result in results:
        measured = "—" if result.measured is None else f"{number(result.measured)} {result.unit}"
        ratio = result.ratio()
        rows.append([result.what, measured, result.target(), "" if ratio is None else f"{ratio:.2f}", result.verdict()])
    return markdown(["what", "measured", "target", "ratio", ""], rows)
