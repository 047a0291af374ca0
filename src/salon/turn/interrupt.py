"""Somebody speaks while we do: go quiet at once, then decide.

::

    clear --onset--> ducked --words that are no nod, or a voice that stays--> clear (stop)
                     ducked --a nod, our own echo, a cough-----------------> clear (resume)

Times are milliseconds of the audio. Where we fall silent at once, the listener hears the same whether the decision takes 300
ms or 800, so that it can wait for words: half of all nods last longer than the shortest questions. Where the client plays what it
has, until it is told, it cannot.
"""

from __future__ import annotations

from enum import Enum

from salon.turn.overlap import Overlap, classify

CONFIRM_MS = 300
"""A voice that lasts this long means it, where we are still heard meanwhile."""
WORDLESS_MS = 700
"""The same where we are silent meanwhile, and no words come before the voice ends."""
NOD_MS = 1200
"""A nod that goes on for this long is none."""
LATE_MS = 2400
"""A voice without words that lasts this long means it, where words come: they are late. What is shorter is the next table's."""
VERDICT_MS = 600
"""How long after a short sound its words are waited for."""
GREETING_MS = 2000
"""While the first words of ours are heard, echo cancellers have not learned the room yet: only words interrupt."""


class Verdict(Enum):
    DUCK = "duck"
    STOP = "stop"
    RESUME = "resume"


class Interrupt:
    """``waits_for_words``: there is a recogniser that tells what it understands while somebody speaks. ``silent``: a duck
    silences us at once."""

    def __init__(self, *, waits_for_words: bool = True, silent: bool = True) -> None:
        self._words_come = waits_for_words
        self._silent = silent
        self._patience = 0
        self._onset: int | None = None
        self._offset: int | None = None
        self._seen = Overlap.NOTHING
        self._guarded = False

    @property
    def ducked(self) -> bool:
        return self._onset is not None

    def onset(self, at: int, *, guarded: bool = False) -> Verdict | None:
        """A voice, while ours is heard. ``guarded``: it may be our own (see ``GREETING_MS``)."""
        if self._onset is not None:
            # A second sound before the first was judged: it goes on.
            self._offset = None
            return None
        self._onset, self._offset = at, None
        self._patience = (LATE_MS if self._words_come else WORDLESS_MS) if self._silent else CONFIRM_MS
        self._seen, self._guarded = Overlap.NOTHING, guarded and self._words_come
        return Verdict.DUCK

    def offset(self, at: int) -> None:
        self._offset = at

    def words(self, text: str, ours: str, *, final: bool = False) -> Verdict | None:
        """What was understood of it so far."""
        if self._onset is None:
            return None
        self._seen = classify(text, ours, whole=final)
        if self._seen is Overlap.SPEECH:
            return self._end(Verdict.STOP)
        if final and self._offset is not None:
            return self._end(Verdict.RESUME)
        return None

    def wordless(self) -> Verdict | None:
        """The recogniser failed: of this sound there will be no words, and its length decides."""
        if self._onset is None:
            return None
        self._guarded = False
        if self._offset is not None and self._offset - self._onset >= WORDLESS_MS:
            return self._end(Verdict.STOP)
        self._patience = min(self._patience, WORDLESS_MS)
        return None

    def wake(self, now: int, sounded: int) -> Verdict | None:
        """Time has passed; the last sound so far was at ``sounded``."""
        if self._onset is None:
            return None
        if self._offset is not None:
            return self._end(Verdict.RESUME) if now - self._offset >= VERDICT_MS else None
        patience = self._patience
        if self._seen is not Overlap.NOTHING or self._guarded:
            patience = max(patience, NOD_MS) if self._seen is Overlap.NOTHING else NOD_MS
        if self._seen is Overlap.ECHO:
            return None
        return self._end(Verdict.STOP) if sounded - self._onset >= patience else None

    def forget(self) -> None:
        """Ours is not heard any more: there is nothing to interrupt."""
        self._onset = None

    def _end(self, verdict: Verdict) -> Verdict:
        self._onset = None
        return verdict
