"""One broadcast. What happens over time is in ``test_live``."""

from __future__ import annotations

from typing import cast

from salon.ports.media import Peer
from salon.session.broadcast import MAX_MOMENTS, Broadcast, Session
from tests.fakes.media import FakePeer


def session(role: str = "publish", owner: str = "key a") -> Session:
    peer = cast(Peer, FakePeer("p", None, [], []))
    return Session("live_1", "studio", role, owner, peer, since=1, began=5)  # type: ignore[arg-type]


async def test_a_name_is_held_by_its_owner() -> None:
    broadcast = Broadcast("studio", "key a", since=1)
    assert broadcast.held_against("key b")
    assert not broadcast.held_against("key a")
    broadcast.owner = ""
    assert not broadcast.held_against("key b")


async def test_the_publisher_comes_first() -> None:
    broadcast = Broadcast("studio", "key a", since=1)
    viewer, publisher, successor = session("watch"), session(), session()
    broadcast.viewers["v"] = viewer
    broadcast.arrive(publisher)
    broadcast.arrive(successor)
    assert broadcast.sessions() == [publisher, successor, viewer]


async def test_what_is_noted_is_bounded() -> None:
    one = session()
    for at in range(MAX_MOMENTS + 10):
        one.note(at, "candidates")
    assert len(one.timeline()) == MAX_MOMENTS + len(one.peer.timeline())
    assert [moment.at for moment in one.timeline()] == sorted(moment.at for moment in one.timeline())
