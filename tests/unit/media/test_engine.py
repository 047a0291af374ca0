"""The engine on real sockets: it finds whose a packet is, and a mistake about one peer costs nobody else."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from salon.app.clock import SystemClock
from salon.base.errors import ClientError, ConfigError
from salon.media import engine as module
from salon.media.engine import Engine, Settings
from salon.ports.media import Wants
from salon.rtc import sdp
from tests.fakes.light_peer import Light

VOICE = Wants(voice=True)


@pytest.fixture(autouse=True)
def sockets_are_closed() -> Any:
    yield
    while Light.open:
        Light.open.pop().close()


async def running(**settings: Any) -> Engine:
    engine = Engine(Settings(host="127.0.0.1", limit=1e9, **settings), SystemClock())
    await engine.start()
    return engine


async def join(engine: Engine) -> tuple[Light, Any]:
    light = Light("sendrecv")
    accepted = await engine.accept(sdp.parse(light.offer), VOICE)
    light.answered(accepted.answer)
    await light.connect()
    connected = asyncio.Event()
    accepted.peer.listen(lambda _: connected.set())
    if accepted.peer.state != "connected":
        await connected.wait()
    return light, accepted.peer


async def test_peers_share_one_port_and_are_counted() -> None:
    engine = await running()
    one, first = await join(engine)
    two, second = await join(engine)
    assert one.server == two.server == ("127.0.0.1", engine.udp.port)
    assert engine.peers == (first, second)
    assert engine.peer(first.id) is first
    stats = engine.stats()
    assert (stats.peers, stats.sources, stats.refused) == (2, 2, 0)
    one.goodbye()
    assert await first.closed() == "left"
    gone = engine.stats()
    assert (gone.peers, gone.ended) == (1, {"left": 1})
    assert gone.received >= stats.received, "what went does not vanish from the totals"
    await engine.aclose()
    await engine.aclose()
    assert await second.closed() == "shutdown"
    assert engine.stats().ended == {"left": 1, "shutdown": 1}


async def test_candidates_name_the_announced_addresses_and_both_transports() -> None:
    engine = await running(announce=("203.0.113.5", "2001:db8::5"))
    assert [(each.host, each.transport) for each in engine.candidates] == [
        ("203.0.113.5", "udp"),
        ("2001:db8::5", "udp"),
        ("203.0.113.5", "tcp"),
        ("2001:db8::5", "tcp"),
    ]
    assert {each.port for each in engine.candidates} == {engine.udp.port}
    await engine.aclose()
    plain = await running(tcp=False)
    assert [each.transport for each in plain.candidates] == ["udp"]
    await plain.aclose()


def test_all_addresses_are_those_that_others_may_reach() -> None:
    for host in ("", "0.0.0.0", "::"):
        found = module._hosts(host)
        assert found
        assert not any(each.startswith(("fe80", "::1")) for each in found)
        assert host != "0.0.0.0" or not any(":" in each for each in found)


async def test_a_mistake_of_ours_about_a_packet_costs_its_peer_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await running()
    one, first = await join(engine)
    _, second = await join(engine)
    monkeypatch.setattr(first.inbound, "receive", None)
    with caplog.at_level(logging.ERROR):
        one.send_rtp(payload_type=111, sequence=1, timestamp=1, ssrc=1111, payload=b"x")
        assert await first.closed() == "internal error"
    assert "its peer is closed" in caplog.text
    assert second.state == "connected"
    await engine.aclose()


async def test_a_mistake_of_ours_in_a_tick_costs_its_peer_alone(caplog: pytest.LogCaptureFixture) -> None:
    engine = await running()
    _, first = await join(engine)
    light, second = await join(engine)
    with caplog.at_level(logging.ERROR):
        first.voice.tick = None
        assert await first.closed() == "internal error"
    second.audio_out.write(bytes(960))
    assert (await light.read_rtp()).payload_type == 111, "the pacer goes on"
    await engine.aclose()


async def test_nothing_is_offered_without_a_source() -> None:
    engine = await running()
    with pytest.raises(ClientError):
        await engine.offer(Wants())
    assert engine.peers == ()
    await engine.aclose()


async def test_a_refused_offer_leaves_nothing() -> None:
    engine = await running()
    light = Light("sendrecv")
    with pytest.raises(ClientError):
        await engine.accept(sdp.parse(light.offer.replace("opus", "G722")), VOICE)
    assert (engine.peers, engine.ufrags) == ((), {})
    await engine.aclose()


async def test_a_taken_port_is_told_before_anything_runs() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        engine = Engine(Settings(host="127.0.0.1", port=taken.getsockname()[1]), SystemClock())
        with pytest.raises(ConfigError):
            await engine.start()
        await engine.aclose()


async def test_another_port_where_the_one_wanted_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        engine = await running(port=port, spare=True)
        assert engine.udp.port != port
        assert str(port) in caplog.text
        await engine.aclose()
        with pytest.raises(ConfigError):
            await running(port=port)
