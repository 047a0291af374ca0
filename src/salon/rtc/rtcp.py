"""RTCP packets: reports (RFC 3550), feedback (RFC 4585, 5104), REMB and transport-wide feedback (two drafts that everyone
speaks: draft-alvestrand-rmcat-remb-03, draft-holmer-rmcat-transport-wide-cc-extensions-01).

``parse`` never raises: what is broken or unknown within a compound packet is passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

SR: Final = 200
RR: Final = 201
SDES: Final = 202
BYE: Final = 203
RTPFB: Final = 205
PSFB: Final = 206

MAX_PACKETS: Final = 64
TICK_US: Final = 250  # receive deltas of transport-wide feedback count in 250 us
REFERENCE_US: Final = 64_000


class ReportBlock(NamedTuple):
    """RFC 3550 section 6.4.1. ``jitter`` is in timestamp units, ``delay`` in 1/65536 s; ``fraction`` of 256."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


class SenderReport(NamedTuple):
    """``ntp`` is the 64-bit NTP timestamp."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


class ReceiverReport(NamedTuple):
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


class Bye(NamedTuple):
    ssrcs: tuple[int, ...]


class Nack(NamedTuple):
    """``lost`` are sequence numbers of ``media``."""

    sender: int
    media: int
    lost: tuple[int, ...]


class Pli(NamedTuple):
    sender: int
    media: int


class Fir(NamedTuple):
    """``requests`` are pairs of SSRC and command number."""

    sender: int
    requests: tuple[tuple[int, int], ...]


class Remb(NamedTuple):
    """``bitrate`` in bit/s."""

    sender: int
    bitrate: int
    ssrcs: tuple[int, ...]


class TransportFeedback(NamedTuple):
    """``number`` counts the feedback packets, modulo 256. ``received`` has, for each sequence number from ``base`` on, the
    arrival in microseconds of the receiver's clock, modulo 2**24 times 64 ms, or None where it was lost."""

    sender: int
    media: int
    base: int
    number: int
    received: tuple[int | None, ...]


Rtcp = SenderReport | ReceiverReport | Bye | Nack | Pli | Fir | Remb | TransportFeedback


