"""Our own offers, and what answers make of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from salon.base.errors import ClientError
from salon.media import counter
from salon.media.tracks import Source
from salon.rtc.sdp.model import Codec, Fingerprint, Media, Offer
from tests.fakes.clock import FakeClock

OPUS = Codec(payload_type=111, name="opus", clock_rate=48_000, channels=2)
VP8 = Codec(payload_type=120, name="VP8", clock_rate=90_000)


def sources() -> list[Source]:
    return [
        Source("a", "audio", "0", OPUS, "s", FakeClock(), lambda now: now),
        Source("v", "video", "1", VP8, "s", FakeClock(), lambda now: now),
    ]


def answer(**changes: Any) -> Offer:
    """To ``counter.offered(sources())``: both taken. ``changes`` are the second section's."""
    head = {
        "ufrag": "abcd",
        "password": "p" * 22,
        "fingerprints": (Fingerprint("sha-256", "AA"),),
        "setup": "active",
        "port": 9,
        "protocol": counter.PROTOCOL,
        "direction": "recvonly",
    }
    planned = counter.offered(sources())
    media = [
        Media(
            kind=each.media.kind, mid=each.media.mid, formats=(), codecs=each.codecs, extensions=each.extensions, **head
        )  # type: ignore[arg-type]
        for each in planned
    ]
    media[1] = msgspec.structs.replace(media[1], **changes)
    return Offer(media=tuple(media), bundle=("0", "1"))


def test_each_source_is_offered_in_its_codec_with_types_of_our_own() -> None:
    sound, image = counter.offered(sources())
    assert [(codec.key, codec.payload_type) for codec in (*sound.codecs, *image.codecs)] == [
        ("opus", 96),
        ("vp8", 97),
        ("rtx", 98),
    ]
    assert image.codecs[1].parameters == {"apt": "97"}
    assert (sound.direction, image.direction) == ("sendonly", "sendonly")


def test_what_is_taken_is_played() -> None:
    taken = counter.answered(answer(), counter.offered(sources()))
    assert [each.source is not None for each in taken] == [True, True]
    assert [codec.key for codec in taken[1].codecs] == ["vp8", "rtx"]


def test_repeats_are_not_sent_to_those_who_do_not_take_them() -> None:
    only = (Codec(payload_type=97, name="VP8", clock_rate=90_000),)
    taken = counter.answered(answer(codecs=only, extensions={}), counter.offered(sources()))
    assert [codec.key for codec in taken[1].codecs] == ["vp8"]
    assert taken[1].extensions == {}


@pytest.mark.parametrize("change", [{"port": 0}, {"direction": "inactive"}, {"codecs": ()}])
def test_what_is_not_taken_is_left_out(change: dict[str, Any]) -> None:
    taken = counter.answered(answer(**change), counter.offered(sources()))
    assert [each.rejected for each in taken] == [False, True]


def test_nonsense_is_refused() -> None:
    planned = counter.offered(sources())
    nothing = msgspec.structs.replace(answer(), media=(answer(port=0).media[1],), bundle=("1",))
    passive = answer()
    passive = msgspec.structs.replace(
        passive, media=tuple(msgspec.structs.replace(media, setup="passive") for media in passive.media)
    )
    nobody = msgspec.structs.replace(
        passive, media=tuple(msgspec.structs.replace(media, ufrag="", setup="active") for media in passive.media)
    )
    for wrong, why in ((nothing, "nothing"), (passive, "setup"), (nobody, "credentials")):
        with pytest.raises(ClientError, match=why) as caught:
            counter.answered(wrong, planned)
        assert caught.value.code == "invalid_sdp"
