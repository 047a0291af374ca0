"""What was heard of an answer: from milliseconds that were played to the words that were in them.

The text that is shown and the text that is spoken differ where Markdown, an address or code was made speakable. Both are kept,
clause by clause. Where a synthesiser tells when its words are, those times are the truth; else time is shared out by how long the
words take to say.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import inf

import msgspec

from salon.base.speech import Word
from salon.turn.aligned import Aligned
from salon.turn.words import BEAT_MS, Piece, pieces

# A word whose last sound is still in the listener's buffer was heard.
TOLERANCE_MS = 30
END_BEATS = 0.5
_CLOSING = "*_~`"


class Clause(msgspec.Struct, frozen=True):
    """``shown`` stands in the answer; ``said``, made of it, was given to the synthesiser, at place ``at`` of all that was."""

    shown: str
    said: Aligned
    at: int

    @property
    def spoken(self) -> str:
        return self.said.text


class Playout:
    """Of one message, as it is being spoken."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self.length_ms = 0.0
        self.finished = False
        self.most_ms = inf
        """Of it, no more than this was heard."""
        self._given = 0
        self._words: list[Word] = []
        # At this many ms, this many characters were spoken.
        self._marks: list[tuple[float, int]] = [(0.0, 0)]
        self._trimmed = 0.0

    @property
    def shown(self) -> str:
        return "".join(clause.shown for clause in self.clauses)

    def clause(self, shown: str, said: Aligned | None = None) -> None:
        """The next one that is given to the synthesiser, as it is shown where nothing else is said for it."""
        said = Aligned(shown) if said is None else said
        self.clauses.append(Clause(shown, said, self._given))
        self._given += len(said.text)

    def trim(self, ms: float) -> None:
        """That much silence was taken off the start: the synthesiser's times count it."""
        self._trimmed += ms

    def sound(self, ms: float, words: tuple[Word, ...] = (), said: int | None = None) -> None:
        """So much more audio, and what the synthesiser says about it."""
        self.length_ms += ms
        self._words.extend(words)
        if said is not None and said > self._marks[-1][1]:
            self._marks.append((self.length_ms, said))

    def finish(self) -> None:
        self.finished = True
        if self._given > self._marks[-1][1] and self.length_ms > self._marks[-1][0]:
            self._marks.append((self.length_ms, self._given))

    def heard(self, ms: float) -> str:
        """The text as it is shown, up to the last word that was spoken to its end at ``ms``."""
        if ms >= self.length_ms - 1 and self.finished:
            return self.shown
        place = self._place(ms)
        text = ""
        for clause in self.clauses:
            if clause.at + len(clause.spoken) <= place:
                text += clause.shown
                continue
            if place > clause.at:
                text += _share(clause, place - clause.at)
            break
        return text.rstrip()

    def said(self, start: float, end: float) -> str:
        """The text as it is shown of the words that are spoken, wholly or in part, in that time."""
        words = [word for word in self.words() if word.start <= end and word.end >= start]
        return self.shown[words[0].at : words[-1].at + len(words[-1].text)] if words else ""

    def begun(self, ms: int) -> int:
        """Where the word began that sounds at ``ms``."""
        return max((word.start for word in self.words() if word.start <= ms), default=ms)

    def words(self) -> list[Word]:
        """When each word of the text as it is shown is spoken, as far as that is known: for subtitles."""
        found: list[Word] = []
        at = 0
        for clause in self.clauses:
            for piece in pieces(clause.shown):
                if not piece.is_pause:
                    start = self._when(clause.at + clause.said.begins(piece.start))
                    end = self._when(clause.at + clause.said.finishes(piece.end))
                    found.append(Word(clause.shown[piece.start : piece.end], start, max(start, end), at + piece.start))
            at += len(clause.shown)
        return found

    def _place(self, ms: float) -> int:
        """How much of what was given to the synthesiser is spoken to its end."""
        if self._words:
            place = 0
            for word in self._words:
                if word.end - self._trimmed <= ms + TOLERANCE_MS:
                    place = max(place, word.at + len(word.text))
            # What stands behind the last word, up to the next, is no sound.
            later = [word.at for word in self._words if word.at >= place]
            return min(later) if later else (self._given if self.finished and place else place)
        index = bisect_right(self._marks, (ms, 1 << 60)) - 1
        began, said = self._marks[index]
        text = "".join(clause.spoken for clause in self.clauses)
        if index + 1 < len(self._marks):
            ended, until = self._marks[index + 1]
            within = _stretch(text[said:until])
            per_beat = _per_beat(within, ended - began)
        else:
            within, per_beat = pieces(text[said : self._given]), float(BEAT_MS)
        place, moment = said, began
        for piece in within:
            moment += piece.beats * per_beat
            if moment > ms + TOLERANCE_MS:
                break
            place = said + piece.end
        return place

    def _when(self, spoken: int) -> int:
        """When what was given to the synthesiser is spoken up to that place."""
        if self._words:
            known = [word for word in self._words if word.at <= spoken]
            if not known:
                return 0
            word = known[-1]
            share = min((spoken - word.at) / max(len(word.text), 1), 1.0)
            return max(round(word.start + share * (word.end - word.start) - self._trimmed), 0)
        text = "".join(each.spoken for each in self.clauses)
        marks: list[tuple[float | None, int]] = [*self._marks]
        if self._marks[-1][1] < self._given:
            marks.append((None, self._given))
        for (began, said), (ended, until) in pairwise(marks):
            if spoken <= until:
                within = pieces(text[said:until]) if ended is None else _stretch(text[said:until])
                per_beat = BEAT_MS if ended is None else _per_beat(within, ended - (began or 0.0))
                return round(
                    (began or 0.0) + per_beat * sum(piece.beats for piece in within if said + piece.end <= spoken)
                )
        return round(self.length_ms)


def _stretch(text: str) -> list[Piece]:
    """The pieces of a text with a sound of its own, which is over soon behind its last word."""
    found = pieces(text)
    if found and found[-1].is_pause:
        found[-1] = msgspec.structs.replace(found[-1], beats=END_BEATS)
    return found


def _per_beat(within: list[Piece], ms: float) -> float:
    total = sum(piece.beats for piece in within)
    return ms / total if total else 0.0


def _share(clause: Clause, place: int) -> str:
    """The part of a clause as it is shown that was spoken up to ``place``, with the signs that close its emphasis."""
    end = clause.said.source(place)
    while clause.shown[end : end + 1] in _CLOSING and end < len(clause.shown):
        end += 1
    return clause.shown[:end]
