"""The wallboard: now, against last week, by channel and by skill."""

from dashboards.source import parameters
from dashboards.source.layout import board, row_link
from dashboards.source.panel import (
    BLUE, BRAND, GREEN, GREY, NEUTRAL, OPERATION, ORANGE, YELLOW, column, heatmap, parts, row, series, stat, table, unseen,
)
from dashboards.source.promql import (
    ASA, OP, OPERATIONS_OWN, OUT, RATE, TIME_ON_AGENT, WINDOW, answered, goal, in_time, inc, level, mean, named, per_hour,
    quantile, ratio, setting,
)
from dashboards.source.tile import (
    AGAINST_GOAL, CHANGE, SHARE_LAST, SHARE_NEGATIVE, age_tile, answer_times, chats_by_channel, codes, customer_last,
    feelings, level_tile, negative,
)


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
        "The wallboard: what happens now, against last week, by channel and by skill.",
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
            row("Trends"),
            chats_by_channel(),
            series(
                "Chats per hour against last week",
                "Chats closed, as a pace per hour, now and at the same time a week ago.",
                [
                    (per_hour("wolkvox_chats_total"), "now"),
                    (per_hour("wolkvox_chats_total", offset="1w"), "a week ago"),
                ],
                "locale",
                colours={"now": BLUE, "a week ago": (GREY, True)},
                defaults={"decimals": 0},
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
                [(inc("wolkvox_chats_total", OP + ', skill_id=~"$skill", channel=~"$channel"', more=f', outcome="{o}"'), o) for o in ("coded", "uncoded", "timeout")],
                {"coded": GREEN, "uncoded": YELLOW, "timeout": "#8F8F8F"},
            ),
        ],
    )
