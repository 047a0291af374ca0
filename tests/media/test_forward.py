"""From one libwebrtc to another, through the engine, without decoding; and aiortc at either end."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiortc
import pytest
import webrtc
from aiortc.contrib.media import MediaBlackhole

from salon.base.errors import ClientError
from salon.media.engine import Engine
from salon.ports.media import Closed, SourceAdded, Wants
from salon.ports.media_stats import MOMENTS
from salon.rtc import sdp
from salon.rtc.rtp import Packet
from tests.fakes.media_house import PUBLISH, Camera, Wrtc, publisher, running_engine, sees, until, viewer


async def test_a_viewer_sees_and_hears_a_publisher() -> None:
    async with running_engine() as engine, publisher(engine) as (_, published):
        await until(lambda: all(source.live for source in published.sources))
        assert [(source.kind, source.codec.key) for source in published.sources] == [
            ("audio", "opus"),
            ("video", "vp8"),
        ]
        async with viewer(engine, published.sources) as (client, watching):
            await sees(client, 30)
            audio = await client.stats("audio")
            assert audio.packets_received > 20
            assert audio.packets_lost == 0
            assert published.sources[1].viewers == 1
            assert published.sources[1].layers[0].width == 320
            stats = watching.stats()
            assert {each.kind: each.packets > 0 for each in stats.outbound} == {"audio": True, "video": True}
            assert stats.transport == "udp"
            assert "GCM" in stats.srtp_profile
        assert await watching.closed() == "left"
        assert published.sources[1].viewers == 0
    assert await published.closed() == "left"


async def test_what_happened_is_told_in_order_and_without_secrets() -> None:
    async with running_engine() as engine, publisher(engine) as (client, published):
        await until(lambda: len([m for m in published.timeline() if m.what == "source added"]) == 2)
        said = [moment.what for moment in published.timeline()]
        order = [
            "offer",
            "answer",
            "first check",
            "selected",
            "dtls started",
            "dtls done",
            "connected",
            "first packet in",
        ]
        assert [what for what in said if what in order] == order
        assert set(said) <= set(MOMENTS)
        answer = client.accepted.answer
        secrets = re.findall(r"a=ice-(?:ufrag|pwd):(\S+)", answer + client.pc.local_description.sdp)
        told = repr(published.timeline()) + repr(published.stats()) + repr(engine.stats())
        assert secrets
        assert not [secret for secret in secrets if secret in told]


async def test_events_are_told_to_listeners_and_iterators() -> None:
    heard: list[Any] = []
    async with running_engine() as engine, publisher(engine, video=False) as (client, published):
        published.listen(heard.append)
        events = published.events()
        client.pc.close()
        assert await published.closed() == "left"
        async for event in events:
            last = event
        assert isinstance(last, Closed)
        assert isinstance(heard[-1], Closed)
        assert not any(isinstance(event, SourceAdded) for event in heard)


async def test_one_key_frame_serves_all_who_join_together() -> None:
    async with running_engine() as engine, publisher(engine, audio=False) as (_, published):
        source = published.sources[0]
        await until(lambda: source.live)
        before = published.stats().inbound[0].keyframe_requests
        async with viewer(engine, (source,)) as (one, _), viewer(engine, (source,)) as (two, _):
            await sees(one, 5)
            await sees(two, 5)
        # Two who joined, and what each of their decoders asked for besides: throttled to one in 300 ms.
        assert 1 <= published.stats().inbound[0].keyframe_requests - before <= 4


async def test_viewers_outlive_the_publisher_they_watch() -> None:
    async with running_engine() as engine:
        async with publisher(engine) as (_, first):
            await until(lambda: all(source.live for source in first.sources))
            client = Wrtc()
            for kind in ("audio", "video"):
                client.pc.add_transceiver(kind, webrtc.RTCRtpTransceiverInit(direction="recvonly"))
            watching = await client.join(engine, Wants(play=first.sources))
            await sees(client, 5)
        await first.closed()
        assert [output.source for output in watching.outputs] == [None, None]
        async with publisher(engine) as (_, second):
            for output, source in zip(watching.outputs, second.sources, strict=True):
                output.play(source)
            await sees(client, 10)
        client.pc.close()
        await watching.closed()


async def test_a_tap_gets_every_packet_once() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.packets: list[Packet] = []
            self.keys = 0
            self.over = False

        def packet(self, packet: Packet, key: bool, now: int) -> None:
            self.packets.append(packet)
            self.keys += key

        def closed(self) -> None:
            self.over = True

    recorder = Recorder()
    async with running_engine() as engine:
        async with publisher(engine, audio=False) as (_, published):
            source = published.sources[0]
            await until(lambda: source.live)
            source.tap(recorder)
            await until(lambda: recorder.keys and len(recorder.packets) > 30)
            ntp, timestamp = source.clock(engine.clock.now())
            assert ntp >> 32 > 3_900_000_000
            newest = recorder.packets[-1].timestamp
            assert abs((timestamp - newest + 2**31) % 2**32 - 2**31) < 90_000
        await published.closed()
    assert recorder.over
    assert len({packet.sequence for packet in recorder.packets}) == len(recorder.packets)


async def test_codecs_that_do_not_fit_are_refused() -> None:
    async with running_engine() as engine, publisher(engine, audio=False) as (_, published):
        client = Wrtc()
        client.pc.add_transceiver("video", webrtc.RTCRtpTransceiverInit(direction="recvonly"))
        await client.pc.set_local_description(await client.pc.create_offer())
        text = client.pc.local_description.sdp.replace("VP8/", "XX8/")
        with pytest.raises(ClientError) as caught:
            await engine.accept(sdp.parse(text), Wants(play=published.sources))
        assert caught.value.code == "codec_mismatch"
        assert len(engine.peers) == 1
        client.pc.close()


async def test_a_counter_offer_is_answered_and_played() -> None:
    """WHEP's 406: the server offers, and the viewer answers."""
    async with running_engine() as engine, publisher(engine) as (_, published):
        await until(lambda: all(source.live for source in published.sources))
        offered = await engine.offer(Wants(play=published.sources))
        client = Wrtc()
        await client.pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="offer", sdp=offered.offer))
        await client.pc.set_local_description(await client.pc.create_answer())
        offered.peer.answered(sdp.parse(client.pc.local_description.sdp))
        await sees(client, 5)
        client.pc.close()
        assert await offered.peer.closed() == "left"


