"""A board around its panels: variables, links, annotations, and where each panel is."""

from dashboards.source.panel import DATASOURCE, RED, target, words
from dashboards.source.parameters import STALE_POLLS, polling
from dashboards.source.promql import BASE, OP, named, too_old


def of_names(key, chats):
    """A query for ids and names. An id is its own name where none is known, and where operations of the choice call it differently."""
    ids, name = f"{key}_id", f"{key}_name"
    known = named(f"max by (operation, {ids}) (last_over_time({chats}{{{OP}}}[$__range]))", key)
    names = f"max by ({ids}, {name}) ({known})"
    several = f"count by ({ids}) ({names}) > 1"
    return f'query_result({names} unless on ({ids}) {several} or on ({ids}) label_replace({several}, "{name}", "$1", "{ids}", "(.+)"))'


def name_variable(name, label, chats):
    """Shows names, and puts ids into queries."""
    made = query_variable(name, label, of_names(name, chats))
    # By their text, whatever its case.
    made.update(sort=5, regex=f'/{name}_id="(?<value>[^"]+)",{name}_name="(?<text>.*)"}}/')
    return made


def query_variable(name, label, query, hide=0):
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": "StandardVariableQuery"},
        "refresh": 2,  # on time change
        "sort": 1,
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
    "skill": name_variable("skill", "Skill", "wolkvox_chats_total"),
    "channel": query_variable("channel", "Channel", f'label_values(wolkvox_chats_total{{{OP}, skill_id=~"$skill"}}, channel)'),
    "agent": name_variable("agent", "Agent", "wolkvox_agent_chats_total"),
    "outcome": choice("outcome", "Outcome", ["coded", "uncoded", "timeout"], ["coded", "uncoded"], "timeout: nobody coded the chat, and it was closed after some 23 hours. Mostly mass sendings; at some sites real chats.", True),
    "window": choice("window", "Rolling window", ["20m", "30m", "1h", "2h", "4h", "8h", "12h", "1d"], "1h", "What the tiles and tables cover, up to the end of the time range."),
    "seconds": choice("seconds", "Service level within (s)", "10 15 20 30 45 60 90 120 180 300 600".split(), "30", "A chat answered within this is in time. These are bounds of the histogram; WOLKVOX_ASA_TARGET is the exporter's own."),
    "period": choice("period", "Budget over", ["1d", "7d", "14d", "28d"], "7d", "What the error budget is for. Prometheus must keep that much."),
}

BOARDS = {"wall": "Wall", "operations": "Operations", "skill": "Skill", "agent": "Agent", "exporter": "Exporter"}
SHARED = ("datasource", "job", "instance", "operation")
# What a link of a table's row keeps. The operation is the row's: others may have a skill or an agent with the same id.
KEEP = "&".join(f"${{{name}:queryparam}}" for name in SHARED if name != "operation") + "&var-operation=${__data.fields.operation}&${__url_time_range}"


def row_link(title, name, of=""):
    """A link from a table's row to a board: of the row's skill or agent, or of its operation alone."""
    chosen = f"&var-{of}=${{__data.fields.{of}_id}}&${{window:queryparam}}&${{outcome:queryparam}}" if of else ""
    return (title, f"/d/wolkvox-{name}?{KEEP}{chosen}")


# Alerts of the operations chosen, and of exporters: critical ones and warnings.
FIRING = 'ALERTS{alertname=~"Wolkvox.+", alertstate="firing", job=~"$job", operation=~"$operation|", severity=~"critical|warning"}'

# The tile that says how old the data is.
AGE_TITLE = "Age of the data"
# Curves that hold whatever the data.
SETTINGS = ("target", "objective")
# Of a variable: neither its label nor its value is shown.
HIDDEN = 2
# What a tile shows in the place of a number that is of the past.
OLD = -1_000_000


def of_now(made):
    """A panel without numbers of the past: where the last good poll is too old, tiles say so, rows and curves end."""
    by = "operation" if made["type"] == "table" else ""
    polls = polling.late / polling.interval if made["type"] in ("timeseries", "heatmap") else STALE_POLLS
    for one in made["targets"]:
        if one["legendFormat"].removeprefix("lowest ") in SETTINGS:
            continue
        one["expr"] = f"({one['expr']}) unless on ({by}) {too_old(f'{polls:g}', by)}"
    if made["type"] == "stat":
        made["targets"].append(target(f"0 * {too_old(STALE_POLLS)} - {-OLD}", " ", "instant", "Z"))
        made["fieldConfig"]["defaults"]["mappings"] = words(**{str(OLD): ("old data", "text")})
    elif made["type"] == "bargauge":
        made["fieldConfig"]["defaults"]["noValue"] = "no chats, or old data"
    return made


def board(name, description, variables, rows, time="now-12h", refresh="1m", is_of_now=True, hidden=("datasource", "job", "instance")):
    """is_of_now: hides numbers of the past; not where they are what is looked for. hidden: variables that links alone set."""
    for made in rows:
        if not is_of_now and made["type"] == "timeseries":
            made["fieldConfig"]["defaults"]["noValue"] = "none"
    if is_of_now:
        rows = [made if made["type"] == "row" or made["title"] == AGE_TITLE else of_now(made) for made in rows]
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
        "expr": FIRING,
        "step": polling.step,
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
        "templating": {"list": [{**VARIABLES[v], "hide": HIDDEN} if v in hidden else VARIABLES[v] for v in (*SHARED, *variables)]},
        "panels": panels,
    }
