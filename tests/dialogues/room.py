"""Where a person sits and talks with us: what their microphone hears and what their loudspeaker plays, 20 ms at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.dialogues import sound
from tests.dialogues.script import Dialogue
from tests.dialogues.sound import FRAME, RATE, Samples, Sound

HEARD_RATE = 8000
AUDIBLE = 0.004
"""Root mean square above which our voice can be heard."""
ECHO_MS = 60
"""From the loudspeaker to the microphone."""


@dataclass(frozen=True)
class Word:
    """What was said, and when by the clock."""

    text: str
    start: float
    end: float
    breath: int = 0


class Room:
    """``now`` is the clock, in ms."""

    def __init__(self, dialogue: Dialogue, now: Callable[[], float]) -> None:
        self.now = now
        self.words: list[Word] = []
        self.heard: list[Samples] = []
        self.times: list[float] = []
        self._levels: list[float] = []
        self._sent: list[bool] = []
        self._around = sound.room(dialogue.room, dialogue.snr)
        self._at = 0
        self._sounds: list[tuple[Samples, int]] = []
        self._echo = 0.0
        self._echoes = (0.0, 0.0)

    def say(self, what: Sound) -> tuple[float, float]:
        """It begins now; when by the clock the true onset is, and the true end."""
        now = self.now()
        self._sounds.append((what.samples, 0))
        self.words += [Word(word.text, now + word.start, now + word.end, word.breath) for word in what.words]
        return now + what.onset, now + what.end

    def echo(self, length: int, decibels: float) -> None:
        """For ``length`` ms the microphone hears our voice, so much below the person's."""
        self._echo = sound.SPEECH * 10 ** (decibels / 20)
        self._echoes = (self.now(), self.now() + length)

    def echoed(self, start: float, end: float) -> list[tuple[float, float]]:
        """From when to when our voice was heard by the microphone in that time, pause by pause."""
        first, last = max(start, self._echoes[0]), min(end, self._echoes[1])
        found: list[tuple[float, float]] = []
        for at, level in self._recent(first):
            if at > last or level <= AUDIBLE:
                continue
            if found and at - found[-1][1] <= 50:
                found[-1] = (found[-1][0], at)
            else:
                found.append((at, at))
        return found

    def microphone(self) -> bytes:
        """The next 20 ms, 16 kHz."""
        if self._at + FRAME > self._around.size:
            self._at = 0
        frame = self._around[self._at : self._at + FRAME].copy()
        self._at += FRAME
        going = []
        for samples, at in self._sounds:
            piece = samples[at : at + FRAME]
            frame[: piece.size] += piece
            if at + FRAME < samples.size:
                going.append((samples, at + FRAME))
        self._sounds = going
        if self.now() < self._echoes[1] and len(self.heard) > ECHO_MS // 20:
            late = self.heard[-1 - ECHO_MS // 20]
            # Our voice has a level of its own: about -20 dB of full scale while it sounds.
            frame += np.repeat(late, RATE // HEARD_RATE)[:FRAME] * (self._echo / 0.1)
        return sound.pcm(frame)

    def loudspeaker(self, samples: Samples, *, sent: bool = True) -> None:
        """20 ms that the person hears now, 8 kHz. Not ``sent``: made up by their buffer, where nothing came."""
        now = self.now()
        # On a machine that is late several come together, and it is known of the first of them.
        together = bool(self.times) and now - self.times[-1] < 5 and self._sent[-1]
        self.times.append(now)
        self._sent.append(sent or together)
        self.heard.append(samples)
        self._levels.append(float(np.sqrt(np.mean(samples * samples))))

    @property
    def audible(self) -> bool:
        """Whether our voice is heard now."""
        return bool(self._levels) and max(self._levels[-3:]) > AUDIBLE

    def was_audible(self, start: float, end: float) -> bool:
        return any(level > AUDIBLE for at, level in self._recent(start) if at <= end)

    def last_audible(self, start: float, end: float) -> float | None:
        """When in that time our voice was heard last."""
        return max((at for at, level in self._recent(start) if at <= end and level > AUDIBLE), default=None)

    def first_audible(self, start: float, end: float) -> float | None:
        return min((at for at, level in self._recent(start) if at <= end and level > AUDIBLE), default=None)

    def last_sent(self, start: float, end: float) -> int | None:
        """Which piece of ``heard`` is the last in that time that we sent and that can be heard."""
        for index in reversed(range(len(self.times))):
            if self.times[index] < start:
                return None
            if self.times[index] <= end and self._sent[index] and self._levels[index] > AUDIBLE:
                return index
        return None

    def between(self, start: float, end: float) -> Samples:
        """What was heard in that time."""
        pieces = [piece for at, piece in zip(self.times, self.heard, strict=True) if start <= at <= end]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _recent(self, start: float) -> list[tuple[float, float]]:
        first = len(self.times)
        while first and self.times[first - 1] >= start:
            first -= 1
        return list(zip(self.times[first:], self._levels[first:], strict=True))


def thinned(pcm: bytes, by: int) -> Samples:
    """Each ``by`` samples made one."""
    samples = sound.floats(pcm)
    made: Samples = samples[: samples.size // by * by].reshape(-1, by).mean(axis=1)
    return made
