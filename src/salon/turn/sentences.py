"""A stream of text cut where a voice would breathe: the first cut as early as sounds natural, later ones at leisure.

What comes out, joined, is what went in; and it is the same however the stream was split.
"""

from __future__ import annotations

import re

from salon.turn.words import pieces

FIRST_BEATS = 2.0
LATER_BEATS = 14.0
LONGEST_BEATS = 60.0
#: Characters of a clause, for what has nothing to say: a row of dots.
LONGEST = 600

_WIDE_STOPS, _NARROW_STOPS = "。！？；", ".!?;"
_WIDE_COMMAS, _NARROW_COMMAS = "，、：", ",:"
_DASHES = "—…"
_MARKS = _WIDE_STOPS + _NARROW_STOPS + _WIDE_COMMAS + _NARROW_COMMAS + _DASHES + "\n"
_STOPS = _WIDE_STOPS + _NARROW_STOPS + "\n"
_CLOSERS = "”\"'）)」』》】]*_"
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(.])(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|etc|e\.g|i\.e|approx|vol|fig|inc|ltd|co|u\.s|u\.k|[a-z])\.$",
    re.IGNORECASE,
)
# Only before a number: "No. 5", "Nov. 3"; but "He said no. Then".
_NUMBERED = re.compile(r"\b(?:no|nos|pp|ch|sec|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$", re.IGNORECASE)
_WORD = re.compile(r"\w")
_ENTITY = re.compile(r"&#?\w{2,8}\Z")
# Within these nobody breathes: code, formulas, links, tags.
_SPAN = re.compile(r"`[^`]*`|\$[\\a-zA-Z({][^$]*\$|\\\(.*?\\\)|\\\[.*?\\\]|\[[^\]]*\](?:\([^)]*\))?|</?[a-zA-Z][^<>]*>")
_OPEN = re.compile(r"`|\$[\\a-zA-Z({]|\\\(|\\\[|\]\(|\[[^\]]{0,80}$|</?[a-zA-Z][^<>]{0,80}$")


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
        # No more is looked at, so that the cut is the same whether more has come already or not.
        text = self._text[:LONGEST]
        for at in range(self._seen, len(text)):
            if text[at] not in _MARKS:
                continue
            end = _end(text, at, hurry=self._first)
            if end is None:
                self._seen = at
                return self._overlong(text)
            if not end or not _WORD.search(text, 0, at):
                continue
            said = sum(piece.beats for piece in pieces(text[:at]) if not piece.is_pause)
            if said >= LONGEST_BEATS:
                break
            if said >= self._need(text[at]):
                return end
        self._seen = len(text)
        return self._overlong(text)

    def _need(self, mark: str) -> float:
        if mark in _STOPS:
            return FIRST_BEATS
        # "苹果、香蕉": hardly a breath.
        return FIRST_BEATS if self._first and mark != "、" else LATER_BEATS

    def _overlong(self, text: str) -> int | None:
        if len(text) <= LONGEST_BEATS:
            return None
        said = 0.0
        # The last piece may go on.
        for piece in pieces(text)[:-1] if _WORD.search(text) else ():
            said += 0 if piece.is_pause else piece.beats
            if said > LONGEST_BEATS and piece.start:
                # Better between two words than within one; Chinese may be cut anywhere.
                space = text.rfind(" ", 0, piece.start)
                return space + 1 if space > 0 else piece.start
        return LONGEST if len(text) == LONGEST else None


def _end(text: str, at: int, *, hurry: bool) -> int | None:
    """Where the next clause begins, if this mark closes one: 0 where it does not, None where that is not known yet."""
    mark, after = text[at], text[at + 1 : at + 2]
    if mark == "\n":
        return at + 1
    if _is_inside(text[text.rfind("\n", 0, at) + 1 : at]):
        return 0
    if text[at - 1 : at].isdigit() or mark in _DASHES or mark in _NARROW_STOPS + _NARROW_COMMAS:
        # "3." may become "3.14", "10：" "10：30", and a quotation mark may follow.
        if not after:
            return None
        if after.isdigit() and (text[at - 1 : at].isdigit() or mark in _NARROW_COMMAS):
            return 0
    if mark in _NARROW_STOPS + _NARROW_COMMAS:
        return _narrow(text, at)
    if after == mark and mark in _DASHES:
        return 0
    if hurry:
        return at + 1
    end = _behind(text, at)
    return end if end < len(text) else None


def _narrow(text: str, at: int) -> int | None:
    """A mark of Latin scripts closes a clause where a space or Chinese follows, not within a number, a name, an abbreviation."""
    end = _behind(text, at)
    if end == len(text):
        return None
    after = text[end]
    if text[at] == ";" and _ENTITY.search(text, 0, at):
        return 0
    if not after.isspace() and not _WIDE.match(after):
        return 0
    if text[at] == ".":
        head = text[: at + 1]
        # "1." begins a list, "Dr." a name.
        if _ABBREVIATION.search(head) or head.rsplit("\n", 1)[-1].strip()[:-1].isdigit():
            return 0
        if _NUMBERED.search(head):
            if end + 1 == len(text):
                return None
            if text[end + 1].isdigit():
                return 0
    return end + 1 if after.isspace() else end


def _behind(text: str, at: int) -> int:
    """Behind what closes with this mark."""
    end = at + 1
    while end < len(text) and (text[end] in _WIDE_STOPS + _NARROW_STOPS or text[end] in _CLOSERS):
        end += 1
    return end


def _is_inside(line: str) -> bool:
    return bool(_OPEN.search(_SPAN.sub("", line)))
