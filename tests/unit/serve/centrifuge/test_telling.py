from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.rooms import (
    Changed,
    Ended,
    Expired,
    Gap,
    Joined,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    RoomEvent,
    Seat,
    Signal,
    Snapshot,
    Who,
)
from salon.room.machine import Welcome
from salon.serve.centrifuge.telling import telling_of, welcomed
from salon.session.member import Told

SEAT = Seat(
    session="s", identity="alice", topics=frozenset({"chat"}), attributes=b'{"typing":true}', joined_at=1, seen_at=2
)
INFO = {
    "user": "alice",
    "client": "s",
    "chan_info": {"kind": "user", "joined_at": 1, "seen_at": 2, "attributes": {"typing": True}},
}


def said(event: RoomEvent) -> list[Any]:
    made = telling_of(Told("lobby/chat", event))
    pushes = [json.loads(line)["push"] for line in made.text.split("\n")]
    assert pushes == [json.loads(push.stream) for push in made.pushes]
    return pushes


@pytest.mark.parametrize(
    ("event", "push"),
    [
        (Joined(SEAT, True), {"join": {"info": INFO}}),
        (Changed(SEAT, SEAT), {"join": {"info": INFO}}),
        (Left(SEAT, True, "lost"), {"leave": {"info": INFO}}),
        (Gap(Position(1, "e")), {"unsubscribe": {"code": 2500, "reason": "insufficient state"}}),
        (Ended("kicked"), {"unsubscribe": {"code": 2000, "reason": "kicked"}}),
        (Ended("removed"), {"unsubscribe": {"code": 2000, "reason": "room removed"}}),
        (Ended("unsubscribed"), {"unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}),
        (
            Signal("signal", "1", Who("bob", "t"), "alice", b'{"a":1}'),
            {"pub": {"data": {"type": "signal", "id": "1", "data": {"a": 1}}, "info": {"user": "bob", "client": "t"}}},
        ),
        (
            Expired("signal", "1", "alice", "absent"),
            {"pub": {"data": {"type": "expired", "id": "1", "to": "alice", "reason": "absent"}}},
        ),
        (
            Snapshot(3, "e", {"a": b"1"}, 9),
            {
                "pub": {
                    "data": {"type": "snapshot", "version": 3, "epoch": "e", "entries": {"a": 1}, "time": 9},
                    "offset": 3,
                }
            },
        ),
        (
            Patch(1, 3, "e", {"a": b"1"}, ("b",), {}, {"s": 7}, 9),
            {
                "pub": {
                    "data": {
                        "type": "patch",
                        "base": 1,
                        "version": 3,
                        "epoch": "e",
                        "set": {"a": 1},
                        "removed": ["b"],
                        "time": 9,
                        "acks": {"s": 7},
                    },
                    "offset": 3,
                }
            },
        ),
    ],
)
def test_what_is_told(event: RoomEvent, push: dict[str, Any]) -> None:
    assert said(event) == [{"channel": "lobby/chat", **push}]


def test_several_publications_are_several_pushes_of_one_frame() -> None:
    publications = tuple(Publication(str(n).encode(), n, "e", f"k{n}") for n in (1, 2))
    assert [push["pub"] for push in said(Published(publications))] == [
        {"data": 1, "tags": {"key": "k1"}},
        {"data": 2, "tags": {"key": "k2"}},
    ]


def test_it_is_made_once() -> None:
    told = Told("lobby/chat", Ended("kicked"))
    assert telling_of(told) is telling_of(told)


def test_the_answer_to_a_subscription() -> None:
    page = Page((Publication(b"1", 2, "e"),), Position(2, "e"))
    log = welcomed(Welcome("chat", "s", page=page))
    assert (log.recoverable, log.recovered, log.offset, log.epoch, len(log.publications)) == (True, True, 2, "e", 1)
    assert not welcomed(Welcome("chat", "s", page=Page((), Position(2, "e"), proved=False))).recovered
    feed = welcomed(Welcome("feed", "s", publications=(Publication(b"1", 2, "e", "k"),)))
    assert (feed.recoverable, feed.publications[0].offset) == (False, 0)
    state = welcomed(Welcome("state", "s", snapshot=Snapshot(3, "e", {})))
    assert (state.recoverable, state.recovered, state.offset, state.epoch) == (True, True, 3, "e")
    same = welcomed(Welcome("state", "s", patch=Patch(3, 3, "e", {})))
    assert (same.recovered, same.offset, same.publications) == (True, 3, ())
