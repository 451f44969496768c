"""Makes the answers that all programs poll: the same bytes for each, chunked gzip as the vendor's servers send."""

import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

# The time that the rows of an answer close in.
SPAN = timedelta(minutes=20)
# As long as the exporter's settings make its window: no row falls out of it while a benchmark runs.
WINDOW = timedelta(hours=6)
CHUNK = 8000
# An agent works for a few skills, and not for all of them.
SKILLS_OF_AN_AGENT = 4
CODES = [f"CODE{number:02}" for number in range(1, 21)]
FEELINGS = ["very negative", "negative", "neutral", "positive", "very positive", ""]
SPEAKERS = ["agent", "customer", "chat-bot"]
# With what PHP escapes.
COMMENT = (
    'El cliente pregunta por su pedido \\"A-17\\" y por la direcci\\u00f3n de entrega; se le env\\u00eda el enlace '
    "https:\\/\\/example.com\\/pedidos\\/17 y queda a la espera de una respuesta.\\nSe cierra."
)


@dataclass(frozen=True)
class Shape:
    """How many rows, and how many label sets they fall into."""

    rows: int
    skills: int = 40
    agents: int = 200


@dataclass(frozen=True)
class Zone:
    """A fixed offset in which it is afternoon: no window of a benchmark crosses a month, which would make two requests of a poll."""

    offset: timezone

    @staticmethod
    def now():
        hours = min(14, 15 - datetime.now(UTC).hour)
        return Zone(timezone(timedelta(hours=hours)))

    def name(self):
        return f"{datetime.now(self.offset):%z}"[:3] + ":00"


@dataclass(frozen=True)
class Report:
    """An answer's JSON, from which others are made with other ids."""

    shape: Shape
    json: bytes
    since: datetime

    def answer(self, series=0, level=6):
        """The rows with ids of a series of their own, from 0 to 79. Level 6 is that of Apache."""
        if series == 0:
            return Answer(self.shape.rows, chunked(self.json, level))
        ids = b'"conn_id":"%02d' % (19 + series)
        return Answer(self.shape.rows, chunked(self.json.replace(b'"conn_id":"19', ids), level))


@dataclass(frozen=True)
class Answer:
    rows: int
    body: bytes


def make(shape, zone):
    """The same numbers each time; the dates end now."""
    dice = random.Random(14)
    now = datetime.now(zone.offset).replace(microsecond=0, tzinfo=None)
    rows = ",".join(row(number, shape, now, dice) for number in range(shape.rows))
    text = f'{{"code":"200","error":null,"msg":"{shape.rows} records were found","data":[{rows}]}}'
    since = datetime.now(UTC) - timedelta(hours=2)
    return Report(shape, text.encode(), since)


def row(number, shape, now, dice):
    """25 fields, about 900 bytes."""
    agent = dice.randrange(shape.agents)
    skill = (agent + dice.randrange(SKILLS_OF_AN_AGENT)) % shape.skills
    # Every skill is on one channel, and half of them on another too.
    channel = "web" if skill % 2 and dice.random() < 0.3 else "whatsapp"
    fate = dice.random()
    code = dice.choice(CODES) if fate < 0.5 else "TIMEOUTCHAT" if fate < 0.9 else dice.choice(["", "-"])
    asa = int(dice.expovariate(1 / 60))
    on_agent = int(dice.expovariate(1 / 500))
    duration = 82_800 + dice.randrange(600) if code == "TIMEOUTCHAT" else asa + on_agent + dice.randrange(900)
    closed = now - SPAN * (shape.rows - number) / shape.rows
    opened = closed - timedelta(seconds=duration)
    person = dice.randrange(10**7)
    return (
        f'{{"conn_id":"19{number:08}","date":"{opened:%Y-%m-%d %H:%M:%S}","date_close":"{closed:%Y-%m-%d %H:%M:%S}",'
        f'"channel":"{channel}","customer_id":"57300{person:07}","customer_name":"Mar\\u00eda Fernanda P\\u00e9rez {person}",'
        f'"customer_email":"maria.{person}@example.com","customer_phone":"+57 300 {person:07}","user_id":"{person}",'
        f'"agent_id":"{1000 + agent}","agent_name":"Agente N\\u00famero {agent}","agent_dni":"52{agent:08}",'
        f'"skill_id":"{skill}","chat_duration":"{clock(duration)}","ASA":"{clock(asa) if dice.random() < 0.97 else "-"}",'
        f'"time_on_agent":"{clock(on_agent)}","customer_chars":"{dice.randrange(900)}","agent_chars":"{dice.randrange(1500)}",'
        f'"agent_anwers ":"{dice.randrange(20)}","cod_act":"{code}","description_cod_act":"Pedido en camino",'
        f'"comment":"{COMMENT}","extra_field":"-","feeling":"{dice.choice(FEELINGS)}",'
        f'"last_participant_who_spoke":"{dice.choice(SPEAKERS)}"}}'
    )


def clock(seconds):
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def chunked(plain, level):
    """The body of an HTTP answer with `Transfer-Encoding: chunked` and `Content-Encoding: gzip`."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    packed = packer.compress(plain) + packer.flush()
    parts = []
    for at in range(0, len(packed), CHUNK):
        part = packed[at : at + CHUNK]
        parts.append(b"%x\r\n%b\r\n" % (len(part), part))
    return b"".join([*parts, b"0\r\n\r\n"])
