"""What several boards show, and what is good in it."""

from dashboards.source import parameters
from dashboards.source.layout import AGE_TITLE
from dashboards.source.panel import BLUE, BRAND, GREEN, GREY, ORANGE, RED, YELLOW, bars, fixed, of_series, parts, series, stat, steps, target, targets
from dashboards.source.parameters import polling
from dashboards.source.promql import (
    ASA, OP, OPERATIONS_OWN, RATE, SKILL, WINDOW, answered, goal, inc, known, level, mean, per_hour, quantile, ratio, setting, usual,
)


def rising(bounds):
    """More is better."""
    return steps(RED, *zip(bounds, (ORANGE, YELLOW, GREEN)))


def falling(bounds):
    """Less is better."""
    return steps(GREEN, *zip(bounds, (YELLOW, ORANGE, RED)))


# Nothing is worse than a whole below the goal; what has no value has no colour.
AGAINST_GOAL = steps("transparent", (-1, RED), *zip(parameters.AGAINST_THE_GOAL, (ORANGE, YELLOW, GREEN)))
SHARE_LAST = falling(parameters.SPOKE_LAST)
SHARE_NEGATIVE = falling(parameters.NEGATIVE)
CHANGE = steps(ORANGE, *zip(parameters.CHANGES, (YELLOW, GREEN, YELLOW, ORANGE)))


def stairs():
    """How a value is drawn that stays as it is until the next poll."""
    return {"drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 2, "fillOpacity": 10, "showPoints": "never", "spanNulls": polling.gap}


# Before the first good poll it is counted from the start of counting, as the alerts do.
AGE = (
    f"(time() - (max by (operation) ({known('wolkvox_last_success_timestamp_seconds')}) "
    f"or max by (operation) ({known('wolkvox_counting_since_timestamp_seconds')})))"
)
PARTICIPANT = ', participant!="unknown"'
FEELING = ', feeling!="unknown"'
CONVERSATIONS = "wolkvox_chat_conversations_total"
# Timeouts too, whatever is chosen.
ANY_OUTCOME = OP + ', skill_id=~"$skill"'
LAST = "wolkvox_chat_last_speakers_total"
FEELINGS = "wolkvox_chat_feelings_total"


def customer_last(over=WINDOW, by=""):
    return ratio(inc(LAST, SKILL, over, by, more=', participant="customer"'), inc(LAST, SKILL, over, by, more=PARTICIPANT))


def negative(over=WINDOW, by=""):
    return ratio(inc(FEELINGS, SKILL, over, by, more=', feeling=~"(very_)?negative"'), inc(FEELINGS, SKILL, over, by, more=FEELING))


def customers_wrote(over=WINDOW, by="", more="both|customer_only"):
    return inc(CONVERSATIONS, SKILL, over, by, more=f', kind=~"{more}"')


def unanswered_tile(size=(4, 4)):
    return stat(
        "Unanswered",
        "Share of the chats in which the customer wrote, and no agent replied, over the rolling window.",
        ratio(customers_wrote(more="customer_only"), customers_wrote()),
        "percentunit",
        falling(parameters.UNANSWERED),
        size,
        decimals=0,
    )


def age_tile(size=(4, 4)):
    return stat(
        AGE_TITLE,
        f"Time since the last good poll of Wolkvox, or since the first start where there was none. Up to one poll interval is normal; over "
        f"{polling.old // 60} minutes the board shows the past. Of several operations, the one whose data is oldest.",
        f"topk(1, {AGE})",
        "dthms",
        steps(GREEN, (polling.late, YELLOW), (polling.old, RED)),
        size,
        "no data",
        legend="{{operation}}",
        text_mode="value_and_name",
    )


def against_goal(value, aim):
    """Colours, and when a service level has each."""
    red, orange, _ = parameters.AGAINST_THE_GOAL
    return [
        (GREEN, f"{value} >= {aim}"),
        (YELLOW, f"{value} >= {aim} + {orange} < {aim}"),
        (ORANGE, f"{value} >= {aim} + {red} < {aim} + {orange}"),
        (RED, f"{value} < {aim} + {red}"),
    ]


def coloured(title, description, unit, states, size, no_value="no chats", decimals=0, **more):
    """A tile that has a target for each state, with its colour: (colour, expression, legend). One of them has an answer.

    None is the colour of a tile that has none.
    """
    made = [target(expression, legend, "instant", chr(65 + at)) for at, (_, expression, legend) in enumerate(states)]
    return stat(
        title,
        description,
        made,
        unit,
        steps(GREY, (0, GREY)),
        size,
        no_value,
        decimals,
        text_mode="value_and_name",
        overrides=[of_series("byFrameRefID", chr(65 + at), colour) for at, (colour, *_) in enumerate(states) if colour],
        **more,
    )


def level_tile(over, size=(4, 4)):
    """The share that was answered in time, coloured by the objective: what is good for one operation is bad for another."""
    red = parameters.AGAINST_THE_GOAL[0]
    few = parameters.FEWEST_LATE
    enough = f"{answered(over)} >= {few}"
    states = [*against_goal(f"({level(over)} and {enough})", goal(over)), (GREY, f"{level(over)} unless {enough}")]
    labelled = f'count_values("goal", round(100 * {goal(over)}))'
    made = [(colour, f"({state}) * on () group_left (goal) {labelled}", "goal {{goal}} %") for colour, state in states]
    # A past that was filled in has no settings.
    made.append((None, f"{level(over)} unless on () {goal(over)}", "goal not known"))
    return coloured(
        "Service level",
        "Share of the chats that were answered within WOLKVOX_ASA_TARGET, or the skill's own target; below it the goal: "
        "WOLKVOX_SERVICE_LEVEL_TARGET, or what those of the skills come to. Green from the goal on, yellow and orange below it, red "
        f"{-100 * red:g} points below. Of fewer than {few} chats it is not coloured: that may be chance.",
        "percentunit",
        made,
        size,
    )


def longest_wait(**more):
    return stat(
        "Longest wait",
        "The longest time from the start of a chat to the agent's answer (ASA), of the chats that closed within WOLKVOX_WINDOW.",
        f"max(wolkvox_window_asa_max_seconds{{{SKILL}}})",
        "dthms",
        **more,
    )


# Alarm has red for itself.
CHANNEL_COLOURS = {"whatsapp": "#56A64B", "web": BLUE, "facebook": "#8AB8FF", "instagram": "purple", "telegram": "#1F60C4", "unknown": "#8F8F8F"}
ANSWER_COLOURS = {"mean": BLUE, "median": GREEN, "90 %": ORANGE, "95 %": "#FF780A", "99 %": RED, "target": (GREY, True), "lowest target": ("#8F8F8F", True)}
FEELING_COLOURS = {"very positive": "dark-green", "positive": GREEN, "neutral": "#8AB8FF", "negative": ORANGE, "very negative": RED}


def today_tile(size=(4, 8), **more):
    """The gauges of today are withdrawn where they are not of today; a day ago they were those of yesterday."""
    chats = f"sum(wolkvox_today_chats{{{SKILL}}}%s)"
    return stat(
        "Chats today",
        "Chats that closed since the operation's midnight, and how many there were yesterday at the same time. Of all channels.",
        targets([(chats % "", "today"), (chats % " offset 1d", "yesterday by now")], "instant"),
        "locale",
        BRAND,
        size,
        decimals=0,
        background=False,
        text_mode="value_and_name",
        **more,
    )


def band(title, description, now, colours, size=(12, 8)):
    """What is now, and what is usual at this time of the week with what it varies by."""
    mean, spread = usual()
    made = series(
        title,
        description,
        [(now, "now"), (mean, "usual"), (f"{mean} + {spread}", "more than usual"), (f"clamp_min({mean} - {spread}, 0)", "less than usual")],
        "locale",
        size,
        colours=colours,
        defaults={"decimals": 0},
        overrides=[
            {
                "matcher": {"id": "byName", "options": name},
                "properties": [
                    {"id": "color", "value": fixed(GREY)},
                    {"id": "custom.lineWidth", "value": 0},
                    {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}},
                    *([{"id": "custom.fillBelowTo", "value": "less than usual"}, {"id": "custom.fillOpacity", "value": 15}] if name.startswith("more") else []),
                ],
            }
            for name in ("more than usual", "less than usual")
        ],
    )
    return made


