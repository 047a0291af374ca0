"""Chromium, unmodified: it publishes, watches, talks, sends data, restarts ICE and renegotiates."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from salon.ports.media import ChannelOpened, Wants
from salon.rtc import sdp
from salon.rtc.sdp.fragment import Fragment
from tests.fakes.chromium import Tab, chromium
from tests.fakes.media_house import PUBLISH, eventually, running_engine, until

CAMERA = {"width": 640, "height": 480, "frameRate": 30}


async def plays(tab: Tab, more: int = 15, seconds: float = 30) -> None:
    """Wait until it has decoded so many more pictures."""
    wanted = await tab.frames() + more

    async def look() -> bool:
        return await tab.frames() >= wanted

    await eventually(look, seconds)


async def test_one_tab_publishes_and_another_watches() -> None:
    async with running_engine() as engine, chromium() as browser:
        camera, screen = await browser.tab(), await browser.tab()
        await camera.run("publish(a[0])", CAMERA)
        published = await camera.join(engine, PUBLISH)
        await until(lambda: all(source.live for source in published.sources), "live", 30)
        await screen.run("watch()")
        watching = await screen.join(engine, Wants(play=published.sources))
        await plays(screen)
        sound = await screen.statistics("inbound-rtp", "audio")
        assert sound["packetsReceived"] > 10
        assert published.sources[1].layers[0].width == 640
        assert "GCM" in watching.stats().srtp_profile
        await screen.run("pc.close()")
        assert await watching.closed() == "left"
        await camera.page.close()
        # A tab that is closed says nothing more, or says goodbye: both are an end.
        assert published.state in ("connected", "closed")


async def test_pictures_alone_are_seen_by_a_page_that_has_one_transport_for_all() -> None:
    """``max-bundle``, as players have it: the sound that nobody publishes is the first section of its offer."""
    async with running_engine() as engine, chromium() as browser:
        camera, screen = await browser.tab(), await browser.tab()
        await camera.run("publish(a[0])", CAMERA)
        published = await camera.join(engine, PUBLISH)
        await until(lambda: all(source.live for source in published.sources), "live", 30)
        await screen.run("pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })")
        await screen.run("watch()")
        await screen.join(engine, Wants(play=published.sources[1:]))
        await plays(screen)


async def test_a_publisher_climbs_to_its_full_bit_rate() -> None:
    async with running_engine() as engine, chromium() as browser:
        camera = await browser.tab()
        await camera.run("publish(a[0])", {"width": 1280, "height": 720, "frameRate": 30})
        published = await camera.join(engine, PUBLISH)
        await until(lambda: published.sources[1].live, "live", 30)

        async def free() -> bool:
            pair = await camera.run(
                "pc.getStats().then((all) => [...all.values()].find((each) => each.availableOutgoingBitrate))"
            )
            return bool(pair and pair["availableOutgoingBitrate"] > 2_000_000)

        await eventually(free, 60)


async def test_layers_of_simulcast_come_and_a_viewer_is_moved_among_them() -> None:
    encodings = [
        {"rid": "q", "scaleResolutionDownBy": 4, "maxBitrate": 100_000},
        {"rid": "h", "scaleResolutionDownBy": 2, "maxBitrate": 300_000},
        {"rid": "f", "maxBitrate": 900_000},
    ]
    async with running_engine() as engine, chromium() as browser:
        camera, screen = await browser.tab(), await browser.tab()
        await camera.run("publish(a[0], a[1])", {"width": 1280, "height": 720, "frameRate": 15}, encodings)
        published = await camera.join(engine, PUBLISH)
        source = published.sources[1]
        await until(lambda: len([each for each in source.layers if each.active]) == 3, "three layers", 60)
        await screen.run("watch()")
        peer = await screen.join(engine, Wants(play=published.sources))
        await plays(screen)
        output = peer.outputs[1]

        def squeezed() -> bool:
            peer.outbound.estimator.estimate = 160_000
            peer.outbound.adapt(engine.clock.now())
            return bool(output.forwarder.source == source.encodings["q"].number)

        await until(squeezed, "the smallest layer", 30)
        await plays(screen)
        await until(lambda: output.layer.rid == "f" and output.forwarder.waiting_for is None, "the best again", 60)
        await plays(screen)


async def test_it_talks_and_is_talked_to() -> None:
    async with running_engine() as engine, chromium() as browser:
        tab = await browser.tab()
        await tab.run(
            "navigator.mediaDevices.getUserMedia({ audio: true }).then((s) => pc.addTrack(s.getTracks()[0], s))"
        )
        await tab.run("listen()")
        peer = await tab.join(engine, Wants(voice=True))
        frames: list[Any] = []
        peer.audio_in.listen(frames.append)
        await until(lambda: len(frames) > 100, "what it says", 30)
        assert any(any(frame.samples) for frame in frames), "Chromium's fake microphone beeps"
        peer.audio_out.write(bytes(range(256)) * 375)

        async def hears() -> bool:
            return (await tab.statistics("inbound-rtp", "audio")).get("totalAudioEnergy", 0) > 0

        await eventually(hears, 30)


async def test_data_goes_both_ways_up_to_the_largest_message() -> None:
    async with running_engine() as engine, chromium() as browser:
        tab = await browser.tab()
        await tab.run("channel('chat')")
        channels: list[Any] = []
        peer = await tab.join(engine, Wants(data=True))
        peer.listen(lambda event: channels.append(event.channel) if isinstance(event, ChannelOpened) else None)
        await until(lambda: channels, "the channel", 30)
        heard: list[Any] = []
        channels[0].listen(heard.append)
        await tab.run("data.send('你好')")
        await tab.run("data.send(new Uint8Array(262144))")
        assert channels[0].send("hello")
        assert channels[0].send(bytes(262_144))
        await until(lambda: len(heard) == 2, "its messages", 30)
        assert heard == ["你好", bytes(262_144)]

        async def got() -> bool:
            return bool(await tab.run("heard.length === 2"))

        await eventually(got, 30)
        assert await tab.run("heard") == ["hello", 262_144]
        own = peer.open_channel("own")
        assert own.send("early")
        await until(lambda: own.open, "our own channel", 30)
        await tab.run("data.close()")
        await until(lambda: not channels[0].open, "the close", 30)


async def test_ice_restarts_without_a_gap() -> None:
    async with running_engine() as engine, chromium() as browser:
        tab = await browser.tab()
        await tab.run("publish(a[0])", CAMERA)
        peer = await tab.join(engine, PUBLISH)
        await until(lambda: peer.sources[1].live, "live", 30)
        offer = await tab.run("(pc.restartIce(), offer())")
        mine = sdp.parse(offer).transport
        fragment = peer.restart(Fragment(ufrag=mine.ufrag, password=mine.password))
        ufrag, password = (re.search(rf"a=ice-{name}:(\S+)", fragment)[1] for name in ("ufrag", "pwd"))  # type: ignore[index]
        answer = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{ufrag}", tab.accepted.answer)
        answer = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{password}", answer)
        await tab.run("answered(a[0])", answer)
        await until(lambda: peer.transport.ice.ufrags == (ufrag,), "the new session", 30)
        before = peer.stats().received
        await until(lambda: peer.stats().received > before + 50, "packets", 30)
        assert peer.state == "connected"


async def test_a_track_is_added_to_a_running_call() -> None:
    async with running_engine() as engine, chromium() as browser:
        tab = await browser.tab()
        await tab.run(
            "navigator.mediaDevices.getUserMedia({ audio: true }).then((s) => pc.addTrack(s.getTracks()[0], s))"
        )
        peer = await tab.join(engine, PUBLISH)
        await until(lambda: peer.sources[0].live, "sound", 30)
        await tab.run(
            "navigator.mediaDevices.getUserMedia({ video: a[0] }).then((s) => pc.addTrack(s.getTracks()[0], s))", CAMERA
        )
        answer = peer.renegotiate(sdp.parse(await tab.run("offer()")), PUBLISH)
        await tab.run("answered(a[0])", answer)
        await until(lambda: len(peer.sources) == 2 and peer.sources[1].live, "the picture", 30)


@pytest.mark.parametrize("way", ["tcp", "ipv6"])
async def test_other_ways_in(way: str) -> None:
    async with running_engine(**({"host": "::1"} if way == "ipv6" else {})) as engine, chromium() as browser:
        tab = await browser.tab()
        await tab.run("publish(a[0])", CAMERA)
        offer = await tab.run("offer()")
        accepted = await engine.accept(sdp.parse(offer), PUBLISH)
        lines = accepted.answer.split("\r\n")
        unwanted = " udp " if way == "tcp" else " tcp "
        answer = "\r\n".join(line for line in lines if not (line.startswith("a=candidate") and unwanted in line))
        await tab.run("answered(a[0])", answer)
        await until(lambda: all(source.live for source in accepted.peer.sources), "live", 30)
        stats = accepted.peer.stats()
        assert stats.transport == ("tcp" if way == "tcp" else "udp")
        assert stats.remote.startswith("[" if way == "ipv6" else "127.")
        await asyncio.sleep(0)
