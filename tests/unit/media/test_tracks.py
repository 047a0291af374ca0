"""Sources made of layers, fanned out; taps; key frames asked for once for all."""

from __future__ import annotations

from typing import Any

from salon.media.tracks import KEY_INTERVAL_MS, KEY_RETRY_MS, LIVE_MS, REPLAY_MS, Layer, Source
from salon.ports.media_stats import Kind
from salon.rtc import rtp
from salon.rtc.rtp import Packet
from salon.rtc.sdp.model import Codec
from tests.fakes.clock import FakeClock
from tests.fakes.light_peer import vp8

VP8 = Codec(payload_type=96, name="VP8", clock_rate=90_000)
OPUS = Codec(payload_type=111, name="opus", clock_rate=48_000)


class Sink:
    def __init__(self) -> None:
        self.forwarded: list[tuple[int, int, bool]] = []
        self.out: list[bytearray] = []
        self.send = self.out.append
        self.changed: list[str] = []
        self.gone = False

    def forward(self, number: int, packet: Packet, key: bool, now: int) -> bytearray | None:
        self.forwarded.append((number, packet.sequence, key))
        return bytearray(b"packet") if key else None

    def source_gone(self) -> None:
        self.gone = True

    def source_changed(self, layer: Layer, now: int) -> None:
        self.changed.append(layer.rid)


class Tap:
    def __init__(self) -> None:
        self.got: list[tuple[int, bool]] = []
        self.over = False

    def packet(self, packet: Packet, key: bool, now: int) -> None:
        self.got.append((packet.ssrc, key))

    def closed(self) -> None:
        self.over = True


class Stage:
    def __init__(self, kind: Kind = "video") -> None:
        self.clock = FakeClock(0)
        self.asked: list[str] = []
        codec = VP8 if kind == "video" else OPUS
        self.source = Source("id", kind, "0", codec, "stream", self.clock, lambda now: now << 32)

    def layer(self, rid: str = "", ssrc: int = 7) -> Layer:
        layer = Layer(self.source, rid, ssrc, ssrc, lambda layer: self.asked.append(layer.rid))
        self.source.encodings[rid] = layer
        return layer

    def send(self, layer: Layer, sequence: int, *, key: bool = False, size: int = 500) -> None:
        data = rtp.build(
            payload_type=96,
            sequence=sequence,
            timestamp=sequence * 3000,
            ssrc=layer.ssrc,
            payload=vp8(key=key, size=size),
        )
        packet = rtp.parse(data)
        assert packet is not None
        layer.receive(packet, self.clock.now())


def test_every_sink_gets_every_packet_once_and_sends_what_it_forwards() -> None:
    stage, one, two = Stage(), Sink(), Sink()
    layer = stage.layer()
    layer.add(one)
    layer.add(one)
    layer.add(two)
    stage.send(layer, 1, key=True)
    stage.send(layer, 1, key=True)  # again: a duplicate
    stage.send(layer, 2)
    assert one.forwarded == two.forwarded == [(7, 1, True), (7, 2, False)]
    assert one.out == [b"packet"]
    layer.remove(one)
    layer.remove(one)
    stage.send(layer, 3)
    assert (len(one.forwarded), len(two.forwarded)) == (2, 3)


def test_a_key_frame_tells_the_size_and_is_where_a_viewer_may_begin() -> None:
    stage = Stage()
    layer = stage.layer()
    assert layer.replayable(0) == -1
    stage.send(layer, 5, key=True)
    stage.send(layer, 6)
    assert (layer.width, layer.height, layer.keyframes, layer.newest) == (640, 360, 1, 6)
    assert layer.replayable(stage.clock.now()) == 5
    stage.clock.pass_ms(REPLAY_MS + 1)
    assert layer.replayable(stage.clock.now()) == -1


