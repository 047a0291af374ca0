"""One peer from offer to goodbye."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.media import counter
from salon.ports.media import ChannelOpened, Closed, Connected, Disconnected, SourceRemoved, Wants
from salon.rtc import rtcp, sdp
from salon.rtc.sdp.fragment import Fragment
from salon.rtc.sdp.fragment import parse as parse_fragment
from tests.fakes.house import House, Near
from tests.unit.media.test_sinks import Stage

VOICE = Wants(voice=True)


def joined(wants: Wants = VOICE, **options: Any) -> tuple[House, Near, Any]:
    house = House()
    near = Near(house, "sendrecv", **options)
    return house, near, near.join(wants)


async def test_what_happens_is_told_in_order() -> None:
    house = House()
    near = Near(house, "sendrecv")
    peer, answer = house.accept(near, VOICE)
    events: list[Any] = []
    peer.listen(events.append)
    near.peer = peer
    near.answered(answer)
    near.send(near.check())
    near.hello()
    while not near.shake():
        near._hear()
    house.pass_ms(5_200)
    near.send(near.check())
    near.goodbye()
    assert events == [Connected(), Disconnected(), Connected(), *events[3:]]
    assert events[-1] == Closed("left")
    assert isinstance(events[-2], SourceRemoved)
    assert await peer.closed() == "left"
    assert house.over == [(peer.id, "left")]
    assert house.ticking == set()


async def test_a_restart_keeps_the_session_and_changes_its_name() -> None:
    _, near, peer = joined()
    before, etag = peer.local, peer.etag
    text = peer.restart(Fragment(ufrag="fresh", password="f" * 22))
    answer = parse_fragment(text)
    assert answer.ufrag == peer.local.ufrag != before.ufrag
    assert peer.etag != etag
    assert "candidate:" in text
    near.send(near.check())
    assert peer.state == "connected", "the old way serves until the new one nominates"
    near.ufrag, near.remote_ufrag, near.remote_password = "fresh", peer.local.ufrag, peer.local.password
    near.address = ("203.0.113.1", 9)
    near.send(near.check())
    assert peer.transport.remote == near.address


async def test_candidates_of_another_ice_session_are_stale() -> None:
    _, near, peer = joined()
    peer.trickle(Fragment(ufrag=near.ufrag, password=""))
    with pytest.raises(ClientError) as caught:
        peer.trickle(Fragment(ufrag="other", password=""))
    assert caught.value.code == "stale_candidates"


async def test_a_later_offer_with_new_credentials_restarts_ice() -> None:
    _, near, peer = joined()
    again = Near(near.house, "sendrecv")
    answer = sdp.parse(peer.renegotiate(sdp.parse(again.offer), VOICE))
    assert answer.transport.ufrag == peer.local.ufrag != near.remote_ufrag
    assert "ice restart" in [moment.what for moment in peer.timeline()]


async def test_an_offer_that_cannot_be_answered_changes_nothing() -> None:
    _, near, peer = joined()
    with pytest.raises(ClientError):
        peer.renegotiate(sdp.parse(near.offer.replace("opus", "G722")), VOICE)
    assert peer.voice is not None
    assert peer.state == "connected"


async def test_what_it_lacks_is_refused() -> None:
    _, _, peer = joined(Wants(publish={"audio": 1}))
    for ask in (lambda: peer.audio_in, lambda: peer.audio_out):
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.code == "no_voice"
    with pytest.raises(ClientError) as caught:
        peer.open_channel("x")
    assert caught.value.code == "no_data_channels"


async def test_closed_it_says_goodbye_once_and_refuses_the_rest() -> None:
    _, near, peer = joined()
    near.taken()
    ssrc = peer.voice.ssrc
    peer.close("hangup")
    peer.close()
    byes = [each for each in near.rtcp() if isinstance(each, rtcp.Bye)]
    assert [bye.ssrcs for bye in byes] == [(ssrc,)]
    assert await peer.closed() == "hangup"
    for ask in (
        lambda: peer.restart(Fragment("a" * 4, "b" * 22)),
        lambda: peer.renegotiate(sdp.parse(near.offer), VOICE),
    ):
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.code == "peer_closed"


async def test_data_that_breaks_the_rules_ends_the_peer() -> None:
    house, near, peer = joined(Wants(voice=True, data=True), data=True)
    near.tls.send(b"no SCTP at all")
    near.flush()
    assert peer.state == "connected", "RFC 9260 section 6.8: a wrong checksum is passed over"
    peer.association.receive = lambda _: False
    near.tls.send(b"worse")
    near.flush()
    assert peer.state == "closed"
    assert house.over == [(peer.id, "broken data channel")]


async def test_data_of_a_peer_that_was_not_offered_any_is_passed_over() -> None:
    _, near, peer = joined()
    near.tls.send(b"whatever")
    near.flush()
    assert peer.state == "connected"
    assert peer.association is None


async def test_a_channel_that_the_peer_opens_is_told() -> None:
    _, _, peer = joined(Wants(voice=True, data=True), data=True)
    events: list[Any] = []
    peer.listen(events.append)
    channel = peer.open_channel("own", ordered=False, protocol="p")
    peer._channel_opened(channel)
    assert events == [ChannelOpened(channel)]
    assert peer.timeline()[-1].what == "data open"


async def test_reports_go_out_about_once_a_second_with_the_name() -> None:
    house, near, peer = joined()
    peer.audio_out.write(bytes(480_000))
    house.pass_ms(5_000)
    reports = [each for each in near.rtcp() if isinstance(each, rtcp.ReceiverReport)]
    assert 3 <= len(reports) <= 11


async def test_only_those_with_something_to_do_tick() -> None:
    stage = Stage()
    viewer, _ = stage.view()
    assert stage.publisher in stage.house.ticking
    assert viewer.peer not in stage.house.ticking


async def test_our_own_offer_waits_for_its_answer() -> None:
    stage = Stage()
    stage.send(1)
    house = stage.house
    near = Near(house, "recvonly")
    peer = type(stage.publisher)(house, "peer x", Wants(), house.clock.now())
    text = peer.offer(counter.offered(list(stage.publisher.sources)), house.clock.now())
    offer = sdp.parse(text)
    assert [media.direction for media in offer.media] == ["sendonly", "sendonly"]
    types = [" ".join(media.formats) for media in offer.media]
    answer = near.offer.replace("actpass", "active")
    answer = answer.replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", f"m=audio 9 UDP/TLS/RTP/SAVPF {types[0]}")
    answer = answer.replace("m=video 9 UDP/TLS/RTP/SAVPF 96 97", f"m=video 9 UDP/TLS/RTP/SAVPF {types[1]}")
    answer = answer.replace(":111 ", ":96 ").replace(":97 rtx", ":98 rtx").replace(":97 apt=96", ":98 apt=97")
    answer = answer.replace(":96 VP8", ":97 VP8").replace("fb:96 ", "fb:97 ")
    peer.answered(sdp.parse(answer))
    assert peer.state == "connecting"
    assert peer.remote_ufrag == near.ufrag
    assert stage.picture.viewers == 1
    with pytest.raises(ClientError):
        peer.answered(sdp.parse(answer))
