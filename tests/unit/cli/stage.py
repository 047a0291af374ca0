"""A house for tests of the command line, put on ``sys.path`` as a package of somebody else's would be.

``stage:echo`` says what it heard, ``stage:wait`` begins and then waits, ``stage:fail`` fails after a word, ``stage:think`` thinks
first, ``stage:tool`` calls the first tool once, ``stage:broken`` fails its check, ``stage:see`` takes pictures.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from salon.base.chat import (
    Delta,
    Finished,
    Image,
    Message,
    Options,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
    Usage,
)
from salon.base.errors import Overloaded
from salon.ports.house import Setting
from salon.ports.llm import CheckStep, Traits


class StageLlm:
    def __init__(self, model: str) -> None:
        self.model = model
        self.name = f"stage:{model}"
        self.traits = Traits(images=model == "see")

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        said = messages[-1]
        match self.model:
            case "wait":
                yield TextDelta("begun ")
                try:
                    await asyncio.Event().wait()
                finally:
                    if note := os.environ.get("STAGE_NOTE"):
                        pathlib.Path(note).write_text("closed")  # noqa: ASYNC240 the last thing it does
            case "fail":
                yield TextDelta("begun")
                raise Overloaded("The stage is on fire.", house="stage", advice="Call the fire brigade.")
            case "think" if options.reasoning != "none":
                yield ReasoningDelta("let me see")
            case "tool" if said.role == "user" and tools:
                yield ToolCallDelta(0, "call_1", tools[0].name, '{"city": "上海"}')
                yield Finished("tool_calls", Usage(1, 1), self.name)
                return
            case _:
                pass
        system = f"[{messages[0].text}] " if messages[0].role == "system" and self.model == "echo" else ""
        pictures = sum(isinstance(part, Image) for part in said.content)
        words = f"{system}heard {said.text}" + (f" and saw {pictures}" if pictures else "")
        for word in words.split(" "):
            yield TextDelta(word + " ")
        yield References((Reference(1, "https://example.com", "Example"),))
        yield Finished("stop", Usage(3, 4), self.name)

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("dns", True, "found")
        if self.model == "broken":
            yield CheckStep("auth", False, "the key is wrong", "Look at the console.")
        else:
            yield CheckStep("first token", True, "12 ms")

    async def aclose(self) -> None:
        pass


class StageHouse:
    name = "stage"
    title = "Stage"
    settings = (Setting(name="key", env="STAGE_KEY", secret=True),)
    default_model = "echo"
    models = ("echo", "wait", "fail", "think", "tool", "broken", "see")

    def llm(self, model: str, settings: Mapping[str, Any]) -> StageLlm:
        return StageLlm(model)


house = StageHouse()
