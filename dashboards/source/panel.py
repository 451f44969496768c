"""The panels of Grafana that the boards are made of."""

from dashboards.source.parameters import polling
from dashboards.source.promql import CHAT, RATE, inc

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "#EAB839", "orange", "red", "blue", "text"


def steps(*pairs):
    """steps(RED, (0.7, YELLOW), (0.8, GREEN))"""
    first, *rest = pairs
    return {"mode": "absolute", "steps": [{"color": first, "value": None}] + [{"color": c, "value": v} for v, c in rest]}


def fixed(colour):
    """One colour, whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def of_series(matcher, name, colour):
    """An override that gives a series its colour. matcher: byName or byFrameRefID"""
    return {"matcher": {"id": matcher, "options": name}, "properties": [{"id": "color", "value": fixed(colour)}]}


NEUTRAL = steps(GREY)
BRAND = steps(BLUE)


def target(expression, legend="", kind="range", ref="A", fmt="time_series", step=""):
    """kind: range or instant; step: the least distance of two points, where it is not that of polls"""
    made = {"datasource": DATASOURCE, "editorMode": "code", "expr": expression, "format": fmt, "legendFormat": legend, "refId": ref}
    if kind == "instant":
        made.update(instant=True, range=False)
    else:
        made.update(instant=False, range=True, interval=step or polling.step)
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


def stat(title, description, made, unit, thresholds=NEUTRAL, size=(4, 4), no_value="no chats", decimals=None, background=True, **more):
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
        **({"text": more.pop("text")} if "text" in more else {}),
    }
    if isinstance(made, str):
        made = [target(made, more.pop("legend", title), "instant")]
    return panel("stat", title, description, made, unit, thresholds, size, no_value, defaults, options, **more)


def series(title, description, pairs, unit, size=(12, 8), stack=False, bars=False, thresholds=NEUTRAL, line=None, colours=None, **more):
    """line: draw the thresholds; colours: {name: colour or (colour, dashed)}"""
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {
            "drawStyle": "bars" if bars else "line",
            "lineInterpolation": "linear",
            "lineWidth": 1 if bars else 2,
            "fillOpacity": 80 if bars else 25 if stack else 0,
            "gradientMode": "none",
            "showPoints": "never",
            "spanNulls": polling.gap,
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
        override = of_series("byName", name, colour)
        if dashed:
            override["properties"] += [
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                {"id": "custom.fillOpacity", "value": 0},
                {"id": "custom.lineWidth", "value": 1},
                {"id": "custom.stacking", "value": {"mode": "none", "group": "B"}},
            ]
        overrides.append(override)
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "mean"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, targets(pairs), unit, thresholds, size, more.pop("no_value", "no chats"), defaults, options, overrides=overrides, **more)


def heatmap(title, description, metric, size=(12, 8), labels=CHAT, unit="dthms"):
    made = [target(inc(f"{metric}_bucket", labels, RATE, "le"), "{{le}}", fmt="heatmap")]
    return coloured_cells(title, description, made, size, unit)


def coloured_cells(title, description, made, size, unit):
    """What is counted of each row: the darker, the more."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64, "exponent": 0.5, "fill": "dark-blue", "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    return panel("heatmap", title, description, made, unit, NEUTRAL, size, "no chats", {"custom": {"scaleDistribution": {"type": "linear"}}}, options)


def of_days(made, since, step):
    """A panel with a time range and a step of its own."""
    made["timeFrom"] = since
    made["hideTimeOverride"] = False
    for one in made["targets"]:
        one["interval"] = step
    return made


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
    defaults = {"color": fixed(colour), "min": 0, "decimals": 0}
    return panel("bargauge", title, description, [target(expression, legend, "instant")], unit, thresholds or BRAND, size, "no chats", defaults, options)


def parts(title, description, pairs, colours, size=(8, 9)):
    """What something is made of, in an order that stays: what is not there is 0."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": False,
        "valueMode": "text",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 60,
        "namePlacement": "left",
        "sizing": "auto",
        "text": {"titleSize": 14, "valueSize": 18},
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    overrides = [of_series("byName", name, colour) for name, colour in colours.items()]
    defaults = {"min": 0, "decimals": 0}
    everything = " or ".join(f"({expression})" for expression, _ in pairs)
    pairs = [(f"{expression} or on () 0 * max({everything})", name) for expression, name in pairs]
    return panel("bargauge", title, description, targets(pairs, "instant"), "locale", NEUTRAL, size, "no chats", defaults, options, overrides=overrides)


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
            {"id": "color", "value": fixed(BLUE)},
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
