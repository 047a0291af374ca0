from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.base.rooms import Patch, Publication, Seat, channel_of, split_channel


def test_a_channel_is_a_room_and_a_topic() -> None:
    assert channel_of("lobby", "chat") == "lobby/chat"
    assert split_channel("大厅/chat/1") == ("大厅", "chat/1")
    assert split_channel("a@b.c:1~-_/x") == ("a@b.c:1~-_", "x")


@pytest.mark.parametrize(
    "channel", ["", "chat", "/chat", "lobby/", "a b/c", "lobby/c\n", "x" * 65 + "/t", "r/" + "t" * 191]
)
def test_other_names_are_refused(channel: str) -> None:
    with pytest.raises(ClientError) as refused:
        split_channel(channel)
    assert refused.value.code == "invalid_channel"


def test_a_patch_hides_what_belongs_to_others() -> None:
    patch = Patch(
        1, 2, "e", {"open": b"1", "hers": b"2", "his": b"3"}, ("old",), {"hers": "alice", "his": "bob", "old": "bob"}
    )
    assert patch.seen_by("alice").set == {"open": b"1", "hers": b"2"}
    assert patch.seen_by("alice").removed == ()
    assert patch.seen_by("bob").removed == ("old",)
    assert patch.seen_by("eve").set == {"open": b"1"}
    plain = Patch(1, 2, "e", {"open": b"1"})
    assert plain.seen_by("eve") is plain


def test_positions_and_authors() -> None:
    publication = Publication(b"1", 5, "e")
    assert (publication.position.offset, publication.position.epoch) == (5, "e")
    seat = Seat(session="s", identity="alice", info=b"{}", proof=b"secret", connection="conn")
    assert seat.who == seat.who.__class__("alice", "s", b"{}")
    assert "secret" not in repr(seat)
