"""One skill: its objective, how long customers wait, workload, quality."""

from dashboards.source import parameters
from dashboards.source.layout import board, row_link
from dashboards.source.panel import (
    BLUE, BRAND, GREEN, GREY, NEUTRAL, ORANGE, RED, YELLOW, bars, column, heatmap, parts, row, series, stat, steps, table,
    unseen,
)
from dashboards.source.promql import (
    ASA, OP, OUT, RATE, SKILL, TIME_ON_AGENT, WINDOW, answered, due, in_time, inc, mean, named, quantile, rate, ratio,
    skill_settings, within,
)
from dashboards.source.tile import (
    ANSWER_COLOURS, LAST, SHARE_LAST, SHARE_NEGATIVE, age_tile, chats_by_channel, codes, customer_last, falling,
    feelings, level_tile, negative, rising,
)


# Who wrote in a chat.
KINDS = {"both": "both", "customer_only": "customer alone", "agent_only": "agent alone", "none": "neither", "unknown": "unknown"}


def skill():
    def burn(over):
        """Chats answered late, of those that may be."""
        return ratio(f"({answered(over)} - {in_time(over)})", f"({answered(over)} - {due(over)})")

    agents = [
        named(inc("wolkvox_agent_chats_total", OUT, by="operation, agent_id") + " > 0.5", "agent"),
        ratio(inc("wolkvox_agent_answered_within_target_total", OUT, by="operation, agent_id"), inc("wolkvox_agent_asa_seconds_count", OUT, by="operation, agent_id")),
        mean("wolkvox_agent_asa_seconds", OUT, by="operation, agent_id"),
        mean("wolkvox_agent_time_on_agent_seconds", OUT, by="operation, agent_id"),
    ]
    agent_link = row_link("Open the agent", "agent", "agent")
    return board(
        "skill",
        "One skill (or several together): its objective, how long customers wait, how much work it is, how well it is done.",
        ("skill", "channel", "outcome", "window", "seconds", "period"),
        [
            row("Objective, over $period"),
            level_tile("$period", (8, 4)),
            stat("Error budget left", "The budget is the share of chats that may be late. Below zero it is overdrawn.", f"1 - {burn('$period')}", "percentunit", rising(parameters.BUDGETS_LEFT), decimals=0),
            stat("Burn rate, $window", "How many times faster than planned the budget is used over the rolling window: 1 is just as planned.", burn(WINDOW), "none", falling(sorted(factor for factor, *_ in parameters.burns())[:3]), decimals=1),
            stat("Chats, $window", "Chats closed within the rolling window.", inc("wolkvox_chats_total"), "locale", BRAND, decimals=0, background=False),
            age_tile(),
            series(
                "Burn rate",
                "How many times faster than planned the error budget is used, over an hour, six hours and a day. Alerts: above " + ", ".join(f"{factor} ({long})" for factor, long, *_ in parameters.burns()[:-1]) + " and {} ({}).".format(*parameters.burns()[-1]),
                [(burn("1h"), "1 hour"), (burn("6h"), "6 hours"), (burn("1d"), "1 day")],
                "none",
                thresholds=steps("transparent", (1, YELLOW), (3, RED)),
                line="dashed",
                defaults={"decimals": 1},
                colours={"1 hour": "#8AB8FF", "6 hours": BLUE, "1 day": "purple"},
            ),
            series(
                "Service level within $seconds s",
                "Share of the chats answered within the chosen seconds. Dashed: the objective; the highest and the lowest where those of skills or operations differ.",
                [(within(RATE), "service level"), *skill_settings("wolkvox_service_level_target_ratio", "objective")],
                "percentunit",
                colours={"service level": GREEN, "objective": (GREY, True), "lowest objective": ("#8F8F8F", True)},
                defaults={"max": 1, "min": 0},
            ),
            row("How long customers wait"),
            series(
                "Answer time, percentiles",
                "The time within which so many of the chats were answered (ASA), estimated from buckets. Dashed: the target of the skill; the highest and the lowest where those of skills or operations differ.",
                [(quantile(q, ASA, over=RATE), n) for q, n in ((0.5, "median"), (0.9, "90 %"), (0.95, "95 %"), (0.99, "99 %"))] + skill_settings("wolkvox_asa_target_seconds", "target"),
                "dthms",
                size=(8, 8),
                colours={name: colour for name, colour in ANSWER_COLOURS.items() if name != "mean"},
            ),
            series(
                "Answered within 10, 20 and 30 s",
                "Shares of the chats that were answered so soon (S10, S20, S30), whatever the target is.",
                [(within(RATE, seconds=str(s)), f"{s} s") for s in (10, 20, 30)],
                "percentunit",
                size=(8, 8),
                colours={"10 s": "#8AB8FF", "20 s": BLUE, "30 s": "purple"},
                defaults={"max": 1, "min": 0},
            ),
            heatmap("How long customers wait", "Chats by their answer time (ASA): the darker, the more chats.", ASA, (8, 8)),
            row("Workload"),
            series(
                "Chats in hand",
                "Little's law: time on agent that came in per second is the number of chats that agents had in hand on average. Divide by the chats that one agent handles at a time to get agents needed.",
                [(rate(f"{TIME_ON_AGENT}_sum"), "now"), (rate(f"{TIME_ON_AGENT}_sum", offset="1w"), "a week ago")],
                "locale",
                size=(8, 8),
                colours={"now": BLUE, "a week ago": (GREY, True)},
                defaults={"decimals": 1},
            ),
            series(
                "Time on agent and response",
                "Mean and 90 % of the time that agents spent on a chat; and their mean response time within a chat, where the server sends it.",
                [(mean(TIME_ON_AGENT, over=RATE), "on agent, mean"), (quantile(0.9, TIME_ON_AGENT, over=RATE), "on agent, 90 %"), (mean("wolkvox_chat_agent_response_seconds", over=RATE), "response, mean")],
                "dthms",
                size=(8, 8),
                colours={"on agent, mean": BLUE, "on agent, 90 %": ORANGE, "response, mean": GREEN},
            ),
            chats_by_channel((8, 8)),
            row("How well it is done"),
            series(
                "Who spoke last",
                "Share of the chats by who wrote last.",
                [(ratio(inc(LAST, SKILL, RATE, "participant"), inc(LAST, SKILL, RATE), "ignoring (participant) group_left ()"), "{{participant}}")],
                "percentunit",
                size=(8, 8),
                stack=True,
                colours={"customer": ORANGE, "agent": BLUE, "bot": "purple", "unknown": "#8F8F8F"},
                defaults={"max": 1, "min": 0},
            ),
            series(
                "Replies per chat",
                "How often agents wrote to the customer in a chat.",
                [(ratio(inc("wolkvox_chat_agent_answers_total", over=RATE), inc("wolkvox_chats_total", over=RATE)), "replies per chat")],
                "locale",
                size=(8, 8),
                colours={"replies per chat": BLUE},
                defaults={"decimals": 1},
            ),
            series(
                "Characters per chat",
                "How much customers and agents typed in a chat.",
                [(ratio(inc(f"wolkvox_chat_{who}_characters_total", over=RATE), inc("wolkvox_chats_total", over=RATE)), who) for who in ("customer", "agent")],
                "locale",
                size=(8, 8),
                colours={"customer": ORANGE, "agent": BLUE},
                defaults={"decimals": 0},
            ),
            stat("Customer spoke last", "Share of the chats of the rolling window in which the customer wrote last.", customer_last(), "percentunit", SHARE_LAST, (6, 4), decimals=0),
            stat("Negative feeling", "Share of negative and very negative among the chats whose mood was recognised.", negative(), "percentunit", SHARE_NEGATIVE, (6, 4), no_value="not recognised", decimals=0),
            stat("Replies per chat", "How often agents wrote to the customer in a chat, over the rolling window.", ratio(inc("wolkvox_chat_agent_answers_total"), inc("wolkvox_chats_total")), "locale", NEUTRAL, (6, 4), decimals=1),
            stat("Transferred", "Share of the chats that were transferred, where the server reports it.", ratio(inc("wolkvox_chat_transfers_total"), inc("wolkvox_chats_total")), "percentunit", NEUTRAL, (6, 4), decimals=1),
            row("Codes, feelings, agents: the last $window"),
            codes((7, 10)),
            feelings((7, 10)),
            table(
                "Agents of the operation",
                "Agents over the rolling window, all their skills together: the report's totals per agent are not split by skill. A click on a name opens the agent's board.",
                agents,
                [
                    column("operation", "Operation", width=100),
                    column("agent_name", "Agent", link=agent_link, width=145),
                    column("Value #A", "Chats", "locale", width=100, decimals=0, maximum=True),
                    column("Value #B", "In time", "percentunit", width=80, decimals=0),
                    column("Value #C", "Answer", "dthms", width=95),
                    column("Value #D", "On agent", "dthms", width=100),
                    unseen("agent_id"),
                ],
                size=(10, 10),
                sort="Chats",
                order=("operation", "agent_name", "Value #A", "Value #B", "Value #C", "Value #D", "agent_id"),
            ),
            row("Who wrote, who worked, and when chats were opened"),
            parts(
                "Who wrote: the last $window",
                "Both; the customer alone, whom nobody replied to; the agent alone, whose message nobody answered, as with most of a sending; neither; or unknown where the report has no number of characters.",
                [(inc("wolkvox_chat_conversations_total", SKILL, more=f', kind="{kind}"'), name) for kind, name in KINDS.items()],
                {"both": GREEN, "customer alone": ORANGE, "agent alone": "#8AB8FF", "neither": "#8F8F8F", "unknown": YELLOW},
                (7, 13),
            ),
            bars(
                "Opened at: $period",
                "Chats by the local hour in which they were opened, over the period chosen for the budget, whatever their outcome: when customers come. They are counted when they are closed.",
                inc("wolkvox_chat_openings_total", OP + ', skill_id=~"$skill"', over="$period", by="hour") + " > 0",
                "{{hour}}",
                size=(7, 13),
            ),
            table(
                "Agents by skill: the last $window",
                "Chats of each agent for each chosen skill, and the share of them that was answered within WOLKVOX_ASA_TARGET. A click on a name opens the agent's board.",
                [
                    named(named(inc("wolkvox_agent_skill_chats_total", SKILL, by="operation, agent_id, skill_id") + " > 0.5", "agent"), "skill"),
                    ratio(inc("wolkvox_agent_skill_answered_within_target_total", SKILL, by="operation, agent_id, skill_id"), inc("wolkvox_agent_skill_chats_total", SKILL, by="operation, agent_id, skill_id")),
                ],
                [
                    column("operation", "Operation", width=100),
                    column("agent_name", "Agent", link=agent_link, width=145),
                    column("skill_name", "Skill", width=110),
                    column("Value #A", "Chats", "locale", width=80, decimals=0, maximum=True),
                    column("Value #B", "In time", "percentunit", width=80, decimals=0),
                    unseen("agent_id"),
                    unseen("skill_id"),
                ],
                size=(10, 13),
                sort="Chats",
                order=("operation", "agent_name", "skill_name", "Value #A", "Value #B", "agent_id", "skill_id"),
            ),
        ],
    )
