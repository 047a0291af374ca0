"""A client that stops reading: what waits for it is bounded, its own model is slowed, nobody else is."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Iterator
from pathlib import Path

from salon.base.chat import TextDelta
from salon.session.agent import Agent
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.house import KEY, House, open_house
from tests.session.talker import done, talk, text_of

TEXT = 1
MIB = 1024 * 1024
WORD = TextDelta("word " * 20)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Fountain:
    """A model that never ends. ``said`` counts; ``still`` returns when it has stopped."""

    def __init__(self) -> None:
        self.said = 0
        self.llm = ScriptedLlm(self._script)

    def _script(self, _: Asked) -> Iterator[Step]:
        while True:
            self.said += 1
            yield WORD

    async def still(self) -> None:
        """There is no event for nothing happening: it is looked for, ten times in a row."""
        before, times = -1, 0
        while times < 10:
            times = times + 1 if self.said == before else 0
            before = self.said
            await asyncio.sleep(0.01)


async def stuck(house: House, model: str = "fountain") -> RawWebSocket:
    """A client that asks, and never reads the answer."""
    client = await RawWebSocket.connect(
        "127.0.0.1", house.port, f"/v1/realtime?model={model}", [("authorization", f"Bearer {KEY}")]
    )
    await client.send(TEXT, b'{"type": "response.create"}')
    return client


def agents(fountain: Fountain) -> list[Agent]:
    instructions = "Be there."
    return [
        Agent("fountain", instructions=instructions, llm=fountain.llm),
        Agent("host", instructions=instructions, llm=ScriptedLlm(says("Here ", "I ", "am."))),
    ]


async def test_its_model_waits_and_nobody_else_does() -> None:
    fountain = Fountain()
    async with open_house(*agents(fountain)) as house, talk(house) as neighbour:
        client = await stuck(house)
        await house.tally.wait(streams=1)
        await fountain.still()
        # Half an outbox, and what fits into the buffers of both kernels.
        assert house.tally.deepest <= 2_100
        said = fountain.said
        for _ in range(20):
            assert text_of(await neighbour.ask("Are you there?")) == "Here I am."
        assert fountain.said == said
        client.reset()
        await house.tally.wait(connections=1, streams=0)
        assert fountain.llm.cancelled == 1
        assert len(house.hub) == 1


async def test_it_reads_on_and_has_missed_nothing() -> None:
    words = [f"word{number} " for number in range(20_000)]
    llm = ScriptedLlm(says(*words))
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        await client.message("Hello")
        await client.say("response.create")
        client.connection.transport.pause_reading()
        await house.tally.wait(streams=1)
        async with asyncio.timeout(20):
            while house.tally.deepest < 2_000:  # noqa: ASYNC110 - nobody tells how deep it is
                await asyncio.sleep(0.01)
        client.connection.transport.resume_reading()
        events = await client.until("rate_limits.updated")
        assert text_of(events) == "".join(words)
        assert house.tally.deepest <= 2_100


async def test_the_kernel_ends_a_connection_whose_window_stays_shut() -> None:
    fountain = Fountain()
    async with open_house(*agents(fountain), user_timeout_ms=500) as house, talk(house) as neighbour:
        client = await stuck(house)
        await house.tally.wait(streams=1)
        await house.tally.wait(connections=1, streams=0)
        assert fountain.llm.cancelled == 1
        assert text_of(await neighbour.ask("Are you there?")) == "Here I am."
        client.close()


async def test_many_of_them_cost_little_memory() -> None:
    fountain = Fountain()
    async with open_house(*agents(fountain)) as house, talk(house) as neighbour:
        before = resident()
        clients = [await stuck(house) for _ in range(20)]
        await house.tally.wait(streams=20)
        await fountain.still()
        # For each: half an outbox of messages of 300 bytes, and the answer so far, which is what the kernel took.
        assert resident() - before < 20 * 4 * MIB
        assert done(await neighbour.ask("Are you there?"))["status"] == "completed"
        for client in clients:
            client.reset()
        await house.tally.wait(connections=1, streams=0)
        assert fountain.llm.cancelled == 20


async def test_one_that_asks_for_more_than_it_reads_is_let_go_with_1013() -> None:
    """Answers to its own messages cannot wait for it: its outbox overflows."""
    fountain = Fountain()
    async with open_house(*agents(fountain)) as house, talk(house) as neighbour:
        client = await RawWebSocket.connect(
            "127.0.0.1", house.port, "/v1/realtime?model=host", [("authorization", f"Bearer {KEY}")]
        )
        update = {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 60_000}}
        frame = json.dumps(update).encode()
        for _ in range(200):
            try:
                await client.send(TEXT, frame)
            except (BrokenPipeError, ConnectionResetError):
                break
            if house.tally.connections == 1:
                break
        assert text_of(await neighbour.ask("Are you there?")) == "Here I am."
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(client.read_to_end())
            await house.tally.wait(connections=1)
            reading.cancel()
        assert house.tally.closes[1013] == 1
        assert len(house.hub) == 1
        client.close()
