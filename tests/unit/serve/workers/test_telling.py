"""What a parent hears of broadcasts."""

from __future__ import annotations

import asyncio

from salon.base.ids import counting
from salon.rtc import sdp
from salon.serve.workers.telling import Telling
from salon.session.live import Live
from salon.wire.workers import Began, Bills, Ended
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine, offer_text


async def test_a_broadcast_from_its_beginning_to_its_end() -> None:
    engine, told = FakeEngine(), []
    async with Live(engine, clock=FakeClock(), new_id=counting()) as live:
        telling = Telling(live, told.append)
        await live.publish("studio", "ann", sdp.parse(offer_text()))
        # At once, before anybody can be answered.
        assert told == [Began("studio")]
        telling.changes()
        assert isinstance(told[-1], Bills)
        assert told[-1].bills[0]["state"] == "starting"
        engine.made[-1].send()
        # Without being asked, once the loop has a moment.
        await asyncio.sleep(0)
        assert told[-1].bills[0]["state"] == "live"
        before = len(told)
        telling.changes()
        telling.look()
        assert len(told) == before, "nothing has changed"
        viewers = [await live.watch("studio", "ben", sdp.parse(offer_text("recvonly"))) for _ in range(3)]
        await asyncio.sleep(0)
        assert told[-1].bills[0]["viewers"] == 3
        live.leave(viewers[0].session)
        live.drain()
        assert told[-1] == Ended("studio")
        telling.look()
        await asyncio.sleep(0)
        assert told[-1] == Ended("studio")
