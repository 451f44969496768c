"""All rules, in the order in which they are evaluated."""

from alerts.source import business, exporter, rule, service_level, trust
from dashboards.source.parameters import polling

HEAD = """
Recording and alerting rules for wolkvox-exporter. For Prometheus (rule_files), vmalert (-rule), and, wrapped, as a PrometheusRule:
see README.md beside this file. The links in the annotations begin with http://localhost:3000 and https://runbooks.example:
make them lead to your own (README.md, "Links").

How they are built
- A chat is counted when it is closed. Chats that nobody coded are closed after 23 hours, so what they show is about yesterday:
  business rules leave outcome="timeout" out.
- Counters step once per poll: no range is shorter than four polls (made for polls every {interval}). Ratios are exact at any range.
- An average of nothing is not a number: every divisor is guarded with "> 0".
- Business alerts need trusted data (the group wolkvox-trust), otherwise they are silent: nobody should be woken for what a
  stopped poller shows, nor for a backlog of yesterday that is being caught up. Nor for what rare polls show: where the interval
  in effect is long, the last poll must lie in the newer half of what a rule looks back upon.
- Business hours are not in here: they belong to Alertmanager's time_intervals (alertmanager.example.yml). WolkvoxChatsMissing alone
  knows since when an operation is open, where WOLKVOX_BUSINESS_HOURS is set.
""".strip()


def text(language=None):
    """The rules file, its texts in another language where one is given."""
    groups = [
        trust.group(),
        service_level.group(),
        business.usual(),
        business.group(),
        service_level.alerts(),
        business.alerts(),
        exporter.alerts(),
    ]
    if language:
        for group in groups:
            group.rules = [rule.said_in(language, one) for one in group.rules]
    return rule.file(HEAD.format(interval=polling.step), groups)
