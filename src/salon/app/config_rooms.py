"""Settings for the rooms: where they are kept, how topics behave, how much one participant may do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from salon.app.config_section import SECRET, Count, Positive, Section
from salon.base.rooms import Mode, TopicRule
from salon.room.policy import DEFAULT_RATES, Command, Rate

BURST: float = 5
"""Seconds' worth that may be done at once, where a rate is set here."""


Demo = Literal["arena", "market", "machine"]
DEMOS: Final[tuple[Demo, ...]] = ("arena", "market", "machine")


class TopicSettings(Section, frozen=True):
    """How topics behave that `pattern` matches; the first match holds. Where none does, a topic's first word says its mode
    (`feed`, `latest`, `state`, `signal`; all else is a `log`) and the values here are the defaults."""

    pattern: Annotated[
        str,
        Meta(min_length=1, description="Channels, as `room/topic`; `*` is any run of characters.", examples=["*/news"]),
    ]
    mode: Annotated[
        Mode,
        Meta(
            description="`log`: every message, in order, with history. `latest`: the newest of each key. `state`: a shared map. "
            "`signal`: to one participant."
        ),
    ] = "log"
    size: Annotated[Positive, Meta(description="Messages that a log keeps.")] = 1000
    seconds: Annotated[Positive, Meta(description="How long a log keeps them.")] = 604_800
    keys: Annotated[Positive, Meta(description="Keys of `latest` and of a state.")] = 10_000
    bytes: Annotated[Positive, Meta(description="Data that one topic keeps.")] = 4_194_304
    data_bytes: Annotated[Positive, Meta(description="The longest message, in bytes.")] = 65_536
    ttl_seconds: Annotated[
        Positive | None,
        Meta(description="How long an entry of a state lives that names no time. Absent: for ever.", examples=[30]),
    ] = None
    durable: Annotated[bool, Meta(description="Kept in the file of `[rooms] path` (logs and states).")] = True
    max_rate: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(
            description="Deliveries a second to a subscriber of `latest` that asks for no rate. Absent: every change.",
            examples=[5.0],
        ),
    ] = None
    presence: Annotated[bool, Meta(description="Whether subscribers may be told who else is there.")] = True

    def rule(self) -> TopicRule:
        return TopicRule(**{name: getattr(self, name) for name in self.__struct_fields__})


class WebhookSettings(Section, frozen=True):
    """A server of yours that is told what happens in rooms, signed as https://www.standardwebhooks.com says."""

    secrets: ClassVar[frozenset[str]] = frozenset({"secret"})

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://",
            description="Where to `POST` it.",
            examples=["https://app.example.com/salon"],
            extra={"say": "an http:// or https:// address"},
        ),
    ]
    secret: Annotated[
        str,
        Meta(
            min_length=16,
            description="What it is signed with: a text, or `whsec_` and base64.",
            examples=["env:WEBHOOK_SECRET"],
            extra=SECRET,
        ),
    ]
    events: Annotated[
        tuple[Literal["room.joined", "room.left", "room.message"], ...], Meta(description="What it is told.")
    ] = ("room.joined", "room.left")
    channels: Annotated[
        str, Meta(description="Of which rooms, or for messages of which channels; `*` is any run of characters.")
    ] = "*"


class Rooms(Section, frozen=True):
    """Rooms: chat, live feeds, shared state, signals."""

    path: Annotated[
        str,
        Meta(
            description="The SQLite file that rooms are kept in; it is made when something is first kept. Empty: in memory only, "
            "and gone with the process."
        ),
    ] = "salon.db"
    grace_seconds: Annotated[
        float,
        Meta(ge=0, description="How long the seat of a lost connection is kept for its device to come back to."),
    ] = 10.0
    max_topics: Annotated[Positive, Meta(description="Subscriptions of one connection.")] = 512
    topics: Annotated[tuple[TopicSettings, ...], Meta(description="How topics behave, by pattern.")] = ()
    rates: Annotated[
        dict[Command, Count],
        Meta(
            description="Commands a second of one participant, all its connections together; five times as many at once; 0 is no "
            "limit. Absent: " + ", ".join(f"{name} {rate.per_second:g}" for name, rate in DEFAULT_RATES.items()) + ".",
            examples=[{"publish": 5}],
            extra={"env": ""},
        ),
    ] = msgspec.field(default_factory=dict)

    webhooks: Annotated[tuple[WebhookSettings, ...], Meta(description="Who is told what happens.")] = ()
    demos: Annotated[
        tuple[Demo, ...] | None,
        Meta(
            description="What is there to try, each in the room of its name while somebody is in it: `market` (a simulated "
            "market), `machine` (this machine's load), `arena` (a game). Absent: all of them on a server without keys "
            "and without a program of its own in its rooms, else none.",
            examples=[["market"]],
        ),
    ] = None
    bots: Annotated[int, Meta(ge=0, le=100, description="Players in the arena that are not people.")] = 6

    def command_rates(self) -> dict[Command, Rate]:
        own = {name: Rate(per_second, round(per_second * BURST)) for name, per_second in self.rates.items()}
        return {**DEFAULT_RATES, **own}
