"""The demonstration as a language model: what ``demo`` says, at the pace of somebody who speaks."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence

from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolCallDelta, ToolSpec, Usage
from salon.base.ids import from_random_bytes
from salon.ports.llm import CheckStep, Traits
from salon.providers.local.demo import Call, answer
from salon.turn.tokens import of_message, of_text, of_tool

NAME = "demo:demo"
# A word with what stands behind it, or two Chinese characters: what other models send at a time.
PIECE = re.compile(r"[^\u3400-\u9fff\s]+\s*|[\u3400-\u9fff]{1,2}\s*|\s+")


class DemoLlm:
    """``pace`` is in pieces a second; 0 is as fast as can be. ``now`` gives seconds since 1970.

    ``Usage`` counts tokens by Salon's own estimate (``salon.turn.tokens``), since nothing here has tokens.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        now: Callable[[], float] = time.time,
        local_time: Callable[[float], time.struct_time] = time.localtime,
    ) -> None:
        self._gap = 1 / pace if pace else 0.0
        self._now = now
        self._local_time = local_time

    @property
    def name(self) -> str:
        return NAME

    @property
    def traits(self) -> Traits:
        """It takes pictures, though only to say of what kind they are."""
        return Traits(images=True, tools=True)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        said = answer(messages, tools, options, self._local_time(self._now()))
        read = sum(of_message(message) for message in messages) + sum(of_tool(tool) for tool in tools)
        if isinstance(said, Call):
            call_id = from_random_bytes("call", secrets.token_bytes(21))
            await asyncio.sleep(self._gap)
            yield ToolCallDelta(0, call_id, said.name)
            for piece in PIECE.findall(said.arguments):
                await asyncio.sleep(self._gap)
                yield ToolCallDelta(0, arguments=piece)
            yield Finished("tool_calls", Usage(read, of_text(said.name) + of_text(said.arguments)), NAME)
            return
        written = ""
        clock = asyncio.get_running_loop().time
        due = clock()
        for piece in PIECE.findall(said):
            if options.max_output_tokens is not None and of_text(written + piece) > options.max_output_tokens:
                yield Finished("length", Usage(read, of_text(written)), NAME)
                return
            due = max(due + self._gap, clock())
            await asyncio.sleep(due - clock())
            written += piece
            yield TextDelta(piece)
        yield Finished("stop", Usage(read, of_text(written)), NAME)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        yield CheckStep("built in", True, "a demonstration, not a language model; it needs no key and no network")

    async def aclose(self) -> None:
        """There is nothing to give back."""
