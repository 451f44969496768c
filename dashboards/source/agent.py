"""Agents: the ranking, and one of them over time."""

from dashboards.source.layout import board, row_link
from dashboards.source.panel import BRAND, NEUTRAL, OPERATION, column, row, series, stat, table
from dashboards.source.promql import AGENT, WINDOW, inc, mean, named, per_hour, ratio
from dashboards.source.tile import SHARE_LAST, SHARE_NEGATIVE


def agent():
    by = "operation, agent_id"
    chats = "wolkvox_agent_chats_total"

    def in_time(over, by=by):
        return ratio(inc("wolkvox_agent_answered_within_target_total", AGENT, over, by), inc("wolkvox_agent_asa_seconds_count", AGENT, over, by))

    pairs = {
        "chats": inc(chats, AGENT, by=by),
        "level": in_time(WINDOW),
        "asa": mean("wolkvox_agent_asa_seconds", AGENT, by=by),
        "toa": mean("wolkvox_agent_time_on_agent_seconds", AGENT, by=by),
        "duration": mean("wolkvox_agent_chat_duration_seconds", AGENT, by=by),
        "replies": ratio(inc("wolkvox_agent_answers_total", AGENT, by=by), inc(chats, AGENT, by=by)),
        "characters": ratio(inc("wolkvox_agent_characters_total", AGENT, by=by), inc("wolkvox_agent_answers_total", AGENT, by=by)),
        "busy": inc("wolkvox_agent_time_on_agent_seconds_sum", AGENT, by=by),
        "response": mean("wolkvox_agent_response_seconds", AGENT, by=by),
        **{
            name: ratio(inc(f"wolkvox_agent_{name}_total", AGENT, by=by), inc(chats, AGENT, by=by))
            for name in ("unanswered", "customer_spoke_last", "negative_feelings", "transfers")
        },
    }

    # Chosen once, at the end of the range: ten lines, not ten at each step.
    busiest = f"topk(10, sum by ({by}) (increase({chats}{{{AGENT}}}[$__range] @ end())))"

    def top(expression):
        return named(f"({expression} and on ({by}) {busiest})", "agent")

    return board(
        "agent",
        "Agents: the ranking, and one of them over time. Shows ids; names where the exporter is set to keep them (WOLKVOX_AGENTS=names). These are data about employees: handle them as your law asks.",
        ("agent", "outcome", "window"),
        [
            row("The last $window"),
            stat("Agents active", "Agents of the choice who closed a chat within the rolling window.", f"count({pairs['chats']} > 0.5)", "locale", BRAND, decimals=0, no_value="none", background=False),
            stat("Chats", "Chats closed by these agents within the rolling window.", inc(chats, AGENT), "locale", BRAND, decimals=0, background=False),
            stat("Chats per agent", "Chats closed within the rolling window, per agent who closed one.", f"{inc(chats, AGENT)} / (count({pairs['chats']} > 0.5) > 0)", "locale", NEUTRAL, decimals=1),
            stat("Within target", "Share of the chats answered within WOLKVOX_ASA_TARGET.", in_time(WINDOW, ""), "percentunit", decimals=0),
            stat("Answer time, mean", "Mean time from the start of a chat to the agent's answer (ASA).", mean("wolkvox_agent_asa_seconds", AGENT), "dthms"),
            stat("Time on agent, mean", "Mean time that an agent spent on a chat.", mean("wolkvox_agent_time_on_agent_seconds", AGENT), "dthms"),
            row("Ranking: the last $window"),
            table(
                "Agents",
                "Every agent over the rolling window. Time in chats above the window itself means several chats at once. The last four are shares of the agent's chats: those in which the customer wrote and the agent did not, and so on. A click on a name shows that agent alone.",
                [named(pairs["chats"] + " > 0.5", "agent"), pairs["level"], pairs["asa"], pairs["toa"], pairs["duration"], pairs["replies"], pairs["characters"], pairs["busy"] + " > 0", pairs["response"], pairs["unanswered"], pairs["customer_spoke_last"], pairs["negative_feelings"], pairs["transfers"]],
                [
                    OPERATION,
                    column("agent_name", "Agent", link=row_link("Only this agent", "agent", "agent"), width=150),
                    column("agent_id", "Id", width=75),
                    column("Value #A", "Chats", "locale", decimals=0, maximum=True),
                    column("Value #B", "Within target", "percentunit", decimals=0),
                    column("Value #C", "Answer time", "dthms"),
                    column("Value #D", "Time on agent", "dthms"),
                    column("Value #E", "Start to close", "dthms"),
                    column("Value #F", "Replies per chat", "locale", decimals=1),
                    column("Value #G", "Characters per reply", "locale", decimals=0),
                    column("Value #H", "Time in chats", "dthms"),
                    column("Value #I", "Response", "dthms"),
                    column("Value #J", "No reply", "percentunit", decimals=0),
                    column("Value #K", "Customer spoke last", "percentunit", SHARE_LAST, decimals=0, fill=False),
                    column("Value #L", "Negative feeling", "percentunit", SHARE_NEGATIVE, decimals=0, fill=False),
                    column("Value #M", "Transferred", "percentunit", decimals=0),
                ],
                size=(24, 12),
                sort="Chats",
                order=("operation", "agent_name", "agent_id", "Value #A", "Value #B", "Value #C", "Value #D", "Value #E", "Value #F", "Value #G", "Value #H", "Value #I", "Value #J", "Value #K", "Value #L", "Value #M"),
            ),
            row("Over time: the ten with most chats"),
            series("Chats per hour", "Chats closed, as a pace per hour.", [(top(per_hour(chats, AGENT, by)), "{{agent_name}} ({{operation}})")], "locale", stack=True, defaults={"decimals": 0}),
            series("Within target", "Share of the chats answered within WOLKVOX_ASA_TARGET, over two hours.", [(top(in_time("2h")), "{{agent_name}} ({{operation}})")], "percentunit", defaults={"max": 1, "min": 0}),
            series("Answer time", "Mean time from the start of a chat to the answer (ASA), over two hours.", [(top(mean("wolkvox_agent_asa_seconds", AGENT, "2h", by)), "{{agent_name}} ({{operation}})")], "dthms"),
            series("Time on agent", "Mean time spent on a chat, over two hours.", [(top(mean("wolkvox_agent_time_on_agent_seconds", AGENT, "2h", by)), "{{agent_name}} ({{operation}})")], "dthms"),
        ],
    )
