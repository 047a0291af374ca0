"""From an offer and our wants to what each section becomes, or one clear refusal."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ClientError
from salon.media.plan import Planned, describe, plan
from salon.media.tracks import Source
from salon.ports.media import Wants
from salon.rtc import sdp
from salon.rtc.sdp import negotiate
from salon.rtc.sdp.model import Codec
from tests.fakes.clock import FakeClock
from tests.fakes.light_peer import Remote

OPUS = Codec(payload_type=111, name="opus", clock_rate=48_000, channels=2)
VP8 = Codec(payload_type=96, name="VP8", clock_rate=90_000)
H264 = Codec(payload_type=98, name="H264", clock_rate=90_000, parameters={"packetization-mode": "1"})


def source(kind: Any, codec: Codec, layers: int = 1) -> Source:
    found = Source(f"track {kind}", kind, "0", codec, "stream", FakeClock(), lambda now: now)
    found.offered_layers = layers
    return found


def planned(wants: Wants, direction: str = "sendrecv", data: bool = False, change: Any = str) -> list[Planned]:
    return plan(sdp.parse(change(Remote(direction, data=data).offer)), wants, {})


def test_a_publisher_is_taken_as_often_as_is_wanted() -> None:
    both = planned(Wants(publish={"audio": 1, "video": 1}), "sendonly")
    assert [(each.takes, each.gives, each.direction) for each in both] == [(True, False, "recvonly")] * 2
    assert [each.codecs[0].key for each in both] == ["opus", "vp8"]
    only = planned(Wants(publish={"audio": 1}), "sendonly")
    assert [each.rejected for each in only] == [False, True]


def test_a_viewer_is_given_each_source_once_in_a_section_of_its_kind() -> None:
    sound, image = source("audio", OPUS), source("video", VP8)
    given = planned(Wants(play=(image, sound)), "recvonly")
    assert [each.source for each in given] == [sound, image]
    assert [each.direction for each in given] == ["sendonly"] * 2
    assert [codec.key for codec in given[1].codecs] == ["vp8", "rtx"]


def test_what_is_played_already_stays_where_it_is() -> None:
    one, two = source("video", VP8), source("video", VP8)
    offer = sdp.parse(Remote("recvonly").offer)
    again = plan(offer, Wants(play=(one, two)), {"1": two})
    assert again[1].source is two


def test_voice_is_one_section_both_ways_and_asks_for_no_estimate() -> None:
    voice = planned(Wants(voice=True, data=True), data=True)
    assert (voice[0].voice, voice[0].direction, voice[0].source) == (True, "sendrecv", None)
    assert voice[1].rejected
    assert voice[2].data
    assert "transport-cc" not in voice[0].codecs[0].feedback
    assert describe(voice) == "audio opus sendrecv, data"


def test_sections_without_a_source_yet_are_slots() -> None:
    slot = planned(Wants(slots={"video": VP8}), "recvonly")
    assert (slot[1].gives, slot[1].source, slot[1].direction) == (True, None, "sendonly")
    assert slot[0].direction == "inactive"


def test_the_section_that_has_the_transport_of_all_is_idle_rather_than_rejected() -> None:
    image = source("video", VP8)
    head, picture = planned(Wants(play=(image,)), "recvonly")
    assert (head.rejected, head.direction, [codec.key for codec in head.codecs]) == (False, "inactive", ["opus"])
    assert picture.source is image
    # Its own peer rejected it, or has its transport elsewhere.
    for old, new in (("m=audio 9", "m=audio 0"), ("BUNDLE 0 1", "BUNDLE 1 0")):
        head, picture = planned(Wants(play=(image,)), "recvonly", change=lambda text, o=old, n=new: text.replace(o, n))
        assert head.rejected
        assert picture.source is image


def test_viewers_tell_of_each_packet_only_where_there_are_layers_to_choose_from() -> None:
    plain = planned(Wants(play=(source("video", VP8),)), "recvonly")[1]
    layered = planned(Wants(play=(source("video", VP8, layers=3),)), "recvonly")[1]
    assert negotiate.TRANSPORT_SEQUENCE not in plain.ids
    assert negotiate.TRANSPORT_SEQUENCE in layered.ids
    without_remb = planned(
        Wants(play=(source("video", VP8),)), "recvonly", change=lambda text: text.replace("goog-remb", "x")
    )[1]
    assert negotiate.TRANSPORT_SEQUENCE in without_remb.ids


def test_no_codec_that_fits_is_a_refusal_that_names_the_kind() -> None:
    with pytest.raises(ClientError) as caught:
        planned(Wants(play=(source("video", H264),)), "recvonly")
    assert (caught.value.code, "video" in str(caught.value)) == ("codec_mismatch", True)
    with pytest.raises(ClientError, match="audio"):
        planned(Wants(voice=True), change=lambda text: text.replace("opus", "G722"))
    with pytest.raises(ClientError, match="sections"):
        planned(Wants(data=True))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("a=ice-ufrag", "a=x", "ice-ufrag"),
        ("a=ice-pwd:", "a=ice-pwd:short\na=x:", "ice-ufrag"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "fingerprint"),
        ("setup:actpass", "setup:passive", "passive"),
        ("a=setup", "a=ice-lite\na=setup", "ice-lite"),
    ],
)
def test_offers_that_no_transport_can_come_of(old: str, new: str, why: str) -> None:
    with pytest.raises(ClientError, match=why) as caught:
        planned(Wants(voice=True), change=lambda text: text.replace(old, new))
    assert caught.value.code == "invalid_sdp"


def test_a_section_outside_the_bundle_is_rejected() -> None:
    both = planned(
        Wants(publish={"audio": 1, "video": 1}), "sendonly", change=lambda text: text.replace("BUNDLE 0 1", "BUNDLE 0")
    )
    assert [each.rejected for each in both] == [False, True]


def test_simulcast_is_taken_where_it_is_wanted() -> None:
    def layered(text: str) -> str:
        return text + "a=rid:q send\na=rid:f send\na=simulcast:send q;f\n"

    wants = Wants(publish={"video": 1})
    assert planned(wants, "sendonly", change=layered)[1].rids == ("q", "f")
    refused = planned(Wants(publish={"video": 1}, simulcast=False), "sendonly", change=layered)[1]
    assert refused.rids == ()
    assert negotiate.RID not in refused.ids
