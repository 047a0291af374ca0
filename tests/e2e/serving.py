"""Salon as its users start it: ``salon serve`` in a process of its own, with the demo model and one tool."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

CONFIG = """
[media]
load_limit = 1e9  # nobody is refused, however slow this machine is

[llm]
default = ["demo"]

[[agents]]
name = "assistant"
title = "Salon"
description = "Answers, offline and at once."
suggestions = { en = ["Count to 5", "Show me Markdown"], zh = ["从一数到五", "写一段 Markdown"] }

[[agents]]
name = "guide"
title = "Guide"
description = { en = "Has a tool.", zh = "有一个工具。" }
welcome = { en = "Hello, I am the guide of this house.", zh = "你好，我是这里的向导。" }
tools = ["e2e_tools:weather"]
"""

TOOLS = '''
import asyncio

async def weather(city: str) -> dict:
    """The weather in a city."""
    if city == "Nowhere":
        raise LookupError("there is no such city")
    return {"city": city, "sky": "sunny"}
'''

KEY = """
[[auth.api_keys]]
name = "tests"
key = "sk-page-tests-0123456789"
"""

# Whatever the developer has set must not choose another model.
FOREIGN = re.compile(r"^(SALON|SPARK|OPENAI|DEEPSEEK|DASHSCOPE|ARK|OLLAMA|VLLM)_")


class Salon:
    """``port`` 0 takes a free one; after ``start`` it is the one that was taken, and stays it over restarts."""

    def __init__(self, folder: Path, *, with_key: bool = False, more: str = "", config: str = CONFIG) -> None:
        self._config = folder / "salon.toml"
        rooms = f'[rooms]\npath = "{folder / "salon.db"}"\n'
        self._config.write_text(config + rooms + (KEY if with_key else "") + more, "utf-8")
        (folder / "e2e_tools.py").write_text(TOOLS, "utf-8")
        self._log = folder / "salon.log"
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Return when it is ready: it says so in its first line."""
        environment = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        command = [
            sys.executable,
            "-m",
            "salon.cli.main",
            "serve",
            "--port",
            str(self.port),
            "--config",
            str(self._config),
        ]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        if found is None:
            self.kill()
            raise RuntimeError(f"Salon did not start: {said}\n{self._log.read_text('utf-8')[-2000:]}")
        self.port = int(found[1])

    def workers(self) -> dict[int, int]:
        """The processes that have its media engines, by their numbers, where it has ``workers``."""
        said = re.findall(r"Worker (\d+) \(process (\d+)\) is up", self._log.read_text("utf-8"))
        return {int(number): int(pid) for number, pid in said}

    def kill(self) -> None:
        """End it without a word, as a machine that fails would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
