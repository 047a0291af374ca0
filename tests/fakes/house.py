"""A house for peers of the media engine, without sockets: what they send lies in a list, and time stands still.

``Near`` is the client: ICE, DTLS and SRTP are real, the network between is a function call.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

from pylibsrtp._binding import ffi

from salon.base.ids import counting
from salon.media.batch import Destination
from salon.media.dtls import Identity
from salon.media.peer import Peer
from salon.media.plan import plan
from salon.media.schedule import Schedule
from salon.media.srtp import Buffer
from salon.media.transport import Transport
from salon.ports.media import Wants
from salon.rtc import ice, rtcp, rtp, sdp, stun
from salon.rtc.sdp.model import Candidate
from tests.fakes.clock import FakeClock
from tests.fakes.light_peer import Remote


class Udp:
    """In place of the one socket."""

    port = 7000

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def add(self, pointer: Any, size: int, to: Destination) -> None:
        self.sent.append((bytes(ffi.buffer(pointer, size)), to.address))

    def flush(self) -> None:
        """What was added has been sent."""

    def send(self, data: bytes | bytearray, address: Any) -> None:
        self.sent.append((bytes(data), address))


class House:
    identity = Identity()

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.buffer = Buffer()
        self.udp: Any = Udp()
        self.schedule = Schedule()
        self.addresses: dict[Any, Transport] = {}
        self.ufrags: dict[str, Transport] = {}
        self.random = Random(1)
        self.candidates = (Candidate(host="192.0.2.1", port=7000),)
        self.ticking: set[Peer] = set()
        self.over: list[tuple[str, str]] = []
        self.new_id = counting()
        self._numbers = count(1)

    def credentials(self) -> ice.Credentials:
        number = next(self._numbers)
        return ice.Credentials(f"ufrag{number}", f"password/of/length{number:06}")

    def number(self) -> int:
        return next(self._numbers)

    def ntp(self, now: int) -> int:
        return (3_900_000_000 << 32) + (now << 32) // 1000

    def tick_peer(self, peer: Peer, wanted: bool) -> None:
        (self.ticking.add if wanted else self.ticking.discard)(peer)

    def peer_over(self, peer: Peer, reason: str) -> None:
        self.over.append((peer.id, reason))

    def pass_ms(self, milliseconds: int) -> None:
        """Time passes as the pacer lets it, in steps of 20 ms."""
        for _ in range(milliseconds // 20):
            self.clock.pass_ms(20)
            now = self.clock.now()
            self.schedule.run(now)
            for peer in tuple(self.ticking):
                peer.tick(now)
            for peer in tuple(self.ticking):
                peer.after_tick(now)

    def accept(self, remote: Remote, wants: Wants) -> tuple[Peer, str]:
        offer = sdp.parse(remote.offer)
        now = self.clock.now()
        peer = Peer(self, self.new_id("peer"), wants, now)
        return peer, peer.accept(offer, plan(offer, wants, {}), now)


class Near(Remote):
    """A client of ``house`` at an address of its own."""

    _ports = count(20_000)

    def __init__(self, house: House, direction: str = "recvonly", **options: Any) -> None:
        super().__init__(direction, **options)
        self.house = house
        self.address: Any = ("198.51.100.7", next(self._ports))
        self.peer: Peer

    def join(self, wants: Wants, *, dtls: bool = True) -> Peer:
        """Offer, take the answer, prove who it is."""
        self.peer, answer = self.house.accept(self, wants)
        self.answered(answer)
        self.send(self.check())
        if dtls:
            self.hello()
            while not self.shake():
                if not self._hear():
                    break
        return self.peer

    def send(self, data: bytes) -> None:
        """As the engine sorts it."""
        house, now = self.house, self.house.clock.now()
        transport = house.addresses.get(self.address)
        if data[0] < 4:
            message = stun.parse(data)
            assert message is not None
            owner = house.ufrags.get(message.username.partition(":")[0])
            if owner is not None:
                owner.stun(message, self.address, now)
            return
        if transport is None:
            return
        house.buffer.data[: len(data)] = data
        if 127 < data[0] < 192:
            (transport.rtcp if rtp.is_rtcp(data) else transport.rtp)(len(data), now)
        else:
            transport.dtls(data, now)

    def taken(self) -> list[bytes]:
        """What was sent here since the last call."""
        mine = [data for data, address in self.house.udp.sent if address == self.address]
        self.house.udp.sent[:] = [each for each in self.house.udp.sent if each[1] != self.address]
        return mine

    def rtp(self) -> list[rtp.Packet]:
        """Decrypted; the RTCP among it is lost."""
        return [packet for packet in self.read() if isinstance(packet, rtp.Packet)]

    def rtcp(self) -> list[Any]:
        return [packet for packet in self.read() if not isinstance(packet, rtp.Packet)]

    def read(self) -> Sequence[Any]:
        found: list[Any] = []
        for data in self.taken():
            if not 127 < data[0] < 192:
                continue
            if rtp.is_rtcp(data):
                found += rtcp.parse(self.reads.unprotect_rtcp(data))
            else:
                found.append(rtp.parse(self.reads.unprotect(data)))
        return found

    def _hear(self) -> bool:
        heard = [data for data in self.taken() if 19 < data[0] < 64]
        for data in heard:
            self.tls.bio_write(data)
        return bool(heard)


def picture(sequence: int, payload: bytes, *, ssrc: int = 2222, payload_type: int = 96) -> dict[str, Any]:
    """The arguments of a picture in one packet, 30 a second."""
    return {
        "payload_type": payload_type,
        "sequence": sequence,
        "timestamp": sequence * 3000,
        "ssrc": ssrc,
        "payload": payload,
        "marker": True,
    }