def parse(data: bytes) -> list[Rtcp]:
    """All packets of a compound one that are known and sound."""
    found: list[Rtcp] = []
    position = 0
    for _ in range(MAX_PACKETS):
        if position + 4 > len(data):
            break
        first, kind, words = struct.unpack_from("!BBH", data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            break
        body_end = end
        if first & 0x20 and words and 0 < data[end - 1] <= 4 * words:
            body_end -= data[end - 1]
        packet = _packet(kind, first & 31, data[position + 4 : body_end])
        if packet is not None:
            found.append(packet)
        position = end
    return found


def _packet(kind: int, count: int, body: bytes) -> Rtcp | None:
    if kind == BYE:
        ssrcs = body[: 4 * count]
        return Bye(struct.unpack(f"!{len(ssrcs) // 4}I", ssrcs)) if len(ssrcs) % 4 == 0 else None
    if len(body) < 4:
        return None
    sender = int.from_bytes(body[:4], "big")
    if kind == SR and len(body) >= 24:
        ntp, timestamp, packets, octets = struct.unpack_from("!QIII", body, 4)
        return SenderReport(sender, ntp, timestamp, packets, octets, _blocks(body[24:], count))
    if kind == RR:
        return ReceiverReport(sender, _blocks(body[4:], count))
    if kind in (RTPFB, PSFB) and len(body) >= 8:
        media = int.from_bytes(body[4:8], "big")
        return _feedback(kind, count, sender, media, body[8:])
    return None


def _blocks(body: bytes, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for position in range(0, min(24 * count, len(body) - 23), 24):
        ssrc, loss, highest, jitter, last_sr, delay = struct.unpack_from("!IIIIII", body, position)
        lost = loss & 0xFFFFFF
        blocks.append(ReportBlock(ssrc, loss >> 24, lost - ((lost & 0x800000) << 1), highest, jitter, last_sr, delay))
    return tuple(blocks)


def _feedback(kind: int, form: int, sender: int, media: int, fci: bytes) -> Rtcp | None:
    if kind == RTPFB and form == 1:
        return Nack(sender, media, _lost(fci))
    if kind == RTPFB and form == 15:
        return _transport(sender, media, fci)
    if kind == PSFB and form == 1:
        return Pli(sender, media)
    if kind == PSFB and form == 4:
        return Fir(sender, tuple(struct.unpack_from("!IB", fci, at) for at in range(0, len(fci) - 7, 8)))
    if kind == PSFB and form == 15 and fci[:4] == b"REMB" and len(fci) >= 8:
        exponent = fci[5] >> 2
        mantissa = (fci[5] & 3) << 16 | fci[6] << 8 | fci[7]
        ssrcs = fci[8 : 8 + 4 * fci[4]]
        return Remb(sender, mantissa << exponent, struct.unpack(f"!{len(ssrcs) // 4}I", ssrcs[: len(ssrcs) // 4 * 4]))
    return None


def _lost(fci: bytes) -> tuple[int, ...]:
    lost = []
    for position in range(0, len(fci) - 3, 4):
        first, following = struct.unpack_from("!HH", fci, position)
        lost.append(first)
        lost += [(first + bit + 1) & 0xFFFF for bit in range(16) if following >> bit & 1]
    return tuple(lost)


def _transport(sender: int, media: int, fci: bytes) -> TransportFeedback | None:
    if len(fci) < 8:
        return None
    base, status_count = struct.unpack_from("!HH", fci)
    reference, count = int.from_bytes(fci[4:7], "big"), fci[7]
    symbols: list[int] = []
    position = 8
    while len(symbols) < status_count:
        if position + 2 > len(fci):
            return None
        (chunk,) = struct.unpack_from("!H", fci, position)
        position += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 3] * min(chunk & 0x1FFF, status_count - len(symbols))
            if not chunk & 0x1FFF:
                return None
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    at = reference * REFERENCE_US
    received: list[int | None] = []
    for symbol in symbols[:status_count]:
        if symbol in (0, 3):
            received.append(None)
            continue
        if position + symbol > len(fci):
            return None
        delta = fci[position] if symbol == 1 else struct.unpack_from("!h", fci, position)[0]
        position += symbol
        at += delta * TICK_US
        received.append(at)
    return TransportFeedback(sender, media, base, count, tuple(received))


def _wrap(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _pack_block(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(block.lost, 0x7FFFFF)) & 0xFFFFFF
    return struct.pack(
        "!IIIIII", block.ssrc, block.fraction << 24 | lost, block.highest, block.jitter, block.last_sr, block.delay
    )


def build(packet: Rtcp) -> bytes:
    """One packet of a compound one."""
    match packet:
        case SenderReport():
            head = struct.pack("!IQIII", packet.ssrc, packet.ntp, packet.timestamp, packet.packets, packet.octets)
            return _wrap(SR, len(packet.blocks), head + b"".join(map(_pack_block, packet.blocks)))
        case ReceiverReport():
            body = struct.pack("!I", packet.ssrc) + b"".join(map(_pack_block, packet.blocks))
            return _wrap(RR, len(packet.blocks), body)
        case Bye():
            return _wrap(BYE, len(packet.ssrcs), struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs))
        case Nack():
            return _wrap(RTPFB, 1, struct.pack("!II", packet.sender, packet.media) + _pack_lost(packet.lost))
        case Pli():
            return _wrap(PSFB, 1, struct.pack("!II", packet.sender, packet.media))
        case Fir():
            requests = b"".join(struct.pack("!IB3x", ssrc, number & 255) for ssrc, number in packet.requests)
            return _wrap(PSFB, 4, struct.pack("!II", packet.sender, 0) + requests)
        case Remb():
            return _wrap(PSFB, 15, struct.pack("!II", packet.sender, 0) + _pack_remb(packet))
        case TransportFeedback():
            body = struct.pack("!II", packet.sender, packet.media) + _pack_transport(packet)
            return _wrap(RTPFB, 15, body)


def sdes(ssrc: int, cname: str) -> bytes:
    """The SDES that RFC 3550 section 6.1 demands in every compound packet."""
    name = cname.encode()[:255]
    item = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\x00"
    return _wrap(SDES, 1, item + bytes(-len(item) % 4))


def _pack_lost(lost: Iterable[int]) -> bytes:
    packed = b""
    rest = list(lost)
    while rest:
        first, mask = rest[0], 0
        behind = []
        for sequence in rest[1:]:
            bit = (sequence - first - 1) & 0xFFFF
            if bit < 16:
                mask |= 1 << bit
            else:
                behind.append(sequence)
        packed += struct.pack("!HH", first & 0xFFFF, mask)
        rest = behind
    return packed


def _pack_remb(packet: Remb) -> bytes:
    exponent = max(packet.bitrate.bit_length() - 18, 0)
    mantissa = packet.bitrate >> exponent
    head = b"REMB" + bytes((len(packet.ssrcs), exponent << 2 | mantissa >> 16)) + struct.pack("!H", mantissa & 0xFFFF)
    return head + struct.pack(f"!{len(packet.ssrcs)}I", *packet.ssrcs)


def _pack_transport(packet: TransportFeedback) -> bytes:
    arrived = [at for at in packet.received if at is not None]
    reference = arrived[0] // REFERENCE_US if arrived else 0
    at = reference * REFERENCE_US
    symbols, deltas = [], b""
    for arrival in packet.received:
        if arrival is None:
            symbols.append(0)
            continue
        ticks = max(-32768, min(round((arrival - at) / TICK_US), 32767))
        # What rounding leaves is carried into the next delta.
        at += ticks * TICK_US
        if 0 <= ticks <= 255:
            symbols.append(1)
            deltas += bytes((ticks,))
        else:
            symbols.append(2)
            deltas += struct.pack("!h", ticks)
    head = struct.pack("!HHI", packet.base & 0xFFFF, len(symbols), (reference & 0xFFFFFF) << 8 | packet.number & 255)
    body = head + _pack_symbols(symbols) + deltas
    return body + bytes(-len(body) % 4)


def _pack_symbols(symbols: Sequence[int]) -> bytes:
    packed = b""
    position = 0
    while position < len(symbols):
        run = 1
        while position + run < len(symbols) and symbols[position + run] == symbols[position] and run < 0x1FFF:
            run += 1
        if run >= 7:
            packed += struct.pack("!H", symbols[position] << 13 | run)
            position += run
            continue
        chunk = 0xC000
        for index, symbol in enumerate(symbols[position : position + 7]):
            chunk |= symbol << (12 - 2 * index)
        packed += struct.pack("!H", chunk)
        position += 7
    return packed
