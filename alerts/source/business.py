"""Chats of now against the usual: how many, how long they wait and take, how they end."""

from textwrap import indent

from alerts.source.rule import (
    OPERATION, SKILL, Alert, Group, Record, board, by_operation, by_skill, first, promql, selected, value,
)
from alerts.source.trust import prompt_arrivals
from dashboards.source.parameters import (
    ASA_HIGH, FEWEST, FEWEST_LATE, FEWEST_OF_A_WEEK, FEWEST_TO_MISS, FEWEST_TO_MISS_OF_A_WEEK, HANDLING_UP, POINTS_ABOVE, PROMPT, VOLUME_LOW,
)

# What this hour usually has, where it is known.
USUALLY = (
    f"{{{{ with {selected('operation:wolkvox_chats_usual:mean_increase1h{}', 'job', 'operation')} | query }}}}"
    ', where {{ . | first | value | printf "%.0f" }} are usual at this time of the week{{ end }}'
)
CHATS = 'wolkvox_chats_total{outcome!="timeout"}'


def ratio(name, of, part, divisor, window):
    """The divisor, and what is divided by it."""
    return [
        Record(f"operation_skill:wolkvox_{divisor}:increase{window}", by_skill(of, window)),
        Record(
            f"operation_skill:wolkvox_{name}_increase{window}",
            f"{by_skill(part, window)}\n  / (operation_skill:wolkvox_{divisor}:increase{window} > 0)",
        ),
    ]


def ends(window):
    """How chats end, and how much work they are."""
    last, feelings, work = "wolkvox_chat_last_speakers_total", "wolkvox_chat_feelings_total", "wolkvox_chat_time_on_agent_seconds"
    own = 'outcome!="timeout"'
    rules = [
        *ratio("customer_spoke_last:ratio", f'{last}{{{own}, participant!="unknown"}}', f'{last}{{{own}, participant="customer"}}', "last_speakers", window),
        *ratio("negative_feelings:ratio", f'{feelings}{{{own}, feeling!="unknown"}}', f'{feelings}{{{own}, feeling=~"(very_)?negative"}}', "feelings", window),
        *ratio("chat_time_on_agent_seconds:mean", f"{work}_count{{{own}}}", f"{work}_sum{{{own}}}", "handled_chats", window),
    ]
    rules[0].begins = True
    return rules


def group():
    return Group(
        "wolkvox-business",
        [
            Record("operation:wolkvox_chats:increase1h", by_operation(CHATS, "1h")),
            Record("operation:wolkvox_chats:increase1w", by_operation(CHATS, "1w")),
            Record(
                "operation:wolkvox_chats_expected:increase1h",
                promql(f"""
                    (
                      operation:wolkvox_chats_usual:mean_increase1h >= {FEWEST_TO_MISS}
                        unless on (job, operation) max_over_time(wolkvox_open_since_timestamp_seconds[1w])
                    )
                    or
                    (
                      operation:wolkvox_chats:increase1w >= {FEWEST_TO_MISS_OF_A_WEEK}
                        and on (job, operation) time() - max by (job, operation) (wolkvox_open_since_timestamp_seconds) >= 3600
                        unless operation:wolkvox_chats_usual:mean_increase1h < {FEWEST_TO_MISS}
                    )
                """),
                "Has a sample while an hour without a chat can't be. Without business hours (WOLKVOX_BUSINESS_HOURS) it is what the same hour\n"
                "usually has. With them the operation has been open for an hour.",
            ),
            Record(
                "operation_skill:wolkvox_chat_asa_seconds:mean_increase1h",
                by_skill('wolkvox_chat_asa_seconds_sum{outcome!="timeout"}', "1h")
                + "\n"
                + "  / (operation_skill:wolkvox_answered_chats:increase1h > 0)",
            ),
            *ends("2h"),
            *ends("1w"),
        ],
    )


def by_week(expression):
    """The same time of each of the last four weeks, under the label weeks_ago."""
    return "\nor\n".join(f'label_replace({expression(week)}, "weeks_ago", "{week}", "", "")' for week in range(1, 5))


def usual():
    """What is usual at this time of the week: of the last four weeks, those that have data."""

    def chats(week):
        return by_operation(CHATS, "1h", week)

    def arrivals(week):
        return f"\n{indent(prompt_arrivals('1h', week), '  ')}\n"

    counted = (
        "(job, operation) (\n"
        "  operation_week:wolkvox_chats:increase1h\n"
        "    unless on (job, operation, weeks_ago)\n"
        f"  operation_week:wolkvox_chat_arrivals_within_hour:ratio_increase1h < {PROMPT}\n"
        ")"
    )
    return Group(
        "wolkvox-usual",
        [
            Record(
                "operation_week:wolkvox_chats:increase1h",
                by_week(chats),
                "From the raw counters: it works as soon as they are a week old.",
            ),
            Record("operation_week:wolkvox_chat_arrivals_within_hour:ratio_increase1h", by_week(arrivals)),
            Record(
                "operation:wolkvox_chats_usual:mean_increase1h",
                f"avg by {counted}",
                "Mean and spread of this hour in the last four weeks: of those that have data, and in which no backlog was caught up then.",
            ),
            Record("operation:wolkvox_chats_usual:stddev_increase1h", f"stddev by {counted}"),
        ],
        interval="5m",
    )


