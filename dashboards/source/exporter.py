"""The exporter: whether it reaches Wolkvox, whether its data is of now, whether anything is lost."""

from dashboards.source import parameters
from dashboards.source.layout import board, row_link
from dashboards.source.panel import (
    BLUE, GREEN, GREY, NEUTRAL, ORANGE, RED, YELLOW, column, fixed, heatmap, row, series, stat, steps, table, words,
)
from dashboards.source.parameters import percent, polling
from dashboards.source.promql import BASE, OP, RATE, inc, quantile, rate, ratio, setting, span, spread
from dashboards.source.tile import AGE, age_tile, stairs


def exporter():
    up = {"mappings": words(_0=("DOWN", RED), _1=("UP", GREEN))}
    ok = {"mappings": words(**{"_-2": ("STANDS STILL", RED), "_-1": ("NEVER READ", RED)}, _0=("FAILS", RED), _1=("OK", GREEN))}
    accepted = words(_0=("REFUSED", RED), _1=("accepted", GREEN))
    held = f"max by (operation) (wolkvox_operation_held{{{OP}}})"
    never = f"{held} unless on (operation) wolkvox_last_success_timestamp_seconds{{{OP}}}"
    # Of each configured operation: 1 and 0 as wolkvox_up, -1 where no poll has ever succeeded, -2 where nobody polls it.
    last_poll = f"(0 * ({held} < 1) - 2 or on (operation) 0 * ({never}) - 1 or on (operation) max by (operation) (wolkvox_up{{{OP}}}))"
    slowed = f"max by (operation) (wolkvox_api_slowdown{{{OP}}})"
    limit = f"max by (operation) (wolkvox_api_daily_limit{{{OP}}})"
    reserve = f"max by (operation) (wolkvox_api_daily_reserve_ratio{{{OP}}})"
    # Of all processes that Prometheus knows.
    of_exporters = f"and on (job, instance) wolkvox_exporter_build_info{{{BASE}}}"
    q = "wolkvox_api_request_duration_seconds"
    return board(
        "exporter",
        "Is the exporter well: does it reach Wolkvox, is its data of now, is anything lost.",
        (),
        [
            row("Now"),
            stat("Exporter", "Whether Prometheus reaches the exporter.", f"min(up{{{BASE}}} and on (job, instance) last_over_time(wolkvox_exporter_build_info{{{BASE}}}[1d]))", "none", steps(RED, (1, GREEN)), (3, 4), "not there", defaults=up),
            stat("Last poll", "Whether the last poll of Wolkvox succeeded; the worst of the operations. One that was never read is worst of all.", f"min({last_poll})", "none", steps(RED, (1, GREEN)), (3, 4), "none yet", defaults=ok),
            age_tile((3, 4)),
            stat("Watermark lag", "Everything closed before the watermark has been asked for. Far behind: a backlog is being caught up. Of several operations, the one that is furthest behind.", f"topk(1, time() - max by (operation) (wolkvox_watermark_timestamp_seconds{{{OP}}}))", "s", steps(GREEN, (polling.old, YELLOW), (parameters.BEHIND, RED)), (3, 4), "no data", 0, legend="{{operation}}", text_mode="value_and_name"),
            stat("Prompt arrivals", "Share of the chats of the last hour that were first seen within an hour of their close. Below " + percent(parameters.PROMPT) + " business alerts are silent.", ratio(inc("wolkvox_chat_arrival_delay_seconds_bucket", OP, "1h", more=', le=~"3600(\\\\.0)?"', stale=True), inc("wolkvox_chat_arrival_delay_seconds_count", OP, "1h", stale=True)), "percentunit", steps(RED, (parameters.PROMPT, GREEN)), (3, 4), decimals=0),
            stat("Calls today", "Calls to the Wolkvox API since the operation's midnight, by this exporter.", f"sum(wolkvox_api_requests_today{{{OP}}})", "locale", NEUTRAL, (3, 4), "none", 0),
            stat("Quota used", "Calls today as a share of the daily limit, where one is configured, with those of the operations that share its token. Other programs share the quota too. Of several operations, the one that has used most of its own.", f"topk(1, max by (operation) (wolkvox_api_group_requests_today{{{OP}}} / on (job, instance, operation) wolkvox_api_daily_limit{{{OP}}}))", "percentunit", steps(GREEN, (parameters.QUOTA_SOON, YELLOW), (parameters.QUOTA_NEAR, RED)), (3, 4), "no limit set", 1, legend="{{operation}}", text_mode="value_and_name"),
            stat("Report skipped", "Seconds of the report given up over the time range after repeated failure; 0 is what you want.", inc("wolkvox_report_seconds_skipped_total", OP, "$__range", stale=True) + f" or 0 * max(wolkvox_up{{{OP}}})", "s", steps(GREEN, (1, RED)), (3, 4), "no data", 0, defaults={"displayName": "given up"}),
            row("Operations and configuration"),
            stat("Configuration", "Whether the last reload was accepted, at the start or since. A refused one changes nothing; the worst of the exporters.", f"min(wolkvox_exporter_config_last_reload_successful{{{BASE}}})", "none", steps(RED, (1, GREEN)), (6, 4), "no data", defaults={"mappings": accepted}),
            stat("Configured", "Operations in the configuration.", f"count({held})", "locale", NEUTRAL, (6, 4), "no data", 0),
            stat("Standing still", "Operations in the configuration that no exporter polls; the log and the status page say why.", f"count({held}) - sum({held})", "locale", steps(GREEN, (1, RED)), (6, 4), "no data", 0),
            stat("Slowed down", "Operations whose calls of today would not last: they leave sweeps out, or poll less often.", f"count({slowed} > 0) or 0 * count({held})", "locale", steps(GREEN, (1, YELLOW)), (6, 4), "no data", 0),
            table(
                "Operations",
                "Each operation: whether an exporter polls it, how the last poll went and how old the data is; the time between polls that is in effect, and the calls of today, with the share of the limit that is kept for others. A click on a name shows that operation alone.",
                [
                    held,
                    last_poll,
                    AGE,
                    f"max by (operation) (wolkvox_poll_interval_seconds{{{OP}}})",
                    slowed,
                    f"max by (operation) (wolkvox_api_requests_today{{{OP}}})",
                    limit,
                    reserve,
                ],
                [
                    column("operation", "Operation", link=row_link("Only this operation", "exporter"), width=130),
                    column("Value #A", "Polled", width=65, mappings=words(_0=("NO", RED), _1=("yes", GREEN))),
                    column("Value #B", "Last poll", width=115, mappings=ok["mappings"]),
                    column("Value #C", "Data is old", "dthms", steps("text", (polling.old, RED)), width=90, fill=False),
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
                    column("Value #C", "Configured", "locale", width=90, decimals=0),
                    column("Value #D", "Polled", "locale", width=70, decimals=0),
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
                thresholds=steps("transparent", (polling.old, RED)),
                line="dashed",
            ),
            series(
                "Polls and failures",
                "Polls within the interval, and those that failed, by reason; and the pauses that Wolkvox called for.",
                [
                    (inc("wolkvox_polls_total", OP, RATE), "polls"),
                    (inc("wolkvox_poll_failures_total", OP, RATE, "operation, reason") + " > 0", "{{operation}} {{reason}}"),
                    (inc("wolkvox_api_pauses_total", OP, RATE, "operation, reason") + " > 0", "{{operation}} pause: {{reason}}"),
                ],
                "locale",
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
            series(
                "Calls by status",
                "Calls to the API by HTTP status; none where no answer came. 404 is an empty window.",
                [(inc("wolkvox_api_requests_total", OP, RATE, "code") + " > 0", "{{code}}")],
                "locale",
                size=(6, 8),
                stack=True,
                colours={"200": GREEN, "404": BLUE, "403": RED, "none": ORANGE},
                defaults={"decimals": 0},
            ),
            series(
                "Calls today",
                "Calls since the operation's midnight. Dashed: the daily limit, where configured, and what of it is not kept for others; the highest and the lowest where the operations' differ.",
                [(f"sum by (operation) (wolkvox_api_requests_today{{{OP}}})", "{{operation}}"), *setting("wolkvox_api_daily_limit", "limit"), *spread(f"{limit} * on (operation) (1 - {reserve})", "not kept for others")],
                "locale",
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
                defaults={"custom": {**stairs(), "axisSoftMin": 0}},
            ),
            series("Bytes answered", "Size of the API's answers, after decompression.", [(rate("wolkvox_api_response_bytes_total", OP, "operation"), "{{operation}}")], "Bps", size=(6, 8)),
            row("The report"),
            series(
                "Rows",
                "Rows read, and what they were: known already (overlapping windows, on purpose), twice in one answer, no chat at all.",
                [
                    (inc("wolkvox_report_rows_total", OP, RATE), "read"),
                    (inc("wolkvox_report_rows_duplicate_total", OP, RATE), "known already"),
                    (inc("wolkvox_report_rows_repeated_total", OP, RATE), "twice in one answer"),
                    (inc("wolkvox_report_rows_rejected_total", OP, RATE, "operation, reason") + " > 0", "{{operation}} rejected: {{reason}}"),
                ],
                "locale",
                size=(8, 8),
                colours={"read": BLUE, "known already": "#8AB8FF", "twice in one answer": ORANGE},
                defaults={"decimals": 0},
            ),
            heatmap("Arrival delay", "From the close of a chat until it was first seen: up to one poll interval is normal, more is a backlog or a slow report.", "wolkvox_chat_arrival_delay_seconds", (8, 8), OP),
            series(
                "Late rows, unreadable and missing fields",
                "Chats that only the sweep found; values that could not be read, and documented fields that were missing, by field.",
                [
                    (inc("wolkvox_chats_late_total", OP, RATE), "late rows"),
                    (inc("wolkvox_report_fields_invalid_total", OP, RATE, "operation, field") + " > 0", "{{operation}} unreadable: {{field}}"),
                    (inc("wolkvox_report_fields_absent_total", OP, RATE, "operation, field") + " > 0", "{{operation}} missing: {{field}}"),
                ],
                "locale",
                size=(8, 8),
                defaults={"decimals": 0},
            ),
            row("State and series"),
            series(
                "State commits",
                "Times the state was written to disk, and could not be; and damaged states put aside at a start.",
                [
                    (inc("wolkvox_state_commits_total", OP, RATE), "written"),
                    (inc("wolkvox_state_commit_failures_total", OP, RATE), "failed"),
                    (inc("wolkvox_state_recoveries_total", OP, RATE), "put aside"),
                ],
                "locale",
                size=(6, 7),
                colours={"written": GREEN, "failed": RED, "put aside": ORANGE},
                defaults={"decimals": 0},
            ),
            series("State on disk", "Size of the state.", [(f"sum by (operation) (wolkvox_state_bytes{{{OP}}})", "{{operation}}")], "bytes", size=(6, 7)),
            series("Chats remembered", "Ids kept to count each chat once.", [(f"sum by (operation) (wolkvox_seen_chats{{{OP}}})", "{{operation}}")], "locale", size=(6, 7)),
            series(
                "Series",
                f"Sample lines on /metrics, as a share of each operation's own limit (WOLKVOX_MAX_SERIES): above {percent(parameters.SERIES_NEAR)} an alert says so. At 100 % new skills, agents and codes are counted under \"other\"; on the right: chats that were.",
                [
                    (f"max by (operation) (wolkvox_series{{{OP}}}) / on (operation) (max by (operation) (wolkvox_series_limit{{{OP}}}) > 0)", "{{operation}}"),
                    (inc("wolkvox_series_limited_total", OP, RATE), "under other"),
                ],
                "percentunit",
                size=(6, 7),
                thresholds=steps("transparent", (parameters.SERIES_NEAR, RED)),
                line="dashed",
                overrides=[{"matcher": {"id": "byName", "options": "under other"}, "properties": [{"id": "unit", "value": "locale"}, {"id": "custom.axisPlacement", "value": "right"}, {"id": "color", "value": fixed(ORANGE)}]}],
            ),
            row("Process"),
            series("CPU", "CPU time used per second.", [(f"sum by (instance) (rate(process_cpu_seconds_total{{{BASE}}}{span(RATE)}) {of_exporters})", "{{instance}}")], "percentunit", size=(5, 7)),
            series(
                "Memory",
                "Resident memory.",
                [(f"process_resident_memory_bytes{{{BASE}}} {of_exporters}", "{{instance}}")],
                "bytes",
                size=(5, 7),
            ),
            series(
                "Clock offset",
                "The server's clock minus ours; more than a minute alerts.",
                [(f"max by (operation) (wolkvox_api_clock_offset_seconds{{{OP}}})", "{{operation}}")],
                "s",
                size=(5, 7),
                defaults={"custom": stairs()},
            ),
            table(
                "Exporters",
                "Version, how long the process has been running, and log lines that its standard error did not take.",
                [
                    f"max by (instance, version, revision) (wolkvox_exporter_build_info{{{BASE}}})",
                    f"max by (instance) (time() - process_start_time_seconds{{{BASE}}} {of_exporters})",
                    f"max by (instance) (process_open_fds{{{BASE}}} {of_exporters})",
                    f"max by (instance) (increase(wolkvox_exporter_scrapes_total{{{BASE}}}[1h]))",
                    f"max by (instance) (increase(wolkvox_exporter_log_lines_dropped_total{{{BASE}}}[1h]))",
                ],
                [
                    column("instance", "Instance", width=135),
                    column("version", "Version", width=70),
                    column("revision", "Revision", width=115),
                    column("Value #B", "Running", "s", width=85, decimals=1),
                    column("Value #C", "Open files", "locale", width=80, decimals=0),
                    column("Value #D", "Scrapes/h", "locale", width=80, decimals=0),
                    column("Value #E", "Lost log lines/h", "locale", width=115, decimals=0),
                ],
                hidden=("Value #A",),
                size=(9, 7),
                order=("instance", "version", "revision", "Value #B", "Value #C", "Value #D", "Value #E"),
            ),
        ],
        is_of_now=False,
        hidden=(),
    )
