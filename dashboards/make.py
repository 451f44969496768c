#!/usr/bin/env python3
"""Writes the four boards beside this file. They are plain Grafana JSON; this keeps what they have in common in one place:

    python3 dashboards/make.py            write them
    python3 dashboards/make.py --check    exit status 1 if a file is not what this makes (a test runs it)

What holds for all:
- Polling sets the resolution: the minimal step of a range query is 5m, so that $__rate_interval is at least four polls.
- Counters step at :00, :05, :10 …, and these are the very moments that Grafana asks for: the step at the end of a range would
  not be in it yet, and often the one at its beginning no more. That is three polls of four. So curves look half a poll back
  (LAG): the ends of the range lie between two polls, whatever a poll or a scrape takes up to that.
- Ratios are sum(increase(a)) / (sum(increase(b)) > 0): exact at any range, and never a division by nothing.
- histogram_quantile of an empty histogram is not a number: `quantile` guards it.
- le is matched with and without ".0" (text 0.0.4 and OpenMetrics write it differently).
- Names are joined from the info metrics; without them the id is shown.
- Several operations may be chosen, and their skills and agents may have the same ids: what is shown by skill, agent or code is
  by operation, too, says which, and leads to that operation. Settings of operations are never added up: where they differ, the
  curves show the highest and the lowest.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "#EAB839", "orange", "red", "blue", "text"

# --- PromQL ----------------------------------------------------------------------------------------------------------

BASE = 'job=~"$job", instance=~"$instance"'
OP = BASE + ', operation=~"$operation"'
# Targets and objectives have one more sample for each skill that differs.
OPERATIONS_OWN = OP + ', skill_id=""'
OUT = OP + ', outcome=~"$outcome"'
SKILL = OUT + ', skill_id=~"$skill"'
CHAT = SKILL + ', channel=~"$channel"'
AGENT = OUT + ', agent_id=~"$agent"'
RATE = "$__rate_interval"
WINDOW = "$window"
LAG = "2m30s"


def inc(metric, labels=CHAT, over=WINDOW, by="", offset="", more=""):
    """sum(increase(metric))"""
    by = f" by ({by})" if by else ""
    offset = f" offset {offset}" if offset else ""
    return f"sum{by} (increase({metric}{{{labels}{more}}}[{over}]{offset}))"


def ratio(a, b):
    return f"{a} / ({b} > 0)"


def mean(metric, labels=CHAT, over=WINDOW, by="", offset=""):
    return ratio(inc(f"{metric}_sum", labels, over, by, offset), inc(f"{metric}_count", labels, over, by, offset))


def quantile(q, metric, labels=CHAT, over=WINDOW, by=""):
    inner = inc(f"{metric}_bucket", labels, over, "le" + (f", {by}" if by else ""))
    count = inc(f"{metric}_count", labels, over, by)
    return f"histogram_quantile({q}, {inner}) and on ({by}) {count} > 0"


def within(over=WINDOW, by="", labels=CHAT, offset=""):
    """Share answered within the seconds chosen on the board."""
    return ratio(
        inc("wolkvox_chat_asa_seconds_bucket", labels, over, by, offset, ', le=~"$seconds(\\\\.0)?"'),
        inc("wolkvox_chat_asa_seconds_count", labels, over, by, offset),
    )


def spread(expression, name):
    """Targets of a curve: the highest of some settings, and the lowest where they differ."""
    return [(f"max({expression})", name), (f"min({expression}) < max({expression})", f"lowest {name}")]


def setting(metric, name, labels=OP):
    return spread(f"{metric}{{{labels}}}", name)


def of_skills(metric, chats, how):
    """A setting for each skill that has chats: its own where it has one, else the operation's, which has no skill_id.

    chats: by operation and skill; how: what is done with them and the setting (*), or + with 0 * chats.
    """
    own = f"max by (operation, skill_id) ({metric}{{{OP}, skill_id=~\"$skill\"}})"
    operations = f"max by (operation) ({metric}{{{OPERATIONS_OWN}}})"
    return f"{chats} {how} on (operation, skill_id) {own} or {chats} {how} on (operation) group_left () {operations}"


def skill_settings(metric, name):
    """Targets of a curve: a setting of the skills chosen."""
    return spread(of_skills(metric, "0 * " + inc("wolkvox_chat_asa_seconds_count", over=RATE, by="operation, skill_id"), "+"), name)


def named(expression, key="skill"):
    """With the label skill_name or agent_name; its value is the id where no name is known."""
    info = {
        "skill": ("skill_id", "skill_name", f"wolkvox_skill_info{{{OP}}}"),
        "agent": ("agent_id", "agent_name", f"wolkvox_agent_info{{{OP}}}"),
    }
    on, name, metric = info[key]
    return (
        f"(({expression}) * on (operation, {on}) group_left ({name}) max by (operation, {on}, {name}) ({metric}))"
        f' or on (operation, {on}) label_replace({expression}, "{name}", "$1", "{on}", "(.+)")'
    )


# --- panels ----------------------------------------------------------------------------------------------------------


def steps(*pairs):
    """steps(RED, (0.7, YELLOW), (0.8, GREEN))"""
    first, *rest = pairs
    return {"mode": "absolute", "steps": [{"color": first, "value": None}] + [{"color": c, "value": v} for v, c in rest]}


NEUTRAL = steps(GREY)
BRAND = steps(BLUE)


def between_polls(expression):
    """The same with each range of a curve ended half a poll ago."""
    week_ago = expression.replace(f"[{RATE}] offset 1w)", f"[{RATE}] offset 1w{LAG})")
    return week_ago.replace(f"[{RATE}])", f"[{RATE}] offset {LAG})")


def target(expression, legend="", kind="range", ref="A", fmt="time_series"):
    """kind: range or instant"""
    if kind == "range":
        expression = between_polls(expression)
    made = {"datasource": DATASOURCE, "editorMode": "code", "expr": expression, "format": fmt, "legendFormat": legend, "refId": ref}
    if kind == "instant":
        made.update(instant=True, range=False)
    else:
        made.update(instant=False, range=True, interval="5m")
    return made


def targets(pairs, kind="range", fmt="time_series"):
    return [target(e, l, kind, chr(65 + i), fmt) for i, (e, l) in enumerate(pairs)]


def panel(kind, title, description, made, unit, thresholds=NEUTRAL, size=(12, 8), no_value="–", defaults=None, options=None, **more):
    width, height = size
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "noValue": no_value,
                "thresholds": thresholds,
                "color": {"mode": "thresholds"},
                "mappings": [],
                **(defaults or {}),
            },
            "overrides": more.pop("overrides", []),
        },
        "options": options or {},
        "targets": made,
        **more,
    }


def stat(title, description, expression, unit, thresholds=NEUTRAL, size=(4, 4), no_value="no chats", decimals=None, background=True, **more):
    coloured = thresholds is not NEUTRAL
    defaults = dict(more.pop("defaults", {}))
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "colorMode": "background" if coloured and background else "value" if coloured else "none",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": more.pop("text_mode", "value"),
        "wideLayout": True,
    }
    made = [target(expression, more.pop("legend", title), "instant")]
    return panel("stat", title, description, made, unit, thresholds, size, no_value, defaults, options, **more)


def series(title, description, pairs, unit, size=(12, 8), stack=False, bars=False, thresholds=NEUTRAL, line=None, colours=None, **more):
    """line: draw the thresholds; colours: {name: colour or (colour, dashed)}"""
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {
            "drawStyle": "bars" if bars else "line",
            "lineInterpolation": "smooth",
            "lineWidth": 1 if bars else 2,
            "fillOpacity": 80 if bars else (25 if stack else 10),
            "gradientMode": "none" if bars or stack else "opacity",
            "showPoints": "never",
            "spanNulls": 900000,
            "stacking": {"mode": "normal" if stack else "none", "group": "A"},
            "axisSoftMin": 0,
            "axisLabel": "",
            "thresholdsStyle": {"mode": line or "off"},
        },
        **more.pop("defaults", {}),
    }
    overrides = more.pop("overrides", [])
    for name, colour in (colours or {}).items():
        colour, dashed = colour if isinstance(colour, tuple) else (colour, False)
        properties = [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]
        if dashed:
            properties += [
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                {"id": "custom.fillOpacity", "value": 0},
                {"id": "custom.lineWidth", "value": 1},
                {"id": "custom.stacking", "value": {"mode": "none", "group": "B"}},
            ]
        overrides.append({"matcher": {"id": "byName", "options": name}, "properties": properties})
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, targets(pairs), unit, thresholds, size, "no chats", defaults, options, overrides=overrides, **more)


def heatmap(title, description, metric, size=(12, 8), labels=CHAT, unit="s"):
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange", "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    made = [target(inc(f"{metric}_bucket", labels, RATE, "le"), "{{le}}", fmt="heatmap")]
    return panel("heatmap", title, description, made, unit, NEUTRAL, size, "no chats", {"custom": {"scaleDistribution": {"type": "linear"}}}, options)


def bars(title, description, expression, legend, unit="locale", size=(8, 9), colour=BLUE, thresholds=None):
    options = {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "namePlacement": "auto",
        "sizing": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    defaults = {"color": {"mode": "fixed", "fixedColor": colour}, "min": 0, "decimals": 0}
    return panel("bargauge", title, description, [target(expression, legend, "instant")], unit, thresholds or BRAND, size, "no chats", defaults, options)


def pie(title, description, pairs, colours, size=(8, 9)):
    options = {
        "displayLabels": ["percent"],
        "legend": {"displayMode": "table", "placement": "right", "showLegend": True, "values": ["value"]},
        "pieType": "donut",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    overrides = [
        {"matcher": {"id": "byName", "options": n}, "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": c}}]}
        for n, c in colours.items()
    ]
    defaults = {"color": {"mode": "palette-classic"}, "decimals": 0}
    return panel("piechart", title, description, targets(pairs, "instant"), "short", NEUTRAL, size, "no chats", defaults, options, overrides=overrides)


def words(**of_value):
    """Value mappings: _0=("text", colour)."""
    options = {value.lstrip("_"): {"text": text, "color": colour, "index": i} for i, (value, (text, colour)) in enumerate(of_value.items())}
    return [{"type": "value", "options": options}]


def unseen(field):
    """A column that is there for links alone."""
    return {"matcher": {"id": "byName", "options": field}, "properties": [{"id": "custom.hidden", "value": True}]}


def column(field, title, unit=None, thresholds=None, width=None, link=None, decimals=None, fill=True, maximum=None, mappings=None):
    properties = [{"id": "displayName", "value": title}]
    if mappings:
        properties += [{"id": "mappings", "value": mappings}, {"id": "custom.cellOptions", "value": {"type": "color-text"}}]
    if unit:
        properties.append({"id": "unit", "value": unit})
    if decimals is not None:
        properties.append({"id": "decimals", "value": decimals})
    if thresholds:
        # Without the colour mode, cells take the palette's colour.
        properties += [
            {"id": "thresholds", "value": thresholds},
            {"id": "color", "value": {"mode": "thresholds"}},
            {"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"} if fill else {"type": "color-text"}},
        ]
    if maximum:
        properties += [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": BLUE}},
            {"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
            {"id": "min", "value": 0},
            {"id": "fieldMinMax", "value": True},
        ]
    if width:
        properties.append({"id": "custom.width", "value": width})
    if link:
        properties.append({"id": "links", "value": [{"title": link[0], "url": link[1]}]})
    return {"matcher": {"id": "byName", "options": field}, "properties": properties}


OPERATION = column("operation", "Operation", width=110)


def table(title, description, expressions, columns, hidden=(), size=(24, 10), sort=None, order=()):
    options = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        "sortBy": [{"displayName": sort, "desc": True}] if sort else [],
    }
    transformations = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {name: True for name in ("Time", *hidden)},
                "indexByName": {name: i for i, name in enumerate(order)},
                "renameByName": {},
            },
        },
    ]
    made = targets([(e, "") for e in expressions], "instant", "table")
    defaults = {"custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}}
    return panel("table", title, description, made, "short", NEUTRAL, size, "–", defaults, options, overrides=columns, transformations=transformations)


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


# --- a board ---------------------------------------------------------------------------------------------------------


def query_variable(name, label, query, hide=0):
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "refresh": 2,  # on time change
        "sort": 3 if name in ("skill", "agent") else 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "regex": "",
        "hide": hide,
        "skipUrlSync": False,
    }


def choice(name, label, choices, current, description, multi=False):
    values = [current] if isinstance(current, str) else current
    made = {
        "type": "custom",
        "name": name,
        "label": label,
        "description": description,
        "query": ",".join(choices),
        "multi": multi,
        "includeAll": multi,
        "options": [{"selected": c in values, "text": c, "value": c} for c in choices],
        "current": {"selected": True, "text": current, "value": current},
        "hide": 0,
        "skipUrlSync": False,
    }
    if multi:
        made["allValue"] = ".+"
        made["options"].insert(0, {"selected": False, "text": "All", "value": "$__all"})
    return made


VARIABLES = {
    "datasource": {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "current": {"selected": False, "text": "default", "value": "default"},
        "options": [],
        "regex": "",
        "refresh": 1,
        "multi": False,
        "includeAll": False,
        "hide": 0,
        "skipUrlSync": False,
    },
    "job": query_variable("job", "Job", "label_values(wolkvox_poll_interval_seconds, job)"),
    "instance": query_variable("instance", "Instance", 'label_values(wolkvox_poll_interval_seconds{job=~"$job"}, instance)'),
    "operation": query_variable("operation", "Operation", f"label_values(wolkvox_poll_interval_seconds{{{BASE}}}, operation)"),
    "skill": query_variable("skill", "Skill", f"label_values(wolkvox_chats_total{{{OP}}}, skill_id)"),
    "channel": query_variable("channel", "Channel", f'label_values(wolkvox_chats_total{{{OP}, skill_id=~"$skill"}}, channel)'),
    "agent": query_variable("agent", "Agent", f"label_values(wolkvox_agent_chats_total{{{OP}}}, agent_id)"),
    "outcome": choice("outcome", "Outcome", ["coded", "uncoded", "timeout"], ["coded", "uncoded"], "timeout: nobody coded the chat, and it was closed after some 23 hours. Mostly mass sendings; at some sites real chats.", True),
    "window": choice("window", "Rolling window", ["20m", "30m", "1h", "2h", "4h", "8h", "12h", "1d"], "1h", "What the tiles and tables cover, up to the end of the time range."),
    "seconds": choice("seconds", "Service level within (s)", "10 15 20 30 45 60 90 120 180 300 600".split(), "30", "A chat answered within this is in time. These are bounds of the histogram; WOLKVOX_ASA_TARGET is the exporter's own."),
    "period": choice("period", "Budget over", ["1d", "7d", "14d", "28d"], "7d", "What the error budget is for. Prometheus must keep that much."),
}

BOARDS = {"operations": "Operations", "skill": "Skill", "agent": "Agent", "exporter": "Exporter"}
SHARED = ("datasource", "job", "instance", "operation")
# What a link of a table's row keeps. The operation is the row's: others may have a skill or an agent with the same id.
KEEP = "&".join(f"${{{name}:queryparam}}" for name in SHARED if name != "operation") + "&var-operation=${__data.fields.operation}&${__url_time_range}"


def board(name, description, variables, rows, time="now-12h", refresh="1m", annotation=True):
    panels, x, y, tallest = [], 0, 0, 0
    for made in rows:
        place = made["gridPos"]
        if x + place["w"] > 24 or made["type"] == "row":
            x, y, tallest = 0, y + tallest, 0
        made["gridPos"] = {"x": x, "y": y, **place}
        x, tallest = x + place["w"], max(tallest, place["h"])
        panels.append({"id": len(panels) + 1, **made})
    alerts = {
        "name": "Firing alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": RED,
        "expr": 'ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job", operation=~"$operation|", severity=~"critical|warning"}',
        "step": "5m",
        "tagKeys": "severity,operation,skill_id",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{operation}} {{skill_id}}",
        "useValueForTime": False,
    }
    builtin = {
        "name": "Annotations & Alerts",
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "type": "dashboard",
    }
    return {
        "uid": f"wolkvox-{name}",
        "title": f"Wolkvox / {BOARDS[name]}",
        "description": description,
        "tags": ["wolkvox", "contact-centre"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": refresh,
        "time": {"from": time, "to": "now"},
        "timepicker": {"refresh_intervals": ["30s", "1m", "5m", "15m"]},
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "links": [
            {
                "type": "link",
                "title": title,
                "tooltip": f"Wolkvox / {title}",
                "icon": "dashboard",
                "url": f"/d/wolkvox-{other}",
                "keepTime": True,
                "includeVars": True,
                "asDropdown": False,
                "targetBlank": False,
                "tags": [],
            }
            for other, title in BOARDS.items()
            if other != name
        ],
        "annotations": {"list": [builtin, alerts]},
        "templating": {"list": [VARIABLES[v] for v in (*SHARED, *variables)]},
        "panels": panels,
    }


# What is good, and what is not: change them here.
LEVEL = steps(RED, (0.6, ORANGE), (0.7, YELLOW), (0.8, GREEN))
WAIT = steps(GREEN, (30, YELLOW), (60, ORANGE), (120, RED))
WAIT90 = steps(GREEN, (60, YELLOW), (120, ORANGE), (300, RED))
SHARE_LAST = steps(GREEN, (0.5, YELLOW), (0.7, ORANGE), (0.85, RED))
SHARE_NEGATIVE = steps(GREEN, (0.2, YELLOW), (0.35, ORANGE), (0.5, RED))
AGE = steps(GREEN, (660, YELLOW), (1200, RED))
CHANGE = steps(ORANGE, (-0.4, YELLOW), (-0.2, GREEN), (0.4, YELLOW), (0.8, ORANGE))

# A value that stays as it is until the next poll.
STAIRS = {"drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 2, "fillOpacity": 10, "showPoints": "never", "spanNulls": 900000}

AGE_NOW = f"topk(1, time() - max by (operation) (wolkvox_last_success_timestamp_seconds{{{OP}}}))"
PARTICIPANT = ', participant!="unknown"'
FEELING = ', feeling!="unknown"'
LAST = "wolkvox_chat_last_speakers_total"
FEELINGS = "wolkvox_chat_feelings_total"


def customer_last(over=WINDOW, by=""):
    return ratio(inc(LAST, SKILL, over, by, more=', participant="customer"'), inc(LAST, SKILL, over, by, more=PARTICIPANT))


def negative(over=WINDOW, by=""):
    return ratio(inc(FEELINGS, SKILL, over, by, more=', feeling=~"(very_)?negative"'), inc(FEELINGS, SKILL, over, by, more=FEELING))


def age_tile(size=(4, 4)):
    return stat("Age of the data", "Time since the last good poll of Wolkvox. Up to one poll interval is normal; over 20 minutes the board shows the past. Of several operations, the one whose data is oldest.", AGE_NOW, "s", AGE, size, "no data", 0, legend="{{operation}}", text_mode="value_and_name")


ANSWER_COLOURS = {"mean": BLUE, "median": GREEN, "90 %": ORANGE, "95 %": "#FF780A", "99 %": RED, "target": (GREY, True), "lowest target": ("#8F8F8F", True)}
FEELING_COLOURS = {"very positive": "dark-green", "positive": GREEN, "neutral": "#8AB8FF", "negative": ORANGE, "very negative": RED}


def answer_times():
    asa = "wolkvox_chat_asa_seconds"
    return series(
        "Answer time",
        "From the start of a chat to the agent's answer (ASA): mean, median and the time within which 90 % were answered, by when the chats were closed. Dashed: WOLKVOX_ASA_TARGET of the operation; the highest and the lowest where they differ.",
        [
            (mean(asa, over=RATE), "mean"),
            (quantile(0.5, asa, over=RATE), "median"),
            (quantile(0.9, asa, over=RATE), "90 %"),
            *setting("wolkvox_asa_target_seconds", "target", OPERATIONS_OWN),
        ],
        "s",
        colours={name: ANSWER_COLOURS[name] for name in ("mean", "median", "90 %", "target", "lowest target")},
    )


def feelings(size=(8, 9)):
    words = [("very_positive", "very positive"), ("positive", "positive"), ("neutral", "neutral"), ("negative", "negative"), ("very_negative", "very negative")]
    return pie(
        "Feelings",
        "The customer's mood where it was recognised, over the rolling window.",
        [(inc(FEELINGS, SKILL, more=f', feeling="{w}"') + " > 0", n) for w, n in words],
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


def operations():
    per_skill = "operation, skill_id"
    week = inc("wolkvox_chats_total", offset="1w")
    # Only of operations that were there a week ago.
    of_old = f"sum({inc('wolkvox_chats_total', by='operation')} and on (operation) {inc('wolkvox_chats_total', by='operation', offset='1w')})"
    asa = "wolkvox_chat_asa_seconds"
    toa = "wolkvox_chat_time_on_agent_seconds"
    skill_link = ("Open the skill", "/d/wolkvox-skill?" + KEEP + "&var-skill=${__data.fields.skill_id}&${window:queryparam}&${seconds:queryparam}&${outcome:queryparam}")
    skills = [
        named(inc("wolkvox_chats_total", by=per_skill) + " > 0"),
        within(by=per_skill),
        mean(asa, by=per_skill),
        quantile(0.9, asa, by=per_skill),
        mean(toa, by=per_skill),
        customer_last(by=per_skill),
        negative(by=per_skill),
        ratio(inc("wolkvox_chats_total", by=per_skill), inc("wolkvox_chats_total", by=per_skill, offset="1w")) + " - 1",
    ]
    return board(
        "operations",
        "The wallboard: what happens now, against last week, by channel and by skill.",
        ("skill", "channel", "outcome", "window", "seconds"),
        [
            row("Now: the last $window"),
            stat("Service level", "Share of the chats closed within the rolling window that were answered within the chosen seconds.", within(), "percentunit", LEVEL, decimals=0),
            stat("Chats", "Chats closed within the rolling window.", inc("wolkvox_chats_total"), "locale", BRAND, decimals=0, background=False),
            stat("Against last week", "Chats closed within the rolling window, compared with the same time a week ago, of the operations that were counted then.", ratio(of_old, week) + " - 1", "percentunit", CHANGE, no_value="no week yet", decimals=0, background=False),
            stat("Answer time, mean", "Mean time from the start of a chat to the agent's answer (ASA) over the rolling window.", mean(asa), "s", WAIT, decimals=1),
            stat("Answer time, 90 %", "Nine of ten chats were answered within this (ASA) over the rolling window; estimated from buckets.", quantile(0.9, asa), "s", WAIT90, decimals=1),
            stat("Answered late", "Chats of the rolling window that were not answered within the chosen seconds.", "clamp_min(" + inc(f"{asa}_count") + " - " + inc(f"{asa}_bucket", more=', le=~"$seconds(\\\\.0)?"') + ", 0)", "locale", NEUTRAL, decimals=0),
            stat("Time on agent", "Mean time that agents spent on a chat, over the rolling window.", mean(toa), "s", NEUTRAL, decimals=1),
            stat("Agents active", "Agents who closed a chat within the rolling window (in any skill).", "count(" + inc("wolkvox_agent_chats_total", OUT, by="operation, agent_id") + " > 0.5)", "short", NEUTRAL, decimals=0, no_value="none"),
            stat("Customer spoke last", "Share of the chats in which the customer wrote last: some only say thanks, some still wait.", customer_last(), "percentunit", SHARE_LAST, decimals=0),
            stat("Negative feeling", "Share of negative and very negative among the chats whose mood was recognised.", negative(), "percentunit", SHARE_NEGATIVE, no_value="not recognised", decimals=0),
            stat("Latest window", "Chats of the exporter's own latest window (WOLKVOX_WINDOW), as it computes them without PromQL; none while the data is old.", f"sum(wolkvox_window_chats{{{CHAT}}})", "short", NEUTRAL, decimals=0, no_value="none"),
            age_tile(),
            row("Trends"),
            series("Chats per hour by channel", "Chats closed, as a pace per hour, by channel.", [("3600 * sum by (channel) (rate(wolkvox_chats_total{" + CHAT + "}[" + RATE + "]))", "{{channel}}")], "short", stack=True, defaults={"decimals": 0}),
            series(
                "Chats per hour against last week",
                "Chats closed, as a pace per hour, now and at the same time a week ago.",
                [
                    ("3600 * sum(rate(wolkvox_chats_total{" + CHAT + "}[" + RATE + "]))", "now"),
                    ("3600 * sum(rate(wolkvox_chats_total{" + CHAT + "}[" + RATE + "] offset 1w))", "a week ago"),
                ],
                "short",
                colours={"now": BLUE, "a week ago": (GREY, True)},
                defaults={"decimals": 0},
            ),
            series(
                "Service level",
                "Share of the chats answered within the chosen seconds, now and a week ago. Dashed: the objective of the operation (WOLKVOX_SERVICE_LEVEL_TARGET); the highest and the lowest where they differ.",
                [(within(RATE), "now"), (within(RATE, offset="1w"), "a week ago"), *setting("wolkvox_service_level_target_ratio", "objective", OPERATIONS_OWN)],
                "percentunit",
                colours={"now": GREEN, "a week ago": ("#8AB8FF", True), "objective": (GREY, True), "lowest objective": ("#8F8F8F", True)},
                defaults={"max": 1, "min": 0},
            ),
            answer_times(),
            heatmap("How long customers wait", "Chats by their answer time (ASA): the darker, the more chats.", asa),
            series(
                "Time on agent and length of a chat",
                "Median and 90 % of the time that agents spent on a chat, and the median length from start to close (uncheck the outcome timeout: it lasts 23 hours).",
                [(quantile(0.5, toa, over=RATE), "on agent, median"), (quantile(0.9, toa, over=RATE), "on agent, 90 %"), (quantile(0.5, "wolkvox_chat_duration_seconds", over=RATE), "start to close, median")],
                "s",
                colours={"on agent, median": BLUE, "on agent, 90 %": ORANGE, "start to close, median": "purple"},
            ),
            row("Skills: the last $window"),
            table(
                "Skills",
                "Each skill over the rolling window. A click on a name opens the skill's board.",
                skills,
                [
                    OPERATION,
                    column("skill_name", "Skill", link=skill_link, width=200),
                    column("Value #A", "Chats", "short", decimals=0, maximum=True),
                    column("Value #B", "Service level", "percentunit", LEVEL, decimals=0),
                    column("Value #C", "Answer time, mean", "s", WAIT, decimals=1),
                    column("Value #D", "Answer time, 90 %", "s", WAIT90, decimals=1),
                    column("Value #E", "Time on agent", "s", decimals=1),
                    column("Value #F", "Customer spoke last", "percentunit", SHARE_LAST, decimals=0, fill=False),
                    column("Value #G", "Negative feeling", "percentunit", SHARE_NEGATIVE, decimals=0, fill=False),
                    column("Value #H", "Against last week", "percentunit", CHANGE, decimals=0, fill=False),
                    unseen("skill_id"),
                ],
                sort="Chats",
                size=(24, 7),
                order=("operation", "skill_name", "Value #A", "Value #H", "Value #B", "Value #C", "Value #D", "Value #E", "Value #F", "Value #G", "skill_id"),
            ),
            row("What became of the chats: the last $window"),
            codes(),
            feelings(),
            pie(
                "Outcomes",
                "Coded by the agent, left uncoded, or closed by the timeout after 23 hours: all of them, whatever is chosen above.",
                [(inc("wolkvox_chats_total", OP + ', skill_id=~"$skill", channel=~"$channel"', more=f', outcome="{o}"') + " > 0", o) for o in ("coded", "uncoded", "timeout")],
                {"coded": GREEN, "uncoded": YELLOW, "timeout": "#8F8F8F"},
            ),
        ],
    )


def skill():
    asa = "wolkvox_chat_asa_seconds"
    toa = "wolkvox_chat_time_on_agent_seconds"
    def due(over):
        """Chats that should have been answered in time, so that each skill keeps its objective."""
        return "sum(" + of_skills("wolkvox_service_level_target_ratio", inc(asa + "_count", over=over, by="operation, skill_id"), "*") + ")"

    def in_time(over):
        return inc("wolkvox_chat_answered_within_target_total", over=over)

    def answered(over):
        return inc(asa + "_count", over=over)

    def burn(over):
        """Chats answered late, of those that may be."""
        return ratio(f"({answered(over)} - {in_time(over)})", f"({answered(over)} - {due(over)})")

    agents = [
        named(inc("wolkvox_agent_chats_total", OUT, by="operation, agent_id") + " > 0.5", "agent"),
        ratio(inc("wolkvox_agent_answered_within_target_total", OUT, by="operation, agent_id"), inc("wolkvox_agent_asa_seconds_count", OUT, by="operation, agent_id")),
        mean("wolkvox_agent_asa_seconds", OUT, by="operation, agent_id"),
        mean("wolkvox_agent_time_on_agent_seconds", OUT, by="operation, agent_id"),
    ]
    agent_link = ("Open the agent", "/d/wolkvox-agent?" + KEEP + "&var-agent=${__data.fields.agent_id}&${window:queryparam}&${outcome:queryparam}")
    return board(
        "skill",
        "One skill (or several together): its objective, how long customers wait, how much work it is, how well it is done.",
        ("skill", "channel", "outcome", "window", "seconds", "period"),
        [
            row("Objective, over $period"),
            stat("Service level", "Share of the chats answered within WOLKVOX_ASA_TARGET, over the period chosen for the budget.", ratio(in_time("$period"), answered("$period")), "percentunit", LEVEL, decimals=1),
            stat("Objective", "The share that is aimed at: the skill's own objective where it has one, else WOLKVOX_SERVICE_LEVEL_TARGET. Of several skills, what it comes to for all their chats.", ratio(due("$period"), answered("$period")), "percentunit", NEUTRAL, decimals=0),
            stat("Error budget left", "The budget is the share of chats that may be late. Below zero it is overdrawn.", f"1 - {burn('$period')}", "percentunit", steps(RED, (0, ORANGE), (0.25, YELLOW), (0.5, GREEN)), decimals=0),
            stat("Burn rate, $window", "How many times faster than planned the budget is used over the rolling window: 1 is just as planned.", burn(WINDOW), "none", steps(GREEN, (1, YELLOW), (2, ORANGE), (3, RED)), decimals=1),
            stat("Chats, $window", "Chats closed within the rolling window.", inc("wolkvox_chats_total"), "locale", BRAND, decimals=0, background=False),
            age_tile(),
            series(
                "Burn rate",
                "How many times faster than planned the error budget is used, over an hour, six hours and a day. Alerts: above 4 (1h), 3 (6h), 2 (1d) and 1 (3d).",
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
                [(quantile(q, asa, over=RATE), n) for q, n in ((0.5, "median"), (0.9, "90 %"), (0.95, "95 %"), (0.99, "99 %"))] + skill_settings("wolkvox_asa_target_seconds", "target"),
                "s",
                colours={name: colour for name, colour in ANSWER_COLOURS.items() if name != "mean"},
            ),
            heatmap("How long customers wait", "Chats by their answer time (ASA): the darker, the more chats.", asa),
            row("Workload"),
            series(
                "Agents busy",
                "Little's law: time on agent that came in per second is the number of chats that agents had in hand on average. Divide by the chats that one agent handles at a time to get agents needed.",
                [("sum(rate(wolkvox_chat_time_on_agent_seconds_sum{" + CHAT + "}[" + RATE + "]))", "now"), ("sum(rate(wolkvox_chat_time_on_agent_seconds_sum{" + CHAT + "}[" + RATE + "] offset 1w))", "a week ago")],
                "short",
                size=(8, 8),
                colours={"now": BLUE, "a week ago": (GREY, True)},
                defaults={"decimals": 1},
            ),
            series(
                "Time on agent and response",
                "Mean and 90 % of the time that agents spent on a chat; and their mean response time within a chat, where the server sends it.",
                [(mean(toa, over=RATE), "on agent, mean"), (quantile(0.9, toa, over=RATE), "on agent, 90 %"), (mean("wolkvox_chat_agent_response_seconds", over=RATE), "response, mean")],
                "s",
                size=(8, 8),
                colours={"on agent, mean": BLUE, "on agent, 90 %": ORANGE, "response, mean": GREEN},
            ),
            series("Chats per hour by channel", "Chats closed, as a pace per hour, by channel.", [("3600 * sum by (channel) (rate(wolkvox_chats_total{" + CHAT + "}[" + RATE + "]))", "{{channel}}")], "short", size=(8, 8), stack=True, defaults={"decimals": 0}),
            row("How well it is done"),
            series(
                "Who spoke last",
                "Share of the chats by who wrote last.",
                [(ratio(inc(LAST, SKILL, RATE, "participant"), "ignoring (participant) group_left () " + inc(LAST, SKILL, RATE)).replace("/ (ignoring (participant) group_left () ", "/ ignoring (participant) group_left () ("), "{{participant}}")],
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
                "short",
                size=(8, 8),
                colours={"replies per chat": BLUE},
                defaults={"decimals": 1},
            ),
            series(
                "Characters per chat",
                "How much customers and agents typed in a chat.",
                [(ratio(inc(f"wolkvox_chat_{who}_characters_total", over=RATE), inc("wolkvox_chats_total", over=RATE)), who) for who in ("customer", "agent")],
                "short",
                size=(8, 8),
                colours={"customer": ORANGE, "agent": BLUE},
                defaults={"decimals": 0},
            ),
            stat("Customer spoke last", "Share of the chats of the rolling window in which the customer wrote last.", customer_last(), "percentunit", SHARE_LAST, (6, 4), decimals=0),
            stat("Negative feeling", "Share of negative and very negative among the chats whose mood was recognised.", negative(), "percentunit", SHARE_NEGATIVE, (6, 4), no_value="not recognised", decimals=0),
            stat("Replies per chat", "How often agents wrote to the customer in a chat, over the rolling window.", ratio(inc("wolkvox_chat_agent_answers_total"), inc("wolkvox_chats_total")), "short", NEUTRAL, (6, 4), decimals=1),
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
                    column("Value #A", "Chats", "short", width=100, decimals=0, maximum=True),
                    column("Value #B", "In time", "percentunit", LEVEL, width=80, decimals=0),
                    column("Value #C", "Answer", "s", WAIT, width=95, decimals=1),
                    column("Value #D", "On agent", "s", width=100, decimals=1),
                    unseen("agent_id"),
                ],
                size=(10, 10),
                sort="Chats",
                order=("operation", "agent_name", "Value #A", "Value #B", "Value #C", "Value #D", "agent_id"),
            ),
            row("Who wrote, who worked, and when chats were opened"),
            pie(
                "Who wrote: the last $window",
                "Both; the customer alone, whom nobody replied to; the agent alone, whose message nobody answered, as with most of a sending; neither; or unknown where the report has no number of characters.",
                [(inc("wolkvox_chat_conversations_total", SKILL, by="kind") + " > 0", "{{kind}}")],
                {"both": GREEN, "customer_only": RED, "agent_only": "#8AB8FF", "none": "#8F8F8F", "unknown": YELLOW},
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
                    named(inc("wolkvox_agent_skill_chats_total", SKILL, by="operation, agent_id, skill_id") + " > 0.5", "agent"),
                    ratio(inc("wolkvox_agent_skill_answered_within_target_total", SKILL, by="operation, agent_id, skill_id"), inc("wolkvox_agent_skill_chats_total", SKILL, by="operation, agent_id, skill_id")),
                ],
                [
                    column("operation", "Operation", width=100),
                    column("agent_name", "Agent", link=agent_link, width=145),
                    column("skill_id", "Skill", width=80),
                    column("Value #A", "Chats", "short", width=100, decimals=0, maximum=True),
                    column("Value #B", "In time", "percentunit", LEVEL, width=80, decimals=0),
                    unseen("agent_id"),
                ],
                size=(10, 13),
                sort="Chats",
                order=("operation", "agent_name", "skill_id", "Value #A", "Value #B", "agent_id"),
            ),
        ],
    )


def agent():
    by = "operation, agent_id"
    chats = "wolkvox_agent_chats_total"
    pairs = {
        "chats": inc(chats, AGENT, by=by),
        "level": ratio(inc("wolkvox_agent_answered_within_target_total", AGENT, by=by), inc("wolkvox_agent_asa_seconds_count", AGENT, by=by)),
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

    link = ("Only this agent", "/d/wolkvox-agent?" + KEEP + "&var-agent=${__data.fields.agent_id}&${window:queryparam}&${outcome:queryparam}")
    return board(
        "agent",
        "Agents: the ranking, and one of them over time. Shows ids; names where the exporter is set to keep them (WOLKVOX_AGENTS=names). These are data about employees: handle them as your law asks.",
        ("agent", "outcome", "window"),
        [
            row("The last $window"),
            stat("Agents active", "Agents of the choice who closed a chat within the rolling window.", f"count({pairs['chats']} > 0.5)", "short", BRAND, decimals=0, no_value="none", background=False),
            stat("Chats", "Chats closed by these agents within the rolling window.", inc(chats, AGENT), "locale", BRAND, decimals=0, background=False),
            stat("Chats per agent", "Chats closed within the rolling window, per agent who closed one.", f"{inc(chats, AGENT)} / (count({pairs['chats']} > 0.5) > 0)", "short", NEUTRAL, decimals=1),
            stat("Within target", "Share of the chats answered within WOLKVOX_ASA_TARGET.", ratio(inc("wolkvox_agent_answered_within_target_total", AGENT), inc("wolkvox_agent_asa_seconds_count", AGENT)), "percentunit", LEVEL, decimals=0),
            stat("Answer time, mean", "Mean time from the start of a chat to the agent's answer (ASA).", mean("wolkvox_agent_asa_seconds", AGENT), "s", WAIT, decimals=1),
            stat("Time on agent, mean", "Mean time that an agent spent on a chat.", mean("wolkvox_agent_time_on_agent_seconds", AGENT), "s", NEUTRAL, decimals=1),
            row("Ranking: the last $window"),
            table(
                "Agents",
                "Every agent over the rolling window. Time in chats above the window itself means several chats at once. The last four are shares of the agent's chats: those in which the customer wrote and the agent did not, and so on. A click on a name shows that agent alone.",
                [named(pairs["chats"] + " > 0.5", "agent"), pairs["level"], pairs["asa"], pairs["toa"], pairs["duration"], pairs["replies"], pairs["characters"], pairs["busy"] + " > 0", pairs["response"], pairs["unanswered"], pairs["customer_spoke_last"], pairs["negative_feelings"], pairs["transfers"]],
                [
                    OPERATION,
                    column("agent_name", "Agent", link=link, width=150),
                    column("agent_id", "Id", width=75),
                    column("Value #A", "Chats", "short", decimals=0, maximum=True),
                    column("Value #B", "Within target", "percentunit", LEVEL, decimals=0),
                    column("Value #C", "Answer time", "s", WAIT, decimals=1),
                    column("Value #D", "Time on agent", "s", decimals=1),
                    column("Value #E", "Start to close", "s", decimals=1),
                    column("Value #F", "Replies per chat", "short", decimals=1),
                    column("Value #G", "Characters per reply", "short", decimals=0),
                    column("Value #H", "Time in chats", "s", decimals=1),
                    column("Value #I", "Response", "s", decimals=1),
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
            series("Chats per hour", "Chats closed, as a pace per hour.", [(top("3600 * sum by (operation, agent_id) (rate(wolkvox_agent_chats_total{" + AGENT + "}[" + RATE + "]))"), "{{agent_name}} ({{operation}})")], "short", stack=True, defaults={"decimals": 0}),
            series("Within target", "Share of the chats answered within WOLKVOX_ASA_TARGET, over two hours.", [(top(pairs["level"].replace(f"[{WINDOW}]", "[2h]")), "{{agent_name}} ({{operation}})")], "percentunit", defaults={"max": 1, "min": 0}),
            series("Answer time", "Mean time from the start of a chat to the answer (ASA), over two hours.", [(top(pairs["asa"].replace(f"[{WINDOW}]", "[2h]")), "{{agent_name}} ({{operation}})")], "s"),
            series("Time on agent", "Mean time spent on a chat, over two hours.", [(top(pairs["toa"].replace(f"[{WINDOW}]", "[2h]")), "{{agent_name}} ({{operation}})")], "s"),
        ],
    )


def exporter():
    def per(metric, by, legend, title, description, unit="short", labels=OP, size=(8, 8), stack=True, **more):
        return series(title, description, [(f"sum by ({by}) (increase({metric}{{{labels}}}[{RATE}])) > 0", legend)], unit, size=size, stack=stack, **more)

    up = {"mappings": words(_0=("DOWN", RED), _1=("UP", GREEN))}
    ok = {"mappings": words(_0=("FAILS", RED), _1=("OK", GREEN))}
    accepted = words(_0=("REFUSED", RED), _1=("accepted", GREEN))
    held = f"max by (operation) (wolkvox_operation_held{{{OP}}})"
    slowed = f"max by (operation) (wolkvox_api_slowdown{{{OP}}})"
    limit = f"max by (operation) (wolkvox_api_daily_limit{{{OP}}})"
    reserve = f"max by (operation) (wolkvox_api_daily_reserve_ratio{{{OP}}})"
    q = "wolkvox_api_request_duration_seconds"
    return board(
        "exporter",
        "Is the exporter well: does it reach Wolkvox, is its data of now, is anything lost.",
        (),
        [
            row("Now"),
            stat("Exporter", "Whether Prometheus reaches the exporter.", f"min(up{{{BASE}}} and on (job, instance) last_over_time(wolkvox_exporter_build_info{{{BASE}}}[1d]))", "none", steps(RED, (1, GREEN)), (3, 4), "not there", defaults=up),
            stat("Last poll", "Whether the last poll of Wolkvox succeeded; the worst of the operations.", f"min(wolkvox_up{{{OP}}})", "none", steps(RED, (1, GREEN)), (3, 4), "none yet", defaults=ok),
            age_tile((3, 4)),
            stat("Watermark lag", "Everything closed before the watermark has been asked for. Far behind: a backlog is being caught up. Of several operations, the one that is furthest behind.", f"topk(1, time() - max by (operation) (wolkvox_watermark_timestamp_seconds{{{OP}}}))", "s", steps(GREEN, (1200, YELLOW), (3600, RED)), (3, 4), "no data", 0, legend="{{operation}}", text_mode="value_and_name"),
            stat("Prompt arrivals", "Share of the chats of the last hour that were first seen within an hour of their close. Below 90 % business alerts are silent.", ratio(inc("wolkvox_chat_arrival_delay_seconds_bucket", OP, "1h", more=', le=~"3600(\\\\.0)?"'), inc("wolkvox_chat_arrival_delay_seconds_count", OP, "1h")), "percentunit", steps(RED, (0.9, GREEN)), (3, 4), decimals=0),
            stat("Calls today", "Calls to the Wolkvox API since the operation's midnight, by this exporter.", f"sum(wolkvox_api_requests_today{{{OP}}})", "locale", NEUTRAL, (3, 4), "none", 0),
            stat("Quota used", "Calls today as a share of the daily limit, where one is configured, with those of the operations that share its token. Other programs share the quota too. Of several operations, the one that has used most of its own.", f"topk(1, max by (operation) (wolkvox_api_group_requests_today{{{OP}}} / on (job, instance, operation) wolkvox_api_daily_limit{{{OP}}}))", "percentunit", steps(GREEN, (0.6, YELLOW), (0.8, RED)), (3, 4), "no limit set", 1, legend="{{operation}}", text_mode="value_and_name"),
            stat("Report skipped", "Seconds of the report given up over the time range after repeated failure; 0 is what you want.", f"sum(increase(wolkvox_report_seconds_skipped_total{{{OP}}}[$__range])) or 0 * max(wolkvox_up{{{OP}}})", "s", steps(GREEN, (1, RED)), (3, 4), "no data", 0, defaults={"displayName": "given up"}),
            row("Operations and configuration"),
            stat("Configuration", "Whether the last reload was accepted, at the start or since. A refused one changes nothing; the worst of the exporters.", f"min(wolkvox_exporter_config_last_reload_successful{{{BASE}}})", "none", steps(RED, (1, GREEN)), (6, 4), "no data", defaults={"mappings": accepted}),
            stat("Configured", "Operations in the configuration.", f"count({held})", "short", NEUTRAL, (6, 4), "no data", 0),
            stat("Standing still", "Operations in the configuration that no exporter polls; the log and the status page say why.", f"count({held}) - sum({held})", "short", steps(GREEN, (1, RED)), (6, 4), "no data", 0),
            stat("Slowed down", "Operations whose calls of today would not last: they leave sweeps out, or poll less often.", f"count({slowed} > 0) or 0 * count({held})", "short", steps(GREEN, (1, YELLOW)), (6, 4), "no data", 0),
            table(
                "Operations",
                "Each operation: whether an exporter polls it, how the last poll went and how old the data is; the time between polls that is in effect, and the calls of today, with the share of the limit that is kept for others. A click on a name shows that operation alone.",
                [
                    held,
                    f"max by (operation) (wolkvox_up{{{OP}}})",
                    f"time() - max by (operation) (wolkvox_last_success_timestamp_seconds{{{OP}}})",
                    f"max by (operation) (wolkvox_poll_interval_seconds{{{OP}}})",
                    slowed,
                    f"max by (operation) (wolkvox_api_requests_today{{{OP}}})",
                    limit,
                    reserve,
                ],
                [
                    column("operation", "Operation", link=("Only this operation", "/d/wolkvox-exporter?" + KEEP), width=130),
                    column("Value #A", "Polled", width=65, mappings=words(_0=("NO", RED), _1=("yes", GREEN))),
                    column("Value #B", "Last poll", width=80, mappings=ok["mappings"]),
                    column("Value #C", "Data is old", "s", width=90, decimals=0),
                    column("Value #D", "Poll interval", "s", width=100, decimals=0),
                    column("Value #E", "Pace", width=120, mappings=words(_0=("usual", GREEN), _1=("no sweeps", YELLOW), _2=("longer interval", ORANGE))),
                    column("Value #F", "Calls today", "locale", width=90, decimals=0),
                    column("Value #G", "Limit", "locale", width=70, decimals=0),
                    column("Value #H", "For others", "percentunit", decimals=0),
                ],
                size=(14, 7),
                order=("operation", *(f"Value #{letter}" for letter in "ABCDEFGH")),
            ),
            table(
                "Configurations",
                "Each exporter: its last reload, since when its configuration is in effect, and the operations that it has in it and polls. Exporters that work together have the same hash.",
                [
                    f"max by (instance) (wolkvox_exporter_config_last_reload_successful{{{BASE}}})",
                    f"time() - max by (instance) (wolkvox_exporter_config_last_reload_success_timestamp_seconds{{{BASE}}})",
                    f'max by (instance) (wolkvox_exporter_operations{{{BASE}, state="configured"}})',
                    f'max by (instance) (wolkvox_exporter_operations{{{BASE}, state="held"}})',
                    f"max by (instance, hash) (wolkvox_exporter_config_hash_info{{{BASE}}})",
                ],
                [
                    column("instance", "Instance", width=135),
                    column("Value #A", "Last reload", width=90, mappings=accepted),
                    column("Value #B", "In effect for", "s", width=100, decimals=1),
                    column("Value #C", "Configured", "short", width=90, decimals=0),
                    column("Value #D", "Polled", "short", width=70, decimals=0),
                    column("hash", "Hash"),
                ],
                hidden=("Value #E",),
                size=(10, 7),
                order=("instance", "Value #A", "Value #B", "Value #C", "Value #D", "hash"),
            ),
            row("Polling"),
            series(
                "Age of the data",
                "Time since the last good poll, and how far the watermark is behind now. Up to one poll interval is normal; as polls and points of the curve come at the same moments, it is mostly a whole one.",
                [
                    (f"time() - max by (operation) (wolkvox_last_success_timestamp_seconds{{{OP}}})", "{{operation}} last good poll"),
                    (f"time() - max by (operation) (wolkvox_last_poll_timestamp_seconds{{{OP}}})", "{{operation}} last poll"),
                    (f"time() - max by (operation) (wolkvox_watermark_timestamp_seconds{{{OP}}})", "{{operation}} watermark"),
                ],
                "s",
                size=(8, 8),
                thresholds=steps("transparent", (1200, RED)),
                line="dashed",
            ),
            series(
                "Polls and failures",
                "Polls within the interval, and those that failed, by reason; and the pauses that Wolkvox called for.",
                [
                    (f"sum(increase(wolkvox_polls_total{{{OP}}}[{RATE}]))", "polls"),
                    (f"sum by (operation, reason) (increase(wolkvox_poll_failures_total{{{OP}}}[{RATE}])) > 0", "{{operation}} {{reason}}"),
                    (f"sum by (operation, reason) (increase(wolkvox_api_pauses_total{{{OP}}}[{RATE}])) > 0", "{{operation}} pause: {{reason}}"),
                ],
                "short",
                size=(8, 8),
                colours={"polls": (GREY, True)},
                defaults={"decimals": 0},
            ),
            series(
                "How long Wolkvox takes",
                "Calls to the API: half of them and nine of ten took at most this; and the last poll as a whole.",
                [
                    (quantile(0.5, q, OP, RATE), "median"),
                    (quantile(0.9, q, OP, RATE), "90 %"),
                    (f"max(wolkvox_poll_duration_seconds{{{OP}}})", "last poll"),
                ],
                "s",
                size=(8, 8),
                colours={"median": GREEN, "90 %": ORANGE, "last poll": BLUE},
            ),
            per("wolkvox_api_requests_total", "code", "{{code}}", "Calls by status", "Calls to the API by HTTP status; none where no answer came. 404 is an empty window.", colours={"200": GREEN, "404": BLUE, "403": RED, "none": ORANGE}, size=(6, 8), defaults={"decimals": 0}),
            series(
                "Calls today",
                "Calls since the operation's midnight. Dashed: the daily limit, where configured, and what of it is not kept for others; the highest and the lowest where the operations' differ.",
                [(f"sum by (operation) (wolkvox_api_requests_today{{{OP}}})", "{{operation}}"), *setting("wolkvox_api_daily_limit", "limit"), *spread(f"{limit} * on (operation) (1 - {reserve})", "not kept for others")],
                "short",
                size=(6, 8),
                colours={"limit": (RED, True), "lowest limit": (RED, True), "not kept for others": (ORANGE, True), "lowest not kept for others": (ORANGE, True)},
                defaults={"decimals": 0},
            ),
            series(
                "Poll interval",
                "Time between polls that is in effect. It grows while the calls that are left today would not last until midnight.",
                [(f"max by (operation) (wolkvox_poll_interval_seconds{{{OP}}})", "{{operation}}")],
                "s",
                size=(6, 8),
                defaults={"custom": {**STAIRS, "axisSoftMin": 0}},
            ),
            series("Bytes answered", "Size of the API's answers, after decompression.", [(f"sum by (operation) (rate(wolkvox_api_response_bytes_total{{{OP}}}[{RATE}]))", "{{operation}}")], "Bps", size=(6, 8)),
            row("The report"),
            series(
                "Rows",
                "Rows read, and what they were: known already (overlapping windows, on purpose), twice in one answer, no chat at all.",
                [
                    (f"sum(increase(wolkvox_report_rows_total{{{OP}}}[{RATE}]))", "read"),
                    (f"sum(increase(wolkvox_report_rows_duplicate_total{{{OP}}}[{RATE}]))", "known already"),
                    (f"sum(increase(wolkvox_report_rows_repeated_total{{{OP}}}[{RATE}]))", "twice in one answer"),
                    (f"sum by (operation, reason) (increase(wolkvox_report_rows_rejected_total{{{OP}}}[{RATE}])) > 0", "{{operation}} rejected: {{reason}}"),
                ],
                "short",
                size=(8, 8),
                colours={"read": BLUE, "known already": "#8AB8FF", "twice in one answer": ORANGE},
                defaults={"decimals": 0},
            ),
            heatmap("Arrival delay", "From the close of a chat until it was first seen: up to one poll interval is normal, more is a backlog or a slow report.", "wolkvox_chat_arrival_delay_seconds", (8, 8), OP),
            series(
                "Late rows, unreadable and missing fields",
                "Chats that only the sweep found; values that could not be read, and documented fields that were missing, by field.",
                [
                    (f"sum(increase(wolkvox_chats_late_total{{{OP}}}[{RATE}]))", "late rows"),
                    (f"sum by (operation, field) (increase(wolkvox_report_fields_invalid_total{{{OP}}}[{RATE}])) > 0", "{{operation}} unreadable: {{field}}"),
                    (f"sum by (operation, field) (increase(wolkvox_report_fields_absent_total{{{OP}}}[{RATE}])) > 0", "{{operation}} missing: {{field}}"),
                ],
                "short",
                size=(8, 8),
                defaults={"decimals": 0},
            ),
            row("State and series"),
            series(
                "State commits",
                "Times the state was written to disk, and could not be; and damaged states put aside at a start.",
                [
                    (f"sum(increase(wolkvox_state_commits_total{{{OP}}}[{RATE}]))", "written"),
                    (f"sum(increase(wolkvox_state_commit_failures_total{{{OP}}}[{RATE}]))", "failed"),
                    (f"sum(increase(wolkvox_state_recoveries_total{{{OP}}}[{RATE}]))", "put aside"),
                ],
                "short",
                size=(6, 7),
                colours={"written": GREEN, "failed": RED, "put aside": ORANGE},
                defaults={"decimals": 0},
            ),
            series("State on disk", "Size of the state.", [(f"sum by (operation) (wolkvox_state_bytes{{{OP}}})", "{{operation}}")], "bytes", size=(6, 7)),
            series("Chats remembered", "Ids kept to count each chat once.", [(f"sum by (operation) (wolkvox_seen_chats{{{OP}}})", "{{operation}}")], "short", size=(6, 7)),
            series(
                "Series",
                "Sample lines on /metrics, the limit, and chats counted under \"other\" because of it.",
                [
                    (f"sum by (operation) (wolkvox_series{{{OP}}})", "{{operation}}"),
                    *setting("wolkvox_series_limit", "limit"),
                    (f"sum(increase(wolkvox_series_limited_total{{{OP}}}[{RATE}]))", "under other"),
                ],
                "short",
                size=(6, 7),
                colours={"limit": (RED, True), "lowest limit": (RED, True), "under other": ORANGE},
            ),
            row("Process"),
            series("CPU", "CPU time used per second.", [(f"sum by (instance) (rate(process_cpu_seconds_total{{{BASE}}}[{RATE}]) and on (job, instance) wolkvox_exporter_build_info{{{BASE}}})", "{{instance}}")], "percentunit", size=(5, 7)),
            series(
                "Memory",
                "Resident memory.",
                [(f"process_resident_memory_bytes{{{BASE}}} and on (job, instance) wolkvox_exporter_build_info{{{BASE}}}", "{{instance}}")],
                "bytes",
                size=(5, 7),
            ),
            series(
                "Clock offset",
                "The server's clock minus ours; more than a minute alerts.",
                [(f"max by (operation) (wolkvox_api_clock_offset_seconds{{{OP}}})", "{{operation}}")],
                "s",
                size=(5, 7),
                defaults={"custom": STAIRS},
            ),
            table(
                "Exporters",
                "Version, how long the process has been running, and log lines that its standard error did not take.",
                [
                    f"max by (instance, version, revision) (wolkvox_exporter_build_info{{{BASE}}})",
                    f"max by (instance) (time() - process_start_time_seconds{{{BASE}}} and on (job, instance) wolkvox_exporter_build_info{{{BASE}}})",
                    f"max by (instance) (process_open_fds{{{BASE}}} and on (job, instance) wolkvox_exporter_build_info{{{BASE}}})",
                    f"max by (instance) (increase(wolkvox_exporter_scrapes_total{{{BASE}}}[1h]))",
                    f"max by (instance) (increase(wolkvox_exporter_log_lines_dropped_total{{{BASE}}}[1h]))",
                ],
                [
                    column("instance", "Instance", width=135),
                    column("version", "Version", width=70),
                    column("revision", "Revision", width=115),
                    column("Value #B", "Running", "s", width=85, decimals=1),
                    column("Value #C", "Open files", "short", width=80, decimals=0),
                    column("Value #D", "Scrapes/h", "short", width=80, decimals=0),
                    column("Value #E", "Lost log lines/h", "short", width=115, decimals=0),
                ],
                hidden=("Value #A",),
                size=(9, 7),
                order=("instance", "version", "revision", "Value #B", "Value #C", "Value #D", "Value #E"),
            ),
        ],
    )


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in {"operations": operations, "skill": skill, "agent": agent, "exporter": exporter}.items():
        path = HERE / f"wolkvox-{name}.json"
        text = json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"not what make.py makes: {', '.join(stale)}; run python3 dashboards/make.py")


if __name__ == "__main__":
    main()
