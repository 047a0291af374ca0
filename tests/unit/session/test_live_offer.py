"""What an offer may ask for."""

from __future__ import annotations

import pytest

from salon.base.errors import Refused
from salon.rtc.sdp import parse
from salon.session.broadcast import Role
from salon.session.live_offer import kinds
from tests.fakes.media import offer_text


@pytest.mark.parametrize(
    ("role", "direction"),
    [("publish", "sendonly"), ("publish", "sendrecv"), ("watch", "recvonly"), ("watch", "sendrecv")],
)
def test_directions_that_fit(role: Role, direction: str) -> None:
    assert kinds(parse(offer_text(direction)), role) == ["audio", "video"]


@pytest.mark.parametrize(
    ("role", "direction"),
    [("publish", "recvonly"), ("publish", "inactive"), ("watch", "sendonly"), ("watch", "inactive")],
)
def test_directions_that_do_not_fit(role: Role, direction: str) -> None:
    with pytest.raises(Refused) as caught:
        kinds(parse(offer_text(direction)), role)
    assert (caught.value.status, caught.value.code) == (422, "unsupported_offer")
    assert direction in caught.value.message


@pytest.mark.parametrize(
    ("offer", "why"),
    [
        (offer_text(kinds=("video", "video")), "one video"),
        (offer_text(kinds=("text",)), "neither"),
        (offer_text(bundle=False), "BUNDLE"),
    ],
)
def test_what_is_not_to_be_had(offer: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        kinds(parse(offer), "publish")
    assert why in caught.value.message


def test_one_section_needs_no_bundle_and_a_rejected_one_does_not_count() -> None:
    assert kinds(parse(offer_text(kinds=("audio",), bundle=False)), "publish") == ["audio"]
    rejected = offer_text().replace("m=video 9", "m=video 0")
    assert kinds(parse(rejected), "publish") == ["audio"]
