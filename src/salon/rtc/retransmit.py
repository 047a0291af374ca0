"""Send again what did not arrive (RFC 4585 section 6.2.1, RFC 4588).

A source keeps its newest packets once for all its viewers; each viewer's ``Resender`` traces the numbers that it lacks back
to that source, and writes them anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from salon.rtc.forward import Forwarder
from salon.rtc.rtp import Packet

# A key frame of a good camera at once, or two seconds of 1.5 Mbit/s. A power of two.
MAX_PACKETS: Final = 512
# Later than this it is of no use to a call, and hardly to a broadcast.
MAX_AGE_MS: Final = 2_000

# The same packet is not sent again sooner: the one before is under way.
MIN_AGAIN_MS: Final = 20
# A viewer that asks for everything gets no more than this share of what it is sent anyhow, and this many more.
MAX_SHARE: Final = 0.5
BURST: Final = 128

MAX_REMEMBERED: Final = 512

# Packets of one burst that are not asked for.
MAX_PADDING: Final = 64
_PADDING: Final = bytes(254) + b"\xff"

_NOTHING: Final[tuple[int, Packet | None]] = (0, None)


class Rtx(NamedTuple):
    """The stream for repeats: its own SSRC, payload type and first sequence number."""

    ssrc: int
    payload_type: int
    sequence: int


class History:
    """The newest packets of one source, by sequence number. Bounded in number; how old a packet may be is asked for when it
    is wanted. It holds the packets that came, not copies."""

    __slots__ = ("_mask", "_ring")

    def __init__(self, packets: int = MAX_PACKETS) -> None:
        if packets & (packets - 1):
            raise ValueError(f"{packets} is not a power of two")
        self._mask = packets - 1
        self._ring: list[tuple[int, Packet | None]] = [_NOTHING] * packets

    def keep(self, packet: Packet, now: int) -> None:
        self._ring[packet.sequence & self._mask] = (now, packet)

    def find(self, sequence: int, now: int, max_age: int = MAX_AGE_MS) -> Packet | None:
        kept, packet = self._ring[sequence & self._mask]
        if packet is None or packet.sequence != sequence or now - kept > max_age:
            return None
        return packet

    def clear(self) -> None:
        """The source is gone: let its packets go."""
        self._ring = [_NOTHING] * (self._mask + 1)


class Resender:
    """One viewer's repeats of one track. Without ``rtx`` a packet goes out again as it was."""

    __slots__ = ("_again", "_before", "_forwarder", "_rtx", "_sequence", "_tokens", "octets", "packets", "refused")

    def __init__(self, forwarder: Forwarder, rtx: Rtx | None = None) -> None:
        self.packets = 0
        self.octets = 0
        self.refused = 0
        self._forwarder = forwarder
        self._rtx = rtx
        self._sequence = rtx.sequence if rtx is not None else 0
        self._again: dict[int, int] = {}
        self._tokens = float(BURST)
        self._before = 0

    def answer(
        self, lost: Sequence[int], histories: Mapping[int, History], now: int, rtt: int = 100
    ) -> list[bytearray]:
        """The packets that a NACK asks for, as far as they are at hand. ``histories`` are by source; ``lost`` is the viewer's
        numbering. A packet that was sent again less than a round trip ago is still under way."""
        self._earn()
        answers = []
        for sequence in lost:
            traced = self._forwarder.trace(sequence)
            if traced is None:
                continue
            stretch, original, unwrapped = traced
            history = histories.get(stretch.source)
            packet = history.find(original, now) if history is not None else None
            if packet is None:
                continue
            if now - self._again.get(unwrapped, -MAX_AGE_MS) < max(rtt, MIN_AGAIN_MS):
                continue
            if self._tokens < 1:
                self.refused += 1
                continue
            self._tokens -= 1
            self._remember(unwrapped, now)
            if self._rtx is None:
                answers.append(self._forwarder.again(stretch, packet, sequence, now))
            else:
                timestamp = self._forwarder.shifted(stretch, packet)
                payload = self._forwarder.payload(stretch, packet)
                answers.append(self._repeat(packet.marker, sequence, timestamp, payload, now))
        self.packets += len(answers)
        return answers

    def pad(self, size: int, histories: Mapping[int, History], now: int) -> list[bytearray]:
        """About ``size`` bytes that show how much the viewer's network carries: repeats of what it has, or else padding. Needs
        ``rtx``: on the stream itself they would look like a network that doubles packets."""
        answers: list[bytearray] = []
        if self._rtx is None:
            return answers
        highest = self._forwarder.highest
        for back in range(MAX_PADDING):
            if size <= 0:
                break
            packet = None
            if traced := self._forwarder.trace((highest - back) & 0xFFFF):
                stretch, original, _ = traced
                history = histories.get(stretch.source)
                packet = history.find(original, now) if history is not None else None
            if traced is None or packet is None or packet.payload == packet.end:
                answer = self._write(False, 0, _PADDING, now)
                # RFC 3550 section 5.1: P says that the last byte counts the padding.
                answer[0] |= 0x20
            else:
                payload = self._forwarder.payload(traced[0], packet)
                timestamp = self._forwarder.shifted(traced[0], packet)
                answer = self._repeat(packet.marker, (highest - back) & 0xFFFF, timestamp, payload, now)
            answers.append(answer)
            size -= len(answer)
        return answers

    def _repeat(self, marker: bool, sequence: int, timestamp: int, payload: bytes, now: int) -> bytearray:
        # RFC 4588 section 4: the original sequence number goes in front of the payload.
        return self._write(marker, timestamp, sequence.to_bytes(2, "big") + payload, now)

    def _write(self, marker: bool, timestamp: int, body: bytes, now: int) -> bytearray:
        rtx = self._rtx
        assert rtx is not None
        own = self._sequence
        self._sequence = (own + 1) & 0xFFFF
        self.octets += len(body)
        second = rtx.payload_type | 0x80 if marker else rtx.payload_type
        return self._forwarder.writer.write(second, own, timestamp, rtx.ssrc, body, now)

    def _earn(self) -> None:
        sent = self._forwarder.packets
        self._tokens = min(self._tokens + (sent - self._before) * MAX_SHARE, BURST)
        self._before = sent

    def _remember(self, sequence: int, now: int) -> None:
        again = self._again
        again.pop(sequence, None)
        again[sequence] = now
        if len(again) > MAX_REMEMBERED:
            del again[next(iter(again))]


def original(packet: Packet, ssrc: int, payload_type: int) -> Packet | None:
    """What a publisher's RTX packet repeats, as if it had come itself; None for padding, which repeats nothing."""
    if packet.end - packet.payload <= 2:
        return None
    return packet._replace(
        ssrc=ssrc,
        payload_type=payload_type,
        sequence=int.from_bytes(packet.data[packet.payload : packet.payload + 2], "big"),
        payload=packet.payload + 2,
    )
