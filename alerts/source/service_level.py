"""Service level: how many chats are answered late, and how fast that uses up the error budget of a skill."""

from alerts.source.rule import OPERATION, SKILL, Alert, Group, Record, board, promql, value
from dashboards.source.parameters import BURNS, FEWEST

WINDOWS = ("30m", "1h", "2h", "6h", "1d", "3d")


def answered(window):
    return [
        Record(
            f"operation_skill:wolkvox_answered_chats:increase{window}",
            f'sum by (job, operation, skill_id) (increase(wolkvox_chat_asa_seconds_count{{outcome!="timeout"}}[{window}]))',
            begins=window != WINDOWS[0],
        ),
        Record(
            f"operation_skill:wolkvox_answered_late:ratio_increase{window}",
            promql(f"""
                1 - sum by (job, operation, skill_id) (increase(wolkvox_chat_answered_within_target_total{{outcome!="timeout"}}[{window}]))
                  / (operation_skill:wolkvox_answered_chats:increase{window} > 0)
            """),
        ),
    ]


def objectives():
    return [
        Record(
            "operation_skill:wolkvox_asa_target:seconds",
            promql("""
                max by (job, operation, skill_id) (wolkvox_asa_target_seconds)
                  or
                0 * operation_skill:wolkvox_answered_chats:increase3d
                  + on (job, operation) group_left () max by (job, operation) (wolkvox_asa_target_seconds{skill_id=""})
            """),
            "What a skill is held to: its own target and objective where they are set (a sample with its skill_id), else the operation's (the\n"
            "sample without). The error budget is the share of chats that may be answered late.",
            begins=True,
        ),
        Record(
            "operation_skill:wolkvox_service_level_budget:ratio",
            promql("""
                1 - max by (job, operation, skill_id) (wolkvox_service_level_target_ratio)
                  or
                0 * operation_skill:wolkvox_answered_chats:increase3d
                  + on (job, operation) group_left () (1 - max by (job, operation) (wolkvox_service_level_target_ratio{skill_id=""}))
            """),
        ),
    ]


def group():
    return Group("wolkvox-service-level", [rule for window in WINDOWS for rule in answered(window)] + objectives())


def spoken(window):
    """1h is "hour", 6h is "6 hours"."""
    number, unit = int(window[:-1]), {"m": "minute", "h": "hour", "d": "day"}[window[-1]]
    return unit if number == 1 else f"{number} {unit}s"


def burn(factor, long, short, wait, severity, comment):
    return Alert(
        "WolkvoxServiceLevelBudgetBurn",
        promql(f"""
            (
              operation_skill:wolkvox_answered_late:ratio_increase{long}
                / operation_skill:wolkvox_service_level_budget:ratio > {factor}
            )
            and (
              operation_skill:wolkvox_answered_late:ratio_increase{short}
                / operation_skill:wolkvox_service_level_budget:ratio > {factor}
            )
            and operation_skill:wolkvox_answered_chats:increase{long} >= {FEWEST}
            and on (job, operation) operation:wolkvox_data_trusted:polls_{long}
        """),
        wait,
        severity,
        "business",
        f"Skill {SKILL} of {OPERATION} answers too many chats late",
        f"In skill {SKILL} of {OPERATION}, late answers of the last {spoken(long)} and of the last {spoken(short)} use up the error budget "
        f"more than {factor} times as fast as planned (now {value('%.1f')} times).",
        board("skill", "job", "operation", "skill_id"),
        comment,
        {"long_window": long, "short_window": short},
    )


def alerts():
    comment = (
        "Burn rate: how many times faster than planned the error budget is used. At an objective of 80 % it can't pass 5 (every chat\n"
        "late), so the usual 14.4 would never fire: the ladder is "
        + ", ".join(str(factor) for factor, *_ in BURNS)
        + ". The short window ends the alert soon after the trouble."
    )
    return Group("wolkvox-service-level-alerts", [burn(*step, "" if number else comment) for number, step in enumerate(BURNS)])
