"""Which packet is whose, and what its sender is told."""

from __future__ import annotations

from typing import Any

from salon.media.inbound import MAX_SSRCS
from salon.ports.media import SourceAdded, Wants
from salon.rtc import rtcp, rtp
from tests.fakes.house import House, Near, picture
from tests.fakes.light_peer import vp8

PUBLISH = Wants(publish={"audio": 1, "video": 1})
MID = 4


def joined(change: Any = str, wants: Wants = PUBLISH) -> tuple[House, Near, Any]:
    house = House()
    near = Near(house, "sendonly")
    near.offer = change(near.offer)
    peer = near.join(wants)
    near.taken()
    return house, near, peer


def undeclared(text: str) -> str:
    return text.replace("a=ssrc:1111 cname:x\n", "").replace("a=ssrc:2222 cname:x\n", "")


def layered(text: str) -> str:
    ids = "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n"
    ids += "a=extmap:6 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\n"
    return undeclared(text) + ids + "a=rid:q send\na=rid:f send\na=simulcast:send q;f\n"


def send(near: Near, sequence: int, *, extensions: Any = (), **change: Any) -> None:
    near.send_rtp(**{**picture(sequence, vp8(key=sequence == 1, size=200)), "extensions": extensions, **change})


async def test_declared_ssrcs_are_known_from_the_offer() -> None:
    _, near, peer = joined()
    events: list[Any] = []
    peer.listen(events.append)
    send(near, 1)
    assert [layer.ssrc for layer in peer.inbound.layers] == [1111, 2222]
    assert peer.sources[1].live
    assert [event.source.kind for event in events if isinstance(event, SourceAdded)] == ["video"]
    send(near, 2)
    assert len(events) == 1


async def test_others_are_learnt_by_mid_or_by_a_payload_type_that_is_one_sections_alone() -> None:
    _, near, peer = joined(undeclared)
    assert peer.inbound.layers == []
    send(near, 1, ssrc=5, extensions=[(MID, b"1")])
    send(near, 1, ssrc=6, payload_type=111)
    assert {layer.ssrc: layer.source.kind for layer in peer.inbound.layers} == {5: "video", 6: "audio"}
    send(near, 1, ssrc=7, extensions=[(MID, b"9")])
    send(near, 1, ssrc=8, payload_type=33)
    assert peer.inbound.strays == 2


async def test_another_payload_type_on_a_known_ssrc_is_a_stray() -> None:
    _, near, peer = joined()
    send(near, 1, payload_type=111)
    assert peer.inbound.strays == 1
    assert not peer.sources[1].live


async def test_layers_are_told_apart_by_rid_and_repeats_follow_them() -> None:
    _, near, peer = joined(layered)
    send(near, 1, ssrc=5, extensions=[(MID, b"1"), (5, b"q")])
    send(near, 1, ssrc=6, extensions=[(MID, b"1"), (5, b"f")])
    send(near, 1, ssrc=9, extensions=[(MID, b"1"), (5, b"x")])
    assert {layer.rid: layer.ssrc for layer in peer.inbound.layers} == {"q": 5, "f": 6}
    assert peer.inbound.strays == 1
    repeat = (2).to_bytes(2, "big") + vp8(key=False, size=100)
    send(near, 700, ssrc=50, payload_type=97, payload=repeat, extensions=[(MID, b"1"), (6, b"q")])
    assert peer.sources[1].encodings["q"].newest == 2
    send(near, 701, ssrc=51, payload_type=97, payload=b"\x00", extensions=[(MID, b"1"), (6, b"q")])
    send(near, 702, ssrc=52, payload_type=97, payload=repeat, extensions=[(MID, b"1"), (6, b"zz")])


async def test_a_new_ssrc_of_a_known_layer_takes_its_place() -> None:
    _, near, peer = joined(undeclared)
    send(near, 1, ssrc=5, extensions=[(MID, b"1")])
    old = peer.sources[1].encodings[""]
    send(near, 1, ssrc=6, extensions=[(MID, b"1")])
    new = peer.sources[1].encodings[""]
    assert (new.ssrc, new.number != old.number) == (6, True)
    assert [layer.ssrc for layer in peer.inbound.layers] == [6]
    send(near, 2, ssrc=5)
    assert not old.live(0)


