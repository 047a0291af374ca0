"""A broadcast in plain data."""

from __future__ import annotations

import msgspec

from salon.base.ids import counting
from salon.ports.recorder import RecordingState
from salon.rtc import sdp
from salon.session.bill import Bill, bill_of
from salon.session.live import Live
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine, offer_text


class Running:
    state = RecordingState(file="studio.webm", size=9, milliseconds=2500)

    def stop(self) -> None: ...


async def test_it_says_who_is_seen_and_what_is_sent() -> None:
    engine = FakeEngine()
    async with Live(engine, clock=FakeClock(), new_id=counting()) as live:
        await live.publish("studio", "key ann", sdp.parse(offer_text()))
        (starting,) = live.bills()
        assert (starting.room, starting.owner, starting.state, starting.viewers) == ("studio", "key ann", "starting", 0)
        engine.made[-1].send()
        await live.watch("studio", "key ben", sdp.parse(offer_text("recvonly")))
        (bill,) = live.bills()
        assert (bill.state, bill.viewers, [track["kind"] for track in bill.tracks]) == ("live", 1, ["audio", "video"])
        assert bill.recording is None
        broadcast = live.broadcasts[0]
        broadcast.record, broadcast.recording = True, Running()
        recorded = bill_of(broadcast)
        assert recorded.recording == {"file": "studio.webm", "bytes": 9, "seconds": 2, "error": ""}
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(recorded), type=Bill) == recorded


def test_a_name_is_held_by_its_owner() -> None:
    bill = Bill("studio", "key ann", "live", 0, 0, (), None)
    assert (bill.held_against("key ann"), bill.held_against("key ben")) == (False, True)
    assert not msgspec.structs.replace(bill, owner="").held_against("key ben")
