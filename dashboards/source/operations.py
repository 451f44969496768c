"""Operations: now, against the usual, by channel and by skill."""

from dashboards.source import parameters
from dashboards.source.layout import board, row_link
from dashboards.source.panel import (
    BLUE, BRAND, GREEN, GREY, NEUTRAL, OPERATION, ORANGE, YELLOW, coloured_cells, column, heatmap, of_days, parts, row, series, stat,
    table, target, unseen,
)
from dashboards.source.parameters import polling
from dashboards.source.promql import (
    ASA, OP, OPERATIONS_OWN, OUT, RATE, TIME_ON_AGENT, WINDOW, answered, goal, in_time, inc, level, mean, named, per_hour,
    quantile, ratio, setting,
)
from dashboards.source.tile import (
    AGAINST_GOAL, ANY_OUTCOME, CHANGE, CONVERSATIONS, SHARE_LAST, SHARE_NEGATIVE, age_tile, answer_times, band, chats_by_channel,
    codes, customer_last, feelings, level_tile, longest_wait, negative, today_tile, unanswered_tile,
)

# Of all outcomes, whatever is chosen.
CHANNELS = OP + ', skill_id=~"$skill", channel=~"$channel"'
TIMED_OUT = ', outcome="timeout"'


def operations():
    per_skill = "operation, skill_id"
    week = inc("wolkvox_chats_total", offset="1w")
    # Only of operations that were there a week ago.
    of_old = f"sum({inc('wolkvox_chats_total', by='operation')} and on (operation) {inc('wolkvox_chats_total', by='operation', offset='1w')})"
    skills = [
        named(inc("wolkvox_chats_total", by=per_skill) + " > 0"),
        level(by=per_skill),
        mean(ASA, by=per_skill),
        quantile(0.9, ASA, by=per_skill),
        mean(TIME_ON_AGENT, by=per_skill),
        customer_last(by=per_skill),
        negative(by=per_skill),
        ratio(inc("wolkvox_chats_total", by=per_skill), inc("wolkvox_chats_total", by=per_skill, offset="1w")) + " - 1",
        goal(by=per_skill),
        f"({level(by=per_skill)} - {goal(by=per_skill)}) and {answered(by=per_skill)} >= {parameters.FEWEST_LATE}",
    ]
    return board(
        "operations",
        "What happens now, against the usual, by channel and by skill.",
        ("skill", "channel", "outcome", "window"),
        [
            row("Now: the last $window"),
            level_tile(WINDOW, (8, 4)),
            stat("Chats", "Chats closed within the rolling window.", inc("wolkvox_chats_total"), "locale", BRAND, decimals=0, background=False),
            stat("Against last week", "Chats closed within the rolling window, compared with the same time a week ago, of the operations that were counted then.", ratio(of_old, week) + " - 1", "percentunit", CHANGE, no_value="no week yet", decimals=0, background=False),
            stat("Answer time, mean", "Mean time from the start of a chat to the agent's answer (ASA) over the rolling window.", mean(ASA), "dthms"),
            stat("Answer time, 90 %", "Nine of ten chats were answered within this (ASA) over the rolling window; estimated from buckets.", quantile(0.9, ASA), "dthms"),
            stat("Answered late", "Chats of the rolling window that were not answered within WOLKVOX_ASA_TARGET, or the skill's own target.", f"clamp_min({answered()} - {in_time()}, 0)", "locale", NEUTRAL, decimals=0),
            stat("Time on agent", "Mean time that agents spent on a chat, over the rolling window.", mean(TIME_ON_AGENT), "dthms"),
            stat("Agents active", "Agents who closed a chat within the rolling window (in any skill).", "count(" + inc("wolkvox_agent_chats_total", OUT, by="operation, agent_id") + " > 0.5)", "locale", NEUTRAL, decimals=0, no_value="none"),
            stat("Customer spoke last", "Share of the chats in which the customer wrote last: some only say thanks, some still wait.", customer_last(), "percentunit", SHARE_LAST, decimals=0),
            stat("Negative feeling", "Share of negative and very negative among the chats whose mood was recognised.", negative(), "percentunit", SHARE_NEGATIVE, no_value="not recognised", decimals=0),
            age_tile(),
            unanswered_tile(),
            stat("Sendings nobody answered", "Share of all chats in which the agent alone wrote, and the customer never did: mostly mass sendings. Timeouts are among them, whatever is chosen above.", ratio(inc(CONVERSATIONS, ANY_OUTCOME, more=', kind="agent_only"'), inc(CONVERSATIONS, ANY_OUTCOME, more=', kind!="unknown"')), "percentunit", NEUTRAL, decimals=0),
            stat("Timeouts", "Share of all chats that nobody coded, and that ended by the timeout after some 23 hours, whatever is chosen above.", ratio(f"({inc('wolkvox_chats_total', CHANNELS, more=TIMED_OUT)} or on () 0 * {inc('wolkvox_chats_total', CHANNELS)})", inc("wolkvox_chats_total", CHANNELS)), "percentunit", NEUTRAL, decimals=0),
            longest_wait(),
            stat("Response, mean", "Mean time that agents took to reply within a chat, over the rolling window, where the server sends it.", mean("wolkvox_chat_agent_response_seconds"), "dthms", no_value="not sent"),
            stat("Transferred", "Share of the chats of the rolling window that were transferred, where the server reports it.", ratio(inc("wolkvox_chat_transfers_total"), inc("wolkvox_chats_total")), "percentunit", NEUTRAL, decimals=1),
            row("Trends"),
            chats_by_channel(),
            band(
                "Chats per hour against the usual",
                "Chats closed, as a pace per hour; and what is usual at this time of the week: the mean of the last four weeks that have data, and what these vary by. The rules record it, of all channels and without timeouts.",
                per_hour("wolkvox_chats_total"),
                {"now": BLUE, "usual": (GREY, True)},
            ),
            series(
                "Service level over time",
                "Share of the chats answered within WOLKVOX_ASA_TARGET, or the skill's own target, now and a week ago. Dashed: the objective of the operation (WOLKVOX_SERVICE_LEVEL_TARGET); the highest and the lowest where they differ.",
                [(level(RATE), "now"), (level(RATE, offset="1w"), "a week ago"), *setting("wolkvox_service_level_target_ratio", "objective", OPERATIONS_OWN)],
                "percentunit",
                colours={"now": GREEN, "a week ago": ("#8AB8FF", True), "objective": (GREY, True), "lowest objective": ("#8F8F8F", True)},
                defaults={"max": 1, "min": 0},
            ),
            answer_times(),
            heatmap("How long customers wait", "Chats by their answer time (ASA): the darker, the more chats.", ASA),
            series(
                "Time on agent and length of a chat",
                "Median and 90 % of the time that agents spent on a chat, and the median length from start to close (uncheck the outcome timeout: it lasts 23 hours).",
                [(quantile(0.5, TIME_ON_AGENT, over=RATE), "on agent, median"), (quantile(0.9, TIME_ON_AGENT, over=RATE), "on agent, 90 %"), (quantile(0.5, "wolkvox_chat_duration_seconds", over=RATE), "start to close, median")],
                "dthms",
                colours={"on agent, median": BLUE, "on agent, 90 %": ORANGE, "start to close, median": "purple"},
            ),
            row("Today, and when customers come"),
            today_tile(),
            of_days(
                series(
                    "Half hours of today",
                    "Chats that closed within each half hour since midnight, where its end is: answered within WOLKVOX_ASA_TARGET (or the skill's own target), and late.",
                    [(in_time("30m", offset=polling.lag), "in time"), (f"clamp_min({answered('30m', offset=polling.lag)} - {in_time('30m', offset=polling.lag)}, 0)", "late")],
                    "locale",
                    (10, 8),
                    stack=True,
                    bars=True,
                    colours={"in time": GREEN, "late": ORANGE},
                    defaults={"decimals": 0},
                ),
                "now/d",
                "30m",
            ),
            of_days(
                coloured_cells(
                    "When chats are opened",
                    "Chats of each 24 hours by the local hour in which they were opened, whatever their outcome: the darker, the more. They are counted when they are closed.",
                    [target(inc("wolkvox_chat_openings_total", ANY_OUTCOME, "1d", "hour"), "{{hour}}")],
                    (10, 8),
                    "none",
                ),
                "14d",
                "1d",
            ),
            row("Skills: the last $window"),
            table(
                "Skills",
                f"Each skill over the rolling window: the share answered in time, its goal, and how far it is from it, where at least {parameters.FEWEST_LATE} chats were answered. A click on a name opens the skill's board.",
                skills,
                [
                    OPERATION,
                    column("skill_name", "Skill", link=row_link("Open the skill", "skill", "skill"), width=180),
                    column("Value #A", "Chats", "locale", width=140, decimals=0, maximum=True),
                    column("Value #B", "In time", "percentunit", width=80, decimals=0),
                    column("Value #I", "Goal", "percentunit", width=70, decimals=0),
                    column("Value #J", "Against the goal", "percentunit", AGAINST_GOAL, width=130, decimals=0),
                    column("Value #C", "Answer time, mean", "dthms", width=145),
                    column("Value #D", "Answer time, 90 %", "dthms", width=145),
                    column("Value #E", "Time on agent", "dthms", width=120),
                    column("Value #F", "Customer spoke last", "percentunit", SHARE_LAST, width=150, decimals=0, fill=False),
                    column("Value #G", "Negative feeling", "percentunit", SHARE_NEGATIVE, width=125, decimals=0, fill=False),
                    column("Value #H", "Against last week", "percentunit", CHANGE, width=130, decimals=0, fill=False),
                    unseen("skill_id"),
                ],
                sort="Chats",
                size=(24, 7),
                order=("operation", "skill_name", "Value #A", "Value #H", "Value #B", "Value #I", "Value #J", "Value #C", "Value #D", "Value #E", "Value #F", "Value #G", "skill_id"),
            ),
            row("What became of the chats: the last $window"),
            codes(),
            feelings(),
            parts(
                "Outcomes",
                "Coded by the agent, left uncoded, or closed by the timeout after 23 hours: all of them, whatever is chosen above.",
                [(inc("wolkvox_chats_total", CHANNELS, more=f', outcome="{o}"'), o) for o in ("coded", "uncoded", "timeout")],
                {"coded": GREEN, "uncoded": YELLOW, "timeout": "#8F8F8F"},
            ),
        ],
    )
