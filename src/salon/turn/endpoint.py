"""When a turn is over: after how much silence.

``server_vad`` waits as long as the client said. ``semantic_vad`` waits as long as the words ask for: little behind a finished
sentence, long behind "because" or "那个" or in the middle of a number. Where a model judges by the sound, it moves that wait: the
surer it is that the person has finished, the shorter; the surer that they have not, the longer. Times are ms of the audio.
"""

from __future__ import annotations

from salon.base.session import SemanticVad, ServerVad, TurnDetection
from salon.turn.completeness import Completeness, judge

WAITS = {
    Completeness.FINISHED: 380,
    Completeness.PLAIN: 380,
    Completeness.OPEN: 720,
    Completeness.UNKNOWN: 720,
    Completeness.DICTATING: 1300,
    Completeness.TRAILING: 2000,
}
"""ms of silence at medium eagerness."""
FACTORS = {"low": 2.0, "medium": 1.0, "auto": 1.0, "high": 0.6}
LONGEST = {"low": 8000, "medium": 4000, "auto": 4000, "high": 2000}
"""What the protocol's guide gives as the longest waits."""
SURE = 280
"""ms of silence at medium eagerness where a turn model is certain that it was the end."""
UNFINISHED = (Completeness.DICTATING, Completeness.TRAILING)


class Endpoint:
    """Of one turn. ``due`` is when it is over, None while somebody speaks."""

    def __init__(self, detection: TurnDetection) -> None:
        self.detection = detection
        self._since: int | None = None
        self._text = ""
        self._finished: float | None = None

    @property
    def due(self) -> int | None:
        return None if self._since is None else self._since + self.wait

    @property
    def wait(self) -> int:
        detection = self.detection
        if isinstance(detection, ServerVad):
            return detection.silence_duration_ms
        words = judge(self._text)
        if self._finished is None or words in UNFINISHED:
            # Words that cannot end a sentence tell more than its melody.
            return wait(words, detection)
        return moved(words, self._finished, detection)

    def onset(self) -> None:
        """Somebody speaks, or goes on."""
        self._since = None
        self._finished = None

    def offset(self, at: int) -> None:
        self._since = at

    def heard(self, text: str) -> None:
        """What was understood of the turn so far."""
        self._text = text

    def judged(self, probability: float) -> None:
        """What an audio turn model makes of this pause: how likely it is that the turn is over."""
        self._finished = probability


def wait(judged: Completeness, detection: SemanticVad) -> int:
    return min(round(WAITS[judged] * FACTORS[detection.eagerness]), LONGEST[detection.eagerness])


def moved(words: Completeness, finished: float, detection: SemanticVad) -> int:
    """The wait that the words ask for, moved by a turn model: at 0.5 it stands, at 1 it is ``SURE``, at 0 the longest, or that of
    a trailing word where the words sound finished."""
    here = wait(words, detection)
    if finished >= 0.5:
        least = min(round(SURE * FACTORS[detection.eagerness]), here)
        return round(here - (here - least) * (2 * finished - 1))
    most = wait(Completeness.TRAILING, detection) if words is Completeness.FINISHED else LONGEST[detection.eagerness]
    return round(here + (most - here) * (1 - 2 * finished))
