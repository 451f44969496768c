"""Chats of now against the usual: how many, how long they wait and take, how they end."""

from textwrap import indent

from alerts.source.rule import (
    OPERATION, SKILL, Alert, Group, Record, board, by_operation, by_skill, first, promql, selected, span, value,
)
from alerts.source.trust import prompt_arrivals
from dashboards.source.parameters import (
    AGENTS_FEW, ASA_HIGH, FEWEST, FEWEST_AGENTS, FEWEST_LATE, FEWEST_OF_A_WEEK, FEWEST_TO_MISS, FEWEST_TO_MISS_OF_A_WEEK, HANDLING_UP,
    POINTS_ABOVE, PROMPT, VOLUME_LOW,
)

# What this hour usually has, where it is known.
USUALLY = (
    f"{{{{ with {selected('operation:wolkvox_chats_usual:mean_increase1h{}', 'job', 'operation')} | query }}}}"
    ', where {{ . | first | value | printf "%.0f" }} are usual at this time of the week{{ end }}'
)
CHATS = 'wolkvox_chats_total{outcome!="timeout"}'
# Those of whom chats are counted and compared with the usual number: the name of the level, and its labels.
LEVELS = {
    "operation": "job, operation",
    "operation_skill": "job, operation, skill_id",
    "operation_channel": "job, operation, channel",
}
CONVERSATIONS = "wolkvox_chat_conversations_total"
CUSTOMER_WROTE = 'kind=~"both|customer_only"'
SPOKEN = {"2h": "2 hours", "1d": "a day"}
# Recorded below.
CLOSED = "operation:wolkvox_open_since:closed1h"


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
        *ratio("unanswered_chats:ratio", f"{CONVERSATIONS}{{{own}, {CUSTOMER_WROTE}}}", f'{CONVERSATIONS}{{{own}, kind="customer_only"}}', "chats_customers_wrote_in", window),
        *ratio("chat_time_on_agent_seconds:mean", f"{work}_count{{{own}}}", f"{work}_sum{{{own}}}", "handled_chats", window),
    ]
    rules[0].begins = True
    return rules


def timeouts(window):
    """Of the chats in which the customer wrote: a sending that nobody answered ends by the timeout too, and is no work left undone."""
    wrote = f"{CONVERSATIONS}{{{CUSTOMER_WROTE}}}"
    timed_out = f'{CONVERSATIONS}{{{CUSTOMER_WROTE}, outcome="timeout"}}'
    return ratio("timeouts:ratio", wrote, timed_out, "chats_to_code", window)


def group():
    return Group(
        "wolkvox-business",
        [
            *(Record(f"{level}:wolkvox_chats:increase1h", f"sum by ({labels}) (increase({CHATS}[1h]))") for level, labels in LEVELS.items()),
            Record("operation:wolkvox_chats:increase1w", by_operation(CHATS, "1w")),
            Record(
                "operation:wolkvox_agents_active:count1h",
                f"{agents()}\n  or 0 * {by_operation('wolkvox_agent_chats_total', '1h')}",
                "Agents who closed a chat.",
            ),
            Record(
                CLOSED,
                promql("""
                    max by (job, operation) (max_over_time(wolkvox_open_since_timestamp_seconds[1w]))
                      unless on (job, operation)
                    time() - max by (job, operation) (wolkvox_open_since_timestamp_seconds) >= 3600
                """),
                "Has a sample where business hours are known (WOLKVOX_BUSINESS_HOURS), and the operation was not open for the whole last hour.",
            ),
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
            *timeouts("1d"),
            *timeouts("1w"),
        ],
    )


def agents(weeks_ago=0):
    """How many closed a chat within an hour."""
    chats = f'increase(wolkvox_agent_chats_total{{outcome!="timeout"}}{span("1h", weeks_ago)})'
    return f"count by (job, operation) (sum by (job, operation, agent_id) ({chats}) > 0.5)"


def by_week(expression):
    """The same time of each of the last four weeks, under the label weeks_ago."""
    return "\nor\n".join(f'label_replace({expression(week)}, "weeks_ago", "{week}", "", "")' for week in range(1, 5))


def mean_and_spread(level, series, of_an_hour):
    """Of the weeks that have data, without those in which a backlog was caught up then."""
    counted = (
        f"({LEVELS[level]}) (\n"
        f"  {level}_week:{series}:{of_an_hour}\n"
        "    unless on (job, operation, weeks_ago)\n"
        f"  operation_week:wolkvox_chat_arrivals_within_hour:ratio_increase1h < {PROMPT}\n"
        ")"
    )
    return [
        Record(f"{level}:{series}_usual:mean_{of_an_hour}", f"avg by {counted}"),
        Record(f"{level}:{series}_usual:stddev_{of_an_hour}", f"stddev by {counted}"),
    ]


