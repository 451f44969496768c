"""What boards, rules and their texts are made with: how often Wolkvox is polled, and from where on something is bad.

A number stands here once. Nothing else of `dashboards/source` and `alerts/source` repeats it.
"""

from dataclasses import dataclass


def duration(seconds):
    """As PromQL and Grafana write it: 150 is 2m30s."""
    text = ""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= length:
            text += f"{seconds // length}{unit}"
            seconds %= length
    return text


def percent(share):
    """For texts: 0.9 is 90 %."""
    return f"{share * 100:g} %"


@dataclass
class Polling:
    """How often Wolkvox is polled (WOLKVOX_POLL_INTERVAL), seconds; `make.py --poll-interval` sets it."""

    interval: int = 300

    @property
    def step(self):
        """The least distance of two points of a curve."""
        return duration(self.interval)

    @property
    def lag(self):
        """How far back curves end: half a poll."""
        return duration(self.interval // 2)

    @property
    def gap(self):
        """What is no gap in a curve, milliseconds: three polls."""
        return 3 * self.interval * 1000

    @property
    def short(self):
        """The shortest window of rules: no less than four polls."""
        return "30m" if 4 * self.interval <= 1800 else "1h"

    @property
    def late(self):
        """Data that is older is late, seconds: two polls, and what one takes."""
        return 2 * self.interval + self.interval // 5

    @property
    def old(self):
        """Data that is older shows the past, seconds."""
        return STALE_POLLS * self.interval


polling = Polling()


@dataclass
class Links:
    """Where the links of alerts lead; `make.py --grafana` and `--runbooks` set them."""

    # That of compose.yaml.
    grafana: str = "http://localhost:3000"
    runbooks: str = "https://runbooks.example"


links = Links()

# Data older than so many polls is stale: DataStale, the trust of the business alerts, the boards' age.
STALE_POLLS = 4
# Share of the arrivals of a window that must have been prompt (within an hour of the close), else a backlog is caught up.
PROMPT = 0.9


def burns():
    """Error budgets: the factor, the windows that must be above it, how long, and how bad that is."""
    return (
        (4, "1h", polling.short, "10m", "critical"),
        (3, "6h", "1h", "15m", "critical"),
        (2, "1d", "2h", "30m", "warning"),
        (1, "3d", "6h", "1h", "info"),
    )


# Fewer chats that were answered late may be chance.
FEWEST_LATE = 8
# Service level of an hour, below the objective.
POINTS_BELOW = 0.2
# Fewer chats than that say nothing: of a window, and of the past week.
FEWEST = 20
FEWEST_OF_A_WEEK = 200
# An hour that usually has fewer chats may have none by chance; so may an operation with fewer in a week, until it is known what is
# usual.
FEWEST_TO_MISS = 10
FEWEST_TO_MISS_OF_A_WEEK = 600
# Mean answer time, in targets.
ASA_HIGH = 4
# Chats, as a share of the usual number.
VOLUME_LOW = 0.4
# Agents who close chats, as a share of the usual number; and how many are usual at the least: of few, some may close none by chance.
AGENTS_FEW = 0.5
FEWEST_AGENTS = 8
# Shares, above the past week.
POINTS_ABOVE = 0.2
# Time on agent, in those of the past week.
HANDLING_UP = 1.5
# Calls of a day, as a share of the limit.
QUOTA_NEAR = 0.8
QUOTA_SOON = 0.6
# Sample lines, as a share of the limit.
SERIES_NEAR = 0.9
# Chats that only the sweep found, of those of six hours.
LATE_ROWS = 0.1
# Chats with a value that can't be read, and without a documented field.
FIELD_UNREADABLE = 0.05
FIELD_VANISHED = 0.4
# Seconds between the clocks of exporter and server.
CLOCK_WRONG = 60
# Seconds that the watermark may be behind.
BEHIND = 3600
# Starts of a process within an hour: more are a loop.
RESTARTS = 3

# Service level minus the objective: red below the first, then orange, yellow, green.
AGAINST_THE_GOAL = (-POINTS_BELOW, -POINTS_BELOW / 2, 0)
# Mean answer time and that of nine of ten chats, seconds: green below the first, then yellow, orange, red.
WAITS = (30, 60, 120)
WAITS_90 = (60, 120, 300)
# Shares of the chats in which the customer wrote last, of those without a reply, and of those with a negative mood.
SPOKE_LAST = (0.5, 0.7, 0.85)
UNANSWERED = (0.05, 0.1, 0.2)
NEGATIVE = (0.2, 0.35, 0.5)
# Budget left: red below the first.
BUDGETS_LEFT = (0, 0.25, 0.5)
# A number that differs by no more than this share from that of an hour before is steady: of the arrows on the wall.
STEADY = 0.05
# Skills that fit on the wall.
SKILLS_ON_THE_WALL = 8
# Change against the usual number: from orange over yellow to green, and back.
CHANGES = (-0.4, -0.2, 0.4, 0.8)
