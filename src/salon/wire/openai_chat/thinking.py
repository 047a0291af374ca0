"""Reasoning that a model writes into its answer, between ``<think>`` and ``</think>``."""

from __future__ import annotations

from salon.base.chat import Delta, ReasoningDelta, TextDelta

OPEN = "<think>"
CLOSE = "</think>"
# Longer leading white space than this is the answer.
MOST_BLANKS = 256


class ThinkSplitter:
    """Parts the beginning of an answer into reasoning and text; tags may be cut anywhere between pieces.

    Only a ``<think>`` with which the answer begins counts: further on, it is something the model writes about. Once the
    answer has begun, ``answering`` is true and pieces need not pass through here any more.
    """

    __slots__ = ("_held", "_thinking", "_thought", "answering")

    def __init__(self) -> None:
        self.answering = False
        self._held = ""
        self._thinking = False
        self._thought = False

    def feed(self, text: str, out: list[Delta]) -> None:
        held = self._held + text
        while True:
            if self._thinking:
                inside, closed, after = held.partition(CLOSE)
                if not closed:
                    keep = _overlap(held, CLOSE)
                    inside, self._held = held[: len(held) - keep], held[len(held) - keep :]
                if inside:
                    out.append(ReasoningDelta(inside))
                if not closed:
                    return
                held, self._thinking, self._thought = after, False, True
            start = held.lstrip()
            if start.startswith(OPEN):
                held, self._thinking = start[len(OPEN) :], True
            elif OPEN.startswith(start) and len(held) <= MOST_BLANKS:
                self._held = held
                return
            else:
                self.answering = True
                self._held = ""
                if answer := start if self._thought else held:
                    out.append(TextDelta(answer))
                return

    def finish(self, out: list[Delta]) -> None:
        """The stream is over: what was held back is what it seems to be."""
        held, self._held = self._held, ""
        if held and self._thinking:
            out.append(ReasoningDelta(held))
        elif answer := held.strip():
            out.append(TextDelta(answer))


def _overlap(text: str, tag: str) -> int:
    """How many of the last characters of ``text`` may be the beginning of ``tag``."""
    for length in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-length:]):
            return length
    return 0