def of_skill(name, expr, wait, summary, description):
    return Alert(name, promql(expr), wait, "warning", "business", summary, description, board("skill", "job", "operation", "skill_id"))


def above_the_week(name, share, chats, summary, description):
    return of_skill(
        name,
        f"""
            operation_skill:wolkvox_{share}:ratio_increase2h
              > operation_skill:wolkvox_{share}:ratio_increase1w + {POINTS_ABOVE}
            and operation_skill:wolkvox_{chats}:increase2h >= {FEWEST}
            and operation_skill:wolkvox_{chats}:increase1w >= {FEWEST_OF_A_WEEK}
            and on (job, operation) operation:wolkvox_data_trusted:polls_2h
        """,
        "30m",
        summary,
        f"In {value('percentage')} of the chats that skill {SKILL} of {OPERATION} closed within 2 hours{description}: "
        f"more than {POINTS_ABOVE * 100:g} points above the past week.",
    )


def alerts():
    return Group(
        "wolkvox-business-alerts",
        [
            of_skill(
                "WolkvoxASAHigh",
                f"""
                    operation_skill:wolkvox_chat_asa_seconds:mean_increase1h
                      > {ASA_HIGH} * operation_skill:wolkvox_asa_target:seconds
                    and operation_skill:wolkvox_late_chats:increase1h >= {FEWEST_LATE}
                    and on (job, operation) operation:wolkvox_data_trusted:polls_1h
                """,
                "15m",
                f"Customers of skill {SKILL} of {OPERATION} wait long for an answer",
                f"Over the last hour, chats of skill {SKILL} of {OPERATION} waited {value('duration')} on average for the first answer: "
                f"more than {ASA_HIGH} times the target.",
            ),
            Alert(
                "WolkvoxChatsMissing",
                promql("""
                    operation:wolkvox_chats:increase1h < 0.5
                    and operation:wolkvox_chats_expected:increase1h
                    and on (job, operation) operation:wolkvox_data_trusted:polls_1h
                """),
                "15m",
                "critical",
                "business",
                f"No chat was closed in {OPERATION} for an hour",
                f"The report of {OPERATION} is read without errors, but shows no chat closed within the last hour{USUALLY}.",
                board("operations", "job", "operation"),
                "Half a chat is none: increase() extrapolates.",
            ),
            Alert(
                "WolkvoxChatVolumeLow",
                promql(f"""
                    operation:wolkvox_chats:increase1h / operation:wolkvox_chats_usual:mean_increase1h < {VOLUME_LOW}
                    and operation:wolkvox_chats:increase1h < operation:wolkvox_chats_usual:mean_increase1h - operation:wolkvox_chats_usual:stddev_increase1h
                    and operation:wolkvox_chats_usual:mean_increase1h >= {FEWEST}
                    and on (job, operation) operation:wolkvox_data_trusted:polls_1h
                """),
                "30m",
                "warning",
                "business",
                f"Far fewer chats in {OPERATION} than usual",
                f"Over the last hour {OPERATION} closed {first(selected('operation:wolkvox_chats:increase1h{}', 'job', 'operation'), '%.0f')} chats{USUALLY}.",
                board("operations", "job", "operation"),
            ),
            above_the_week(
                "WolkvoxCustomerSpokeLast",
                "customer_spoke_last",
                "last_speakers",
                f"Customers of skill {SKILL} of {OPERATION} are left without a reply",
                " the customer wrote last",
            ),
            above_the_week(
                "WolkvoxNegativeFeeling",
                "negative_feelings",
                "feelings",
                f"Customers of skill {SKILL} of {OPERATION} are unhappier than usual",
                ", and whose mood was recognised, it was negative",
            ),
            of_skill(
                "WolkvoxHandlingTimeUp",
                f"""
                    operation_skill:wolkvox_chat_time_on_agent_seconds:mean_increase2h
                      > {HANDLING_UP} * operation_skill:wolkvox_chat_time_on_agent_seconds:mean_increase1w
                    and operation_skill:wolkvox_handled_chats:increase2h >= {FEWEST}
                    and operation_skill:wolkvox_handled_chats:increase1w >= {FEWEST_OF_A_WEEK}
                    and on (job, operation) operation:wolkvox_data_trusted:polls_2h
                """,
                "30m",
                f"Chats of skill {SKILL} of {OPERATION} take longer than usual",
                f"Agents spent {value('duration')} on a chat of skill {SKILL} of {OPERATION} on average over the last 2 hours: "
                f"more than {HANDLING_UP:g} times the past week.",
            ),
        ],
    )
