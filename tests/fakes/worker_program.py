"""A program of somebody's, with an agent and a tool of its own, served by workers: python -m tests.fakes.worker_program FOLDER

Its first line is its address; then it waits for a signal. ``WORKERS`` says how many there are.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Iterable, Sequence

from salon import Agent, Salon, tool
from salon.base.chat import Delta, Message, Options, TextDelta, ToolCallDelta, ToolSpec
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.scripted_llm import Asked, ScriptedLlm

KEY, OTHER_KEY = "sk-the-key-of-the-tests", "sk-the-key-of-somebody-else"


@tool
def where() -> str:
    "Which process this function runs in."
    return f"process {os.getpid()}"


class Model(ScriptedLlm):
    """Does as it is told."""

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        said = messages[-1].text
        if said.startswith("wait "):
            await asyncio.sleep(float(said.removeprefix("wait ")))
        elif said.startswith("block "):
            # The whole event loop, as a careless program does.
            time.sleep(float(said.removeprefix("block ")))  # noqa: ASYNC251
        async for delta in super().stream(messages, tools, options):
            yield delta


def answer(asked: Asked) -> Iterable[Delta]:
    """Calls the tool where that is asked for, and repeats what it said."""
    last = asked.messages[-1]
    if last.role == "tool":
        return [TextDelta(last.text)]
    if last.text != "Where do you run?":
        return [TextDelta("done")]
    return [ToolCallDelta(0, "call_1", "where", "{}")]


def main(folder: str) -> int:
    agent = Agent("host", llm=Model(answer), asr=InstantAsr("Where are you?"), tts=InstantTts(), tools=[where])
    salon = Salon(
        [agent],
        host="127.0.0.1",
        port=0,
        workers=int(os.environ.get("WORKERS", "2")),
        api_key=KEY,
        token_secrets=["t" * 32],
        rooms_path="",
        live_recordings=folder,
        live_max_broadcasts=3,
        live_grace_seconds=0.1,
        # Three of four ticks 150 ms late: a machine with other things to do is not, a loop that is blocked is.
        media_load_limit=float(os.environ.get("LOAD_LIMIT", "10")),
        drain_seconds=float(os.environ.get("DRAIN", "5")),
    )
    return salon.run(lambda urls: print(urls[0], os.getpid(), flush=True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
