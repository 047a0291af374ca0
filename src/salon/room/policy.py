"""Who may do what in which topics, how often, and how large it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from salon.base.errors import ClientError, Refused
from salon.base.patterns import matches
from salon.base.rooms import Mode, TopicRule

Action = Literal["subscribe", "publish", "history", "presence", "signal", "intent"]
ACTIONS: Final[tuple[Action, ...]] = ("subscribe", "publish", "history", "presence", "signal", "intent")

MAX_KEY: Final = 256
MAX_ATTRIBUTES: Final = 4 * 1024
MAX_TAGS: Final = 16

Command = Literal["connect", "subscribe", "publish", "history", "presence", "signal", "intent", "attributes", "rpc"]


class Grants(msgspec.Struct, frozen=True):
    """What one connection may do: for each action the patterns of channels (``room/topic``, ``*`` is any run of characters).

    ``admin`` may do everything. What may be subscribed to may be read back (``history``, ``presence``) too.
    """

    subscribe: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    signal: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    presence: tuple[str, ...] = ()
    admin: bool = False

    @classmethod
    def everything(cls) -> Grants:
        return cls(admin=True)

    @classmethod
    def of_rooms(cls, rooms: Iterable[str]) -> Grants:
        """A participant of these rooms: may read, publish, signal and take part in all their topics."""
        channels = tuple(f"{room}/*" for room in rooms)
        return cls(channels, channels, channels, channels)

    def allow(self, action: Action, channel: str) -> bool:
        if self.admin:
            return True
        patterns: tuple[str, ...] = getattr(self, action)
        if action in ("history", "presence"):
            patterns += self.subscribe
        return matches(patterns, channel)

    def require(self, action: Action, channel: str) -> None:
        """Raises ``ClientError`` (``room_forbidden``)."""
        if not self.allow(action, channel):
            raise ClientError(f"Your grant does not allow {action} on this channel.", code="room_forbidden")


MODES_BY_WORD: Final[dict[str, Mode]] = {
    "feed": "latest",
    "latest": "latest",
    "state": "state",
    "signal": "signal",
}
"""Where no rule matches, a topic's first word says its mode: ``feed``, ``feed:quotes``, ``state/cursors``. Any other topic is a
``log``."""

_WORD: Final = re.compile(r"\w*")


class Rules:
    """The first rule that matches a channel holds. ``put`` goes before those there are. ``default`` is for the rest, in the mode
    that their names say."""

    def __init__(self, rules: Iterable[TopicRule] = (), default: TopicRule = TopicRule()) -> None:  # noqa: B008 (immutable)
        self._rules = list(rules)
        self._default = default
        self._known: dict[str, TopicRule] = {}

    def put(self, rule: TopicRule) -> None:
        self._rules.insert(0, rule)
        self._known.clear()

    def of(self, channel: str) -> TopicRule:
        rule = self._known.get(channel)
        if rule is None:
            rule = next((each for each in self._rules if matches((each.pattern,), channel)), None)
            if rule is None:
                word = _WORD.match(channel.partition("/")[2])
                assert word is not None  # it matches the empty word too
                mode = MODES_BY_WORD.get(word[0], "log")
                rule = msgspec.structs.replace(self._default, mode=mode)
            if len(self._known) >= 4096:
                self._known.clear()
            self._known[channel] = rule
        return rule

    def require(self, channel: str, *modes: Mode) -> TopicRule:
        """Raises ``ClientError`` (``wrong_mode``) where the topic is of another mode."""
        rule = self.of(channel)
        if rule.mode not in modes:
            raise ClientError(
                f"This is a topic of mode {rule.mode}; this needs one of mode {' or '.join(modes)}.", code="wrong_mode"
            )
        return rule


def check_data(data: bytes, rule: TopicRule) -> None:
    """Raises ``ClientError`` (``data_too_large``)."""
    if len(data) > rule.data_bytes:
        raise ClientError(f"This is {len(data)} bytes; the limit is {rule.data_bytes}.", code="data_too_large")


def check_key(key: str) -> None:
    if len(key) > MAX_KEY:
        raise ClientError(f"A key has at most {MAX_KEY} characters.", code="data_too_large")


def check_tags(tags: Mapping[str, str] | None) -> None:
    if tags and (len(tags) > MAX_TAGS or any(len(name) > MAX_KEY or len(tags[name]) > MAX_KEY for name in tags)):
        raise ClientError(f"At most {MAX_TAGS} tags of {MAX_KEY} characters each.", code="data_too_large")


def check_attributes(attributes: bytes) -> None:
    if len(attributes) > MAX_ATTRIBUTES:
        raise ClientError(f"Attributes have at most {MAX_ATTRIBUTES} bytes.", code="data_too_large")


class Rate(msgspec.Struct, frozen=True):
    """``per_second`` on the whole, ``burst`` at once; 0 is no limit."""

    per_second: float
    burst: int


DEFAULT_RATES: Final[dict[Command, Rate]] = {
    "connect": Rate(10, 100),
    "subscribe": Rate(20, 200),
    "publish": Rate(30, 100),
    "history": Rate(10, 100),
    "presence": Rate(10, 100),
    # An offer or an answer brings some twenty candidates at once.
    "signal": Rate(50, 300),
    "intent": Rate(120, 240),
    "attributes": Rate(10, 50),
    "rpc": Rate(20, 100),
}


class RateLimits:
    """One budget for each identity and command, all its connections together. Times are milliseconds.

    Budgets are numbers: when each is whole again (the "generic cell rate algorithm"). A whole one is forgotten, so only those
    who did something in the last seconds are known.
    """

    def __init__(self, rates: Mapping[Command, Rate] = DEFAULT_RATES, *, capacity: int = 65_536) -> None:
        self._rates = dict(rates)
        self._capacity = capacity
        self._whole_at: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._whole_at)

    def take(self, identity: str, command: Command, now: int) -> None:
        """Raises ``Refused`` (429, ``rate_limit_exceeded``)."""
        rate = self._rates.get(command)
        if rate is None or not rate.per_second:
            return
        name = (identity, command)
        interval = 1000 / rate.per_second
        whole_at = max(self._whole_at.get(name, 0.0), now) + interval
        wait = whole_at - now - rate.burst * interval
        if wait > 0:
            raise Refused(
                f"Too many commands ({command}). Slow down.",
                status=429,
                code="rate_limit_exceeded",
                retry_after=max(1, round(wait / 1000)),
            )
        if name not in self._whole_at and len(self._whole_at) >= self._capacity:
            self._forget(now)
        self._whole_at[name] = whole_at

    def _forget(self, now: int) -> None:
        self._whole_at = {name: at for name, at in self._whole_at.items() if at > now}
        if len(self._whole_at) >= self._capacity:
            # Whoever has that many identities has more budget than any limit; the earliest whole go.
            kept = sorted(self._whole_at.items(), key=lambda each: each[1])[self._capacity // 2 :]
            self._whole_at = dict(kept)
