"""What a peer publishes: sources, made of layers, each fanned out to its sinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from salon.ports.clock import Clock
from salon.ports.media import Layer as LayerInfo
from salon.ports.media import Stop, Tap
from salon.ports.media_stats import Kind
from salon.rtc.keyframes import resolution, starts_keyframe
from salon.rtc.layers import Rate
from salon.rtc.receive import Receiver
from salon.rtc.retransmit import History
from salon.rtc.rtp import Packet
from salon.rtc.sdp.model import Codec

# A publisher gets no more than one request for a key frame of a layer in this time: key frames are large, and one serves all who
# wait.
KEY_INTERVAL_MS: Final = 300
# Asked in vain, ask again, ever more patiently.
KEY_RETRY_MS: Final = 1_000
LIVE_MS: Final = 1_000
# Longer ago than any clock goes back.
NEVER: Final = -(1 << 40)

# How far back a viewer may begin. Older pictures would play fast for too long.
REPLAY_MS: Final = 2_500
AUDIO_HISTORY: Final = 128  # 2.5 s
VIDEO_HISTORY: Final = 1_024  # 2 s of 5 Mbit/s


class Sink(Protocol):
    """Who gets a layer's packets."""

    forward: Callable[[int, Packet, bool, int], bytearray | None]
    send: Callable[[bytearray], None]

    def source_gone(self) -> None: ...

    def source_changed(self, layer: Layer, now: int) -> None:
        """A layer came to life."""


class Layer:
    """One encoding of a source: one SSRC, and the one that repeats it. ``number`` names it to forwarders, for its life."""

    __slots__ = (
        "_ask",
        "_asked_at",
        "_retry_ms",
        "codec_key",
        "height",
        "history",
        "key_at",
        "key_requests",
        "key_sequence",
        "key_wanted",
        "keyframes",
        "last_at",
        "newest",
        "number",
        "rate",
        "receiver",
        "rid",
        "sinks",
        "source",
        "ssrc",
        "unanswered",
        "width",
    )

    def __init__(self, source: Source, rid: str, ssrc: int, number: int, ask: Callable[[Layer], None]) -> None:
        self.source = source
        self.rid = rid
        self.ssrc = ssrc
        self.number = number
        self.codec_key = source.codec.key
        self.receiver = Receiver(ssrc, source.codec.clock_rate)
        self.history = History(VIDEO_HISTORY if source.kind == "video" else AUDIO_HISTORY)
        self.rate = Rate()
        self.sinks: tuple[Sink, ...] = ()
        self.width = self.height = 0
        self.last_at = NEVER
        self.newest = -1  # the highest sequence number that came
        self.keyframes = self.key_requests = 0
        self.key_sequence = -1
        self.key_at = 0
        self.key_wanted = False
        self.unanswered = 0  # requests since the last key frame that nothing came of
        self._ask = ask
        self._asked_at = -KEY_RETRY_MS
        self._retry_ms = KEY_INTERVAL_MS

    def receive(self, packet: Packet, now: int) -> None:
        """A packet of this layer, or one that repeats it, as if it had come itself.

        The loop runs for each packet and viewer: budget 11 us, of which forwarding is 2.6, protection 1.0 and sending 2.9.
        """
        _, _, _, sequence, timestamp, _, _, begin, end = packet
        if not self.receiver.receive(sequence, timestamp, end - begin, now):
            return
        if now - self.last_at > LIVE_MS:
            self.source.woke(self, now)
        self.last_at = now
        if (sequence - self.newest) & 0xFFFF < 0x8000:
            self.newest = sequence
        self.history.keep(packet, now)
        self.rate.add(len(packet.data), now)
        source = self.source
        key = True
        if source.kind == "video":
            key = end > begin and starts_keyframe(self.codec_key, packet.data[begin:end])
            if key:
                self._began_picture(packet, now)
        number = self.number
        for sink in self.sinks:
            out = sink.forward(number, packet, key, now)
            if out is not None:
                sink.send(out)
        if source.tapped is self:
            source.tell(packet, key, now)
        elif source.taps and key:
            source.retap(self, packet, now)

    def add(self, sink: Sink) -> None:
        if sink not in self.sinks:
            self.sinks = (*self.sinks, sink)

    def remove(self, sink: Sink) -> None:
        if sink in self.sinks:
            self.sinks = tuple(each for each in self.sinks if each is not sink)

    def request_key(self, now: int) -> None:
        """Somebody cannot go on without a key frame."""
        self.key_wanted = True
        self.chase_key(now)

    def chase_key(self, now: int) -> None:
        """Ask, if one is wanted and the last request is long enough ago. Called every 20 ms."""
        if not self.key_wanted or now - self._asked_at < self._retry_ms or not self.ssrc:
            return
        self._asked_at = now
        if self.key_requests and self.unanswered < 100:
            self.unanswered += 1
        self._retry_ms = KEY_INTERVAL_MS if self.unanswered < 3 else KEY_RETRY_MS
        self.key_requests += 1
        self._ask(self)

    def replayable(self, now: int) -> int:
        """The sequence number of the newest key frame's first packet, if all from there on is at hand; -1 otherwise."""
        behind = now - self.key_at
        if self.key_sequence < 0 or behind > REPLAY_MS or self.history.find(self.key_sequence, now, REPLAY_MS) is None:
            return -1
        return self.key_sequence

    def live(self, now: int) -> bool:
        return now - self.last_at <= LIVE_MS

    def _began_picture(self, packet: Packet, now: int) -> None:
        self.keyframes += 1
        self.key_sequence, self.key_at = packet.sequence, now
        self.key_wanted = False
        self.unanswered = 0
        self._retry_ms = KEY_INTERVAL_MS
        found = resolution(self.codec_key, packet.data[packet.payload : packet.end])
        if found is not None:
            self.width, self.height = found


