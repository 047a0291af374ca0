"""Answers that wait for the words they answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from salon.base.commands import CreateResponse


class Held:
    """In the order in which they were asked for, by the end of a turn or by the client."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[CreateResponse, bool]] = deque()
        self._releasing = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, command: CreateResponse, *, of_turn: bool) -> None:
        self._waiting.append((command, of_turn))

    def release(
        self,
        submit: Callable[[CreateResponse], None],
        *,
        wordless: bool = False,
        make_way: Callable[[], bool] = lambda: True,
    ) -> None:
        """The words are known. Where nothing was understood, the turn gets no answer of its own; one that the client asked for is
        given all the same. The answer to a turn waits on where ``make_way`` does not end the one under way."""
        if self._releasing:  # what makes way is told to be over
            return
        self._releasing = True
        if wordless and self._waiting and self._waiting[0][1]:
            self._waiting.popleft()
        while self._waiting and (not self._waiting[0][1] or make_way()):
            submit(self._waiting.popleft()[0])
        self._releasing = False

    def interrupted(self, submit: Callable[[CreateResponse], None]) -> None:
        """The person goes on. Their turn will be answered with what is to come; what the client asked for is begun, to end like
        any answer that is interrupted: who asks is told what becomes of it."""
        asked = [command for command, of_turn in self._waiting if not of_turn]
        self._waiting.clear()
        for command in asked:
            submit(command)
