"""Texts for people in another language: a catalogue has each text with its translation, and a text that is not in it is an error.

What a text has of its own stands as # in both: numbers, and what Prometheus and Grafana put in ({{…}}). They keep their order.
"""

import json
import re

OWN = re.compile(r"(?:\{\{.*?\}\})+|\d+(?:\.\d+)?")
# Of a text that is nothing but what is put in.
NOTHING_TO_SAY = re.compile(r"[^A-Za-z]*")


class Language:
    """How the files of a language are named, and what its texts are. What the catalogue has and nobody asks for is an error too."""

    def __init__(self, name, texts, sometimes=()):
        self.name = name
        self.texts = texts
        self.asked = set()
        # Of those that are there for other parameters.
        self.sometimes = set(sometimes)

    def say(self, text):
        """The text in this language."""
        if not isinstance(text, str) or NOTHING_TO_SAY.fullmatch(re.sub(r"\$\w+", "", OWN.sub("", text))):
            return text
        pattern = OWN.sub("#", text)
        if pattern not in self.texts:
            raise KeyError(f"{self.name}: no text for {pattern!r}")
        self.asked.add(pattern)
        own = iter(OWN.findall(text))
        said = self.texts[pattern]
        if said.count("#") != pattern.count("#"):
            raise ValueError(f"{self.name}: {said!r} has not as many # as {pattern!r}")
        return re.sub("#", lambda _: next(own), said)

    def unused(self):
        return sorted(set(self.texts) - self.asked - self.sometimes)


def board_in(language, board):
    """A board with all that people read in this language. Queries, ids and labels stay."""
    say = language.say
    # Panels may share parts; each of them is translated once.
    made = json.loads(json.dumps(board))
    translate(made, say, "title", "description")
    for link in made["links"]:
        translate(link, say, "title", "tooltip")
    for variable in made["templating"]["list"]:
        translate(variable, say, "label", "description")
    for annotation in made["annotations"]["list"]:
        if not annotation.get("builtIn"):
            translate(annotation, say, "name")
    for panel in made["panels"]:
        translate(panel, say, "title", "description")
        if panel["type"] != "row":
            translate_panel(panel, say)
    return made


def translate(of, say, *keys):
    for key in keys:
        if key in of:
            of[key] = say(of[key])


def translate_panel(panel, say):
    is_table = panel["type"] == "table"
    names = set() if is_table else {one["legendFormat"] for one in panel["targets"]}
    for one in [] if is_table else panel["targets"]:
        translate(one, say, "legendFormat")
    defaults = panel["fieldConfig"]["defaults"]
    translate(defaults, say, "noValue", "displayName")
    translate_words(defaults["mappings"], say)
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        if matcher["options"] in names:
            translate(matcher, say, "options")
        for each in override["properties"]:
            if each["id"] in ("displayName", "custom.fillBelowTo"):
                translate(each, say, "value")
            elif each["id"] == "mappings":
                translate_words(each["value"], say)
            elif each["id"] == "links":
                for link in each["value"]:
                    translate(link, say, "title")
    for by in panel["options"].get("sortBy", []):
        translate(by, say, "displayName")


def translate_words(mappings, say):
    for mapping in mappings:
        for option in mapping["options"].values():
            translate(option, say, "text")
