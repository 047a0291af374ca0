from __future__ import annotations

from salon.base.ids import counting
from salon.base.rooms import Position, TopicRule
from salon.brokers import memory
from salon.brokers.memory import MemoryBroker
from salon.ports.broker import Draft
from tests.fakes.clock import FakeClock

RULE = TopicRule(bytes=1 << 30)


def broker(channels: int = 3) -> MemoryBroker:
    return MemoryBroker(clock=FakeClock(), new_id=counting(), channels=channels)


async def test_topics_that_nobody_follows_give_way() -> None:
    made = broker()
    await made.follow("r/0", lambda delivery: None)
    positions = [await made.publish(f"r/{number}", Draft(data=b"1"), RULE) for number in range(5)]
    assert (await made.history("r/0", RULE)).position == positions[0], "followed"
    assert (await made.history("r/4", RULE)).position == positions[4], "the newest"
    gone = await made.history("r/1", RULE, since=positions[1], limit=9)
    assert not gone.proved and gone.position.epoch != positions[1].epoch


async def test_all_logs_together_are_bounded(monkeypatch: object) -> None:
    made = broker(100)
    memory_limit, memory.MAX_LOG_BYTES = memory.MAX_LOG_BYTES, 1000  # type: ignore[misc]
    try:
        await made.follow("r/a", lambda delivery: None)
        await made.publish("r/a", Draft(data=b"x" * 400), RULE)
        old = await made.publish("r/b", Draft(data=b"x" * 400), RULE)
        await made.publish("r/c", Draft(data=b"x" * 400), RULE)
        assert not (await made.history("r/b", RULE, since=Position(0, old.epoch), limit=9)).proved
        assert len((await made.history("r/a", RULE, limit=9)).publications) == 1, "followed"
        for _ in range(4):
            await made.publish("r/a", Draft(data=b"x" * 400), RULE)
        assert len((await made.history("r/a", RULE, limit=9)).publications) == 2, "its own oldest go"
    finally:
        memory.MAX_LOG_BYTES = memory_limit  # type: ignore[misc]


async def test_a_listener_may_go_while_it_is_told() -> None:
    made, heard = broker(), []

    def once(delivery: object) -> None:
        heard.append(delivery)
        made._listeners["r"].remove(once)

    await made.follow("r", once)
    await made.follow("r", heard.append)
    from salon.base.rooms import Kick

    await made.send("r", Kick("a"))
    await made.send("r", Kick("b"))
    assert len(heard) == 3
