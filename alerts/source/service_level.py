"""Service level: how many chats are answered late, and how fast that uses up the error budget of a skill or an operation."""

from dataclasses import dataclass

from alerts.source.rule import OPERATION, SKILL, Alert, Group, Record, board, by_skill, first, promql, selected, value
from dashboards.source.parameters import FEWEST_LATE, POINTS_BELOW, burns, polling


def windows():
    """Each once, also where polls are so rare that the shortest is another one."""
    return tuple(dict.fromkeys((polling.short, "1h", "2h", "6h", "1d", "3d")))


def answered(window):
    return [
        Record(
            f"operation_skill:wolkvox_answered_chats:increase{window}",
            by_skill('wolkvox_chat_asa_seconds_count{outcome!="timeout"}', window),
            begins=window != windows()[0],
        ),
        Record(
            f"operation_skill:wolkvox_late_chats:increase{window}",
            promql(f"""
                operation_skill:wolkvox_answered_chats:increase{window}
                  - {by_skill('wolkvox_chat_answered_within_target_total{outcome!="timeout"}', window)}
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


def budgets(window):
    """The chats that may be late, and what all skills of an operation come to: each is held to its own objective."""
    rules = [
        Record(
            f"operation_skill:wolkvox_late_chats_allowed:increase{window}",
            promql(f"""
                operation_skill:wolkvox_answered_chats:increase{window}
                  * on (job, operation, skill_id) operation_skill:wolkvox_service_level_budget:ratio
            """),
            begins=True,
        )
    ]
    for name in ("answered_chats", "late_chats", "late_chats_allowed"):
        series = f"wolkvox_{name}:increase{window}"
        rules.append(Record(f"operation:{series}", f"sum by (job, operation) (operation_skill:{series})"))
    return rules


def group():
    return Group(
        "wolkvox-service-level",
        [rule for window in windows() for rule in answered(window)] + objectives() + [rule for window in windows() for rule in budgets(window)],
    )


@dataclass
class Scope:
    """Whose service level it is."""

    # Of the recorded series.
    level: str
    # Of the alert.
    name: str
    labels: tuple
    people: str
    board: str

    def recorded(self, series, window):
        return f"{self.level}:wolkvox_{series}:increase{window}"

    def shown(self, expression, form):
        """A number about it in a text. The selector belongs where the expression has {}."""
        return first(selected(expression, *self.labels), form)

    def alert(self, name, expr, wait, severity, description, **more):
        long = more["labels"]["long_window"]
        goal = self.shown(f"1 - {self.recorded('late_chats_allowed', long)}{{}} / {self.recorded('answered_chats', long)}{{}}", "percentage")
        chats = self.shown(f"{self.recorded('answered_chats', long)}{{}}", "%.0f")
        return Alert(
            name,
            promql(expr),
            wait,
            severity,
            "business",
            f"{self.people[0].upper()}{self.people[1:]}: {value('percentage')} answered in time (goal {goal})",
            f"Of the {chats} chats that {self.people} closed within the last {spoken(long)}, {value('percentage')} were answered in time "
            f"(goal {goal}){description}",
            board(self.board, *self.labels),
            **more,
        )


SKILLS = Scope("operation_skill", "", ("job", "operation", "skill_id"), f"skill {SKILL} of {OPERATION}", "skill")
OPERATIONS = Scope("operation", "Operation", ("job", "operation"), f"operation {OPERATION}", "skill")


def spoken(window):
    """1h is "hour", 6h is "6 hours"."""
    number, unit = int(window[:-1]), {"m": "minute", "h": "hour", "d": "day"}[window[-1]]
    return unit if number == 1 else f"{number} {unit}s"


def share_in_time(scope, window):
    """In whole points: it is for texts."""
    return f"round(1 - {scope.recorded('late_chats', window)} / {scope.recorded('answered_chats', window)}, 0.01)"


def burn(scope, factor, long, short, wait, severity, comment):
    return scope.alert(
        f"Wolkvox{scope.name}ServiceLevelBudgetBurn",
        f"""
            {share_in_time(scope, long)}
            and {scope.recorded("late_chats", long)} > {factor} * {scope.recorded("late_chats_allowed", long)}
            and {scope.recorded("late_chats", short)} > {factor} * {scope.recorded("late_chats_allowed", short)}
            and {scope.recorded("late_chats", long)} >= {FEWEST_LATE}
            and on (job, operation) operation:wolkvox_data_trusted:polls_{long}
        """,
        wait,
        severity,
        f", and it is no better in the last {spoken(short)}: the error budget is used up more than "
        + ("" if factor == 1 else f"{factor} times ")
        + ("as fast as planned." if factor > 1 else "planned."),
        comment=comment,
        labels={"long_window": long, "short_window": short},
    )


def low(scope):
    points = f"{POINTS_BELOW * 100:g}"

    def below(window):
        return (
            f'{scope.recorded("late_chats", window)} > {POINTS_BELOW} * {scope.recorded("answered_chats", window)} '
            f'+ {scope.recorded("late_chats_allowed", window)}'
        )

    return scope.alert(
        f"Wolkvox{scope.name}ServiceLevelLow",
        f"""
            {share_in_time(scope, "1h")}
            and {below("1h")}
            and {below(polling.short)}
            and {scope.recorded("late_chats", "1h")} >= {FEWEST_LATE}
            and on (job, operation) operation:wolkvox_data_trusted:polls_1h
        """,
        "30m",
        "warning",
        f": more than {points} points under the goal, for half an hour by now.",
        comment=f"For supervisors: {points} points under the objective, and for half an hour." if scope is SKILLS else "",
        labels={"long_window": "1h", "short_window": polling.short},
    )


def alerts():
    comment = (
        "Burn rate: how many times faster than planned the error budget is used. At an objective of 80 % it can't pass 5 (every chat\n"
        "late), so the usual 14.4 would never fire: the ladder is "
        + ", ".join(str(factor) for factor, *_ in burns())
        + ". The short window ends the alert soon after the trouble.\n"
        f"Skills with few chats reach {FEWEST_LATE} late ones in the longer windows only; fewer may be chance."
    )
    rules = []
    for scope in (SKILLS, OPERATIONS):
        rules += [burn(scope, *step, "" if number or scope is OPERATIONS else comment) for number, step in enumerate(burns())]
        rules.append(low(scope))
    return Group("wolkvox-service-level-alerts", rules)