def test_requests_are_throttled_chased_and_ended_by_a_key_frame() -> None:
    stage = Stage()
    layer = stage.layer("q")
    stage.clock.pass_ms(5_000)
    for _ in range(10):
        layer.request_key(stage.clock.now())
    assert stage.asked == ["q"]
    stage.clock.pass_ms(KEY_INTERVAL_MS)
    layer.chase_key(stage.clock.now())
    assert len(stage.asked) == 2
    stage.send(layer, 1, key=True)
    stage.clock.pass_ms(KEY_INTERVAL_MS)
    layer.chase_key(stage.clock.now())
    assert len(stage.asked) == 2


def test_who_never_answers_is_asked_more_patiently() -> None:
    stage = Stage()
    layer = stage.layer()
    for _ in range(100):
        stage.clock.pass_ms(100)
        layer.request_key(stage.clock.now())
    assert 10 <= len(stage.asked) <= 4 + 10_000 // KEY_RETRY_MS


def test_layers_are_told_from_the_smallest_and_die_when_silent() -> None:
    stage = Stage()
    small, large = stage.layer("q", 7), stage.layer("f", 8)
    for sequence in range(10):
        stage.send(large, sequence, size=1000)
        stage.send(small, sequence, size=100)
    assert [layer.rid for layer in stage.source.layers] == ["q", "f"]
    assert stage.source.best(stage.clock.now()) is large
    assert stage.source.simulcast
    assert stage.source.live
    stage.clock.pass_ms(LIVE_MS + 1)
    assert [layer.active for layer in stage.source.layers] == [False, False]
    assert not stage.source.live
    stage.send(small, 20)
    assert stage.source.best(stage.clock.now()) is small


def test_a_layer_that_wakes_is_told_to_those_who_play_the_source() -> None:
    stage, sink = Stage(), Sink()
    layer = stage.layer("q")
    stage.source.sinks.append(sink)
    stage.send(layer, 1)
    stage.send(layer, 2)
    stage.clock.pass_ms(LIVE_MS + 1)
    stage.send(layer, 3)
    assert sink.changed == ["q", "q"]
    assert stage.source.viewers == 1


def test_a_tap_gets_one_layer_and_goes_over_to_a_better_one_at_its_key_frame() -> None:
    stage, tap = Stage(), Tap()
    small, large = stage.layer("q", 7), stage.layer("f", 8)
    stage.send(small, 1, size=100)
    stop = stage.source.tap(tap)
    assert stage.asked == ["q"]
    for sequence in range(1, 10):
        stage.send(large, sequence, size=1000)
        stage.send(small, sequence + 1, size=100)
    assert {ssrc for ssrc, _ in tap.got} == {7}
    stage.send(large, 10, key=True, size=1000)
    stage.send(small, 11, size=100)
    assert tap.got[-1] == (8, True)
    stop()
    stage.send(large, 11)
    assert tap.got[-1] == (8, True)


def test_sound_asks_for_no_key_frames() -> None:
    stage, tap = Stage("audio"), Tap()
    layer = stage.layer()
    stage.send(layer, 1)
    stage.source.tap(tap)
    stage.source.request_keyframe()
    stage.send(layer, 2)
    assert stage.asked == []
    assert tap.got == [(7, True)]


def test_the_clock_is_the_publishers() -> None:
    stage = Stage()
    assert stage.source.clock(5) == (5 << 32, 0)
    layer = stage.layer()
    stage.send(layer, 10)
    ntp, timestamp = stage.source.clock(stage.clock.now() + 1_000)
    assert ntp >> 32 == stage.clock.now() + 1_000
    assert timestamp == 30_000 + 90_000


def test_closed_tells_all_and_lets_go() -> None:
    stage, sink, tap = Stage(), Sink(), Tap()
    layer = stage.layer()
    layer.add(sink)
    stage.source.sinks.append(sink)
    stage.source.tap(tap)
    stage.source.close()
    stage.source.close()
    assert sink.gone
    assert tap.over
    assert (layer.sinks, stage.source.viewers, stage.source.taps) == ((), 0, ())
    got: list[Any] = tap.got
    stage.send(layer, 1, key=True)
    assert got == []
