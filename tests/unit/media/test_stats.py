"""A peer in numbers."""

from __future__ import annotations

from salon.ports.media import Wants
from salon.rtc import rtcp
from tests.fakes.house import House, Near
from tests.unit.media.test_sinks import Stage


async def test_a_peer_that_has_not_come_has_no_numbers_yet() -> None:
    house = House()
    near = Near(house, "sendrecv")
    peer, _ = house.accept(near, Wants(voice=True))
    stats = peer.stats()
    assert (stats.state, stats.transport, stats.remote, stats.rtt_ms, stats.estimate) == (
        "connecting",
        "",
        "",
        None,
        None,
    )
    assert stats.audio is not None
    assert (stats.audio.frames, stats.audio.sent) == (0, 0)


async def test_publisher_and_viewer_are_told_stream_by_stream() -> None:
    stage = Stage()
    stage.send(1)
    viewer, output = stage.view()
    for sequence in (2, 3, 6):
        stage.send(sequence, key=sequence == 2)
    stage.house.pass_ms(1_600)
    inbound = {each.kind: each for each in stage.publisher.stats().inbound}
    assert (inbound["video"].packets, inbound["video"].lost, inbound["video"].keyframes) == (4, 2, 1)
    assert (inbound["video"].width, inbound["video"].height, inbound["video"].codec) == (640, 360, "VP8")
    assert inbound["video"].keyframe_requests >= 1
    report = rtcp.ReportBlock(output.lane.ssrc, 64, 2, 0, 900, 0, 0)
    viewer.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, (report,))))
    stats = viewer.peer.stats()
    outbound = {each.kind: each for each in stats.outbound}
    assert (outbound["video"].packets, outbound["video"].loss, outbound["video"].jitter_ms) == (3, 0.25, 10.0)
    assert stats.srtp_profile == "SRTP_AEAD_AES_128_GCM"
    assert "GCM" in stats.dtls_cipher
    assert stats.estimate is not None
    assert stats.first_packet_out_ms is not None
    assert stage.publisher.stats().first_packet_in_ms is not None
    assert (stats.transport, stats.local) == ("udp", "udp 7000")
    assert stats.audio is None


async def test_no_secret_is_in_them() -> None:
    stage = Stage()
    told = repr(stage.publisher.stats())
    assert stage.near.password not in told
    assert stage.near.remote_password not in told