class Source:
    """``ports.media.Source``. ``stream`` is the same for tracks that belong together."""

    def __init__(
        self, source_id: str, kind: Kind, mid: str, codec: Codec, stream: str, clock: Clock, ntp: Callable[[int], int]
    ) -> None:
        self.id = source_id
        self.kind: Kind = kind
        self.mid = mid
        self.codec = codec
        self.stream = stream
        self.closed = False
        self.offered_layers = 1
        self.encodings: dict[str, Layer] = {}
        self.sinks: list[Sink] = []
        self.taps: tuple[Tap, ...] = ()
        self.tapped: Layer | None = None
        self._clock = clock
        self._ntp = ntp

    @property
    def simulcast(self) -> bool:
        return len(self.encodings) > 1 or self.offered_layers > 1

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        now = self._clock.now()
        return tuple(
            LayerInfo(
                rid=layer.rid,
                bitrate=layer.rate.bits(now),
                width=layer.width,
                height=layer.height,
                active=layer.live(now),
            )
            for layer in sorted(self.encodings.values(), key=lambda layer: layer.rate.bits(now))
        )

    @property
    def live(self) -> bool:
        now = self._clock.now()
        return not self.closed and any(layer.live(now) for layer in self.encodings.values())

    @property
    def viewers(self) -> int:
        return len(self.sinks)

    def alive(self, now: int) -> list[tuple[str, int]]:
        """The layers to choose from, with their bit/s."""
        return [(layer.rid, layer.rate.bits(now)) for layer in self.encodings.values() if layer.live(now)]

    def best(self, now: int) -> Layer | None:
        """The largest layer that lives; before one does, any that is known."""
        return max(self.encodings.values(), key=lambda layer: (layer.live(now), layer.rate.bits(now)), default=None)

    def clock(self, now: int) -> tuple[int, int]:
        layer = self.tapped or self.best(now)
        return layer.receiver.clock_at(now, self._ntp(now)) if layer is not None else (self._ntp(now), 0)

    def clock_of(self, layer: Layer, now: int) -> tuple[int, int]:
        return layer.receiver.clock_at(now, self._ntp(now))

    def tap(self, tap: Tap) -> Stop:
        now = self._clock.now()
        self.taps = (*self.taps, tap)
        if self.tapped is None:
            self.tapped = self.best(now)
        self.request_keyframe()

        def stop() -> None:
            self.taps = tuple(each for each in self.taps if each is not tap)
            if not self.taps:
                self.tapped = None

        return stop

    def request_keyframe(self) -> None:
        if self.kind == "video":
            now = self._clock.now()
            wanted: Sequence[Layer] = [self.tapped] if self.tapped is not None else list(self.encodings.values())
            for layer in wanted:
                layer.request_key(now)

    def tell(self, packet: Packet, key: bool, now: int) -> None:
        for tap in self.taps:
            tap.packet(packet, key, now)

    def retap(self, layer: Layer, packet: Packet, now: int) -> None:
        """A key frame of another layer than the taps get: change over, if it is the better one or the only one alive."""
        tapped = self.tapped
        if tapped is None or not tapped.live(now) or layer.rate.bits(now) > 1.2 * tapped.rate.bits(now):
            self.tapped = layer
            self.tell(packet, True, now)

    def woke(self, layer: Layer, now: int) -> None:
        """A layer's first packet, or its first after a silence."""
        for sink in tuple(self.sinks):
            sink.source_changed(layer, now)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        for sink in tuple(self.sinks):
            sink.source_gone()
        for tap in self.taps:
            tap.closed()
        self.sinks.clear()
        self.taps = ()
        self.tapped = None
        for layer in self.encodings.values():
            layer.sinks = ()
            layer.history.clear()
