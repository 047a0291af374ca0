"""An ICE-lite agent (RFC 8445 section 2.5): it answers checks, and learns from them where its peer is.

::

    waiting ──first valid check──> connected ──5 s of silence──> disconnected ──30 s of silence──> over
       │                               ▲                              │
       └──15 s without one──> over     └────────any valid packet──────┘

A lite agent is always controlled: the peer nominates. The newest nomination wins, which is how a peer that walks from Wi-Fi
to the phone network takes its call along: it checks from its new address and nominates it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Literal, NamedTuple

from salon.rtc import stun

NEVER_CAME_MS: Final = 15_000
DISCONNECTED_MS: Final = 5_000
DEAD_MS: Final = 30_000

# Addresses one peer may be valid at. Chromium on a laptop with Wi-Fi, Ethernet, a VPN and IPv6 shows about ten.
MAX_SOURCES: Final = 16

State = Literal["waiting", "connected", "disconnected", "over"]


class Credentials(NamedTuple):
    """``a=ice-ufrag`` and ``a=ice-pwd`` of one side."""

    ufrag: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.ufrag!r}, '***')"


class Send(NamedTuple):
    data: bytes
    to: Hashable


class Selected(NamedTuple):
    """Everything for the peer goes there from now on."""

    source: Hashable


class Proved(NamedTuple):
    """The peer is at this address too: what comes from there is the peer's."""

    source: Hashable


class Forgotten(NamedTuple):
    """The peer has shown more addresses than are kept: what comes from this one is a stranger's again."""

    source: Hashable


class Changed(NamedTuple):
    """The agent's state is another. ``reason`` says why it is over."""

    state: State
    reason: str = ""


Output = Send | Selected | Proved | Forgotten | Changed


class IceLite:
    """``source`` in all calls is where a datagram came from: opaque here, but hashable."""

    def __init__(self, local: Credentials, remote_ufrag: str, now: int) -> None:
        self.state: State = "waiting"
        self.selected: Hashable | None = None
        self._local = local
        self._remote_ufrag = remote_ufrag
        self._next: tuple[Credentials, str] | None = None
        self._sources: dict[Hashable, int] = {}
        self._began = now
        self._heard = now

    @property
    def ufrags(self) -> tuple[str, ...]:
        """The local fragments that checks may carry now: two while a restart is under way."""
        return (self._local.ufrag,) if self._next is None else (self._local.ufrag, self._next[0].ufrag)

    @property
    def local(self) -> Credentials:
        """The newest ones."""
        return self._local if self._next is None else self._next[0]

    def restart(self, local: Credentials, remote_ufrag: str) -> None:
        """Take new credentials (RFC 8445 section 9). The old ones serve until a check with the new ones nominates."""
        self._next = (local, remote_ufrag)

    def receive(self, message: stun.Message, source: Hashable, host: str, port: int, now: int) -> list[Output]:
        """A STUN message that names one of ``ufrags``, from ``source``, which is at ``host`` and ``port``."""
        if self.state == "over" or message.type != stun.BINDING_REQUEST:
            return []
        ufrag, _, theirs = message.username.partition(":")
        generation = self._generation(ufrag, theirs)
        if generation is None:
            return _refuse(message, source, 401, "Unauthorized", None)
        if stun.MESSAGE_INTEGRITY not in message.attributes:
            return _refuse(message, source, 400, "Bad Request", None)
        if not message.is_signed_with(generation.password):
            return _refuse(message, source, 401, "Unauthorized", None)
        if unknown := message.unknown:
            return _refuse(message, source, 420, "Unknown Attribute", generation.password, unknown)
        if stun.ICE_CONTROLLED in message.attributes:
            # RFC 8445 section 7.3.1.1, with one difference: a lite agent cannot take the controlling role.
            return _refuse(message, source, 487, "Role Conflict", generation.password)
        success = _success(message, host, port, generation.password)
        outputs: list[Output] = [Send(success, source)]
        if source not in self._sources:
            if len(success) > len(message.raw):
                # A real check is larger; see ``_refuse``.
                return []
            outputs += self._make_room()
            outputs.append(Proved(source))
        self._sources[source] = now
        nominated = stun.USE_CANDIDATE in message.attributes
        if nominated and self._next is not None and generation is self._next[0]:
            self._local, self._remote_ufrag = self._next
            self._next = None
        if self.selected is None or (nominated and self.selected != source):
            self.selected = source
            outputs.append(Selected(source))
        return outputs + self._alive(now)

    def touch(self, now: int) -> list[Output]:
        """An authenticated packet came: DTLS or SRTP. Cheap; call it as often as once a packet."""
        self._heard = now
        return self._alive(now) if self.state == "disconnected" else []

    def forget(self, source: Hashable) -> list[Output]:
        """That way is gone: a TCP connection was closed. The way heard of last takes its place."""
        self._sources.pop(source, None)
        if self.selected != source:
            return []
        self.selected = max(self._sources, key=self._sources.__getitem__, default=None)
        return [Selected(self.selected)] if self.selected is not None else []

    def wake_at(self) -> int | None:
        match self.state:
            case "waiting":
                return self._began + NEVER_CAME_MS
            case "connected":
                return self._heard + DISCONNECTED_MS
            case "disconnected":
                return self._heard + DEAD_MS
        return None

    def wake(self, now: int) -> list[Output]:
        due = self.wake_at()
        if due is None or now < due:
            return []
        match self.state:
            case "waiting":
                return self._become("over", "no packet ever came")
            case "connected":
                return [*self._become("disconnected"), *self.wake(now)]
        return self._become("over", "the peer fell silent")

    def _generation(self, ufrag: str, theirs: str) -> Credentials | None:
        if self._next is not None and (ufrag, theirs) == (self._next[0].ufrag, self._next[1]):
            return self._next[0]
        return self._local if (ufrag, theirs) == (self._local.ufrag, self._remote_ufrag) else None

    def _make_room(self) -> list[Output]:
        if len(self._sources) < MAX_SOURCES:
            return []
        oldest = min((s for s in self._sources if s != self.selected), key=self._sources.__getitem__)
        del self._sources[oldest]
        return [Forgotten(oldest)]

    def _alive(self, now: int) -> list[Output]:
        self._heard = now
        return [] if self.state == "connected" else self._become("connected")

    def _become(self, state: State, reason: str = "") -> list[Output]:
        self.state = state
        return [Changed(state, reason)]


def _success(request: stun.Message, host: str, port: int, password: str) -> bytes:
    mapped = stun.xor_address(host, port, request.transaction_id)
    return stun.build(stun.BINDING_SUCCESS, request.transaction_id, [(stun.XOR_MAPPED_ADDRESS, mapped)], password)


def _refuse(
    request: stun.Message, source: Hashable, code: int, reason: str, password: str | None, unknown: tuple[int, ...] = ()
) -> list[Output]:
    attributes = [(stun.ERROR_CODE, stun.error(code, reason))]
    if unknown:
        attributes.append((stun.UNKNOWN_ATTRIBUTES, b"".join(kind.to_bytes(2, "big") for kind in unknown)))
    answer = stun.build(stun.BINDING_ERROR, request.transaction_id, attributes, password)
    # The address is not proved: an answer larger than its request would lend itself to amplification.
    return [Send(answer, source)] if len(answer) <= len(request.raw) else []
