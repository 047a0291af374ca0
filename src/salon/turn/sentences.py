"""A stream of text cut where a voice would breathe: the first cut as early as sounds natural, later ones at leisure.

What comes out, joined, is what went in.
"""

from __future__ import annotations

import re

from salon.turn.words import beats, pieces

FIRST_BEATS = 2.0
LATER_BEATS = 14.0
LONGEST_BEATS = 60.0

_STOPS = "。！？；!?;\n"
_COMMAS = "，、：,:—"
_CLOSERS = "”\"'）)」』》】]*_"
_ABBREVIATION = re.compile(
    r"(?:^|[\s(.])(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|approx|no|vol|fig|inc|ltd|co|u\.s|u\.k|[a-z])\.$",
    re.IGNORECASE,
)


class Cutter:
    def __init__(self) -> None:
        self._text = ""
        self._first = True
        self._seen = 0  # no cut lies before this

    def push(self, text: str) -> list[str]:
        """The clauses that are whole now."""
        self._text += text
        found = []
        while (end := self._cut()) is not None:
            found.append(self._text[:end])
            self._text, self._seen, self._first = self._text[end:], 0, False
        return found

    def flush(self) -> str:
        """What is left at the end of the answer."""
        rest, self._text, self._seen, self._first = self._text, "", 0, True
        return rest

    def _cut(self) -> int | None:
        text = self._text
        for at in range(self._seen, len(text)):
            mark = text[at]
            if mark not in _STOPS and mark not in _COMMAS and mark != ".":
                continue
            end = _behind(text, at)
            if end is None:
                self._seen = at
                return self._overlong()
            if not _ends(text, at):
                continue
            need = LATER_BEATS if mark in _COMMAS and not self._first else FIRST_BEATS
            if sum(piece.beats for piece in pieces(text[:at]) if not piece.is_pause) >= need:
                return end
        self._seen = len(text)
        return self._overlong()

    def _overlong(self) -> int | None:
        if len(self._text) < LONGEST_BEATS or beats(self._text) < LONGEST_BEATS:
            return None
        # Better between two words than within one; Chinese may be cut anywhere.
        space = self._text.rfind(" ")
        return space + 1 if space > 0 else len(self._text)


def _behind(text: str, at: int) -> int | None:
    """Where the next clause begins: behind what closes this one. None where that is not known yet."""
    end = at + 1
    while end < len(text) and (text[end] in _STOPS or text[end] in _CLOSERS or text[end] == "."):
        end += 1
    if end == len(text) and text[at] in ".:,!?;":
        # "3." may become "3.14", "10:" "10:30", "1," "1,000", and a quotation mark may follow.
        return None
    while end < len(text) and text[end] in " \n\t":
        end += 1
    return end


def _ends(text: str, at: int) -> bool:
    """Whether this mark ends a clause, rather than standing inside a number, a name or an abbreviation."""
    mark = text[at]
    if mark not in ".:,!?;":
        return True
    after = text[at + 1 : at + 2]
    if after and not after.isspace() and after not in _CLOSERS and after not in _STOPS and after != ".":
        return False
    if mark == ".":
        # "1." begins a list, "Dr." a name.
        line = text[: at + 1].rsplit("\n", 1)[-1].strip()
        return not _ABBREVIATION.search(text[: at + 1]) and not line[:-1].isdigit()
    return True
