"""PromQL as text: the selectors and expressions that the boards share.

Ratios are sum(increase(a)) / (sum(increase(b)) > 0): exact at any range, and never a division by nothing.
"""

from dashboards.source.parameters import STALE_POLLS, polling

BASE = 'job=~"$job", instance=~"$instance"'
OP = BASE + ', operation=~"$operation"'
# Targets and objectives have one more sample for each skill that differs.
OPERATIONS_OWN = OP + ', skill_id=""'
OUT = OP + ', outcome=~"$outcome"'
SKILL = OUT + ', skill_id=~"$skill"'
CHAT = SKILL + ', channel=~"$channel"'
AGENT = OUT + ', agent_id=~"$agent"'
ASA = "wolkvox_chat_asa_seconds"
TIME_ON_AGENT = "wolkvox_chat_time_on_agent_seconds"
RATE = "$__rate_interval"
WINDOW = "$window"


def span(over, back=""):
    """The brackets of a range, and how far back it ends: that of a curve half a poll more.

    Counters step at :00, :05, :10 …, and these are the very moments that Grafana asks for: the step at the end of a range would
    not be in it yet, and often the one at its beginning no more. That is three polls of four. So curves look half a poll back:
    the ends of the range lie between two polls, whatever a poll or a scrape takes up to that.
    """
    back += polling.lag if over == RATE else ""
    return f"[{over}]" + (f" offset {back}" if back else "")


def total(by):
    """sum, or sum by (…)"""
    return f"sum by ({by}) " if by else "sum"


def inc(metric, labels=CHAT, over=WINDOW, by="", offset="", more="", stale=False):
    """sum(increase(metric)). Operations whose data is old are no part of it but in curves, which end by themselves; and with stale=True."""
    counted = f"increase({metric}{{{labels}{more}}}{span(over, offset)})"
    if over != RATE and not stale:
        counted += f" unless on (operation) {too_old(STALE_POLLS, 'operation')}"
    return f"{total(by)}({counted})"


def rate(metric, labels=CHAT, by="", offset=""):
    """sum(rate(metric))"""
    return f"{total(by)}(rate({metric}{{{labels}}}{span(RATE, offset)}))"


def per_hour(metric, labels=CHAT, by="", offset=""):
    """A pace: so many come in within an hour."""
    return f"3600 * {rate(metric, labels, by, offset)}"


def ratio(a, b, matching=""):
    """matching: on (…) or ignoring (…), with group_left"""
    matching = f"{matching} " if matching else ""
    return f"{a} / {matching}({b} > 0)"


def mean(metric, labels=CHAT, over=WINDOW, by="", offset=""):
    return ratio(inc(f"{metric}_sum", labels, over, by, offset), inc(f"{metric}_count", labels, over, by, offset))


def quantile(q, metric, labels=CHAT, over=WINDOW, by=""):
    inner = inc(f"{metric}_bucket", labels, over, "le" + (f", {by}" if by else ""))
    count = inc(f"{metric}_count", labels, over, by)
    return f"histogram_quantile({q}, {inner}) and on ({by}) {count} > 0"


def within(over=WINDOW, by="", labels=CHAT, offset="", seconds="$seconds"):
    """Share answered within the seconds chosen on the board, or another bound of the histogram."""
    return ratio(
        inc("wolkvox_chat_asa_seconds_bucket", labels, over, by, offset, f', le=~"{seconds}(\\\\.0)?"'),
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


def answered(over=WINDOW, by="", offset=""):
    """Chats that have an answer time."""
    return inc(ASA + "_count", over=over, by=by, offset=offset)


def in_time(over=WINDOW, by="", offset=""):
    """Those that were answered within the target of their skill."""
    return inc("wolkvox_chat_answered_within_target_total", over=over, by=by, offset=offset)


def level(over=WINDOW, by="", offset=""):
    return ratio(in_time(over, by, offset), answered(over, by, offset))


def due(over=WINDOW, by=""):
    """Chats that should have been answered in time, so that each skill keeps its objective."""
    of_each = of_skills("wolkvox_service_level_target_ratio", answered(over, "operation, skill_id"), "*")
    return f"{total(by)}({of_each})"


def goal(over=WINDOW, by=""):
    """What the objectives come to for all chats together."""
    return ratio(due(over, by), answered(over, by))


def known(metric):
    """Of the operations chosen, as it was scraped last: an exporter that is gone shows nothing, and its data grows old."""
    return f"last_over_time({metric}{{{OP}}}[1d])"


def too_old(polls, by=""):
    """Has a sample where the last good poll was so many polls ago. Where no poll is known it has none.

    A minute at the least: where polls are a few seconds apart, scrapes are rarer.
    """
    by = f" by ({by})" if by else ""
    return (
        f"(time() - max{by} ({known('wolkvox_last_success_timestamp_seconds')}) "
        f"> clamp_min({polls} * max{by} ({known('wolkvox_poll_interval_seconds')}), 60))"
    )


def usual(of_skills=True):
    """What is usual at this time of the week, as the rules record it, of the operations chosen: their means together, and what these vary by.

    Each operation has weeks of its own that have data.
    """
    skills = ', skill_id=~"$skill"' if of_skills else ""
    chats = f'operation_skill_week:wolkvox_chats:increase1h{{job=~"$job", operation=~"$operation"{skills}}}'
    of_weeks = f"sum by (job, operation, weeks_ago) ({chats})"
    return f"sum(avg by (job, operation) ({of_weeks}))", f"sqrt(sum(stdvar by (job, operation) ({of_weeks})))"


def skill_settings(metric, name):
    """Targets of a curve: a setting of the skills chosen."""
    return spread(of_skills(metric, "0 * " + answered(RATE, "operation, skill_id"), "+"), name)


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
