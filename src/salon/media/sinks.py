"""What is sent to one peer in one section: one viewer's copy of a source (``ports.media.Output``).

How a viewer gets its first picture. It needs a key frame. A publisher that answers requests sends one within a round trip and a
frame or two: well within 500 ms, and the viewer is live from then on. So that is what is asked for at once. An encoder that
ignores requests, as OBS does, sends key frames every second or two; for its viewers, what came since the last one is at hand in
the layer's history, and is replayed faster than real time until the viewer has caught up. Replaying to all would cost those with
willing publishers their live latency, since a player that begins in the past is slow to catch up. The rule: ask, and if nothing
came after PATIENCE_MS, or requests went unanswered before, replay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from salon.base.errors import ClientError
from salon.media.redundancy import Redundancy
from salon.media.schedule import Entry, Schedule
from salon.media.srtp import Keys
from salon.media.tracks import Layer, Source
from salon.media.transport import Transport
from salon.ports.clock import Clock
from salon.ports.media_stats import Kind
from salon.rtc import red
from salon.rtc.forward import Forwarder
from salon.rtc.keyframes import starts_keyframe
from salon.rtc.layers import Allocator
from salon.rtc.outgoing import Writer
from salon.rtc.probe import SendLog
from salon.rtc.retransmit import Resender, Rtx
from salon.rtc.rtcp import ReportBlock, SenderReport
from salon.rtc.rtp import Packet
from salon.rtc.sdp import negotiate
from salon.rtc.sdp.model import Codec, Media

PATIENCE_MS: Final = 250
# A replay sends so many packets every 20 ms: 23 Mbit/s, a burst that a wire carries and a router's queue holds.
REPLAY_PACKETS: Final = 48
REPLAY_EVERY_MS: Final = 20
ADAPT_EVERY_MS: Final = 200


class Lane(NamedTuple):
    """What the answer fixed for a section that we send in. ``extensions`` are ids by URI."""

    mid: str
    kind: Kind
    codecs: tuple[Codec, ...]
    extensions: dict[str, int]
    ssrc: int
    rtx_ssrc: int | None

    @property
    def codec(self) -> Codec:
        return self.codecs[0]

    @property
    def rtx(self) -> Codec | None:
        return next((codec for codec in self.codecs if codec.key == "rtx"), None)

    @property
    def red(self) -> Codec | None:
        return next((codec for codec in self.codecs if codec.key == "red"), None)

    def writer(self, log: SendLog, tag: int) -> Writer:
        return Writer(
            mid_id=self.extensions.get(negotiate.MID, 0),
            mid=self.mid.encode(),
            transport_sequence=self.extensions.get(negotiate.TRANSPORT_SEQUENCE, 0),
            abs_send_time=self.extensions.get(negotiate.ABS_SEND_TIME, 0),
            allocate=log.sent,
            tail=tag,
        )


class Output:
    """``ports.media.Output``, and a layer's ``Sink``."""

    def __init__(
        self, lane: Lane, transport: Transport, log: SendLog, clock: Clock, schedule: Schedule, random: Random
    ) -> None:
        self.lane = lane
        self.mid = lane.mid
        self.kind: Kind = lane.kind
        self.codec = lane.codec
        self.source: Source | None = None
        self.layer: Layer | None = None
        self.forwarder: Forwarder | None = None
        self.resender: Resender | None = None
        self.allocator = Allocator()
        self.report_block: ReportBlock | None = None
        self.forward: Callable[[int, Packet, bool, int], bytearray | None] = _not_yet
        self.send: Callable[[bytearray], None] = self._send_first
        self.paused = False
        self.bitrate = 0
        self._transport = transport
        self._sampled = (0, 0)
        self._log = log
        self._clock = clock
        self._schedule = schedule
        self._random = random
        self._entry: Entry | None = None
        self._cursor = -1
        self._adapted_at = 0
        self._repeats = True
        self.redundancy = Redundancy()

    def connect(self, keys: Keys) -> None:
        """There are keys: from now on packets can be written."""
        lane = self.lane
        writer = lane.writer(self._log, keys.tag)
        self.forwarder = Forwarder(
            ssrc=lane.ssrc,
            payload_type=lane.codec.payload_type,
            clock_rate=lane.codec.clock_rate,
            writer=writer,
            codec=lane.codec.key,
            first_sequence=self._random.getrandbits(15),
            first_timestamp=self._random.getrandbits(31),
        )
        rtx = None
        if lane.rtx_ssrc is not None and lane.rtx is not None:
            rtx = Rtx(lane.rtx_ssrc, lane.rtx.payload_type, self._random.getrandbits(15))
        self.resender = Resender(self.forwarder, rtx)
        # Without RTX a repeat has its old number but a new stamp. GCM may not protect both.
        self._repeats = rtx is not None or not (keys.profile.counts_once and writer.stamp_at)
        self._protect()
        if self.source is not None:
            self._begin(self.source)

    def reported(self, block: ReportBlock, now: int) -> None:
        """What the viewer tells of this stream."""
        self.report_block = block
        self.loses(block.fraction / 256, now)

    def loses(self, share: float, now: int) -> None:
        """The viewer's network loses this share of 1."""
        if self.lane.red is not None and self.forward is not _not_yet:
            self.redundancy.heard(share, now)
            self._protect()

    def _protect(self) -> None:
        """Sound is sent with that before it in each packet, where the viewer knows how to take that."""
        if self.forwarder is not None:
            wanted = self.lane.red is not None and self.redundancy.depth
            self.forward = self._forward_redundantly if wanted else self.forwarder.forward

    def play(self, source: object) -> None:
        if not isinstance(source, Source) or source.kind != self.kind or not self.fits(source):
            raise ClientError("The peer did not agree to the codec of this source.", code="codec_mismatch")
        if source is self.source:
            return
        self._leave()
        self.source = source
        source.sinks.append(self)
        if self.forwarder is not None:
            self._begin(source)

    def stop(self) -> None:
        self._leave()
        if self.forwarder is not None:
            self.forwarder.pause()

    def close(self) -> None:
        self.stop()
        self.forward = _not_yet

    def fits(self, source: Source) -> bool:
        offered = Media(kind=self.kind, mid=self.mid, port=9, protocol="", formats=(), codecs=self.lane.codecs)
        return bool(negotiate.same_codec(offered, source.codec))

    def _forward_redundantly(self, source: int, packet: Packet, key: bool, now: int) -> bytearray | None:
        forwarder, layer, coding = self.forwarder, self.layer, self.lane.red
        if forwarder is None or layer is None or coding is None or packet.payload == packet.end:
            return None
        before = []
        for back in range(self.redundancy.depth, 0, -1):
            earlier = layer.history.find((packet.sequence - back) & 0xFFFF, now)
            if earlier is not None:
                offset = (packet.timestamp - earlier.timestamp) & 0xFFFFFFFF
                before.append((offset, earlier.data[earlier.payload : earlier.end]))
        payload = red.build(self.codec.payload_type, packet.data[packet.payload : packet.end], before)
        out = forwarder.forward(source, packet._replace(data=payload, payload=0, end=len(payload)), key, now)
        if out is not None:
            out[1] = out[1] & 0x80 | coding.payload_type
        return out

    # A layer's sink -----------------------------------------------------------------------------------------------------

    def source_gone(self) -> None:
        self._leave()

    def source_changed(self, layer: Layer, now: int) -> None:
        """A layer came to life: it may be the first, or a better one."""
        better = self.layer is None or (layer is not self.layer and not self.layer.live(now))
        if better and self.forwarder is not None and self.source is not None and not self.paused:
            self._aim(layer, now)

    # What the viewer says -----------------------------------------------------------------------------------------------

    def lost(self, sequences: Sequence[int], now: int, rtt: int) -> int:
        """A NACK. Returns how many packets went out again."""
        source, resender = self.source, self.resender
        if resender is None or source is None or not self._repeats:
            return 0
        histories = {layer.number: layer.history for layer in source.encodings.values()}
        answers = resender.answer(sequences, histories, now, rtt)
        for packet in answers:
            self.send(packet)
        return len(answers)

    def wants_key(self, now: int) -> None:
        """PLI or FIR."""
        if self.layer is not None and self.kind == "video":
            self.layer.request_key(now)

    def pad(self, size: int, now: int) -> None:
        """About so many bytes that probe the viewer's network."""
        source, resender = self.source, self.resender
        if resender is not None and source is not None:
            for packet in resender.pad(size, {layer.number: layer.history for layer in source.encodings.values()}, now):
                self.send(packet)

    def adapt(self, budget: int, audio: int, now: int, *, may_pause: bool = True) -> int:
        """Choose the layer for an estimate of ``budget`` bit/s, of which the sound takes ``audio``. Returns the estimate that
        would bring a better picture, 0 for none."""
        source, forwarder = self.source, self.forwarder
        if source is None or forwarder is None or self.kind != "video":
            return 0
        alive = source.alive(now)
        if now - self._adapted_at >= ADAPT_EVERY_MS and alive:
            self._adapted_at = now
            chosen = self.allocator.choose(alive, budget, audio, now, may_pause=may_pause)
            if chosen is None:
                if not self.paused:
                    self.paused = True
                    self._unaim()
                    forwarder.pause()
            elif self.paused or self.layer is None or chosen != self.layer.rid:
                self.paused = False
                self._aim(source.encodings[chosen], now)
        return self.allocator.wanted(alive, audio)

    def report(self, now: int) -> SenderReport | None:
        layer, source, forwarder = self.layer, self.source, self.forwarder
        if layer is None or source is None or forwarder is None or forwarder.source != layer.number:
            return None
        return forwarder.report(source.clock_of(layer, now))

    def sample(self, now: int) -> None:
        """``bitrate`` is that since the last call."""
        at, octets = self._sampled
        sent = self.forwarder.octets if self.forwarder is not None else 0
        self.bitrate = (sent - octets) * 8000 // (now - at) if at and now > at else 0
        self._sampled = (now, sent)

    # --------------------------------------------------------------------------------------------------------------------

    def _send_first(self, packet: bytearray) -> None:
        self.send = self._transport.send_rtp
        self._transport.sent_first()
        self.send(packet)

    def _begin(self, source: Source) -> None:
        now = self._clock.now()
        self.allocator = Allocator()
        self.paused = False
        layer = source.best(now)
        if layer is not None:
            self._aim(layer, now)

    def _aim(self, layer: Layer, now: int) -> None:
        """Get to this layer at its next key frame."""
        forwarder = self.forwarder
        assert forwarder is not None
        before = self.layer
        offset = None
        if before is not None and before is not layer and before.source is layer.source:
            offset = layer.receiver.offset_to(before.receiver)
        down = before is not None and before is not layer and layer.rate.bits(now) < before.rate.bits(now)
        forwarder.switch(layer.number, offset=offset, at_once=down and self.paused)
        self.layer = layer
        layer.add(self)
        self._cancel()
        if self.kind == "video":
            if forwarder.waiting_for is not None:
                layer.request_key(now)
                if forwarder.source is None:
                    wait = PATIENCE_MS if layer.unanswered < 2 else 0
                    self._entry = self._schedule.at(now + wait, self._impatient)
                else:
                    self._entry = self._schedule.at(now + 1_000, self._settle)
            elif before is not None and before is not layer:
                before.remove(self)
        elif before is not None and before is not layer:
            before.remove(self)

    def _unaim(self) -> None:
        self._cancel()
        if self.layer is not None and self.source is not None:
            for layer in self.source.encodings.values():
                layer.remove(self)
        self.layer = None

    def _leave(self) -> None:
        self._unaim()
        source, self.source = self.source, None
        if source is not None and self in source.sinks:
            source.sinks.remove(self)

    def _cancel(self) -> None:
        self._cursor = -1
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None

    def _settle(self, now: int) -> None:
        """Some time after a change of layers: those that feed the viewer no more need not try."""
        self._entry = None
        forwarder, layer, source = self.forwarder, self.layer, self.source
        if forwarder is None or layer is None or source is None:
            return
        if forwarder.waiting_for is not None:
            layer.request_key(now)
            self._entry = self._schedule.at(now + 1_000, self._settle)
            return
        for each in source.encodings.values():
            if each is not layer:
                each.remove(self)

    def _impatient(self, now: int) -> None:
        """No key frame came. If the last one is not long ago, begin there."""
        self._entry = None
        forwarder, layer = self.forwarder, self.layer
        if forwarder is None or layer is None or forwarder.waiting_for is None:
            return
        begin = layer.replayable(now)
        if begin < 0:
            layer.request_key(now)
            self._entry = self._schedule.at(now + PATIENCE_MS, self._impatient)
            return
        layer.remove(self)
        self._cursor = begin
        self._replay(now)

    def _replay(self, now: int) -> None:
        self._entry = None
        forwarder, layer = self.forwarder, self.layer
        if forwarder is None or layer is None or self._cursor < 0:
            return
        cursor = self._cursor
        for _ in range(REPLAY_PACKETS):
            behind = (layer.newest - cursor) & 0xFFFF
            if behind >= 0x8000:
                # Caught up: live from here.
                self._cursor = -1
                layer.add(self)
                return
            packet = layer.history.find(cursor, now)
            if packet is not None:
                key = starts_keyframe(layer.codec_key, packet.data[packet.payload : packet.end])
                out = forwarder.forward(layer.number, packet, key, now)
                if out is not None:
                    self.send(out)
            cursor = (cursor + 1) & 0xFFFF
        self._cursor = cursor
        self._entry = self._schedule.at(now + REPLAY_EVERY_MS, self._replay)


def _not_yet(source: int, packet: Packet, key: bool, now: int) -> None:
    """In place of a forwarder while there is none."""
