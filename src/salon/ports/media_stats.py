"""Media in numbers, and what really happened, told by the engine and its peers."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["audio", "video"]
PeerState = Literal["new", "connecting", "connected", "disconnected", "closed"]


class Moment(msgspec.Struct, frozen=True):
    """Something that really happened to a peer, for those who watch. ``what`` is one of ``MOMENTS``; ``detail`` holds no
    secret."""

    at: int
    what: str
    detail: str = ""


MOMENTS = (
    "offer",
    "answer",
    "first check",
    "selected",
    "dtls started",
    "dtls done",
    "connected",
    "data open",
    "first packet in",
    "first packet out",
    "source added",
    "disconnected",
    "ice restart",
    "renegotiated",
    "close",
)


class InboundStats(msgspec.Struct, frozen=True, kw_only=True):
    """One stream from the peer. ``loss`` is that of the last report interval, before retransmission."""

    mid: str
    kind: Kind
    codec: str
    rid: str
    packets: int
    octets: int
    lost: int
    retransmitted: int
    loss: float
    jitter_ms: float
    bitrate: int
    width: int = 0
    height: int = 0
    keyframes: int = 0
    keyframe_requests: int = 0


class OutboundStats(msgspec.Struct, frozen=True, kw_only=True):
    """One stream to the peer. ``loss`` and ``jitter_ms`` are what it reports."""

    mid: str
    kind: Kind
    codec: str
    rid: str
    packets: int
    octets: int
    repeated: int
    dropped: int
    loss: float
    jitter_ms: float
    bitrate: int
    paused: bool = False


class AudioStats(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``AudioIn`` and ``AudioOut``. ``frames`` counts 20 ms; ``buffer_ms`` is the jitter buffer's depth now."""

    frames: int
    decoded: int
    recovered: int
    concealed: int
    silent: int
    buffer_ms: int
    late: int
    sent: int
    queued_ms: int


class PeerStats(msgspec.Struct, frozen=True, kw_only=True):
    """A peer in numbers. ``rtt_ms`` is None until it is measured; ``estimate`` is what its network carries towards it,
    None where nothing is sent. ``transport`` is ``udp`` or ``tcp``, ``remote`` its address, empty before there is one."""

    id: str
    state: PeerState
    age_ms: int
    transport: str
    local: str
    remote: str
    dtls_cipher: str
    srtp_profile: str
    rtt_ms: int | None
    estimate: int | None
    received: int
    sent: int
    received_bitrate: int
    sent_bitrate: int
    send_queue: int
    dropped: int
    first_packet_in_ms: int | None
    first_packet_out_ms: int | None
    inbound: tuple[InboundStats, ...] = ()
    outbound: tuple[OutboundStats, ...] = ()
    audio: AudioStats | None = None


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """The engine in numbers. ``load`` is 1 where it refuses new peers; ``late_ticks`` are pacer ticks that came 5 ms late or
    more, ``missed_ticks`` those that did not come at all."""

    peers: int
    sources: int
    outputs: int
    load: float
    lag_ms: float
    late_ticks: int
    missed_ticks: int
    received: int
    sent: int
    dropped: int
    unknown: int
    refused: int
    ended: dict[str, int]
