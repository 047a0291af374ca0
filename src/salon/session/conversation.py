"""A conversation at work: the machine decides, this performs.

Every answer and every tool runs in a task of its own, in the task group of whoever owns the conversation. What a task has to
say goes through the machine and out by ``emit``, at once and in order; nothing waits for a whole answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from salon.base.chat import Delta, Finished, TextDelta, ToolCallDelta
from salon.base.commands import Command
from salon.base.errors import BadAnswer, ClientError, ProviderError
from salon.base.events import ErrorSeen, Event, OutputTextDelta, ResponseDone
from salon.ports.clock import Clock
from salon.ports.llm import Llm
from salon.ports.observer import Observer
from salon.session.mouth import Mouth
from salon.session.tools import Tool, failure
from salon.session.voice import Voice
from salon.turn.actions import Abort, Ask, RunTool
from salon.turn.conversation import ConversationMachine
from salon.turn.running import Output
from salon.turn.spoken import Sound

log = logging.getLogger("salon.conversation")

A = TypeVar("A", Ask, RunTool)

SAID = "said"
"""The name in metrics of answers whose words were given, so that no model was asked."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Conversation:
    """``spawn`` starts a task in the owner's task group. ``pace`` is asked after each delta: where it gives something to
    await, the model is read no further until that is done, so that a slow client slows its own model and nobody else.
    ``rested`` is called when the last answer under way is over and told. ``broken`` is called when the conversation has ended
    by a fault of its own."""

    def __init__(
        self,
        machine: ConversationMachine,
        llm: Llm,
        tools: Mapping[str, Tool[..., Any]],
        *,
        emit: Callable[[Event], None],
        spawn: Spawn,
        clock: Clock,
        observer: Observer,
        tool_timeout: float = 30.0,
        pace: Callable[[], Awaitable[None] | None] = lambda: None,
        rested: Callable[[], None] = lambda: None,
        broken: Callable[[], None] = lambda: None,
        mouth: Mouth | None = None,
    ) -> None:
        self._machine = machine
        self._llm = llm
        self._tools = tools
        self._emit = emit
        self._spawn = spawn
        self._clock = clock
        self._observer = observer
        self._tool_timeout = tool_timeout
        self._pace = pace
        self._rested = rested
        self._broken = broken
        self._mouth = mouth
        self.voice: Voice | None = None
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._ended = False

    @property
    def machine(self) -> ConversationMachine:
        return self._machine

    @property
    def busy(self) -> bool:
        return self._machine.busy

    def open(self) -> None:
        """Say what the session is. Comes before all else."""
        self._perform(self._machine.opening())  # type: ignore[arg-type]  # events are outputs

    def submit(self, command: Command) -> None:
        if (voice := self.voice) is None:
            self.obey(command)
            return
        try:
            if voice.takes(command):
                return
        except ClientError as error:
            error.event_id = command.event_id
            self.complain(error)
            return
        self.obey(command)
        voice.after(command)

    def obey(self, command: Command) -> None:
        """Without asking whether the voice has something to say about it."""
        self._perform(self._machine.feed(command, self._clock.now()))

    def perform(self, outputs: Sequence[Output]) -> None:
        """What the machine said to others than this."""
        self._perform(list(outputs))

    def complain(self, error: ClientError) -> None:
        """Answer a message that could not even be read."""
        problem = ErrorSeen(code=error.code, message=error.message, param=error.param, client_event_id=error.event_id)
        self._perform([problem])

    def end(self) -> None:
        """Stop all that runs and say no more. The model's connections are closed by the time the tasks are gone."""
        self._ended = True
        if self.voice is not None:
            self.voice.close()
        for response_id in list(self._tasks):
            self._abort(response_id)

    def _perform(self, outputs: list[Output]) -> None:
        if self._ended:
            return
        done = False
        for output in outputs:
            if output.__class__ is OutputTextDelta:  # nearly all of them
                self._emit(output)
                continue
            match output:
                case Ask():
                    self._start(output, self._answer)
                case RunTool():
                    self._start(output, self._run)
                case Abort(response_id):
                    self._abort(response_id)
                case _:
                    if output.__class__ is ErrorSeen:
                        self._observer.client_error("realtime", output.code)
                    done = done or output.__class__ is ResponseDone
                    (self._emit if self.voice is None else self.voice.emit)(output)
        if done and self.voice is not None:
            self.voice.rested()
        if done and not self._machine.busy:
            self._rested()

    def _start(self, action: A, work: Callable[[A], Awaitable[None]]) -> None:
        task = self._spawn(self._guard(action, work))
        response_id = action.response_id
        tasks = self._tasks.setdefault(response_id, set())
        tasks.add(task)

        def done(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not tasks:
                self._tasks.pop(response_id, None)

        task.add_done_callback(done)

    def _abort(self, response_id: str) -> None:
        for task in self._tasks.get(response_id, ()):
            task.cancel()

    async def _guard(self, action: A, work: Callable[[A], Awaitable[None]]) -> None:
        """The task group is everybody's: what breaks here ends this conversation and no other."""
        try:
            await work(action)
        except Exception:
            log.exception("conversation broke")
            self.end()
            self._broken()

    async def _answer(self, ask: Ask) -> None:
        machine, clock, observer = self._machine, self._clock, self._observer
        response_id, name = ask.response_id, SAID if ask.say else self._llm.name
        began, count, outcome = clock.now(), 0, "cancelled"
        perform, pace, now = self._perform, self._pace, clock.now
        observer.stream_started(name)
        try:
            async with aclosing(self._stream(ask)) as deltas:
                async for delta in deltas:
                    kind = delta.__class__
                    if kind is TextDelta or kind is ToolCallDelta:
                        count += 1
                        if count == 1:
                            observer.first_token(name, now() - began)
                    elif isinstance(delta, Sound):
                        perform(machine.sound(response_id, delta))
                        if (wait := (self.voice.room() if self.voice is not None else None) or pace()) is not None:
                            await wait
                        continue
                    perform(machine.delta(response_id, delta, now()))  # type: ignore[arg-type]  # no Sound any more
                    if kind is Finished:
                        outcome = "completed"
                        break
                    if (wait := pace()) is not None:
                        await wait
                else:
                    raise BadAnswer("The model's answer ended without saying that it was finished.")
        except ProviderError as error:
            outcome = error.code
            log.warning("answer failed", extra={"model": name, "code": error.code, "detail": error.message})
            self._perform(machine.failed(response_id, error, clock.now()))
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            # A provider may raise ProviderError only. One that breaks this promise costs its user one answer.
            outcome = "server_error"
            log.exception("answer failed", extra={"model": name})
            problem = ProviderError("The model could not be used: an error inside the server, which has logged it.")
            self._perform(machine.failed(response_id, problem, clock.now()))
        finally:
            observer.deltas(name, count)
            observer.stream_ended(name, outcome)

    def _stream(self, ask: Ask) -> AsyncGenerator[Delta | Sound, None]:
        deltas = _said(ask.say) if ask.say else self._llm.stream(ask.messages, ask.tools, ask.options)
        return self._mouth.speak(ask, deltas) if ask.spoken and self._mouth is not None else deltas

    async def _run(self, action: RunTool) -> None:
        call, began = action.call, self._clock.now()
        tool = self._tools.get(call.name)
        if tool is None:
            output = failure("unknown_tool", f"There is no tool named {call.name!r}.")
        else:
            try:
                output = await tool.run(call.arguments, within=self._tool_timeout)
            except asyncio.CancelledError:
                if _is_cancelled():
                    raise
                # It awaited something of its own that was cancelled; nobody cancelled the call.
                output = failure("tool_failed", "CancelledError")
        # File names and the like may hold lone surrogates, which no protocol carries.
        output = output.encode("utf-8", "replace").decode()
        now = self._clock.now()
        self._observer.tool_ran(call.name, "failed" if output.startswith('{"error":') else "completed", now - began)
        self._perform(self._machine.tool_done(action.response_id, call.id, output, now))


async def _said(text: str) -> AsyncGenerator[Delta, None]:
    yield TextDelta(text)
    yield Finished("stop")


def _is_cancelled() -> bool:
    """Whether a ``CancelledError`` is meant for this task, rather than having leaked out of what it called."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
