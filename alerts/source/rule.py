"""Recording and alerting rules, and the text of the file that they make.

`yaml` libraries write texts of several lines as they like; this writes them as people read them.
"""

from dataclasses import dataclass, field, replace
from textwrap import dedent

from dashboards.source.parameters import links

OPERATION = "{{ $labels.operation }}"


def listed(query, label):
    """The values of a label in the answer to a query, one after the other."""
    return f'{{{{ range $at, $one := {query} | query | sortByLabel "{label}" }}}}{{{{ if $at }}}}, {{{{ end }}}}{{{{ $one | label "{label}" }}}}{{{{ end }}}}'


def selected(query, *labels):
    """A query with the labels of the alert put into its {}."""
    inside = ", ".join(f"{label}=%[{at}]q" for at, label in enumerate(labels, 1))
    given = " ".join(f"$labels.{label}" for label in labels)
    return f'printf `{query.replace("{}", "{" + inside + "}")}` {given}'


def first(query, form):
    """The first value of the answer to a query: percentage, duration, or a form of printf."""
    return f"{{{{ with {query} | query }}}}{{{{ . | first | value | {of_form(form)} }}}}{{{{ end }}}}"


def of_form(form):
    return f'printf "{form}"' if form.startswith("%") else f"humanize{form.capitalize()}"


def value(form):
    """The alert's value: percentage, duration, or a form of printf."""
    return f"{{{{ $value | {of_form(form)} }}}}"


# A skill's name, where it is known, else its id.
SKILL = (
    f"{{{{ with {selected('wolkvox_skill_info{}', 'job', 'operation', 'skill_id')} | query }}}}"
    '{{ . | first | label "skill_name" }}{{ else }}{{ $labels.skill_id }}{{ end }}'
)


@dataclass
class Record:
    """A series that is calculated."""

    name: str
    expr: str
    comment: str = ""
    # Rules that belong together stand without an empty line between them.
    begins: bool = False

    def lines(self):
        yield from comment(self.comment, 6)
        yield f"      - record: {self.name}"
        if "\n" in self.expr:
            yield from block(self.expr)
        else:
            yield f"        expr: {self.expr}"


@dataclass
class Alert:
    """`wait` is what Prometheus calls `for`; `board` the uid of the board to look at, with what is chosen on it."""

    name: str
    expr: str
    wait: str
    severity: str
    category: str
    summary: str
    description: str
    board: str
    comment: str = ""
    labels: dict = field(default_factory=dict)
    begins: bool = False

    def lines(self):
        yield from comment(self.comment, 6)
        yield f"      - alert: {self.name}"
        yield from block(self.expr)
        yield f"        for: {self.wait}"
        yield "        labels:"
        for name, value in {"severity": self.severity, "category": self.category, **self.labels}.items():
            yield f"          {name}: {value}"
        yield "        annotations:"
        for name, text in (("summary", self.summary), ("description", self.description)):
            yield f"          {name}: >-"
            yield f"            {text}"
        yield f"          runbook_url: {links.runbooks}/{self.name}.md"
        yield f"          dashboard_url: {links.grafana}/d/{self.board}"


def said_in(language, rule):
    """A rule with its texts in another language; a recorded one has none."""
    if isinstance(rule, Record):
        return rule
    return replace(rule, summary=language.say(rule.summary), description=language.say(rule.description))


@dataclass
class Group:
    """Rules that are evaluated one after the other."""

    name: str
    rules: list
    # How often, where not as often as the others.
    interval: str = ""

    def lines(self):
        yield ""
        yield f"  - name: {self.name}"
        if self.interval:
            yield f"    interval: {self.interval}"
        yield "    rules:"
        for rule in self.rules:
            if rule.begins:
                yield ""
            yield from rule.lines()


def board(name, *chosen):
    """A board, with the labels of the alert chosen on it: board("skill", "operation", "skill_id")."""
    variables = {"skill_id": "skill"}
    pairs = [f"var-{variables.get(label, label)}={{{{ $labels.{label} }}}}" for label in chosen]
    return f"wolkvox-{name}" + ("?" + "&".join(pairs) if pairs else "")


def comment(text, indent):
    for line in text.splitlines():
        yield f"{' ' * indent}# {line}".rstrip()


def promql(text):
    """An expression of several lines, without the indentation that it has in the source."""
    return dedent(text).strip()


def by_operation(selector, window, weeks_ago=0):
    return f"sum by (job, operation) (increase({selector}{span(window, weeks_ago)}))"


def by_skill(selector, window):
    return f"sum by (job, operation, skill_id) (increase({selector}{span(window)}))"


def span(window, weeks_ago=0):
    """The brackets of a range, and how far back it ends."""
    return f"[{window}]" + (f" offset {weeks_ago}w" if weeks_ago else "")


def block(text):
    yield "        expr: |-"
    for line in text.splitlines():
        yield f"          {line}"


def file(head, groups):
    """The text of a rules file."""
    lines = [*comment(head, 0), "", "groups:"]
    for number, group in enumerate(groups):
        of_group = list(group.lines())
        lines += of_group[1:] if number == 0 else of_group
    return "\n".join(lines) + "\n"