async def test_simulcast_layers_are_told_apart_and_switched_by_estimate() -> None:
    # Below 960 x 540 libwebrtc leaves the third layer out.
    camera = Camera(960, 540, fps=15)
    client = Wrtc()
    encodings = [
        webrtc.RTCRtpEncodingParameters(rid="q", scale_resolution_down_by=4.0, max_bitrate=80_000),
        webrtc.RTCRtpEncodingParameters(rid="h", scale_resolution_down_by=2.0, max_bitrate=200_000),
        webrtc.RTCRtpEncodingParameters(rid="f", max_bitrate=900_000),
    ]
    async with running_engine() as engine, asyncio.TaskGroup() as tasks:
        init = webrtc.RTCRtpTransceiverInit(direction="sendonly", send_encodings=encodings)
        client.pc.add_transceiver(camera.track, init)
        running = tasks.create_task(camera.run())
        published = await client.join(engine, PUBLISH)
        source = published.sources[0]
        await until(lambda: len([layer for layer in source.layers if layer.active]) == 3, "three layers", 30)
        assert {layer.rid for layer in source.layers} == {"q", "h", "f"}
        async with viewer(engine, (source,)) as (watching, peer):
            await until(
                lambda: peer.outputs[0].layer is not None and peer.outputs[0].layer.rid == "f", "the best layer", 30
            )
            await sees(watching, 5)

            def squeezed() -> bool:
                peer.outbound.estimator.estimate = 120_000
                peer.outbound.adapt(engine.clock.now())
                return bool(peer.outputs[0].forwarder.source == source.encodings["q"].number)

            await until(squeezed, "the smallest layer")
            await sees(watching, 5)
            await until(lambda: peer.outputs[0].layer.rid == "f", "the best layer again", 30)
            await sees(watching, 5)
        running.cancel()
        client.pc.close()
        await published.closed()


async def aiortc_join(pc: aiortc.RTCPeerConnection, engine: Engine, wants: Wants) -> Any:
    await pc.setLocalDescription(await pc.createOffer())
    accepted = await engine.accept(sdp.parse(pc.localDescription.sdp), wants)
    await pc.setRemoteDescription(aiortc.RTCSessionDescription(accepted.answer, "answer"))
    return accepted.peer


async def test_aiortc_publishes_and_watches() -> None:
    async with running_engine() as engine:
        pc = aiortc.RTCPeerConnection()
        pc.addTrack(aiortc.mediastreams.AudioStreamTrack())
        pc.addTrack(aiortc.mediastreams.VideoStreamTrack())
        published = await aiortc_join(pc, engine, PUBLISH)
        await until(lambda: all(source.live for source in published.sources))
        eyes = aiortc.RTCPeerConnection()
        sink = MediaBlackhole()
        seen: list[str] = []
        eyes.addTransceiver("audio", direction="recvonly")
        eyes.addTransceiver("video", direction="recvonly")
        eyes.on("track", lambda track: (seen.append(track.kind), sink.addTrack(track)))
        watching = await aiortc_join(eyes, engine, Wants(play=published.sources))
        await sink.start()
        await until(lambda: all(each.packets > 20 for each in watching.stats().outbound))
        await until(lambda: watching.stats().rtt_ms is not None)
        assert sorted(seen) == ["audio", "video"]
        async with viewer(engine, published.sources) as (other, _):
            await sees(other, 5)
        await sink.stop()
        await eyes.close()
        await pc.close()
        assert await watching.closed() == "left"
