"""A house of one's own: the smallest that does everything a house must.

    pip install ./examples/provider_plugin
    salon say --llm shout:loud "hello"

A real one makes a request in ``stream``; closing the generator must then close that request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolSpec, Usage
from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.ports.llm import CheckStep, Traits


class ShoutLlm:
    """Answers with the last thing that was said, in capitals, word by word."""

    traits = Traits(tools=False)

    def __init__(self, model: str, mark: str) -> None:
        self.name = f"shout:{model}"
        self._end = mark * (3 if model == "loud" else 1)

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        said = messages[-1].text.upper().split() if messages else []
        for index, word in enumerate(said):
            yield TextDelta(word + (" " if index < len(said) - 1 else ""))
        yield TextDelta(self._end)
        # Always last, exactly once.
        yield Finished("stop", Usage(input=len(said), output=len(said) + 1), self.name)

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("voice", True, "warmed up")

    async def aclose(self) -> None:
        pass


class ShoutHouse:
    name = "shout"
    title = "Shout"
    settings = (Setting(name="mark", env="SHOUT_MARK", help="what every answer ends with", default="!"),)
    default_model = "normal"
    models = ("normal", "loud")

    def llm(self, model: str, settings: Mapping[str, Any]) -> ShoutLlm:
        if model not in self.models:
            raise ConfigError(f"shout has no model {model!r}; it has {', '.join(self.models)}")
        return ShoutLlm(model, str(settings["mark"]))


house = ShoutHouse()
