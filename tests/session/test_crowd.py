"""Two hundred clients at once, half of whom are killed while they are answered: nothing is left of any of them."""

from __future__ import annotations

import asyncio
import os

from salon.providers.openai import openai
from salon.session.agent import Agent
from tests.fakes.openai_server import Asked, OpenAiServer, Script, answer, last_words, said
from tests.session.house import House, open_house
from tests.session.talker import done, talk, text_of

CLIENTS = 200


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def settled(house: House, before: set[asyncio.Task[object]], open_before: int) -> None:
    """Sessions, tasks and sockets are as many as before. Nobody tells when the last of them is gone: it is looked at."""
    async with asyncio.timeout(20):
        while len(house.hub) or asyncio.all_tasks() - before or descriptors() > open_before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_half_of_them_killed_and_nothing_left() -> None:
    upstream = OpenAiServer()
    hold = asyncio.Event()

    def script(asked: Asked) -> Script:
        words = last_words(asked)
        if words == "again":
            return answer("Fine ", "again.")
        # Everybody has heard a word and nobody the last one when the killing begins.
        return [said(content="Hello "), hold, *answer(words)]

    upstream.default = script
    asking = [asyncio.Event() for _ in range(CLIENTS)]
    finished: list[str] = []

    async def one(house: House, number: int) -> None:
        async with talk(house, house.url(**({"resume": "new"} if number % 3 == 0 else {}))) as client:
            await client.message(f"client {number}")
            await client.say("response.create")
            events = await client.until("response.output_text.delta")
            asking[number].set()
            if number % 2:
                await killing.wait()
                client.abort()
                return
            events += await client.until("rate_limits.updated")
            assert text_of(events) == f"Hello client {number}"
            assert text_of(await client.ask("again")) == "Fine again."
            finished.append(done(events)["status"])

    killing = asyncio.Event()
    async with upstream.serving() as base_url:
        llm = openai.llm("fake", {"api_key": "sk-x", "base_url": base_url})
        async with open_house(Agent("host", llm=llm), grace_seconds=0.1) as house:
            before, open_before = asyncio.all_tasks(), descriptors()
            async with asyncio.TaskGroup() as group:
                for number in range(CLIENTS):
                    group.create_task(one(house, number))
                async with asyncio.timeout(60):
                    for each in asking:
                        await each.wait()
                assert len(house.hub) == house.gate.connections == house.tally.connections == CLIENTS
                assert house.tally.streams == upstream.open == CLIENTS
                killing.set()
                await house.tally.wait(connections=CLIENTS // 2, streams=CLIENTS // 2)
                hold.set()
            assert finished == ["completed"] * (CLIENTS // 2)
            async with asyncio.timeout(20):
                await upstream.idle.wait()
            assert upstream.given_up == CLIENTS // 2
            await llm.aclose()
            await house.tally.wait(connections=0, streams=0)
            await settled(house, before, open_before)
            assert house.gate.connections == 0
            assert not house.server.server_state.connections
            assert not house.server.server_state.tasks
            assert house.tally.ends == {"cancelled": CLIENTS // 2, "completed": CLIENTS}
