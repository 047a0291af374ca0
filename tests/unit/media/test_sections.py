"""The sections of one peer over several offers: what stays, what comes, what ends, and what answers say."""

from __future__ import annotations

from salon.ports.media import Wants
from salon.rtc import sdp
from tests.fakes.house import Near
from tests.unit.media.test_sinks import Stage


def answered(viewer: Near, text: str, wants: Wants) -> sdp.Offer:
    return sdp.parse(viewer.peer.renegotiate(sdp.parse(text), wants))


async def test_an_answer_says_what_is_sent_and_what_belongs_together() -> None:
    stage = Stage()
    viewer = Near(stage.house, "recvonly")
    peer, text = stage.house.accept(viewer, Wants(play=stage.publisher.sources))
    answer = sdp.parse(text)
    assert [media.direction for media in answer.media] == ["sendonly", "sendonly"]
    assert answer.media[1].ssrcs == (peer.outputs[1].lane.ssrc, peer.outputs[1].lane.rtx_ssrc)
    assert answer.media[1].groups == (("FID", answer.media[1].ssrcs),)
    streams = {media.msid.split()[0] for media in answer.media}
    assert len(streams) == 1, "one stream: kept in step"
    assert len({media.msid for media in answer.media}) == 2


async def test_what_is_rejected_is_said_so() -> None:
    stage = Stage()
    viewer = Near(stage.house, "recvonly")
    _, text = stage.house.accept(viewer, Wants(play=stage.publisher.sources[:1]))
    answer = sdp.parse(text)
    assert [media.rejected for media in answer.media] == [False, True]
    assert answer.bundle == ("0",)


async def test_an_offer_again_changes_nothing() -> None:
    stage = Stage()
    viewer, output = stage.view()
    wants = Wants(play=stage.publisher.sources)
    answer = answered(viewer, viewer.offer, wants)
    assert viewer.peer.outputs[1] is output
    assert answer.media[1].ssrcs[0] == output.lane.ssrc
    assert stage.picture.viewers == 1


async def test_a_section_may_end_and_come_back() -> None:
    stage = Stage()
    viewer, output = stage.view()
    wants = Wants(play=stage.publisher.sources)
    head, _, tail = viewer.offer.rpartition("a=recvonly")
    answered(viewer, head + "a=inactive" + tail, wants)
    assert len(viewer.peer.outputs) == 1
    assert stage.picture.viewers == 0
    answered(viewer, viewer.offer, wants)
    assert stage.picture.viewers == 1
    assert viewer.peer.outputs[1] is not output
    stage.send(1, key=True)
    assert len(viewer.rtp()) == 1, "connected from the start"


async def test_a_publisher_may_take_a_track_away() -> None:
    stage = Stage()
    source = stage.picture
    head, _, tail = stage.near.offer.rpartition("a=sendonly")
    answered(stage.near, head + "a=inactive" + tail, Wants(publish={"audio": 1, "video": 1}))
    assert source.closed
    assert [each.kind for each in stage.publisher.sources] == ["audio"]


async def test_data_may_be_added_to_a_call() -> None:
    stage = Stage()
    near = Near(stage.house, "sendrecv")
    peer = near.join(Wants(voice=True))
    more = Near(stage.house, "sendrecv", data=True)
    text = more.offer.replace(more.ufrag, near.ufrag).replace(more.password, near.password)
    answer = answered(near, text, Wants(voice=True, data=True))
    assert answer.media[2].sctp_port == 5000
    assert answer.media[2].max_message_size == 262_144
    assert peer.open_channel("events").label == "events"


async def test_playing_and_mids_tell_what_is_there() -> None:
    stage = Stage()
    viewer, _ = stage.view()
    assert viewer.peer.sections.playing() == {"0": stage.publisher.sources[0], "1": stage.picture}
    assert viewer.peer.sections.mids == ("0", "1")
    viewer.peer.sections.close()
    assert viewer.peer.sections.mids == ()
