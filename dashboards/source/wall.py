"""The wall: one screen of 1080p, readable at five metres. Four numbers with their goals, the skills, worst first, and how old all that is."""

from dashboards.source import parameters
from dashboards.source.layout import AGE_TITLE, FIRING, board
from dashboards.source.panel import BLUE, GREEN, GREY, ORANGE, RED, YELLOW, stat, steps
from dashboards.source.parameters import polling
from dashboards.source.promql import ASA, OP, OUT, answered, goal, inc, known, level, mean, named, of_skills, ratio, usual
from dashboards.source.tile import AGE, against_goal, coloured, longest_wait, today_tile

HOUR = "1h"
SIZE = {"titleSize": 34, "valueSize": 150}
# For hours, minutes and seconds.
LONG = {"titleSize": 34, "valueSize": 96}


def moving(expression, before):
    """With the label way: an arrow up or down, or a sign of equality where it differs little from an hour before."""
    more, less = 1 + parameters.STEADY, 1 - parameters.STEADY
    return (
        f'(label_replace({expression} > {more:g} * ({before}), "way", "▲", "", "") '
        f'or on () label_replace({expression} < {less:g} * ({before}), "way", "▼", "", "") '
        f'or on () label_replace({expression}, "way", "=", "", ""))'
    )


def tile(title, description, unit, value, before, aim, states, legend, unknown, size=SIZE, colour=GREY):
    """A number with its goal and its direction. states: (colour, condition); aim: the goal as text of a label; colour: where there is none."""
    now = moving(value, before)
    labelled = f'count_values("goal", {aim})'
    made = [(colour, f"({now} and on () ({condition})) * on () group_left (goal) {labelled}", f"{legend}  {{{{way}}}}") for colour, condition in states]
    made.append((colour, f"{now} unless on () {aim}", f"{unknown}  {{{{way}}}}"))
    return coloured(title, description, unit, made, (6, 9), text=size)


def in_time():
    value, aim = level(HOUR), goal(HOUR)
    return tile(
        "In time",
        "Share of the chats of the last hour that were answered within WOLKVOX_ASA_TARGET, or the skill's own target, and the goal (WOLKVOX_SERVICE_LEVEL_TARGET). The arrow compares with the hour before.",
        "percentunit",
        value,
        level(HOUR, offset="1h"),
        f"round(100 * {aim})",
        against_goal(value, aim),
        "goal {{goal}} %",
        "goal not known",
    )


def answer_time():
    value = mean(ASA, over=HOUR)
    aim = ratio(f"sum({of_skills('wolkvox_asa_target_seconds', answered(HOUR, 'operation, skill_id'), '*')})", answered(HOUR))
    return tile(
        "Answer time",
        "Mean time from the start of a chat to the agent's answer (ASA) over the last hour, and the target (WOLKVOX_ASA_TARGET, or what those of the skills come to). The arrow compares with the hour before.",
        "dthms",
        value,
        mean(ASA, over=HOUR, offset="1h"),
        f"round({aim})",
        [
            (GREEN, f"{value} <= {aim}"),
            (YELLOW, f"{value} > {aim} <= 2 * {aim}"),
            (ORANGE, f"{value} > 2 * {aim} <= {parameters.ASA_HIGH} * {aim}"),
            (RED, f"{value} > {parameters.ASA_HIGH} * {aim}"),
        ],
        "target {{goal}} s",
        "target not known",
        LONG,
    )


def against_the_usual(title, description, value, before, aim, few):
    return tile(
        title,
        description,
        "locale",
        value,
        before,
        f"round({aim})",
        [(BLUE, f"{value} >= {few} * {aim}"), (ORANGE, f"{value} < {few} * {aim}")],
        "usual {{goal}}",
        "usual not known yet",
        colour=BLUE,
    )


def chats():
    return against_the_usual(
        "Chats",
        "Chats closed within the last hour, and how many are usual at this time of the week, as the rules record it. The arrow compares with the hour before.",
        inc("wolkvox_chats_total", over=HOUR),
        inc("wolkvox_chats_total", over=HOUR, offset="1h"),
        usual()[0],
        parameters.VOLUME_LOW,
    )


def agents():
    def active(offset=""):
        return f"count({inc('wolkvox_agent_chats_total', OUT, HOUR, 'operation, agent_id', offset)} > 0.5)"

    usual_agents = 'sum(operation:wolkvox_agents_active_usual:mean_count1h{job=~"$job", operation=~"$operation"})'
    return against_the_usual(
        "Agents",
        "Agents who closed a chat within the last hour, in any skill, and how many are usual at this time of the week, as the rules record it. The arrow compares with the hour before.",
        active(),
        active("1h"),
        usual_agents,
        parameters.AGENTS_FEW,
    )


def skills():
    by = "operation, skill_id"
    red, orange, _ = parameters.AGAINST_THE_GOAL
    share = level(HOUR, by)
    away = f"({share} - {goal(HOUR, by)} and on ({by}) {answered(HOUR, by)} >= {parameters.FEWEST_LATE})"
    worst = f"bottomk({parameters.SKILLS_ON_THE_WALL}, {away})"
    states = [
        (RED, f"{worst} < {red}", "far too late"),
        (ORANGE, f"{worst} >= {red} < {orange}", "too late"),
        (YELLOW, f"{worst} >= {orange} < 0", "just late"),
        (GREEN, f"{worst} >= 0", "good"),
    ]
    return coloured(
        "Skills: in time, the worst first",
        f"The {parameters.SKILLS_ON_THE_WALL} skills that are furthest below their goals: the share of the chats of the last hour that was answered in time. Skills with fewer than {parameters.FEWEST_LATE} such chats are left out: that may be chance.",
        "percentunit",
        [(colour, f"sort({named(f'{share} and on ({by}) ({condition})')})", f"{{{{skill_name}}}} ({{{{operation}}}}): {word}") for colour, condition, word in states],
        (24, 12),
        "no skill has enough chats",
        text={"titleSize": 30, "valueSize": 100},
    )


def clock():
    last = f"1000 * min(max by (operation) ({known('wolkvox_last_success_timestamp_seconds')}))"
    age = f"max({AGE})"
    states = [
        (GREEN, f"{last} and on () {age} < {polling.late}", "read"),
        (YELLOW, f"{last} and on () {age} >= {polling.late} < {polling.old}", "late: read"),
        (RED, f"{last} and on () {age} >= {polling.old}", "OLD: read"),
    ]
    return coloured(
        AGE_TITLE,
        f"When Wolkvox was read for the last time, of the operation whose data is oldest. Red: more than {polling.old // 60} minutes ago, and the wall shows the past.",
        "time:HH:mm",
        states,
        (6, 5),
        "never read",
        None,
        text={"titleSize": 30, "valueSize": 70},
    )


def firing():
    return stat(
        "Alerts",
        "Alerts that fire for these operations: critical ones and warnings.",
        f"count({FIRING}) or on () 0 * max(wolkvox_operation_held{{{OP}}})",
        "locale",
        steps(GREEN, (1, ORANGE)),
        (6, 5),
        "no data",
        0,
        text={"valueSize": 70},
    )


def wall():
    return board(
        "wall",
        "For a screen on the wall: how the last hour is, without scrolling, readable at five metres.",
        ("skill", "channel", "outcome"),
        [in_time(), answer_time(), chats(), agents(), skills(), clock(), today_tile((6, 5), text={"titleSize": 26, "valueSize": 70}), longest_wait(size=(6, 5), text={"valueSize": 70}), firing()],
        time="now-1h",
        hidden=("datasource", "job", "instance", "channel", "outcome"),
    )
