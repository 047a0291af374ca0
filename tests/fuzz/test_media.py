"""The media engine fed with anything: from strangers, and from peers who proved themselves and then misbehave.

Three rules: nothing raises (the engine would log it and close the peer as ``internal error``), strangers get no answer that is
larger than what they sent, and a peer's nonsense costs nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pylibsrtp
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.media.engine import Engine, Settings
from salon.ports.media import Wants
from salon.rtc import rtcp, sdp, stun
from salon.rtc.sdp.model import Candidate
from tests.fakes.clock import FakeClock
from tests.fakes.house import House, Near, Udp
from tests.fakes.light_peer import Remote

STRANGER = ("203.0.113.9", 4242)
EVERYTHING = Wants(publish={"audio": 1, "video": 1}, voice=True, data=True)
PUBLISH = Wants(publish={"audio": 1, "video": 1}, data=True)

datagrams = st.one_of(
    st.binary(max_size=1_500),
    st.builds(lambda first, rest: bytes((first,)) + rest, st.integers(0, 255), st.binary(max_size=200)),
    st.builds(
        lambda kind, attributes: stun.build(kind, bytes(12), attributes, None),
        st.sampled_from([stun.BINDING_REQUEST, stun.BINDING_SUCCESS, stun.BINDING_INDICATION, 0x0003]),
        st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=6),
    ),
)


def engine_without_sockets() -> tuple[Engine, Udp]:
    engine, udp = Engine(Settings(), FakeClock()), Udp()
    udp.dropped, udp.flush = 0, lambda: None  # type: ignore[attr-defined]
    engine.udp = udp  # type: ignore[assignment]
    engine.candidates = (Candidate(host="192.0.2.1", port=7000),)
    return engine, udp


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def receive(engine: Engine, data: bytes, source: Any = STRANGER) -> None:
    engine.buffer.data[: len(data)] = data
    engine._received(len(data), source)


@given(st.lists(datagrams, max_size=8))
@settings(max_examples=80, deadline=None)
def test_strangers_are_answered_with_less_or_not_at_all(sent: list[bytes]) -> None:
    async def stranger() -> None:
        engine, udp = engine_without_sockets()
        accepted = await engine.accept(sdp.parse(Remote("sendrecv").offer), EVERYTHING)
        for data in sent:
            receive(engine, data)
        assert sum(len(data) for data, _ in udp.sent) <= sum(map(len, sent))
        assert engine.addresses == {}
        assert accepted.peer.state == "connecting"

    run(stranger())


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_no_answer_is_larger_than_a_check_that_was_tampered_with(data: st.DataObject) -> None:
    """Whoever saw an offer knows the names, and not the password: what can he make the engine send elsewhere?"""

    async def tamper() -> None:
        engine, udp = engine_without_sockets()
        remote = Remote("sendrecv")
        accepted = await engine.accept(sdp.parse(remote.offer), EVERYTHING)
        remote.answered(accepted.answer)
        check = bytearray(remote.check(password="x" * 22))
        for _ in range(data.draw(st.integers(0, 4))):
            check[data.draw(st.integers(0, len(check) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(check[: data.draw(st.integers(0, len(check)))]) if data.draw(st.booleans()) else bytes(check)
        receive(engine, cut)
        assert sum(len(data) for data, _ in udp.sent) <= len(cut)
        assert engine.addresses == {}

    run(tamper())


@given(st.lists(datagrams, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_proved_peer_may_send_anything(sent: list[bytes]) -> None:
    async def misbehave() -> None:
        engine, _ = engine_without_sockets()
        remote = Remote("sendrecv")
        accepted = await engine.accept(sdp.parse(remote.offer), EVERYTHING)
        remote.answered(accepted.answer)
        receive(engine, remote.check())
        for data in sent:
            receive(engine, data)
        assert engine.stats().ended.get("internal error", 0) == 0
        engine._tick()
        accepted.peer.close()
        assert (engine.addresses, engine.ufrags) == ({}, {})

    run(misbehave())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([96, 97, 111, 63]),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.sampled_from([1111, 2222, 5]),
            st.binary(max_size=60),
            st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=3),
        ),
        max_size=12,
    ),
    st.lists(st.binary(max_size=80), max_size=6),
    st.lists(st.binary(max_size=80), max_size=3),
)
@settings(max_examples=15, deadline=None)
def test_what_a_connected_peer_sends_is_taken_or_left(
    packets: list[Any], reports: list[bytes], messages: list[bytes]
) -> None:
    """RTP, RTCP and SCTP of any content, encrypted as they should be; a viewer and a listener are there."""

    async def talk() -> None:
        house = House()
        near, viewer = Near(house, "sendonly", data=True), Near(house, "recvonly")
        peer = near.join(PUBLISH)
        watching = viewer.join(Wants(play=peer.sources))
        call = Near(house, "sendrecv")
        spoken = call.join(Wants(voice=True))
        spoken.audio_in.listen(lambda _: None)
        for kind, sequence, timestamp, ssrc, payload, extensions in packets:
            for one in (near, call):
                # A number twice or far back: the client's own libsrtp does not send that.
                with contextlib.suppress(pylibsrtp.Error):
                    one.send_rtp(
                        payload_type=kind,
                        sequence=sequence,
                        timestamp=timestamp,
                        ssrc=ssrc,
                        payload=payload,
                        extensions=extensions,
                    )
        for body in reports:
            for one in (near, viewer, call):
                head = bytes((0x81, 200 + len(body) % 8)) + (1 + len(body) // 4).to_bytes(2, "big")
                one.send_rtcp(head + bytes(4) + body)
                one.send_rtcp(rtcp.build(rtcp.Pli(1, 2)) + body)
        for message in messages:
            near.tls.send(message + b"x")
            near.flush()
        house.pass_ms(2_000)
        assert spoken.state in ("connected", "closed")
        assert watching.state in ("connected", "closed")
        for each in (peer, watching, spoken):
            each.close()
        assert (house.addresses, house.ufrags, house.ticking) == ({}, {}, set())

    run(talk())


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_an_offer_is_answered_or_refused_in_words(data: st.DataObject) -> None:
    lines = Remote(data.draw(st.sampled_from(["sendrecv", "sendonly", "recvonly"])), data=True).offer.split("\n")
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                del lines[at]
                lines = lines or [""]
            case 1:
                lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
            case 2:
                lines[at] = lines[at].replace(
                    data.draw(st.sampled_from("0123456789:/ ")), data.draw(st.text(max_size=2))
                )
            case _:
                lines[at] += data.draw(st.text(max_size=12))

    async def offer() -> None:
        engine, _ = engine_without_sockets()
        for wants in (EVERYTHING, PUBLISH, Wants(voice=True)):
            try:
                accepted = await engine.accept(sdp.parse("\r\n".join(lines)), wants)
            except ClientError as error:
                assert error.code in ("invalid_sdp", "codec_mismatch")
                continue
            again = sdp.parse(accepted.answer)
            assert len(again.media) == len(sdp.parse("\r\n".join(lines)).media)
            accepted.peer.close()
        assert (engine.peers, engine.ufrags) == ((), {})

    run(offer())
