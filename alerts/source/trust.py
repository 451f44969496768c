"""Whether the data of a time is about that time: business alerts ask this first."""

from alerts.source.rule import Group, Record, by_operation, promql
from dashboards.source.parameters import PROMPT, STALE_POLLS

WEEK = 604800
# The windows that alerts look back upon, seconds; and how long must have been counted. What the last two hours show is compared with
# the past week.
WINDOWS = {"1h": (3600, 3600), "2h": (7200, WEEK), "6h": (21600, 21600), "1d": (86400, 86400), "3d": (259200, 259200)}


def prompt_arrivals(window, weeks_ago=0):
    """The share of the chats that were first seen within an hour of their close."""
    delay = "wolkvox_chat_arrival_delay_seconds"
    prompt = by_operation(rf'{delay}_bucket{{le=~"3600(\\.0)?"}}', window, weeks_ago)
    return f"{prompt}\n  / ({by_operation(f'{delay}_count', window, weeks_ago)} > 0)"


def arrivals(window):
    name = f"operation:wolkvox_chat_arrivals_within_hour:ratio_increase{window}"
    return Record(name, prompt_arrivals(window), begins=True)


def trusted(window, seconds, counted):
    return Record(
        f"operation:wolkvox_data_trusted:polls_{window}",
        promql(f"""
            operation:wolkvox_data_age:polls < {STALE_POLLS}
              and operation:wolkvox_data_age:seconds < {seconds // 2}
              and operation:wolkvox_counted:seconds >= {counted}
              unless on (job, operation) operation:wolkvox_chat_arrivals_within_hour:ratio_increase{window} < {PROMPT}
        """),
        f"Has a sample (the age) while the data of the last {window} is about the last {window}"
        + (" and the week before it is known." if counted == WEEK else "."),
    )


def group():
    return Group(
        "wolkvox-trust",
        [
            Record(
                "operation:wolkvox_data_age:seconds",
                promql("""
                    time() - (
                      max by (job, operation) (wolkvox_last_success_timestamp_seconds)
                        or
                      max by (job, operation) (wolkvox_counting_since_timestamp_seconds)
                    )
                """),
                "Before the first good poll it is counted from the start of counting.",
            ),
            Record(
                "operation:wolkvox_data_age:polls",
                "operation:wolkvox_data_age:seconds / max by (job, operation) (wolkvox_poll_interval_seconds)",
                "How old the newest data is, in polls. The interval is the one in effect: it grows where the calls of a day run out.",
            ),
            Record(
                "operation:wolkvox_counted:seconds",
                "time() - max by (job, operation) (wolkvox_counting_since_timestamp_seconds)",
                "A window that began before counting did says nothing of its length.",
            ),
            *(rule for window, (seconds, counted) in WINDOWS.items() for rule in (arrivals(window), trusted(window, seconds, counted))),
        ],
    )
