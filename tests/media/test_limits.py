"""Nothing waits for ever, nothing is kept, and nobody is answered who has not proved where it is."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import weakref
from typing import Any

import pytest

from salon.base.errors import Refused
from salon.media.engine import Engine
from salon.ports.media import Wants
from salon.rtc import rtcp, sdp, stun
from tests.fakes.clock import FakeClock
from tests.fakes.light_peer import Light, vp8
from tests.fakes.media_house import PUBLISH, running_engine, until


async def arrive(engine: Engine, light: Light, wants: Wants) -> Any:
    accepted = await engine.accept(sdp.parse(light.offer), wants)
    light.answered(accepted.answer)
    return accepted.peer


async def publish(engine: Engine) -> tuple[Light, Any]:
    light = Light("sendonly")
    peer = await arrive(engine, light, PUBLISH)
    await light.connect()
    return light, peer


def picture(light: Light, sequence: int, *, key: bool, timestamp: int | None = None) -> None:
    stamp = sequence * 3000 if timestamp is None else timestamp
    light.send_rtp(payload_type=96, sequence=sequence, timestamp=stamp, ssrc=2222, payload=vp8(key=key), marker=True)


async def test_who_never_comes_is_forgotten_after_15_s() -> None:
    clock = FakeClock()
    async with running_engine(clock) as engine:
        light = Light()
        light_peer = await arrive(engine, light, PUBLISH_NOTHING)
        clock.pass_ms(14_900)
        assert light_peer.state == "connecting"
        clock.pass_ms(200)
        assert await light_peer.closed() == "never came"
        assert engine.stats().ended == {"never came": 1}
        assert (engine.peers, engine.ufrags, engine.addresses) == ((), {}, {})
        light.close()


PUBLISH_NOTHING = Wants(slots={"video": sdp.Codec(payload_type=96, name="VP8", clock_rate=90_000)})


async def test_a_handshake_that_stalls_is_ended_after_10_s() -> None:
    clock = FakeClock()
    async with running_engine(clock) as engine:
        light = Light("sendonly")
        peer = await arrive(engine, light, PUBLISH)
        await light.connect(dtls=False)
        light.hello()
        await until(lambda: "dtls started" in [moment.what for moment in peer.timeline()])
        # The peer is there, its checks go on, but it says nothing more.
        for _ in range(3):
            clock.pass_ms(3_900)
            light.send(light.check())
            await until(lambda: engine.udp.queued == 0)
            await until(lambda: peer.state == "closed" or peer.transport.ice._heard == clock.milliseconds)
        assert await peer.closed() == "dtls timed out"
        assert engine.addresses == {}
        light.close()


async def test_a_certificate_that_the_offer_did_not_name_is_refused() -> None:
    async with running_engine() as engine:
        light = Light("sendonly", fingerprint=":".join(["AB"] * 32))
        peer = await arrive(engine, light, PUBLISH)
        await light.connect(dtls=False)
        async with asyncio.TaskGroup() as tasks:
            handshake = tasks.create_task(light.handshake())
            assert await peer.closed() == "dtls failed"
            handshake.cancel()
        assert peer.transport.keys is None
        light.close()


async def test_who_falls_silent_is_told_apart_and_then_ended() -> None:
    clock = FakeClock()
    async with running_engine(clock) as engine:
        light, peer = await publish(engine)
        clock.pass_ms(5_100)
        await until(lambda: peer.state == "disconnected")
        light.send(light.check())
        await until(lambda: peer.state == "connected")
        clock.pass_ms(5_100)
        await until(lambda: peer.state == "disconnected")
        clock.pass_ms(30_000)
        assert await peer.closed() == "vanished"
        light.close()


async def test_nothing_of_a_closed_peer_is_kept() -> None:
    async def a_broadcast(engine: Engine) -> list[weakref.ref[Any]]:
        light, peer = await publish(engine)
        picture(light, 1, key=True)
        await until(lambda: peer.sources[1].live)
        eyes = Light()
        watching = await arrive(engine, eyes, Wants(play=peer.sources, data=True))
        await eyes.connect()
        await until(lambda: watching.state == "connected")
        picture(light, 2, key=True)
        await eyes.read_rtp()
        kept = [weakref.ref(each) for each in (peer, peer.inbound, peer.sources[1], watching)]
        kept += [weakref.ref(watching.outputs[0]), weakref.ref(watching.outbound)]
        light.goodbye()
        assert await peer.closed() == "left"
        watching.close()
        assert await watching.closed() == "closed"
        return kept

    async with running_engine() as engine:
        kept = await a_broadcast(engine)
        await until(lambda: len(engine.schedule) == 0)
        engine.schedule.run(1 << 60)
        gc.collect()
        assert [each() for each in kept if each() is not None] == []
        assert (engine.addresses, engine.ufrags, engine.peers) == ({}, {}, ())


async def test_200_viewers_leave_at_once() -> None:
    async with running_engine() as engine:
        light, peer = await publish(engine)
        picture(light, 1, key=True)
        await until(lambda: peer.sources[1].live)
        crowd = []
        for _ in range(200):
            eyes = Light()
            watching = await arrive(engine, eyes, Wants(play=peer.sources))
            await eyes.connect()
            crowd.append((eyes, watching))
        assert peer.sources[1].viewers == 200
        for eyes, _ in crowd:
            eyes.goodbye()
        for eyes, watching in crowd:
            assert await watching.closed() == "left"
            eyes.close()
        assert peer.sources[1].viewers == 0
        assert engine.stats().ended == {"left": 200}
        picture(light, 2, key=False)
        await until(lambda: peer.sources[1].encodings[""].receiver.packets == 2)
        light.close()


async def test_a_viewer_of_an_encoder_that_ignores_requests_begins_in_the_past() -> None:
    """As OBS does: a key frame now and then, whatever is asked for."""
    async with running_engine() as engine:
        light, peer = await publish(engine)
        for sequence in range(1, 60):
            picture(light, sequence, key=sequence == 5)
        await until(lambda: peer.sources[1].encodings and peer.sources[1].encodings[""].newest == 59)
        eyes = Light()
        await arrive(engine, eyes, Wants(play=peer.sources))
        await eyes.connect()
        got = [await eyes.read_rtp() for _ in range(55)]
        sequences = [packet.sequence for packet in got]
        assert sequences == list(range(sequences[0], sequences[0] + 55))
        assert got[0].data[got[0].payload + 1] & 1 == 0  # a key frame
        picture(light, 60, key=False)
        live = await eyes.read_rtp()
        assert live.sequence == sequences[-1] + 1
        assert live.timestamp - got[0].timestamp == 55 * 3000
        light.close()
        eyes.close()


async def test_what_a_viewer_lacks_is_sent_again() -> None:
    async with running_engine() as engine:
        light, peer = await publish(engine)
        picture(light, 1, key=True)
        await until(lambda: peer.sources[1].live)
        eyes = Light()
        watching = await arrive(engine, eyes, Wants(play=peer.sources))
        await eyes.connect()
        await until(lambda: watching.state == "connected")
        picture(light, 2, key=True)
        first = await eyes.read_rtp()
        eyes.send_rtcp(rtcp.build(rtcp.Nack(9, first.ssrc, (first.sequence,))))
        again = await eyes.read_rtp()
        # RFC 4588 section 4: the original sequence number goes in front.
        assert again.payload_type == 97
        assert again.data[again.payload : again.payload + 2] == first.sequence.to_bytes(2, "big")
        assert again.data[again.payload + 2 :] == first.data[first.payload :]
        light.close()
        eyes.close()


async def test_a_publisher_is_asked_for_what_is_missing_and_told_what_came() -> None:
    async with running_engine() as engine:
        light, peer = await publish(engine)
        for sequence in (1, 2, 5):
            picture(light, sequence, key=sequence == 1)
        seen: list[Any] = []
        while not any(isinstance(each, rtcp.Nack) for each in seen):
            seen += rtcp.parse(await light.read_rtcp())
        nack = next(each for each in seen if isinstance(each, rtcp.Nack))
        assert (nack.media, nack.lost) == (2222, (3, 4))
        while not any(isinstance(each, rtcp.ReceiverReport) and each.blocks for each in seen):
            seen += rtcp.parse(await light.read_rtcp())
        report = next(each for each in seen if isinstance(each, rtcp.ReceiverReport) and each.blocks)
        assert report.blocks[0].ssrc == 2222
        assert report.blocks[0].lost == 2
        assert [each.lost for each in peer.stats().inbound if each.kind == "video"] == [2]
        light.close()


async def test_requests_for_key_frames_are_throttled() -> None:
    async with running_engine() as engine:
        light, peer = await publish(engine)
        picture(light, 1, key=False)
        await until(lambda: peer.sources[1].live)
        for _ in range(50):
            peer.sources[1].request_keyframe()
        layer = peer.sources[1].encodings[""]
        assert layer.key_requests == 1
        seen = rtcp.parse(await light.read_rtcp())
        assert [each.media for each in seen if isinstance(each, rtcp.Pli)] == [2222]
        await until(lambda: layer.key_requests == 2)
        picture(light, 2, key=True)
        await until(lambda: not layer.key_wanted)
        light.close()


async def test_strangers_get_no_answer() -> None:
    async with running_engine() as engine:
        light = Light("sendonly")
        await arrive(engine, light, PUBLISH)
        light.send(light.check(ufrag="nobody"))  # no such session
        light.send(bytes((22, 254, 253)) + bytes(100))  # DTLS from an address that proved nothing
        light.send(bytes((128, 96)) + bytes(100))  # RTP, likewise
        light.send(b"\x00" * 19)
        light.send(b"")
        light.send(b"\xff")
        await until(lambda: engine.stats().unknown >= 5)
        with pytest.raises(TimeoutError):
            await light.receive(0.05)
        assert engine.addresses == {}
        light.close()


async def test_no_answer_is_larger_than_its_request_before_the_address_is_proved() -> None:
    async with running_engine() as engine:
        light = Light("sendonly")
        await arrive(engine, light, PUBLISH)
        for request in (light.check(password="x" * 22), light.check(controlling=False)):
            light.send(request)
            answer = await light.receive()
            message = stun.parse(answer)
            assert message is not None
            assert message.error_code in (401, 487)
            assert len(answer) <= len(request)
        assert engine.addresses == {}
        light.close()


async def test_a_full_house_refuses_and_says_when_to_come_again() -> None:
    async with running_engine() as engine:
        engine.capacity._limit = 1.0
        for _ in range(100):
            engine.capacity.ticked(50.0)
        light = Light("sendonly")
        with pytest.raises(Refused) as caught:
            await engine.accept(sdp.parse(light.offer), PUBLISH)
        assert (caught.value.status, caught.value.code) == (503, "over_capacity")
        assert caught.value.retry_after
        assert engine.stats().refused == 1
        assert engine.stats().load == 1.0
        light.close()


async def test_two_engines_do_not_share_a_port_and_no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "salon")
    async with running_engine() as engine:
        light, peer = await publish(engine)
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with running_engine(port=taken.getsockname()[1]) as other:
            # The HTTP server may have that TCP port: then there is no ICE over TCP, and that is all.
            assert [candidate.transport for candidate in other.candidates] == ["udp"]
        taken.close()
        assert {candidate.transport for candidate in engine.candidates} == {"udp", "tcp"}
        local = peer.local
        light.goodbye()
        await peer.closed()
        light.close()
    assert "is taken" in caplog.text
    assert local.password not in caplog.text
    assert local.ufrag not in caplog.text
