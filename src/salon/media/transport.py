"""One peer's way in and out: ICE finds it, DTLS proves it, SRTP keeps it private.

Everything of a peer comes through ``stun``, ``dtls``, ``rtp`` or ``rtcp``, sorted by the first byte, and goes out through
``send_rtp``, ``send_rtcp`` or ``send_data``. What it means is the ``Handler``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, cast

from pylibsrtp._binding import ffi, lib

from salon.media.batch import destination
from salon.media.dtls import Dtls, Identity
from salon.media.schedule import Entry, Schedule
from salon.media.srtp import Buffer, Keys
from salon.media.tcp import Connection
from salon.media.timeline import Timeline
from salon.media.udp import Address, UdpPort
from salon.ports.clock import Clock
from salon.rtc import ice, rtcp, stun
from salon.rtc.sdp.model import Fingerprint

_REASONS: Final = {"no packet ever came": "never came", "the peer fell silent": "vanished"}

_from_buffer = ffi.from_buffer
_protect = lib.srtp_protect


class Handler(Protocol):
    """Whom a transport tells. Called in the packet path."""

    def on_connected(self, keys: Keys, now: int) -> None:
        """Packets may be sent. Once."""

    def on_state(self, state: str, now: int) -> None:
        """``connected`` (again) or ``disconnected``."""

    def on_rtp(self, packet: bytes, now: int) -> None: ...

    def on_rtcp(self, packets: list[rtcp.Rtcp], now: int) -> None: ...

    def on_data(self, data: bytes, now: int) -> None:
        """Application data of DTLS: SCTP."""

    def on_over(self, reason: str) -> None: ...


class Ways(Protocol):
    """The engine, as far as transports need it: sockets, and the tables that find a peer."""

    clock: Clock
    buffer: Buffer
    udp: UdpPort
    schedule: Schedule
    identity: Identity
    addresses: dict[Any, Transport]
    ufrags: dict[str, Transport]


class Transport:
    """``sent`` and ``received`` count packets that went out and in, ``octets_*`` their bytes."""

    __slots__ = (
        "_add",
        "_context",
        "_entry",
        "_length",
        "_sources",
        "_tag",
        "_timeline",
        "_to",
        "_ufrags",
        "_ways",
        "broken",
        "handler",
        "ice",
        "keys",
        "octets_received",
        "octets_sent",
        "over",
        "proof",
        "received",
        "sent",
    )

    def __init__(
        self,
        ways: Ways,
        agent: ice.IceLite,
        fingerprints: Sequence[Fingerprint],
        handler: Handler,
        timeline: Timeline,
    ) -> None:
        self.ice = agent
        self.handler: Handler | None = handler
        self.keys: Keys | None = None
        self.over = False
        self.sent = self.received = self.octets_sent = self.octets_received = 0
        self.broken = 0  # came and could not be decrypted, or could not be sent
        self._ways = ways
        self._timeline = timeline
        self.proof = Dtls(ways.identity, fingerprints)
        self._context: Any = None
        self._tag = 0
        self._length = ffi.new("int *")
        self._to: Any = None
        self._add: Any = _nowhere
        self._entry: Entry | None = None
        # Every way that the agent keeps.
        self._sources: set[Any] = set()
        self._ufrags: tuple[str, ...] = ()
        self._list(agent.ufrags)
        self._arm()

    # In ------------------------------------------------------------------------------------------------------------------

    def stun(self, message: stun.Message, source: Any, now: int) -> None:
        address = source.address if type(source) is Connection else source
        host = address[0]
        self._obey(self.ice.receive(message, source, host, address[1], now), now)
        if len(self._ufrags) > 1 and not self.over:
            # A restart may be complete.
            self._list(self.ice.ufrags)

    def dtls(self, datagram: bytes, now: int) -> None:
        dtls = self.proof
        if dtls.state == "new":
            self._timeline.add(now, "dtls started")
        handshaking = dtls.state in ("new", "handshaking")
        messages = dtls.receive(datagram, now)
        self._flush()
        if handshaking and dtls.state == "connected":
            self._proved(now)
        if dtls.state == "connected" or messages:
            self._obey(self.ice.touch(now), now)
        for message in messages:
            if self.handler is not None:
                self.handler.on_data(message, now)
        if dtls.state in ("failed", "closed"):
            self.end(dtls.reason)
        elif handshaking:
            self._arm()

    def rtp(self, size: int, now: int) -> None:
        """An RTP packet lies in the engine's buffer."""
        keys = self.keys
        if keys is None:
            return
        buffer = self._ways.buffer
        self.octets_received += size
        size = keys.unprotect(buffer, size)
        if not size:
            self.broken += 1
            return
        self.received += 1
        if outputs := self.ice.touch(now):
            self._obey(outputs, now)
        assert self.handler is not None
        self.handler.on_rtp(bytes(buffer.view[:size]), now)

    def rtcp(self, size: int, now: int) -> None:
        keys = self.keys
        if keys is None:
            return
        buffer = self._ways.buffer
        self.octets_received += size
        size = keys.unprotect_rtcp(buffer, size)
        if not size:
            self.broken += 1
            return
        self.received += 1
        if outputs := self.ice.touch(now):
            self._obey(outputs, now)
        assert self.handler is not None
        self.handler.on_rtcp(rtcp.parse(bytes(buffer.view[:size])), now)

    # Out -----------------------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> int:
        """Bytes to leave free behind an RTP packet (``outgoing.Writer``'s ``tail``)."""
        return self._tag

    def send_rtp(self, packet: bytearray) -> None:
        """Protect in place, and send. Runs for each packet and viewer: protect 1.0 us, send 2.95 us, the rest 0.5 us."""
        pointer, length = _from_buffer(packet), self._length
        length[0] = len(packet) - self._tag
        if _protect(self._context, pointer, length):
            self.broken += 1
            return
        size = length[0]
        self.sent += 1
        self.octets_sent += size
        self._add(pointer, size, self._to)

    @property
    def now(self) -> int:
        return self._ways.clock.now()

    def flush(self) -> None:
        self._ways.udp.flush()

    def sent_first(self) -> None:
        """A track's first packet goes out. The first of them is a moment of the peer's."""
        if self._timeline.when("first packet out") is None:
            self._timeline.add(self._ways.clock.now(), "first packet out")

    def send_rtcp(self, packet: bytes) -> None:
        if self.keys is not None and (data := self.keys.protect_rtcp(packet)):
            self._send(data)

    def send_data(self, data: bytes) -> bool:
        sent = self.proof.send(data)
        self._flush()
        return sent

    # ---------------------------------------------------------------------------------------------------------------------

    @property
    def remote(self) -> Any:
        """Where everything goes: a UDP address or a connection; None before there is one."""
        return self.ice.selected

    @property
    def way(self) -> tuple[str, str]:
        """``udp`` or ``tcp``, and the address as text. Empty before there is one."""
        remote = self.ice.selected
        if remote is None:
            return "", ""
        kind, address = ("tcp", remote.address) if type(remote) is Connection else ("udp", cast(Address, remote))
        host = str(address[0]).removeprefix("::ffff:")
        return kind, f"[{host}]:{address[1]}" if ":" in host else f"{host}:{address[1]}"

    @property
    def waiting(self) -> int:
        """Bytes that a TCP reader has not taken yet."""
        remote = self.ice.selected
        return remote.waiting if type(remote) is Connection else 0

    def expect(self, agent: ice.IceLite, fingerprints: Sequence[Fingerprint]) -> None:
        """Who the peer is, told by its answer to our offer, before anything came of it."""
        self.ice = agent
        self.proof = Dtls(self._ways.identity, fingerprints)
        self._arm()

    def restart(self, local: ice.Credentials, remote_ufrag: str) -> None:
        self.ice.restart(local, remote_ufrag)
        self._list(self.ice.ufrags)

    def lost(self, connection: Connection) -> None:
        """A TCP connection of this peer ended."""
        self._forget(connection)
        was_selected = self.ice.selected is connection
        self._obey(self.ice.forget(connection), self._ways.clock.now())
        if was_selected and self.ice.selected is None:
            self._to, self._add = None, _nowhere

    def close(self) -> None:
        """Say goodbye and leave every table. Calling it again does nothing."""
        if self.over:
            return
        for datagram in self.proof.close():
            self._send(datagram)
        self._leave()

    def end(self, reason: str) -> None:
        """It is over, by the peer or by time."""
        handler = self.handler
        self.close()
        if handler is not None:
            handler.on_over(reason)

    def _leave(self) -> None:
        self.over = True
        self._list(())
        for source in tuple(self._sources):
            self._forget(source)
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None
        self.handler = None
        self.keys = None
        self._context = None
        self._add = _nowhere

    def _obey(self, outputs: list[ice.Output], now: int) -> None:
        for output in outputs:
            match output:
                case ice.Send(data, to):
                    self._send_to(data, to)
                case ice.Proved(source):
                    self._admit(source, now)
                case ice.Selected(source):
                    self._select(source, now)
                case ice.Forgotten(source):
                    self._forget(source)
                case ice.Changed(state, reason):
                    if state == "over":
                        self.end(_REASONS.get(reason, reason))
                        return
                    if self.handler is not None and self.proof.state == "connected":
                        self.handler.on_state(state, now)
                    self._arm()

    def _admit(self, source: Any, now: int) -> None:
        if self._timeline.when("first check") is None:
            self._timeline.add(now, "first check")
        ways = self._ways
        # An address that served another peer before is now this one's: it knows the password.
        ways.addresses[source] = self
        self._sources.add(source)
        if type(source) is Connection:
            source.proved = True
            source.owner = self

    def _list(self, ufrags: tuple[str, ...]) -> None:
        """By these the engine finds this peer, and by no others."""
        table = self._ways.ufrags
        for ufrag in self._ufrags:
            table.pop(ufrag, None)
        for ufrag in ufrags:
            table[ufrag] = self
        self._ufrags = ufrags

    def _forget(self, source: Any) -> None:
        self._sources.discard(source)
        if self._ways.addresses.get(source) is self:
            del self._ways.addresses[source]
        if type(source) is Connection:
            source.owner = None
            source.close()

    def _select(self, source: Any, now: int) -> None:
        if type(source) is Connection:
            self._to, self._add = None, _tcp_sender(source)
        else:
            self._to, self._add = destination(source), self._ways.udp.add
        kind, address = self.way
        self._timeline.add(now, "selected", f"{kind} {address}")

    def _proved(self, now: int) -> None:
        """DTLS is done."""
        dtls = self.proof
        keys = self.keys = dtls.keys
        if keys is not None:
            self._context, self._tag = keys.context, keys.tag
        self._timeline.add(now, "dtls done", dtls.cipher)
        if self.handler is not None and keys is not None:
            self.handler.on_connected(keys, now)
        elif keys is None:
            self.end("dtls failed")

    def _send(self, data: bytes | bytearray) -> None:
        remote = self.ice.selected
        if remote is not None:
            self.sent += 1
            self.octets_sent += len(data)
            self._send_to(data, remote)

    def _send_to(self, data: bytes | bytearray, source: Any) -> None:
        if type(source) is Connection:
            source.send(data)
        else:
            self._ways.udp.send(data, source)

    def _flush(self) -> None:
        for datagram in self.proof.take():
            self._send(datagram)

    def _arm(self) -> None:
        if self.over:
            return
        if self._entry is not None:
            self._entry.cancel()
        times = [when for when in (self.ice.wake_at(), self.proof.wake_at) if when is not None]
        self._entry = self._ways.schedule.at(min(times), self._wake) if times else None

    def _wake(self, now: int) -> None:
        self._entry = None
        if self.proof.wake_at is not None and now >= self.proof.wake_at:
            self.proof.wake(now)
            self._flush()
            if self.proof.state == "failed":
                self.end(self.proof.reason)
                return
        self._obey(self.ice.wake(now), now)
        self._arm()


def _tcp_sender(connection: Connection) -> Any:
    def send(pointer: Any, size: int, _: object) -> None:
        connection.send(bytes(ffi.buffer(pointer, size)))

    return send


def _nowhere(_: object, __: int, ___: object) -> None:
    """Where packets go while there is no way to the peer."""
