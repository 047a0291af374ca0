"""The text so far, out of results that come one after another and correct one another."""

from __future__ import annotations

from salon.wire.iflytek_speech.frames import Sentence

#: Results of one session; one of 60 s has some hundred.
MOST = 4096


class Transcript:
    """Results by number. With dynamic correction (``dwa`` is ``wpgs``) a later one may take the place of earlier ones."""

    def __init__(self) -> None:
        self._results: dict[int, str] = {}
        self._corrects = False

    def put(self, sentence: Sentence) -> None:
        self._corrects = self._corrects or sentence.pgs is not None
        if sentence.pgs == "rpl" and sentence.rg is not None and len(sentence.rg) == 2:
            first, last = sentence.rg
            self._results = {number: text for number, text in self._results.items() if not first <= number <= last}
        if len(self._results) < MOST or sentence.sn in self._results:
            self._results[sentence.sn] = sentence.text

    @property
    def text(self) -> str:
        return "".join(text for _, text in sorted(self._results.items()))

    @property
    def stable(self) -> int:
        """Characters that stay as they are: all without correction; with it any result may still be replaced."""
        return 0 if self._corrects else len(self.text)