def usual():
    """What is usual at this time of the week: of the last four weeks, those that have data."""

    def chats(week):
        return f"sum by (job, operation, channel, skill_id) (increase({CHATS}{span('1h', week)}))"

    def arrivals(week):
        return f"\n{indent(prompt_arrivals('1h', week), '  ')}\n"

    every = "operation_channel_skill_week:wolkvox_chats:increase1h"
    rules = [
        Record(every, by_week(chats), "From the raw counters: it works as soon as they are a week old. They are read once, the sums below are of these."),
        *(
            Record(f"{level}_week:wolkvox_chats:increase1h", f"sum by ({labels}, weeks_ago) ({every})")
            for level, labels in LEVELS.items()
        ),
        Record("operation_week:wolkvox_agents_active:count1h", by_week(agents)),
        Record("operation_week:wolkvox_chat_arrivals_within_hour:ratio_increase1h", by_week(arrivals)),
    ]
    usual_of = [rule for level in LEVELS for rule in mean_and_spread(level, "wolkvox_chats", "increase1h")]
    usual_of += mean_and_spread("operation", "wolkvox_agents_active", "count1h")
    usual_of[0].comment = "Mean and spread of this hour in the last four weeks: of those that have data, and in which no backlog was caught up then."
    return Group("wolkvox-usual", rules + usual_of, interval="5m")


def of_skill(name, expr, wait, summary, description):
    return Alert(name, promql(expr), wait, "warning", "business", summary, description, board("skill", "job", "operation", "skill_id"))


def silent(level, name, what, link, comment=""):
    """No chat for an hour, of a part of an operation that usually has some."""
    label = LEVELS[level].rpartition(" ")[2]
    usual_chats = first(selected(f"{level}:wolkvox_chats_usual:mean_increase1h{{}}", "job", "operation", label), "%.0f")
    return Alert(
        name,
        promql(f"""
            {level}:wolkvox_chats:increase1h < 0.5
            and {level}:wolkvox_chats_usual:mean_increase1h >= {FEWEST_TO_MISS}
            and {level}:wolkvox_chats_usual:mean_increase1h > {level}:wolkvox_chats_usual:stddev_increase1h
            and on (job, operation) operation:wolkvox_data_trusted:polls_1h
            unless on (job, operation) {CLOSED}
        """),
        "15m",
        "warning",
        "business",
        f"No chat of {what} for an hour",
        f"Within the last hour no chat of {what} was closed, where {usual_chats} are usual at this time of the week.",
        board(link, "job", "operation", label),
        comment,
    )


def far_below_the_usual(name, series, of_an_hour, share, fewest, summary, description):
    """An operation has less than a share of what it usually has now, and less than that ever varies by. Of few it may be chance."""
    now, usual_mean = f"operation:{series}:{of_an_hour}", f"operation:{series}_usual:mean_{of_an_hour}"
    return Alert(
        name,
        promql(f"""
            {now} / {usual_mean} < {share}
            and {now} < {usual_mean} - operation:{series}_usual:stddev_{of_an_hour}
            and {usual_mean} >= {fewest}
            and on (job, operation) operation:wolkvox_data_trusted:polls_1h
            unless on (job, operation) {CLOSED}
        """),
        "30m",
        "warning",
        "business",
        summary,
        description,
        board("operations", "job", "operation"),
    )


def recorded(query):
    """The value of a recorded series of the alert's operation, as a whole number."""
    return first(selected(query + "{}", "job", "operation"), "%.0f")


def above_the_week(name, share, chats, summary, description, window="2h"):
    """Windows of a day too are of fresh data: what is trusted is that of the last two hours, where a week is known."""
    return of_skill(
        name,
        f"""
            operation_skill:wolkvox_{share}:ratio_increase{window}
              > operation_skill:wolkvox_{share}:ratio_increase1w + {POINTS_ABOVE}
            and operation_skill:wolkvox_{chats}:increase{window} >= {FEWEST}
            and operation_skill:wolkvox_{chats}:increase1w >= {FEWEST_OF_A_WEEK}
            and on (job, operation) operation:wolkvox_data_trusted:polls_2h
        """,
        "30m",
        summary,
        f"In {value('percentage')} of the chats that skill {SKILL} of {OPERATION} closed within {SPOKEN[window]}{description}: "
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
            far_below_the_usual(
                "WolkvoxChatVolumeLow",
                "wolkvox_chats",
                "increase1h",
                VOLUME_LOW,
                FEWEST,
                f"Far fewer chats in {OPERATION} than usual",
                f"Over the last hour {OPERATION} closed {recorded('operation:wolkvox_chats:increase1h')} chats{USUALLY}.",
            ),
            silent(
                "operation_channel",
                "WolkvoxChannelSilent",
                f"the channel {{{{ $labels.channel }}}} of {OPERATION}",
                "operations",
                "A channel, or a skill, that has had as good as no chats in some of these weeks may have none.",
            ),
            silent("operation_skill", "WolkvoxSkillSilent", f"skill {SKILL} of {OPERATION}", "skill"),
            far_below_the_usual(
                "WolkvoxAgentsFew",
                "wolkvox_agents_active",
                "count1h",
                AGENTS_FEW,
                FEWEST_AGENTS,
                f"Far fewer agents in {OPERATION} than usual",
                f"Within the last hour {recorded('operation:wolkvox_agents_active:count1h')} agents of {OPERATION} closed a chat, "
                f"where {recorded('operation:wolkvox_agents_active_usual:mean_count1h')} are usual at this time of the week.",
            ),
            above_the_week(
                "WolkvoxUnanswered",
                "unanswered_chats",
                "chats_customers_wrote_in",
                f"Customers of skill {SKILL} of {OPERATION} get no answer",
                ", and in which the customer wrote, no agent did",
            ),
            above_the_week(
                "WolkvoxTimeoutsUp",
                "timeouts",
                "chats_to_code",
                f"Chats of skill {SKILL} of {OPERATION} are left to the timeout",
                ", and in which the customer wrote, nobody coded the chat before the timeout",
                "1d",
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
