"""A text that is made into another, of which each character still knows where it came from."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import takewhile


class Aligned:
    """``text`` was made of a source: its character ``n`` stands for what lies there from ``starts[n]`` to ``ends[n]``. All
    characters of what was replaced as a whole have the same place; both lists never fall."""

    __slots__ = ("ends", "starts", "text")

    def __init__(self, text: str = "", at: int = 0) -> None:
        self.text = text
        self.starts = list(range(at, at + len(text)))
        self.ends = list(range(at + 1, at + len(text) + 1))

    def sub(self, pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str]) -> None:
        """As ``re.sub``. What a replacement leaves as it was keeps its place."""
        matches = list(pattern.finditer(self.text))
        for found in reversed(matches):
            made = found.expand(new) if isinstance(new, str) else new(found)
            self._replace(*found.span(), made)

    def put(self, text: str, at: int) -> None:
        """At the end, something that stands for nothing: it belongs to place ``at``."""
        self.text += text
        self.starts += [at] * len(text)
        self.ends += [at] * len(text)

    def append(self, other: Aligned) -> None:
        self.text += other.text
        self.starts += other.starts
        self.ends += other.ends

    def source(self, place: int) -> int:
        """How far the source is said when the first ``place`` characters are. What was replaced as a whole is said as a whole."""
        if not 0 < place <= len(self.text):
            return 0
        if place < len(self.text) and self.starts[place] < self.ends[place - 1]:
            return self.starts[place - 1]
        return self.ends[place - 1]

    def begins(self, place: int) -> int:
        """Where that which stands at ``place`` of the source begins."""
        return bisect_right(self.ends, place)

    def finishes(self, place: int) -> int:
        """Where the source up to ``place`` is said to its end."""
        return bisect_left(self.starts, place)

    def _replace(self, start: int, end: int, made: str) -> None:
        old = self.text[start:end]
        if made == old:
            return
        if made and (kept := old.find(made)) >= 0:
            self._splice(start + kept + len(made), end, "")
            self._splice(start, start + kept, "")
            return
        same = _common(old, made)
        tail = _common(old[same:][::-1], made[same:][::-1])
        self._splice(start + same, end - tail, made[same : len(made) - tail])

    def _splice(self, start: int, end: int, made: str) -> None:
        if start < end:
            begin, until = self.starts[start], self.ends[end - 1]
        elif start and start < len(self.text) and self.starts[start] < self.ends[start - 1]:
            begin, until = self.starts[start - 1], self.ends[start - 1]
        else:
            begin = until = self.ends[start - 1] if start else (self.starts[0] if self.starts else 0)
        self.text = self.text[:start] + made + self.text[end:]
        self.starts[start:end] = [begin] * len(made)
        self.ends[start:end] = [until] * len(made)


def _common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
