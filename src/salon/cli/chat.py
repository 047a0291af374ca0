"""``salon chat``: a conversation in the terminal, by the same machine that serves clients."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import pathlib
import secrets
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from salon.app import logs
from salon.app.agents import agents_of
from salon.app.clock import SystemClock
from salon.app.config_load import Loaded
from salon.app.hints import did_you_mean
from salon.app.models import Models, read
from salon.base import ids
from salon.base.commands import CancelResponse, CreateItem, CreateResponse
from salon.base.errors import ConfigError
from salon.base.events import ErrorSeen, Event, ItemDone, OutputTextDelta, ReasoningSeen, ResponseDone
from salon.base.items import FunctionCall, FunctionCallOutput, InputText, Item, MessageItem
from salon.cli.words import words
from salon.ports.llm import Llm
from salon.ports.observer import Observer
from salon.session.agent import Agent
from salon.session.conversation import Conversation
from salon.session.hub import Part, character, opening
from salon.turn.conversation import ConversationMachine

with contextlib.suppress(ImportError):  # not on Windows
    import readline  # noqa: F401 gives input() its line editing and history

COMMANDS = ("/help", "/new", "/model", "/save", "/quit")
LONGEST_SHOWN = 200
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def run(given: argparse.Namespace) -> int:
    # What fails is told in a sentence; the log is for what should not have happened.
    logs.configure("error")
    loaded = read(given.config, llm=given.llm)
    models = Models(loaded)
    agent = _agent(loaded, given.agent)
    # Each answer is one run of the loop: between answers nobody waits for anything but the keyboard, and Ctrl-C means
    # there what it means in any prompt.
    with asyncio.Runner() as runner:
        talk = Talk(agent, models, models.default() if given.llm else models.of(agent))
        try:
            return _loop(talk, runner)
        finally:
            runner.run(models.aclose())


class Talk:
    """A conversation, and what is shown of it."""

    def __init__(self, agent: Agent, models: Models, llm: Llm) -> None:
        self.agent = agent
        self.llm = llm
        self.failed = False
        self._models = models
        self._clock = SystemClock()
        self._dim, self._plain = (DIM, PLAIN) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")
        self._at_line_start = True
        self._group: asyncio.TaskGroup | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what was said."""
        session = opening(Part(self.agent, self.llm), new_id("sess"), self.agent.name)
        self._machine = ConversationMachine(
            session, character(Part(self.agent, self.llm)), new_id=new_id, show_served=True
        )
        self._conversation = self._driven()

    def use(self, name: str) -> None:
        """Go on by another model. Raises ``ConfigError``."""
        self.llm = self._models.llm(name)
        self._conversation = self._driven()

    async def say(self, text: str) -> None:
        """Say it, and show the answer until it is complete or Ctrl-C stops it."""
        loop = asyncio.get_running_loop()
        # Lets the loop see which connections have closed while nobody was running it.
        await asyncio.sleep(0)
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the program there
            loop.add_signal_handler(signal.SIGINT, self._stop)
        self.failed = False
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                message = MessageItem(id="", role="user", content=(InputText(text),))
                self._conversation.submit(CreateItem(item=message))
                self._conversation.submit(CreateResponse())
        finally:
            self._group = None
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)
            self._end_line()

    def saved(self) -> str:
        """The conversation as Markdown."""
        return "\n\n".join(filter(None, (_markdown(item) for item in self._machine.items))) + "\n"

    def _driven(self) -> Conversation:
        return Conversation(
            self._machine,
            self.llm,
            self.agent.toolbox,
            emit=self._show,
            spawn=self._spawn,
            clock=self._clock,
            observer=Observer(),
            tool_timeout=self.agent.tool_timeout,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        assert self._group is not None
        return self._group.create_task(work)

    def _stop(self) -> None:
        if self._conversation.busy:
            self._conversation.submit(CancelResponse())

    def _show(self, event: Event) -> None:
        match event:
            case OutputTextDelta(delta=text):
                self._write(text)
            case ReasoningSeen(delta=text):
                self._write(f"{self._dim}{text}{self._plain}")
            case ItemDone(item=FunctionCall(name=name, arguments=arguments)):
                self._aside(f"→ {name}({_short(arguments)})")
            case ItemDone(item=FunctionCallOutput(output=output)):
                self._aside(f"← {_short(output)}")
            case ResponseDone(response=response) if response.status == "failed":
                self._fail(response.error_message or "")
            case ResponseDone(response=response) if response.status in ("cancelled", "incomplete"):
                self._aside(words("stopped") if response.status == "cancelled" else response.reason or "")
            case ErrorSeen(message=message):
                self._fail(message)
            case _:
                pass

    def _aside(self, text: str) -> None:
        self._end_line()
        self._write(f"{self._dim}{text}{self._plain}\n")

    def _fail(self, message: str) -> None:
        self.failed = True
        self._end_line()
        sys.stderr.write(words("failed", message=message) + "\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
        self._at_line_start = text.endswith("\n")

    def _end_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")


def _loop(talk: Talk, runner: asyncio.Runner) -> int:
    """Read, answer, again. The exit code: where nobody is at the keyboard, 1 if an answer failed."""
    at_keyboard = sys.stdin.isatty()
    if at_keyboard:
        print(words("chat hello", agent=talk.agent.called, model=talk.llm.name))
    failed = False
    while (text := _read("> " if at_keyboard else "")) is not None:
        if not text:
            continue
        if text.startswith("/"):
            if not _obey(talk, text):
                break
            continue
        runner.run(talk.say(text))
        failed |= talk.failed
    return int(failed and not at_keyboard)


def _read(prompt: str) -> str | None:
    """One entry: lines that end in a backslash go on. None at the end of the input."""
    lines: list[str] = []
    while True:
        try:
            # input() has no business with a pipe: it would write the prompt into the output.
            line = input(prompt if not lines else ". ") if prompt else next(sys.stdin).rstrip("\r\n")
        except (EOFError, StopIteration):
            if prompt:
                print()
            return "\n".join(lines).strip() if lines else None
        except KeyboardInterrupt:
            if not prompt:
                raise
            print()
            return ""
        if not line.endswith("\\"):
            return "\n".join([*lines, line]).strip()
        lines.append(line[:-1])


def _obey(talk: Talk, text: str) -> bool:
    """A command of the terminal's. False to end."""
    command, _, rest = text.partition(" ")
    rest = rest.strip()
    match command:
        case "/help":
            print(words("chat help"))
        case "/new":
            talk.begin()
            print(words("chat new"))
        case "/model":
            try:
                if rest:
                    talk.use(rest)
                print(words("chat model", model=talk.llm.name))
            except ConfigError as error:
                print(words("failed", message=error.message), file=sys.stderr)
        case "/save":
            _save(talk, rest)
        case "/quit" | "/exit":
            return False
        case _:
            hint = did_you_mean(command, COMMANDS, "{}") or "."
            print(words("chat unknown", command=command, hint=hint), file=sys.stderr)
    return True


def _save(talk: Talk, name: str) -> None:
    if not name:
        print(words("chat save where"), file=sys.stderr)
        return
    try:
        pathlib.Path(name).expanduser().write_text(talk.saved(), encoding="utf-8")
    except OSError as error:
        print(words("failed", message=f"{name}: {error.strerror}"), file=sys.stderr)
    else:
        print(words("chat saved", file=name))


def _markdown(item: Item) -> str:
    match item:
        case MessageItem(role=role):
            return f"**{role}**\n\n{item.text}" if item.text else ""
        case FunctionCall(name=name, arguments=arguments):
            return f"> → `{name}({arguments})`"
        case FunctionCallOutput(output=output):
            return f"> ← `{output}`"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN else line[: LONGEST_SHOWN - 1] + "…"


def _agent(loaded: Loaded, name: str | None) -> Agent:
    agents = {agent.name: agent for agent in agents_of(loaded)}
    if name is None:
        return next(iter(agents.values()))
    if name not in agents:
        raise ConfigError(
            f'there is no agent "{name}"{did_you_mean(name, agents) or "; there are " + ", ".join(agents)}'
        )
    return agents[name]


def new_id(prefix: str) -> str:
    return ids.from_random_bytes(prefix, secrets.token_bytes(21))
