"""What one peer is sent, taken together: its answers, and what its network carries."""

from __future__ import annotations

from typing import Any

from salon.ports.media import Wants
from salon.rtc import rtcp
from salon.rtc.coarse import TRY_MS
from tests.fakes.house import House, Near
from tests.unit.media.test_sinks import Stage


def block(ssrc: int, fraction: int = 0, **change: int) -> rtcp.ReportBlock:
    return rtcp.ReportBlock(ssrc, fraction, 0, 0, 0, 0, 0)._replace(**change)


async def test_round_trips_are_measured_by_reports() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, output = stage.view()
    stage.send(2, key=True)
    stage.house.pass_ms(2_000)
    report = next(each for each in viewer.rtcp() if isinstance(each, rtcp.SenderReport))
    outbound = viewer.peer.outbound
    assert outbound.rtt == 100, "before it is known"
    middle = report.ntp >> 16 & 0xFFFFFFFF
    viewer.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block(output.lane.ssrc, last_sr=middle, delay=0),))))
    assert outbound.round_trip.ms is not None
    assert 0 <= outbound.round_trip.ms <= 2_000
    assert output.report_block is not None


async def test_reports_about_nobody_say_nothing() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, _ = stage.view()
    before = viewer.peer.outbound.estimator.estimate
    viewer.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block(77, 200),))))
    viewer.send_rtcp(rtcp.build(rtcp.Nack(9, 77, (1, 2))))
    viewer.send_rtcp(rtcp.build(rtcp.Fir(9, ((77, 1),))))
    assert viewer.peer.outbound.estimator.estimate == before
    assert viewer.peer.outbound.nacked == 0


async def test_remb_bounds_the_estimate_until_the_peer_knows_better() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, output = stage.view()
    outbound = viewer.peer.outbound
    outbound._sending = 800_000
    viewer.send_rtcp(rtcp.build(rtcp.Remb(9, 300_000, (output.lane.ssrc,))))
    assert outbound.estimator.estimate == 300_000
    told = rtcp.TransportFeedback(9, output.lane.ssrc, 0, 0, (1_000,))
    viewer.send_rtcp(rtcp.build(told))
    before = outbound.estimator.estimate
    viewer.send_rtcp(rtcp.build(rtcp.Remb(9, 50_000, (output.lane.ssrc,))))
    assert outbound.estimator.estimate == before


async def test_without_feedback_a_better_layer_is_tried_now_and_then() -> None:
    stage = Stage(layered=True)
    for at in range(50):
        stage.send(at, rid="q", size=200, key=at == 0)
        stage.send(at, rid="f", size=1_100, key=at == 0)
        stage.house.pass_ms(40)
    viewer, _ = stage.view()
    outbound = viewer.peer.outbound
    outbound.estimator.estimate = 150_000
    outbound.adapt(stage.house.clock.now())
    assert outbound.wanted > 150_000
    for at in range(50, 50 + TRY_MS // 40 + 10):
        stage.send(at, rid="q", size=200)
        stage.send(at, rid="f", size=1_100)
        stage.house.pass_ms(40)
    outbound.adapt(stage.house.clock.now())
    assert outbound.estimator.estimate > 150_000


async def test_sound_alone_needs_no_estimate() -> None:
    house = House()
    near = Near(house, "sendrecv")
    peer = near.join(Wants(voice=True))
    peer.audio_out.write(bytes(48_000))
    house.pass_ms(1_500)
    reports = [each for each in near.rtcp() if isinstance(each, rtcp.SenderReport)]
    assert reports[0].ssrc == peer.audio_out.ssrc
    near.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (block(peer.audio_out.ssrc, 30),))))
    assert peer.audio_out.report_block is not None
    assert peer.outbound.wanted == 0


async def test_sending_is_measured_between_reports() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, _ = stage.view()
    for at in range(2, 100):
        stage.send(at, key=at == 2)
        stage.house.pass_ms(40)
    assert 60_000 < viewer.peer.outbound.sending < 200_000


async def test_closed_nothing_is_left() -> None:
    stage = Stage()
    stage.send(1, key=True)
    viewer, _ = stage.view()
    outbound: Any = viewer.peer.outbound
    outbound.close()
    assert outbound.outputs == []
    assert stage.picture.viewers == 0
