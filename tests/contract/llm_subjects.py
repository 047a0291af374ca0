"""Who must keep the contract of a language model, and how each is brought to do what a test needs.

A new implementation joins by one function here and one line in ``SUBJECTS``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from salon.ports.llm import Llm
from salon.providers.fallback import FallbackLlm
from salon.providers.local.llm import DemoLlm
from salon.providers.openai import openai, vllm
from salon.providers.spark import house as spark
from tests.fakes.openai_server import OpenAiServer, bad_manners
from tests.fakes.spark_server import Asked, spark_server


async def _at_once() -> None:
    return None


@dataclass
class Subject:
    """A model under test.

    ``words`` has a user message for each thing that it can be brought to do: ``answer`` (in several pieces), ``endless`` (a
    piece, then nothing for a long time), ``silent`` (nothing at all), ``thinking`` (reasoning "secret", answer "open"),
    ``call`` (of the tool ``weather``, city 北京). ``echo`` makes a message that is answered with the given word. ``faults``
    are messages to which the house answers badly. ``busy`` returns once the house has heard a request, ``idle`` when it has
    no answer under way any more.
    """

    llm: Llm
    words: Mapping[str, str]
    echo: Callable[[str], str] = str
    faults: tuple[str, ...] = ()
    busy: Callable[[], Awaitable[object]] = field(default=_at_once)
    idle: Callable[[], Awaitable[object]] = field(default=_at_once)


GOOD = {
    *("answer", "keep-alives", "cut bytes", "no usage", "think tags", "reasoning", "reasoning other name", "empty"),
    *("call", "call whole", "call without id", "two calls, one index", "call without arguments"),
}
OPENAI_FAULTS = tuple(sorted(set(bad_manners()) - GOOD))
OPENAI_WORDS = {
    "answer": "one two three",
    "endless": "stall",
    "silent": "stall before",
    "thinking": "think tags",
    "call": "call without id",
}
PATIENCE = {"first_token_timeout": 0.8, "stall_timeout": 0.8}


DEMO_WORDS = {"answer": "count to 5", "call": "北京 weather"}
SLOW_WORDS = {"silent": "count to 5"}
SPARK_WORDS = {
    "answer": "one two three",
    "endless": "stall",
    "silent": "stall before",
    "thinking": "thinking",
    "call": "call",
}
SPARK_FAULTS = ("stall", "stall before", "rubbish", "closed", "code 11200", "code 10013", "code 10907", "code 99999")


@asynccontextmanager
async def demo() -> AsyncIterator[Subject]:
    yield Subject(DemoLlm(), DEMO_WORDS, echo=lambda word: f"say {word}")


@asynccontextmanager
async def slow_demo() -> AsyncIterator[Subject]:
    yield Subject(DemoLlm(pace=0.01), SLOW_WORDS)


@asynccontextmanager
async def chat() -> AsyncIterator[Subject]:
    server = OpenAiServer(key="sk-secret-key")
    async with server.serving() as base_url:
        llm = openai.llm("fake", {"api_key": "sk-secret-key", "base_url": base_url, **PATIENCE})
        yield Subject(llm, OPENAI_WORDS, faults=OPENAI_FAULTS, busy=server.busy.wait, idle=server.idle.wait)
        await llm.aclose()


@asynccontextmanager
async def chain() -> AsyncIterator[Subject]:
    """One that cannot be reached, and one that answers."""
    server = OpenAiServer()
    async with server.serving() as base_url:
        gone = vllm.llm("gone", {"base_url": "http://127.0.0.1:9/v1"})
        llm = FallbackLlm([gone, openai.llm("fake", {"base_url": base_url, **PATIENCE})])
        yield Subject(llm, OPENAI_WORDS, faults=OPENAI_FAULTS, busy=server.busy.wait, idle=server.idle.wait)
        await llm.aclose()


@asynccontextmanager
async def spark_websocket() -> AsyncIterator[Subject]:
    never = asyncio.Event()

    async def answer(asked: Asked) -> None:
        text = asked.frame["payload"]["message"]["text"][-1]["content"]
        match text:
            case "stall":
                await asked.say("one ")
            case "stall before":
                await never.wait()
            case "thinking":
                choices = {"status": 1, "text": [{"content": "", "reasoning_content": "secret", "role": "assistant"}]}
                await asked.send({"choices": choices})
                await asked.say("open", status=2)
            case "call":
                call = {"name": "weather", "arguments": '{"city":"北京"}'}
                said = [{"content": "", "role": "assistant", "function_call": call}]
                await asked.send({"choices": {"status": 2, "text": said}}, status=2)
            case "rubbish":
                await asked.socket.send("{rubbish")
            case "closed":
                await asked.say("one ")
                await asked.socket.close()
            case "code 11200" | "code 10013" | "code 10907" | "code 99999":
                await asked.fail(int(text.removeprefix("code ")), "refused")
            case _:
                for word in text.split():
                    await asked.say(word + " ")
                await asked.say("", status=2)

    async with spark_server(answer) as server:
        keys = {"app_id": "a", "api_key": "k", "api_secret": "s"}
        llm = spark.llm("4.0Ultra", {**keys, "url": server.url, "connect_timeout": 5, **PATIENCE})
        closes = 0

        async def idle() -> None:
            nonlocal closes
            never.set()
            while closes < len(server.asked):
                await server.closes.get()
                closes += 1

        yield Subject(llm, SPARK_WORDS, faults=SPARK_FAULTS, busy=server.asking.wait, idle=idle)
        never.set()
        await llm.aclose()


Factory = Callable[[], AbstractAsyncContextManager[Subject]]

# Each with what it can be brought to do.
SUBJECTS: dict[str, tuple[Factory, Mapping[str, str]]] = {
    "demo": (demo, DEMO_WORDS),
    "slow demo": (slow_demo, SLOW_WORDS),
    "chat completions": (chat, OPENAI_WORDS),
    "chain": (chain, OPENAI_WORDS),
    "spark": (spark_websocket, SPARK_WORDS),
}
