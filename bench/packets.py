"""The packets of calls as the server has them, each with its time: written down by the server while it is measured, and read
when that is over, so that what was in them is looked at when it costs nobody anything.

Times are those of ``time.monotonic``, which on Linux all processes share. An outgoing packet's is when it was given to the
batch of the socket, which leaves with it or at the end of its tick.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

from salon.media.audio import AudioOut
from salon.media.opus import DECODED_RATE, Decoder
from salon.media.peer import Peer
from salon.media.transport import Transport
from salon.rtc.rtp import parse
from salon.sound.pcm import level, size

CAME, LEFT, WITHDRAWN = range(3)
PIECE_MS = 10
_HEAD = struct.Struct("<dBIH")

Pieces = list[tuple[float, float]]
"""When the packet came or left, and how loud a piece of its sound is: two for each 20 ms."""


def record(path: str) -> None:
    """From now on, all packets of this process; and when sound that was to leave was withdrawn."""
    file = Path(path).open("wb")  # noqa: SIM115 as long as the process; what is not flushed when that is ended is some 50 ms
    received, sent, withdrawn = Peer.on_rtp, Transport.send_rtp, AudioOut.withdraw

    def keep(kind: int, data: bytes) -> None:
        packet = parse(data)
        if packet is not None:
            payload = packet.data[packet.payload : packet.end]
            file.write(_HEAD.pack(time.monotonic(), kind, packet.ssrc, len(payload)) + payload)

    def on_rtp(self: Peer, packet: bytes, now: int) -> None:
        keep(CAME, packet)
        received(self, packet, now)

    def send_rtp(self: Transport, packet: bytearray) -> None:
        keep(LEFT, bytes(packet[: len(packet) - self.tag]))
        sent(self, packet)

    def withdraw(self: AudioOut) -> int:
        file.write(_HEAD.pack(time.monotonic(), WITHDRAWN, self.ssrc, 0))
        return withdrawn(self)

    Peer.on_rtp, Transport.send_rtp, AudioOut.withdraw = on_rtp, send_rtp, withdraw  # type: ignore[method-assign]


class Packets:
    """What ``record`` wrote, stream by stream."""

    def __init__(self, path: str) -> None:
        self._decoders: dict[tuple[int, int], Decoder] = {}
        self._pieces: dict[tuple[int, int], Pieces] = {}
        self._withdrawn: dict[int, list[float]] = {}
        data, at = Path(path).read_bytes(), 0
        while at + _HEAD.size <= len(data):
            when, kind, ssrc, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            if kind == WITHDRAWN:
                self._withdrawn.setdefault(ssrc, []).append(when)
            else:
                self._add(when, (kind, ssrc), data[at - length : at])

    def _add(self, when: float, stream: tuple[int, int], payload: bytes) -> None:
        decoder = self._decoders.setdefault(stream, Decoder())
        samples, step = decoder.decode(payload), size(PIECE_MS, DECODED_RATE)
        self._pieces.setdefault(stream, []).extend(
            (when, level(samples[at : at + step])) for at in range(0, len(samples), step)
        )

    def came(self, ssrc: int) -> Pieces:
        return self._pieces.get((CAME, ssrc), [])

    def left(self, ssrc: int) -> Pieces:
        return self._pieces.get((LEFT, ssrc), [])

    def withdrawn(self, ssrc: int, moment: float) -> float | None:
        """When, after ``moment``, something was withdrawn first: that is what softening begins with."""
        return next((when for when in self._withdrawn.get(ssrc, []) if when >= moment), None)
