"""Loss, jitter, reordering, duplication, a cut, another address, too little room, no UDP: all over a relay, with libwebrtc.

What counts as a frame decoded: 20 ms of sound that came from a packet, in time, first sent or sent again, or from the forward
error correction in the next one. What the decoder makes up (``concealed_samples``) does not count.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import webrtc

from salon.media.engine import Engine
from salon.ports.media import AudioFrame, Connected, Disconnected, Wants
from salon.rtc.sdp.fragment import Fragment
from salon.rtc.sdp.fragment import parse as parse_fragment
from tests.fakes.bad_network import Relay
from tests.fakes.media_house import (
    Camera,
    Microphone,
    Wrtc,
    eventually,
    publisher,
    running_engine,
    sees,
    until,
    viewer,
)


@asynccontextmanager
async def watched_over(seed: int) -> AsyncIterator[tuple[Engine, Relay, Wrtc, Any]]:
    """A viewer behind a relay, with a publisher on a good network."""
    async with (
        running_engine() as engine,
        Relay(engine.udp.port, seed=seed) as relay,
        publisher(engine) as (_, published),
    ):
        await until(lambda: all(source.live for source in published.sources))
        async with viewer(engine, published.sources, rewrite=relay.rewrite) as (client, peer):
            await sees(client, 3)
            yield engine, relay, client, peer


async def heard(client: Wrtc) -> tuple[int, int]:
    """Samples that were played, and those of them that were made up."""
    stats = await client.stats("audio")
    return stats.total_samples_received, stats.concealed_samples - (stats.silent_concealed_samples or 0)


async def sounds_good(client: Wrtc, seconds: int, share: float) -> None:
    """Wait for so many seconds of which this share was not made up.

    A machine that is busy elsewhere loses some by itself, now and then; a network's loss that is not repaired spoils them all.
    """

    async def good() -> bool:
        samples, made_up = await heard(client)

        async def passed() -> bool:
            return (await heard(client))[0] - samples >= seconds * 48_000

        await eventually(passed, 30)
        later, guessed = await heard(client)
        return 1 - (guessed - made_up) / (later - samples) >= share

    await eventually(good, 60)


@pytest.mark.parametrize("loss", [0.05, 0.1])
async def test_a_viewer_hears_and_sees_through_loss(loss: float) -> None:
    async with watched_over(seed=3) as (_, relay, client, peer):
        relay.delay = 10
        relay.loss = loss
        # The publisher knows nothing of this loss: each packet carries those before it, from the first on.
        await until(lambda: peer.outputs[0].redundancy.depth, "redundancy", 30)
        await sounds_good(client, 5, 0.97)
        await sees(client, 20)
        assert relay.dropped > 10
        assert next(each for each in peer.stats().outbound if each.kind == "video").repeated > 0


async def test_jitter_reordering_and_doubles_are_taken() -> None:
    async with watched_over(seed=4) as (_, relay, client, _):
        relay.jitter = 100
        relay.doubled = 0.05
        await sees(client, 40)
        relay.jitter = 0
        await sees(client, 10)


@pytest.mark.parametrize("loss", [0.05, 0.1])
async def test_a_voice_is_understood_through_loss(loss: float) -> None:
    frames: list[AudioFrame] = []
    client = Wrtc()
    microphone = Microphone()
    async with running_engine() as engine, Relay(engine.udp.port, seed=5) as relay, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(microphone.run())
        client = Wrtc(relay.rewrite)
        client.pc.add_track(microphone.track)
        peer = await client.join(engine, Wants(voice=True))
        peer.audio_in.listen(frames.append)
        await client.connected()
        relay.loss, relay.delay, relay.jitter = loss, 10, 20

        def settled() -> bool:
            return len(frames) >= 150

        # The peer's encoder puts in correction once our reports tell it of the loss.
        await until(settled, seconds=30)

        async def six_good_seconds() -> bool:
            first, before = len(frames), peer.stats().audio
            await until(lambda: len(frames) >= first + 300, seconds=30)
            return 1 - (peer.stats().audio.concealed - before.concealed) / 300 >= 0.97

        await eventually(six_good_seconds, 60)
        after = peer.stats().audio
        assert after.recovered + peer.stats().inbound[0].retransmitted > 0
        running.cancel()
        client.pc.close()


async def test_a_cut_of_three_seconds_is_survived() -> None:
    events: list[Any] = []
    async with watched_over(seed=6) as (_, relay, client, peer):
        peer.listen(events.append)
        relay.cut = True
        sent = relay.dropped
        await until(lambda: relay.dropped > sent + 300, "three seconds of packets", 30)
        relay.cut = False
        await sees(client, 20, 30)
        assert peer.state == "connected"
        assert not any(isinstance(event, Disconnected) for event in events) or isinstance(events[-1], Connected)


async def test_another_address_is_followed() -> None:
    async with watched_over(seed=7) as (_, relay, client, peer):
        before = peer.stats().remote
        relay.move()
        await until(lambda: peer.stats().remote != before, "the new address", 30)
        await sees(client, 20, 30)
        assert [moment.what for moment in peer.timeline()].count("selected") >= 2


async def test_a_viewer_with_300_kbit_keeps_its_sound() -> None:
    camera = Camera(640, 480, detail=0.6)
    async with (
        running_engine() as engine,
        Relay(engine.udp.port, seed=8) as relay,
        publisher(engine, camera=camera) as (_, published),
    ):
        await until(lambda: all(source.live for source in published.sources))
        async with viewer(engine, published.sources, rewrite=relay.rewrite) as (client, peer):
            await sees(client, 3)
            # Wait for a picture that does not fit.
            await until(lambda: published.sources[1].layers[0].bitrate > 500_000, seconds=30)
            relay.rate = 300_000
            await until(lambda: peer.outputs[1].paused, "the pause", 30)
            await sounds_good(client, 3, 0.9)
            relay.rate = 0
            await until(lambda: not peer.outputs[1].paused, "the picture again", 30)
            await sees(client, 5, 30)


async def test_where_udp_is_blocked_tcp_does() -> None:
    def tcp_only(answer: str) -> str:
        return "\r\n".join(line for line in answer.split("\r\n") if not re.match(r"a=candidate:\d+ 1 udp", line))

    async with running_engine() as engine, publisher(engine) as (_, published):
        await until(lambda: all(source.live for source in published.sources))
        async with viewer(engine, published.sources, rewrite=tcp_only) as (client, peer):
            await sees(client, 30)
            assert peer.stats().transport == "tcp"
        assert await peer.closed() == "left"
        await until(lambda: not engine._tcp.connections)


async def test_ice_restarts_under_way() -> None:
    async with running_engine() as engine, publisher(engine) as (client, published):
        await until(lambda: all(source.live for source in published.sources))
        etag = published.etag
        client.pc.restart_ice()
        await client.pc.set_local_description(await client.pc.create_offer())
        text = client.pc.local_description.sdp
        ufrag, password = (re.search(rf"a=ice-{name}:(\S+)", text) for name in ("ufrag", "pwd"))
        assert ufrag
        assert password
        fragment = published.restart(Fragment(ufrag[1], password[1]))
        assert published.etag != etag
        new = parse_fragment(fragment)
        answer = re.sub(r"a=ice-ufrag:\S+", f"a=ice-ufrag:{new.ufrag}", client.accepted.answer)
        answer = re.sub(r"a=ice-pwd:\S+", f"a=ice-pwd:{new.password}", answer)
        received = published.transport.received
        await client.pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))
        await until(lambda: published.transport.ice.ufrags == (new.ufrag,), "the new credentials")
        await until(lambda: published.transport.received > received + 50)
        assert "ice restart" in [moment.what for moment in published.timeline()]
        assert published.state == "connected"
