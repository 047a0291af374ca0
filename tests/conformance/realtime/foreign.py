"""Running a foreign client: a small script in ``clients/``, in an environment that has that client and nothing of ours."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salon.base.chat import Finished, TextDelta, ToolCallDelta, Usage
from tests.conformance.environments import ROOT, node_env, python_env
from tests.fakes.scripted_llm import Asked, Step

CLIENTS = Path(__file__).parent / "clients"
PATIENCE = 90
"""Seconds for a whole script."""


@dataclass(frozen=True)
class Foreign:
    """``requirements`` are what its authors publish, pinned; the first is the client itself. ``by`` is ``pip`` or ``npm``.
    ``env`` names an environment that scripts share; else each has its own."""

    script: str
    by: str
    requirements: tuple[str, ...]
    folder: Path = CLIENTS
    env: str = ""

    @property
    def name(self) -> str:
        return self.requirements[0].replace("==", "@").rpartition("@")[0]

    @property
    def version(self) -> str:
        return self.requirements[0].replace("==", "@").rpartition("@")[2]

    async def run(self, *arguments: str) -> Any:
        """What the script printed. A script that fails, fails the test with what it wrote."""
        stem = self.env or Path(self.script).stem.replace("_", "-")
        if self.by == "pip":
            command = [
                str(await asyncio.to_thread(python_env, stem, self.requirements)),
                str(self.folder / self.script),
            ]
            environment = {}
        else:
            home = await asyncio.to_thread(node_env, stem, self.requirements)
            command = ["node", str(self.folder / self.script)]
            environment = {"NODE_PATH": str(home / "node_modules")}
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            cwd=ROOT,
            env=keep | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        assert process.returncode == 0, f"{self.script} ended with {process.returncode}:\n{err.decode()}{out.decode()}"
        return json.loads(out)


def companion(asked: Asked) -> Iterable[Step]:
    """What the model says to the scripts: an echo, what it remembers, a tool call, or a story without an end."""
    last = asked.messages[-1]
    users = [message.text for message in asked.messages if message.role == "user"]
    if last.role == "tool":
        yield TextDelta(f"The tool says {last.text}.")
    elif "first" in last.text:
        yield TextDelta(f"You said {users[0]} first.")
    elif "last but one" in last.text:
        yield TextDelta(f"You said {users[-2]} before.")
    elif "weather" in last.text and asked.tools:
        yield ToolCallDelta(0, "call_weather", asked.tools[0].name, '{"city": ')
        yield ToolCallDelta(0, arguments='"Paris"}')
        yield Finished("tool_calls", Usage(20, 10), "scripted:model")
    elif "long story" in last.text:
        yield TextDelta("Once upon a time")
        yield TextDelta(" there was")
        yield asyncio.Event()
    else:
        yield TextDelta("You said ")
        yield TextDelta(last.text)
        yield Finished("stop", Usage(input=7, output=3), "scripted:model")
