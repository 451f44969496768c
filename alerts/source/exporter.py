"""The exporter: whether it reaches Wolkvox, whether the report is whole, whether its state and its limits hold."""

from alerts.source import replicas
from alerts.source.rule import OPERATION, Alert, Group, board, listed, promql, selected, value
from dashboards.source import parameters

# Why polls of the alert's operation have failed lately.
FAILURES = listed(selected("sum by (reason) (increase(wolkvox_poll_failures_total{}[30m])) > 0", "job", "operation"), "reason")


def of_operation(name, expr, wait, severity, summary, description, comment=""):
    return Alert(name, promql(expr), wait, severity, "exporter", summary, description, board("exporter", "job", "operation"), comment)


def alerts():
    return Group(
        "wolkvox-exporter-alerts",
        [
            of_operation(
                "WolkvoxDataStale",
                f"""
                    operation:wolkvox_data_age:polls > {parameters.STALE_POLLS}
                """,
                "5m",
                "critical",
                f"The numbers of {OPERATION} are old",
                f"{{{{ with {selected('wolkvox_last_success_timestamp_seconds{}', 'job', 'operation')} | query }}}}The last good poll of {OPERATION} was "
                f"{{{{ else }}}}No poll of {OPERATION} has succeeded since counting began, {{{{ end }}}}{value('%.1f')} poll intervals ago. Boards show "
                "old numbers, business alerts are silent. Nothing is lost: the next good poll catches up.",
            ),
            of_operation(
                "WolkvoxPollFailing",
                """
                    max by (job, operation) (wolkvox_up) < 1
                """,
                "10m",
                "warning",
                f"Polls of {OPERATION} fail",
                f"No poll of {OPERATION} has succeeded for 10 minutes. Why: {FAILURES}. The log and the status page say more.",
            ),
            of_operation(
                "WolkvoxTokenRejected",
                """
                    sum by (job, operation) (increase(wolkvox_poll_failures_total{reason="auth"}[1h])) > 0.5
                    and on (job, operation) max by (job, operation) (wolkvox_up) < 1
                """,
                "10m",
                "critical",
                f"Wolkvox rejects the token of {OPERATION}",
                f"Wolkvox answers that the token of {OPERATION} is wrong. It will not mend itself: a new token is needed.",
            ),
            of_operation(
                "WolkvoxQuotaNear",
                f"""
                    max by (job, operation) (wolkvox_api_group_requests_today)
                      / max by (job, operation) (wolkvox_api_daily_limit) > {parameters.QUOTA_NEAR}
                """,
                "10m",
                "warning",
                f"The daily API calls of {OPERATION} are nearly used up",
                f"This exporter alone has used {value('percentage')} of the API calls that {OPERATION} has a day, with the other operations "
                "that share its token.",
                "Only where the limit is configured. Calls of other programs with tokens of the same operation are not in it.",
            ),
            of_operation(
                "WolkvoxQuotaExhausted",
                """
                    sum by (job, operation) (increase(wolkvox_poll_failures_total{reason="quota"}[2h])) > 0.5
                    and on (job, operation) max by (job, operation) (wolkvox_up) < 1
                """,
                "10m",
                "critical",
                f"The daily API calls of {OPERATION} are used up",
                f"Wolkvox refuses calls of {OPERATION} until its quota begins anew. The next good poll catches up.",
            ),
            of_operation(
                "WolkvoxSlowedDown",
                """
                    max by (job, operation) (wolkvox_api_slowdown) >= 2
                """,
                "15m",
                "warning",
                f"{OPERATION} is polled less often, for want of API calls",
                f"The API calls that {OPERATION} has left today would not last until midnight at the usual pace: it is polled less often, "
                "and its numbers are older than usual. Nothing is lost.",
            ),
            of_operation(
                "WolkvoxRowsCut",
                """
                    sum by (job, operation, reason) (increase(wolkvox_poll_failures_total{reason=~"truncated|too_large|too_many_rows"}[1h])) > 2.5
                """,
                "5m",
                "warning",
                f"Answers for {OPERATION} are cut ({{{{ $labels.reason }}}})",
                f"Within an hour {value('%.0f')} answers of the report of {OPERATION} were incomplete ({{{{ $labels.reason }}}}) and were "
                "not counted: no chat of that time shows until it is read whole.",
            ),
            of_operation(
                "WolkvoxReportSecondsSkipped",
                """
                    sum by (job, operation) (increase(wolkvox_report_seconds_skipped_total[1h])) > 0.5
                """,
                "0m",
                "warning",
                f"Seconds of the report of {OPERATION} were given up",
                f"Within an hour about {value('duration')} of the report of {OPERATION} were given up after repeated failure: chats closed "
                "in them are missing from all numbers.",
            ),
            of_operation(
                "WolkvoxStateNotPersisted",
                """
                    sum by (job, operation) (increase(wolkvox_state_commit_failures_total[30m])) > 0.5
                """,
                "5m",
                "critical",
                f"The state of {OPERATION} can not be written to disk",
                f"Within 30 minutes {value('%.0f')} attempts to write the state of {OPERATION} failed. Until one succeeds, nothing new is shown.",
            ),
            of_operation(
                "WolkvoxStateRecovered",
                """
                    max by (job, operation) (
                      wolkvox_state_recoveries_total > 0.5
                      and on (job, instance) time() - process_start_time_seconds < 86400
                    )
                """,
                "0m",
                "warning",
                f"The state of {OPERATION} was damaged and begun anew",
                f"At its start the exporter put a damaged state of {OPERATION} aside and began to count anew. What was not yet scraped is lost.",
            ),
            of_operation(
                "WolkvoxLateRows",
                f"""
                    sum by (job, operation) (increase(wolkvox_chats_late_total[6h]))
                      / (sum by (job, operation) (increase(wolkvox_chats_total[6h])) > 0) > {parameters.LATE_ROWS}
                    and on (job, operation) sum by (job, operation) (increase(wolkvox_chats_late_total[6h])) >= 10
                """,
                "30m",
                "warning",
                f"Many chats of {OPERATION} show up late in the report",
                f"Of the chats of the last 6 hours, {value('percentage')} were missed by the polls and found by the hourly sweep only. "
                "They are counted, but late: boards and alerts lag.",
            ),
            of_operation(
                "WolkvoxReportFieldUnreadable",
                f"""
                    sum by (job, operation, field) (increase(wolkvox_report_fields_invalid_total[2h]))
                      / on (job, operation) group_left () (sum by (job, operation) (increase(wolkvox_chats_total[2h])) >= 10)
                      > {parameters.FIELD_UNREADABLE}
                """,
                "15m",
                "warning",
                f"The field {{{{ $labels.field }}}} of the report of {OPERATION} can not be read",
                f"In {value('percentage')} of the chats of the last 2 hours the value of {{{{ $labels.field }}}} could not be read. The "
                "chats count, these values do not.",
            ),
            of_operation(
                "WolkvoxReportFieldVanished",
                f"""
                    sum by (job, operation, field) (increase(wolkvox_report_fields_absent_total[2h]))
                      / on (job, operation) group_left () (sum by (job, operation) (increase(wolkvox_chats_total[2h])) >= 10)
                      > {parameters.FIELD_VANISHED}
                """,
                "15m",
                "warning",
                f"The field {{{{ $labels.field }}}} is gone from the report of {OPERATION}",
                f"In {value('percentage')} of the chats of the last 2 hours the documented field {{{{ $labels.field }}}} was missing: "
                "the report may have been changed, and what is made of this field is incomplete.",
            ),
            of_operation(
                "WolkvoxSeriesLimitNear",
                f"""
                    max by (job, operation) (wolkvox_series)
                      / max by (job, operation) (wolkvox_series_limit) > {parameters.SERIES_NEAR}
                """,
                "30m",
                "warning",
                f"The series of {OPERATION} come near their limit",
                f"{value('percentage')} of the series that {OPERATION} may have are in use. Past the limit, new skills, agents and codes "
                "are counted as \"other\".",
            ),
            of_operation(
                "WolkvoxSeriesLimited",
                """
                    sum by (job, operation) (increase(wolkvox_series_limited_total[1h])) > 0.5
                """,
                "5m",
                "warning",
                f"Chats of {OPERATION} are counted as \"other\"",
                f"The limit of series is reached: within an hour {value('%.0f')} chats of {OPERATION} were counted under \"other\" instead "
                "of their own skill, agent or code.",
            ),
            of_operation(
                "WolkvoxClockWrong",
                f"""
                    abs(max by (job, operation) (wolkvox_api_clock_offset_seconds)) > {parameters.CLOCK_WRONG}
                """,
                "15m",
                "warning",
                f"The clocks of the exporter and of {OPERATION} differ",
                f"The clock of the Wolkvox server of {OPERATION} and that of the exporter are {value('duration')} apart.",
            ),
            of_operation(
                "WolkvoxZoneWrong",
                r"""
                    (
                      max by (job, operation) (wolkvox_last_chat_close_timestamp_seconds) - time() > 900
                    )
                    or
                    (
                      sum by (job, operation) (increase(wolkvox_chat_arrival_delay_seconds_bucket{le=~"1800(\\.0)?"}[6h]))
                        / (sum by (job, operation) (increase(wolkvox_chat_arrival_delay_seconds_count[6h])) >= 20)
                        < 0.1
                      and on (job, operation)
                      time() - min by (job, operation) (min_over_time(wolkvox_watermark_timestamp_seconds[6h])) < 23400
                    )
                """,
                "1h",
                "warning",
                f"The time zone of {OPERATION} seems wrong",
                f"Chats of {OPERATION} close in the future, or all of them show up long after their close although every poll succeeds: "
                "WOLKVOX_TIMEZONE is probably not the zone of the operation.",
                "While a backlog is caught up the watermark lags behind now: that is no wrong zone (6 hours and 30 minutes).",
            ),
            of_operation(
                "WolkvoxCatchingUp",
                f"""
                    operation:wolkvox_chat_arrivals_within_hour:ratio_increase1h < {parameters.PROMPT}
                """,
                "10m",
                "info",
                f"Chats of {OPERATION} that closed long ago are being counted now",
                f"Only {value('percentage')} of the chats that were first seen within the last hour had closed less than an hour before: "
                "a backlog is being caught up. Business alerts are silent meanwhile.",
            ),
            of_operation(
                "WolkvoxWatermarkBehind",
                f"""
                    time() - max by (job, operation) (wolkvox_watermark_timestamp_seconds)
                      > on (job, operation) clamp_min({parameters.STALE_POLLS} * max by (job, operation) (wolkvox_poll_interval_seconds), {parameters.BEHIND})
                    and on (job, operation) max by (job, operation) (wolkvox_up) > 0
                    and on (job, operation)
                    max by (job, operation) (wolkvox_watermark_timestamp_seconds)
                      - max by (job, operation) (wolkvox_watermark_timestamp_seconds offset 30m) < 1800
                """,
                "15m",
                "warning",
                f"The report of {OPERATION} is read ever later, although polls succeed",
                f"Polls of {OPERATION} succeed, but they read the report of {value('duration')} ago, and have not caught up within 30 minutes.",
                "A backlog that is being caught up grows smaller: within 30 minutes more than that of the report is read.",
            ),
            of_operation(
                "WolkvoxOperationNotHeld",
                """
                    max by (job, operation) (wolkvox_operation_held) < 1
                """,
                "10m",
                "critical",
                f"Nobody polls {OPERATION}",
                f"{OPERATION} is configured, but no exporter has polled it for 10 minutes. The log and the status page say why. The other "
                "operations go on.",
                "Of all exporters that know the operation, one is to poll it.",
            ),
            of_operation(
                "WolkvoxOperationGone",
                """
                    (
                      max by (job, operation) (last_over_time(wolkvox_operation_held[1d]))
                        unless on (job, operation) wolkvox_operation_held
                    )
                    and on (job) min by (job) (up and on (job) wolkvox_exporter_build_info) > 0
                """,
                "15m",
                "warning",
                f"{OPERATION} is not configured any more",
                f"{OPERATION} was configured within the last day, and is no more in any exporter of the job {{{{ $labels.job }}}}, all of which "
                "can be scraped. Nobody counts its chats, and no other alert can tell.",
                "While an exporter of the job can't be scraped, WolkvoxExporterDown says so, and which operations it has.",
            ),
            Alert(
                "WolkvoxRestartLoop",
                promql(f"""
                    max by (job, instance) (
                      changes(process_start_time_seconds[1h]) and on (job, instance) wolkvox_exporter_build_info
                    ) > {parameters.RESTARTS}
                """),
                "5m",
                "warning",
                "exporter",
                "wolkvox-exporter at {{ $labels.instance }} starts again and again",
                f"The exporter at {{{{ $labels.instance }}}} (job {{{{ $labels.job }}}}) has started {value('%.0f')} times within an hour. No chat is "
                "counted twice or lost, but its numbers stand still in between.",
                board("exporter", "job", "instance"),
            ),
            Alert(
                "WolkvoxConfigReloadFailed",
                promql("""
                    max by (job, instance) (wolkvox_exporter_config_last_reload_successful) < 1
                """),
                "10m",
                "warning",
                "exporter",
                "wolkvox-exporter at {{ $labels.instance }} refused its new configuration",
                "The last reload of the configuration of the exporter at {{ $labels.instance }} (job {{ $labels.job }}) was refused. "
                "It goes on with the settings that it had; the log says what is wrong.",
                board("exporter", "job", "instance"),
            ),
            *replicas.alerts(),
            Alert(
                "WolkvoxExporterDown",
                promql("""
                    max by (job, instance) (up{job=~".*wolkvox.*"}) < 1
                """),
                "5m",
                "critical",
                "exporter",
                "wolkvox-exporter at {{ $labels.instance }} can not be scraped",
                "Prometheus has not reached the exporter at {{ $labels.instance }} (job {{ $labels.job }}) for 5 minutes. It polled: "
                + listed(selected("count by (operation) (last_over_time(wolkvox_poll_interval_seconds{}[1d]))", "job", "instance"), "operation")
                + ". Chats are counted after its return, nothing is lost; their boards are empty until then.",
                board("exporter"),
                'up comes from Prometheus and has no operation. The job must have "wolkvox" in its name.',
            ),
            Alert(
                "WolkvoxExporterAbsent",
                promql("""
                    absent(up{job=~".*wolkvox.*"}) > 0
                """),
                "10m",
                "critical",
                "exporter",
                "Prometheus knows no wolkvox-exporter",
                "No target with \"wolkvox\" in the name of its job has been there for 10 minutes: it was removed, renamed, or service "
                "discovery does not find it.",
                board("exporter"),
            ),
        ],
    )
