"""The exporter's families of chats, with its names, labels and buckets."""

from prometheus_client import Counter, Histogram, Summary

# A chat that is answered within this many seconds is within the target.
ASA_TARGET = 30
PER_CHAT = ["operation", "channel", "skill_id", "outcome"]
PER_AGENT = ["operation", "agent_id", "outcome"]
PER_AGENT_AND_SKILL = ["operation", "agent_id", "skill_id", "outcome"]
ASA = [5, 10, 15, 20, 25, 30, 45, 60, 90, 120, 180, 240, 300, 600, 1800, 3600]
DURATION = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 64800, 86400, 172800]
TIME_ON_AGENT = [30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600, 7200, 14400]


class Metrics:
    def __init__(self, operation):
        self.operation = operation
        self.chats = Counter("wolkvox_chats_total", "Chats attended by agents and closed.", PER_CHAT)
        self.asa = Histogram(
            "wolkvox_chat_asa_seconds", "Time from the start of a chat to the agent's answer.", PER_CHAT, buckets=ASA
        )
        self.duration = Histogram(
            "wolkvox_chat_duration_seconds", "Time from the start of a chat to its close.", PER_CHAT, buckets=DURATION
        )
        self.time_on_agent = Histogram(
            "wolkvox_chat_time_on_agent_seconds",
            "Time that the agent spent on a chat.",
            PER_CHAT,
            buckets=TIME_ON_AGENT,
        )
        self.within_target = Counter("wolkvox_chat_answered_within_target_total", "Chats whose ASA is at most 30 s.", PER_CHAT)
        self.customer_characters = Counter("wolkvox_chat_customer_characters_total", "Characters typed by customers.", PER_CHAT)
        self.agent_characters = Counter("wolkvox_chat_agent_characters_total", "Characters typed by agents.", PER_CHAT)
        self.agent_answers = Counter("wolkvox_chat_agent_answers_total", "Times that agents wrote to customers.", PER_CHAT)
        self.dispositions = Counter(
            "wolkvox_chat_dispositions_total", "Chats by the code they were given.", ["operation", "skill_id", "cod_act"]
        )
        self.feelings = Counter(
            "wolkvox_chat_feelings_total", "Chats by the customer's mood.", ["operation", "skill_id", "feeling", "outcome"]
        )
        self.last_speakers = Counter(
            "wolkvox_chat_last_speakers_total",
            "Chats by who wrote last.",
            ["operation", "skill_id", "participant", "outcome"],
        )
        self.agent_chats = Counter("wolkvox_agent_chats_total", "Chats attended by an agent.", PER_AGENT)
        self.agent_within_target = Counter(
            "wolkvox_agent_answered_within_target_total", "An agent's chats whose ASA is at most 30 s.", PER_AGENT
        )
        self.answers_of_agent = Counter("wolkvox_agent_answers_total", "Times that an agent wrote to customers.", PER_AGENT)
        self.characters_of_agent = Counter("wolkvox_agent_characters_total", "Characters typed by an agent.", PER_AGENT)
        self.agent_asa = Summary("wolkvox_agent_asa_seconds", "Time from the start of an agent's chats to the answer.", PER_AGENT)
        self.agent_time_on_agent = Summary("wolkvox_agent_time_on_agent_seconds", "Time that an agent spent on chats.", PER_AGENT)
        self.agent_duration = Summary(
            "wolkvox_agent_chat_duration_seconds", "Time from start to close of an agent's chats.", PER_AGENT
        )
        self.conversations = Counter(
            "wolkvox_chat_conversations_total", "Chats by who wrote.", ["operation", "skill_id", "kind", "outcome"]
        )
        self.openings = Counter(
            "wolkvox_chat_openings_total", "Chats by the hour of their opening.", ["operation", "skill_id", "hour"]
        )
        self.agent_skill_chats = Counter(
            "wolkvox_agent_skill_chats_total", "Chats attended by an agent for a skill.", PER_AGENT_AND_SKILL
        )
        self.agent_skill_within_target = Counter(
            "wolkvox_agent_skill_answered_within_target_total", "Those whose ASA is at most 30 s.", PER_AGENT_AND_SKILL
        )
        self.agent_customer_spoke_last = Counter(
            "wolkvox_agent_customer_spoke_last_total", "An agent's chats in which the customer wrote last.", PER_AGENT
        )
        self.agent_negative_feelings = Counter(
            "wolkvox_agent_negative_feelings_total", "An agent's chats with a negative mood.", PER_AGENT
        )
        self.agent_unanswered = Counter(
            "wolkvox_agent_unanswered_total", "An agent's chats in which the customer alone wrote.", PER_AGENT
        )

    def count(self, row):
        operation = self.operation
        skill = label(row["skill_id"])
        code = value(row["cod_act"])
        outcome = outcome_of(code)
        chat = (operation, label(row["channel"]).lower(), skill, outcome)
        agent = (operation, label(row["agent_id"]), outcome)

        self.chats.labels(*chat).inc()
        self.agent_chats.labels(*agent).inc()
        agent_and_skill = (operation, agent[1], skill, outcome)
        self.agent_skill_chats.labels(*agent_and_skill).inc()
        asa = seconds(row["ASA"])
        if asa is not None:
            self.asa.labels(*chat).observe(asa)
            self.agent_asa.labels(*agent).observe(asa)
            within = 1 if asa <= ASA_TARGET else 0
            self.within_target.labels(*chat).inc(within)
            self.agent_within_target.labels(*agent).inc(within)
            self.agent_skill_within_target.labels(*agent_and_skill).inc(within)
        duration = seconds(row["chat_duration"])
        if duration is not None:
            self.duration.labels(*chat).observe(duration)
            self.agent_duration.labels(*agent).observe(duration)
        time_on_agent = seconds(row["time_on_agent"])
        if time_on_agent is not None:
            self.time_on_agent.labels(*chat).observe(time_on_agent)
            self.agent_time_on_agent.labels(*agent).observe(time_on_agent)
        characters = number(row["customer_chars"])
        if characters is not None:
            self.customer_characters.labels(*chat).inc(characters)
        characters = number(row["agent_chars"])
        if characters is not None:
            self.agent_characters.labels(*chat).inc(characters)
            self.characters_of_agent.labels(*agent).inc(characters)
        # The vendor's spelling.
        answers = number(row["agent_anwers "])
        if answers is not None:
            self.agent_answers.labels(*chat).inc(answers)
            self.answers_of_agent.labels(*agent).inc(answers)
        if code:
            self.dispositions.labels(operation, skill, code).inc()
        feeling, speaker, kind = word(row["feeling"]), word(row["last_participant_who_spoke"]), kind_of(row)
        self.feelings.labels(operation, skill, feeling, outcome).inc()
        self.last_speakers.labels(operation, skill, speaker, outcome).inc()
        self.conversations.labels(operation, skill, kind, outcome).inc()
        self.openings.labels(operation, skill, row["date"][11:13]).inc()
        self.agent_customer_spoke_last.labels(*agent).inc(speaker == "customer")
        self.agent_negative_feelings.labels(*agent).inc(feeling in ("negative", "very_negative"))
        self.agent_unanswered.labels(*agent).inc(kind == "customer_only")


def kind_of(row):
    """Who wrote."""
    customer, agent = number(row["customer_chars"]), number(row["agent_chars"])
    if customer is None or agent is None:
        return "unknown"
    if customer and agent:
        return "both"
    if agent:
        return "agent_only"
    return "customer_only" if customer else "none"


def outcome_of(code):
    if not code:
        return "uncoded"
    return "timeout" if code.upper() == "TIMEOUTCHAT" else "coded"


def value(text):
    """A field's text, empty where the report says that there is none."""
    text = text.strip()
    return "" if text == "-" else text


def label(text):
    return value(text) or "unknown"


def word(text):
    """A word of the report as that of a label: "very negative" becomes very_negative."""
    return label(text).replace(" ", "_")


def number(text):
    text = value(text)
    return int(text) if text.isdecimal() else None


def seconds(text):
    """Reads H:MM:SS."""
    parts = value(text).split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return None
    hours, minutes, secs = parts
    return int(hours) * 3600 + int(minutes) * 60 + int(secs)