async def test_ssrcs_are_bounded() -> None:
    _, near, peer = joined(undeclared)
    for ssrc in range(100, 100 + 2 * MAX_SSRCS):
        send(near, 1, ssrc=ssrc, payload_type=97, payload=bytes(9), extensions=[(MID, b"1")])
    assert len(peer.inbound._routes) <= MAX_SSRCS


async def test_what_is_missing_is_asked_for() -> None:
    house, near, _ = joined()
    for sequence in (1, 2, 5):
        send(near, sequence)
    house.pass_ms(60)
    nacks = [each for each in near.rtcp() if isinstance(each, rtcp.Nack)]
    assert (nacks[0].media, nacks[0].lost) == (2222, (3, 4))


async def test_what_came_is_told_by_transport_wide_feedback_and_in_reports() -> None:
    house, near, peer = joined()
    for sequence in range(1, 6):
        send(near, sequence, extensions=[(3, sequence.to_bytes(2, "big"))])
    house.pass_ms(2_000)
    told = near.rtcp()
    feedback = next(each for each in told if isinstance(each, rtcp.TransportFeedback))
    assert feedback.media == 2222
    assert len([each for each in feedback.received if each is not None]) == 5
    report = next(each for each in told if isinstance(each, rtcp.ReceiverReport) and each.blocks)
    assert (report.blocks[0].ssrc, report.blocks[0].lost) == (2222, 0)
    assert not [each for each in told if isinstance(each, rtcp.Remb)]
    assert peer.inbound.blocks.keys() == {2222}


async def test_who_knows_remb_and_nothing_newer_is_told_that_way() -> None:
    house, near, _ = joined(lambda text: text.replace("transport-cc", "x"))
    for sequence in range(1, 200):
        send(near, sequence)
        house.pass_ms(20)
    limits = [each for each in near.rtcp() if isinstance(each, rtcp.Remb)]
    assert limits
    assert limits[-1].bitrate > 100_000
    assert limits[-1].ssrcs == (2222,)


async def test_a_sender_report_sets_the_clock() -> None:
    house, near, peer = joined()
    send(near, 1)
    ntp = 3_900_000_000 << 32
    near.send_rtcp(rtcp.build(rtcp.SenderReport(2222, ntp, 3000, 1, 1)))
    assert peer.sources[1].clock(house.clock.now() + 1_000) == (ntp + (1 << 32), 3000 + 90_000)
    near.send_rtcp(rtcp.build(rtcp.SenderReport(3333, 5, 5, 1, 1)))


async def test_key_frames_are_asked_for_as_the_peer_knows_it() -> None:
    _, near, peer = joined()
    send(near, 2)
    peer.sources[1].request_keyframe()
    assert [each.media for each in near.rtcp() if isinstance(each, rtcp.Pli)] == [2222]
    house, old, other = joined(lambda text: text.replace("a=rtcp-fb:96 nack pli\n", "a=rtcp-fb:96 ccm fir\n"))
    send(old, 2)
    other.sources[1].request_keyframe()
    house.pass_ms(400)
    assert [each.requests for each in old.rtcp() if isinstance(each, rtcp.Fir)] == [((2222, 1),), ((2222, 2),)]


async def test_what_never_came_is_replaced_by_a_key_frame() -> None:
    house, near, peer = joined()
    peer.sources[1].sinks.append(sink := Watching())
    send(near, 1)
    peer.sources[1].encodings[""].add(sink)
    send(near, 5)
    house.pass_ms(3_000)
    assert [each for each in near.rtcp() if isinstance(each, rtcp.Pli)]


class Watching:
    def forward(self, *_: Any) -> None: ...

    def send(self, _: Any) -> None: ...

    def source_gone(self) -> None: ...

    def source_changed(self, *_: Any) -> None: ...


async def test_a_section_that_ends_takes_its_ssrcs_along() -> None:
    _, near, peer = joined()
    send(near, 1)
    source = peer.sources[1]
    peer.inbound.remove("1")
    assert source.closed
    assert [layer.ssrc for layer in peer.inbound.layers] == [1111]
    send(near, 2)
    assert peer.inbound.strays == 1


async def test_bytes_that_are_no_rtp_are_passed_over() -> None:
    _, _, peer = joined()
    peer.inbound.receive(b"\x80\x60", 0)
    peer.inbound.receive(rtp.HEADER.pack(0x8F, 96, 1, 1, 2222), 0)
    assert peer.inbound.strays == 0
