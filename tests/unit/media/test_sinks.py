"""One viewer's copy of a source: its first picture, repeats, layers, and what it is spared."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.media.redundancy import CALM_MS
from salon.media.sinks import PATIENCE_MS, Output
from salon.media.tracks import Source
from salon.ports.media import Wants
from salon.rtc import red, rtcp
from salon.rtc.sdp.model import Codec
from tests.fakes.clock import FakeClock
from tests.fakes.house import House, Near, picture
from tests.fakes.light_peer import vp8

PUBLISH = Wants(publish={"audio": 1, "video": 1})
LAYERS = "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\na=rid:q send\na=rid:f send\na=simulcast:send q;f\n"


class Stage:
    """A publisher and its viewers."""

    def __init__(self, layered: bool = False) -> None:
        self.house = House()
        self.near = Near(self.house, "sendonly")
        if layered:
            self.near.offer = self.near.offer.replace("a=ssrc:2222 cname:x\n", "") + LAYERS
        self.publisher = self.near.join(PUBLISH)
        self.near.taken()

    @property
    def picture(self) -> Source:
        return self.publisher.sources[1]

    def send(self, sequence: int, *, key: bool = False, size: int = 400, rid: str = "") -> None:
        ssrc = {"": 2222, "q": 31, "f": 32}[rid]
        extensions = [(4, b"1"), (5, rid.encode())] if rid else []
        self.near.send_rtp(**picture(sequence, vp8(key=key, size=size), ssrc=ssrc), extensions=extensions)

    def talk(self, sequence: int, payload: bytes = b"sound") -> None:
        self.near.send_rtp(payload_type=111, sequence=sequence, timestamp=sequence * 960, ssrc=1111, payload=payload)

    def view(self, change: Any = str) -> tuple[Near, Output]:
        viewer = Near(self.house, "recvonly")
        viewer.offer = change(viewer.offer)
        peer = viewer.join(Wants(play=self.publisher.sources))
        viewer.taken()
        return viewer, peer.outputs[1]


def sequences(viewer: Near) -> list[int]:
    return [packet.sequence for packet in viewer.rtp()]


async def test_a_viewer_begins_at_the_key_frame_that_is_asked_for_it() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view()
    assert [each.media for each in stage.near.rtcp() if isinstance(each, rtcp.Pli)] == [2222]
    stage.send(2)
    assert viewer.rtp() == []
    stage.send(3, key=True)
    stage.send(4)
    first, second = viewer.rtp()
    assert (first.ssrc, second.sequence - first.sequence) == (output.lane.ssrc, 1)
    assert first.payload_type == 96


async def test_an_encoder_that_ignores_requests_is_replayed_from_its_last_key_frame() -> None:
    stage = Stage()
    stage.send(1, key=True)
    for sequence in range(2, 30):
        stage.send(sequence)
    viewer, _ = stage.view()
    stage.house.pass_ms(PATIENCE_MS + 100)
    got = viewer.rtp()
    assert len(got) == 29
    assert [packet.sequence - got[0].sequence for packet in got] == list(range(29))
    stage.send(30)
    assert len(viewer.rtp()) == 1, "live from here"


async def test_what_a_viewer_lacks_goes_out_again_by_rtx() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view()
    stage.send(2, key=True)
    (packet,) = viewer.rtp()
    viewer.send_rtcp(rtcp.build(rtcp.Nack(9, output.lane.ssrc, (packet.sequence, 17))))
    (again,) = viewer.rtp()
    assert (again.ssrc, again.payload_type) == (output.lane.rtx_ssrc, 97)
    assert again.data[again.payload : again.payload + 2] == packet.sequence.to_bytes(2, "big")


async def test_a_lane_without_rtx_repeats_nothing_that_would_break_gcm() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view(lambda text: text.replace("a=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n", ""))
    stage.send(2, key=True)
    (packet,) = viewer.rtp()
    viewer.send_rtcp(rtcp.build(rtcp.Nack(9, output.lane.ssrc, (packet.sequence,))))
    assert output.lane.rtx_ssrc is None
    assert viewer.rtp() == []


async def test_what_a_viewers_decoder_asks_for_reaches_the_publisher() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view()
    stage.send(2, key=True)
    stage.house.pass_ms(400)
    stage.near.taken()
    viewer.send_rtcp(rtcp.build(rtcp.Pli(9, output.lane.ssrc)))
    viewer.send_rtcp(rtcp.build(rtcp.Fir(9, ((output.lane.ssrc, 1),))))
    viewer.send_rtcp(rtcp.build(rtcp.Pli(9, 12345)))
    assert len([each for each in stage.near.rtcp() if isinstance(each, rtcp.Pli)]) == 1


async def test_sound_that_gets_lost_carries_what_came_before_it() -> None:
    stage = Stage()
    viewer, _ = stage.view(lambda text: text.replace("111\nc=", "111 63\na=rtpmap:63 red/48000/2\nc=", 1))
    sound = viewer.peer.outputs[0]
    assert sound.lane.red is not None

    def told(fraction: int) -> None:
        block = rtcp.ReportBlock(sound.lane.ssrc, fraction, 1, 0, 0, 0, 0)
        viewer.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block,))))

    def sent(sequence: int, payload: bytes) -> tuple[int, bytes]:
        stage.talk(sequence, payload)
        (packet,) = viewer.rtp()
        return packet.payload_type, packet.data[packet.payload : packet.end]

    # Before it has told anything, each packet comes twice.
    assert sent(1, b"one") == (63, red.build(111, b"one", []))
    assert sent(2, b"two") == (63, red.build(111, b"two", [(960, b"one")]))
    told(0)
    assert sent(3, b"three") == (111, b"three")
    told(30)
    assert sent(4, b"four") == (63, red.build(111, b"four", [(1920, b"two"), (960, b"three")]))
    stage.house.clock.pass_ms(CALM_MS + 1)
    told(0)
    assert sent(5, b"five") == (111, b"five")


@pytest.mark.parametrize("seed", range(8))
async def test_at_ten_percent_loss_97_of_100_frames_are_there_from_the_first_on(seed: int) -> None:
    """A minute of 20 ms frames over a network that loses one packet in ten, to a viewer that reports every five seconds."""
    stage, chance = Stage(), random.Random(seed)
    viewer, _ = stage.view(lambda text: text.replace("111\nc=", "111 63\na=rtpmap:63 red/48000/2\nc=", 1))
    sound = viewer.peer.outputs[0]
    got: set[int] = set()
    received, ended = 0, []
    for number in range(3_000):
        stage.talk(number, b"%d" % number)
        for packet in viewer.rtp():
            if chance.random() >= 0.1:
                received += 1
                payload = packet.data[packet.payload : packet.end]
                blocks = red.split(payload) if packet.payload_type == 63 else [(0, payload)]
                got.update(int(block) for _, block in blocks or [])
        if number % 250 == 249:
            block = rtcp.ReportBlock(sound.lane.ssrc, (250 - received) * 256 // 250, 1, 0, 0, 0, 0)
            viewer.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block,))))
            ended.append(len(got))
            received = 0
        stage.house.clock.pass_ms(20)
    assert ended[0] >= 0.97 * 250, "the first five seconds, before anything is known"
    assert ended[-1] >= 0.99 * 3_000


async def test_each_viewer_gets_the_largest_layer_that_fits_and_the_sound_goes_first() -> None:
    stage = Stage(layered=True)
    at = 0

    def seconds(count: int) -> None:
        nonlocal at
        for _ in range(count * 25):
            at += 1
            stage.send(at, rid="q", size=400, key=at % 10 == 0)
            stage.send(at, rid="f", size=1100, key=at % 10 == 0)
            stage.house.pass_ms(40)

    seconds(1)
    viewer, output = stage.view()
    seconds(1)
    assert output.layer is not None
    assert output.layer.rid == "f"
    outbound = viewer.peer.outbound

    def allow(bitrate: int) -> None:
        outbound.estimator.estimate = bitrate
        outbound.adapt(stage.house.clock.now())

    allow(200_000)
    seconds(1)
    assert output.layer.rid == "q"
    viewer.taken()
    for _ in range(10):
        allow(40_000)
        seconds(1)
    assert not output.paused, "nothing has been heard of this network"
    outbound.coarse.report(200_000, 0.3, None, 300_000, stage.house.clock.now())
    for _ in range(10):
        allow(40_000)
        seconds(1)
    assert output.paused
    viewer.taken()
    seconds(1)
    assert viewer.rtp() == []
    stage.talk(1)
    assert len(viewer.rtp()) == 1
    for _ in range(3):
        allow(2_000_000)
        seconds(1)
    assert not output.paused
    got = sequences(viewer)
    assert got
    assert [(b - a) & 0xFFFF for a, b in itertools.pairwise(got)].count(1) > len(got) * 0.9


async def test_another_source_takes_over_without_a_seam() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, output = stage.view()
    stage.send(2, key=True)
    other = Stage.__new__(Stage)
    other.house, other.near = stage.house, Near(stage.house, "sendonly")
    other.publisher = other.near.join(PUBLISH)
    other.send(1000)
    stage.near.taken()
    output.play(other.picture)
    output.play(other.picture)
    assert (stage.picture.viewers, other.picture.viewers) == (0, 1)
    other.send(1001, key=True)
    one, two = viewer.rtp()
    assert (one.ssrc, two.sequence) == (two.ssrc, (one.sequence + 1) & 0xFFFF)
    output.stop()
    other.send(1002, key=True)
    assert viewer.rtp() == []
    assert output.source is None


async def test_a_source_that_was_not_agreed_is_refused() -> None:
    stage = Stage()
    stage.send(1)
    _, output = stage.view()
    h264 = Codec(payload_type=98, name="H264", clock_rate=90_000, parameters={"packetization-mode": "1"})
    strange = Source("x", "video", "0", h264, "s", FakeClock(), lambda now: now)
    for wrong in (strange, stage.publisher.sources[0], object()):
        with pytest.raises(ClientError) as caught:
            output.play(wrong)
        assert caught.value.code == "codec_mismatch"
    assert output.source is stage.picture


async def test_the_end_of_a_source_leaves_the_viewer() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, output = stage.view()
    stage.publisher.close()
    assert output.source is None
    assert viewer.peer.state == "connected"
    viewer.peer.close()
    assert len(stage.house.schedule) == 0


async def test_a_report_tells_the_publishers_clock_in_the_viewers_numbers() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view()
    now = stage.house.clock.now()
    assert output.report(now) is None
    stage.send(2, key=True)
    (packet,) = viewer.rtp()
    report = output.report(now)
    assert report is not None
    assert (report.ssrc, report.packets) == (output.lane.ssrc, 1)
    assert report.timestamp == packet.timestamp
    output.sample(now)
    stage.send(3)
    output.sample(now + 1_000)
    assert output.bitrate == 400 * 8
