"""The engine (``ports.media.MediaEngine``): sockets, the tables that find a peer, and the one timer."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any, Final

import ifaddr
import msgspec

from salon.base.errors import ClientError, ConfigError
from salon.base.ids import from_random_bytes
from salon.media import counter, instants, opus
from salon.media.capacity import Capacity
from salon.media.dtls import Identity
from salon.media.memory import Memory, malloc_trim
from salon.media.pacer import Pacer
from salon.media.peer import COUNTER_OFFER_MS, Peer
from salon.media.plan import plan
from salon.media.schedule import Schedule
from salon.media.srtp import Buffer
from salon.media.tcp import Connection, TcpPort
from salon.media.tracks import Source
from salon.media.transport import Transport
from salon.media.udp import Address, UdpPort
from salon.ports.clock import Clock
from salon.ports.media import Accepted, Offered, Wants
from salon.ports.media_stats import EngineStats
from salon.rtc import ice, stun
from salon.rtc.sdp.model import Candidate, Offer

# Addresses in an answer: more make a phone check for long.
MAX_CANDIDATES: Final = 8

log = logging.getLogger(__name__)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """``host`` empty: all addresses of both families. ``port`` 0: any. ``announce``: the addresses that peers are told, where
    they are not those of this machine (1:1 NAT, containers). ``tcp``: ICE over TCP too, listening on the same port number.
    ``spare``: any other port where that one is taken. ``limit``: how much later than usual packets may be before new peers are
    refused."""

    host: str = ""
    port: int = 0
    spare: bool = False
    announce: tuple[str, ...] = ()
    tcp: bool = True
    limit: float = 1.0


class Engine:
    """Embedded: everything on the running loop, no packet in a thread."""

    def __init__(self, settings: Settings, clock: Clock, random: Random | None = None) -> None:
        self.clock = clock
        # For what must differ but need not be secret: SSRCs, first numbers, the spread of reports.
        self.random = random if random is not None else Random()  # noqa: S311
        self.buffer = Buffer()
        self.schedule = Schedule()
        self.identity = Identity()
        self.addresses: dict[Any, Transport] = {}
        self.ufrags: dict[str, Transport] = {}
        self.candidates: tuple[Candidate, ...] = ()
        self.udp: UdpPort
        self.capacity = Capacity(settings.limit)
        self.pacer = Pacer(self._tick, self.capacity)
        self._settings = settings
        self._memory = Memory(malloc_trim())
        self._tcp = TcpPort(self.buffer, self._received, self._drained, self._lost)
        self._shared: tuple[str, int] | None = None
        self._peers: dict[str, Peer] = {}
        self._ticking: dict[Peer, None] = {}
        self._numbers = count(1)
        self._ended: Counter[str] = Counter()
        self._unknown = 0
        self._gone = Counter[str]()
        self._started = False
        self._ntp_base = 0

    async def start(self) -> None:
        opus.require()
        loop = asyncio.get_running_loop()
        settings = self._settings
        self.udp = self._bind()
        tcp = self._shared
        if tcp is None and settings.tcp and await self._tcp.start(settings.host, self.udp.port):
            tcp = settings.host, self.udp.port
        self.candidates = _candidates(settings, self.udp.port, tcp)
        self._ntp_base = instants.ntp() - (self.clock.now() << 32) // 1000
        self.udp.start(loop, self._received, self._drained)
        self.pacer.start(loop)
        self._started = True
        shown = ", ".join(dict.fromkeys(candidate.host for candidate in self.candidates))
        log.info("media on UDP port %d%s of %s", self.udp.port, f" and TCP port {tcp[1]}" if tcp else "", shown)

    def share_tcp(self, host: str, port: int) -> Callable[[], Connection]:
        """Somebody else listens for ICE-TCP, on ``port`` of ``host``. Gives what makes the protocol of each connection."""
        self._shared = host, port
        return self._tcp.connection

    def _bind(self) -> UdpPort:
        settings = self._settings
        try:
            return UdpPort(settings.host, settings.port, self.buffer)
        except ConfigError as error:
            if not (settings.spare and settings.port):
                raise
            log.warning("%s Until then it is a free one.", error)
            return UdpPort(settings.host, 0, self.buffer)

    async def aclose(self) -> None:
        if not self._started:
            return
        self._started = False
        for peer in tuple(self._peers.values()):
            peer.close("shutdown")
        self.pacer.stop()
        await self._tcp.aclose()
        self.udp.close()

    async def accept(self, offer: Offer, wants: Wants) -> Accepted:
        self.capacity.admit()
        planned = plan(offer, wants, {})
        now = self.clock.now()
        peer = Peer(self, self.new_id("peer"), wants, now)
        answer = peer.accept(offer, planned, now)
        self._enter(peer)
        return Accepted(answer, peer, peer.etag)

    async def offer(self, wants: Wants) -> Offered:
        self.capacity.admit()
        sources = [source for source in wants.play if isinstance(source, Source)]
        if not sources:
            raise ClientError("There is nothing to offer.", code="codec_mismatch")
        now = self.clock.now()
        peer = Peer(self, self.new_id("peer"), wants, now)
        text = peer.offer(counter.offered(sources), now)
        self._enter(peer)
        self.schedule.at(now + COUNTER_OFFER_MS, lambda _: peer.close("never came") if peer.state == "new" else None)
        return Offered(text, peer, peer.etag)

    def _enter(self, peer: Peer) -> None:
        self._peers[peer.id] = peer
        self._memory.came()
        self.pacer.wake()

    @property
    def peers(self) -> tuple[Peer, ...]:
        return tuple(self._peers.values())

    def peer(self, peer_id: str) -> Peer | None:
        return self._peers.get(peer_id)

    def stats(self) -> EngineStats:
        peers = self._peers.values()
        totals = Counter(self._gone)
        for peer in peers:
            totals.update(_traffic(peer))
        return EngineStats(
            peers=len(peers),
            sources=sum(len(peer.sources) for peer in peers),
            outputs=sum(len(peer.outputs) for peer in peers),
            load=self.capacity.load,
            lag_ms=self.capacity.lag_ms,
            late_ticks=self.pacer.late,
            missed_ticks=self.pacer.missed,
            received=totals["received"],
            sent=totals["sent"],
            dropped=totals["dropped"] + (self.udp.dropped if self._started else 0),
            unknown=self._unknown,
            refused=self.capacity.refused,
            ended=dict(self._ended),
        )

    # What peers need (peer.House) ----------------------------------------------------------------------------------------

    def credentials(self) -> ice.Credentials:
        # RFC 8445 section 5.3: at least 24 and 128 bits of randomness.
        ufrag = secrets.token_hex(6)
        return ice.Credentials(ufrag, secrets.token_hex(16))

    def number(self) -> int:
        return next(self._numbers)

    def new_id(self, prefix: str) -> str:
        return from_random_bytes(prefix, secrets.token_bytes(21))

    def ntp(self, now: int) -> int:
        return self._ntp_base + (now << 32) // 1000 & 0xFFFFFFFFFFFFFFFF

    def tick_peer(self, peer: Peer, wanted: bool) -> None:
        if wanted:
            self._ticking[peer] = None
        else:
            self._ticking.pop(peer, None)

    def peer_over(self, peer: Peer, reason: str) -> None:
        if self._peers.pop(peer.id, None) is not None:
            self._gone.update(_traffic(peer))
            self._ended[reason if reason in _REASONS else "closed"] += 1

    # The packet path -----------------------------------------------------------------------------------------------------

    def _received(self, size: int, source: Address | Connection) -> None:
        """A datagram or frame of ``size`` bytes lies in the buffer. Its first byte says what it is (RFC 7983 section 7)."""
        if not size:
            return
        buffer = self.buffer
        data = buffer.data
        first = data[0]
        transport = self.addresses.get(source)
        try:
            if transport is None:
                if first < 4:
                    self._stun(bytes(buffer.view[:size]), source)
                else:
                    self._unknown += 1
            elif 127 < first < 192:
                if size < 12:
                    self._unknown += 1
                # RFC 5761 section 4: RTCP's packet types.
                elif 191 < data[1] < 224:
                    transport.rtcp(size, self.clock.now())
                else:
                    transport.rtp(size, self.clock.now())
            elif first < 4:
                self._stun(bytes(buffer.view[:size]), source)
            elif 19 < first < 64:
                transport.dtls(bytes(buffer.view[:size]), self.clock.now())
            else:
                self._unknown += 1
        except Exception:
            # A mistake of ours, met by one peer's packet: it may not cost the others theirs.
            log.exception("a packet could not be handled; its peer is closed")
            if transport is not None:
                transport.end("internal error")

    def _stun(self, datagram: bytes, source: Any) -> None:
        message = stun.parse(datagram)
        transport = self.ufrags.get(message.username.partition(":")[0]) if message is not None else None
        if message is None or transport is None:
            # No answer: to those who know no ufrag there is nobody here.
            self._unknown += 1
            return
        transport.stun(message, source, self.clock.now())

    def _drained(self) -> None:
        """Behind each batch."""
        self.udp.flush()

    def _lost(self, connection: Connection) -> None:
        owner = connection.owner
        if isinstance(owner, Transport):
            owner.lost(connection)

    def _tick(self) -> bool:
        now = self.clock.now()
        self.schedule.run(now)
        ticking = tuple(self._ticking)
        for work in (Peer.tick, Peer.after_tick):
            for peer in ticking:
                try:
                    work(peer, now)
                except Exception:
                    log.exception("a peer's tick failed; it is closed")
                    peer.close("internal error")
            self.udp.flush()
        if self._peers or len(self.schedule):
            return True
        self._memory.empty()
        return False


_ANY: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104
_REASONS: Final = frozenset(
    {"left", "never came", "vanished", "dtls failed", "dtls timed out", "shutdown", "internal error"}
)


def _traffic(peer: Peer) -> dict[str, int]:
    transport = peer.transport
    return {"received": transport.received, "sent": transport.sent, "dropped": transport.broken}


def _candidates(settings: Settings, port: int, tcp: tuple[str, int] | None) -> tuple[Candidate, ...]:
    hosts = settings.announce or ((settings.host,) if settings.host not in _ANY else _hosts(settings.host))
    hosts = hosts[:MAX_CANDIDATES]
    found = [Candidate(host=host, port=port) for host in hosts]
    if tcp is not None:
        only_v4 = tcp[0] == "0.0.0.0"  # noqa: S104
        found += [Candidate(host=host, port=tcp[1], transport="tcp") for host in hosts if not (only_v4 and ":" in host)]
    return tuple(found)


def _hosts(host: str) -> tuple[str, ...]:
    """The addresses of this machine that others may reach, IPv4 first; only loopback where there is no other."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if address.is_loopback or address.is_link_local or (address.version == 6 and host == "0.0.0.0"):  # noqa: S104
                continue
            found.append(str(address))
    return tuple(sorted(found, key=lambda text: ":" in text)) or ("127.0.0.1",)