def answer_times():
    return series(
        "Answer time",
        "From the start of a chat to the agent's answer (ASA): mean, median and the time within which 90 % were answered, by when the chats were closed. Dashed: WOLKVOX_ASA_TARGET of the operation; the highest and the lowest where they differ.",
        [
            (mean(ASA, over=RATE), "mean"),
            (quantile(0.5, ASA, over=RATE), "median"),
            (quantile(0.9, ASA, over=RATE), "90 %"),
            *setting("wolkvox_asa_target_seconds", "target", OPERATIONS_OWN),
        ],
        "dthms",
        colours={name: ANSWER_COLOURS[name] for name in ("mean", "median", "90 %", "target", "lowest target")},
    )


def chats_by_channel(size=(12, 8)):
    return series(
        "Chats per hour by channel",
        "Chats closed, as a pace per hour, by channel.",
        [(per_hour("wolkvox_chats_total", by="channel"), "{{channel}}")],
        "locale",
        size,
        stack=True,
        colours=CHANNEL_COLOURS,
        defaults={"decimals": 0},
    )


def feelings(size=(8, 9)):
    words = [("very_positive", "very positive"), ("positive", "positive"), ("neutral", "neutral"), ("negative", "negative"), ("very_negative", "very negative")]
    return parts(
        "Feelings",
        "The customer's mood where it was recognised, over the rolling window.",
        [(inc(FEELINGS, SKILL, more=f', feeling="{w}"'), n) for w, n in words],
        FEELING_COLOURS,
        size,
    )


def codes(size=(8, 9)):
    labels = OP + ', skill_id=~"$skill"'
    counted = "topk(10, " + inc("wolkvox_chat_dispositions_total", labels, by="operation, cod_act", more=', cod_act!="TIMEOUTCHAT"') + " > 0)"
    return bars(
        "Codes",
        "The ten codes given most often over the rolling window, with their text. Timeouts and chats without a code are left out.",
        f"sort_desc(({counted}) * on (operation, cod_act) group_left (description) max by (operation, cod_act, description) (wolkvox_disposition_info{{{OP}}})"
        f' or on (operation, cod_act) label_replace({counted}, "description", "", "cod_act", ".*"))',
        "{{cod_act}} {{description}} ({{operation}})",
        size=size,
    )
