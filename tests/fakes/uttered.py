"""Speech that a test can read: every character is 20 ms of one sample value.

What a fake recogniser understands is what was said, character for character, so that audio which is lost, doubled, late or out
of order shows as text; what a fake synthesiser says can be read back.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby

import numpy as np

from salon.providers.speech_check import SAID, utterance

#: ms of one character, and of the silence after it that tells it from the next of its kind.
SOUND, PAUSE = 20, 5

utterance = cache(utterance)


def uttered(text: str, rate: int = 16_000) -> bytes:
    """PCM of a text in the Basic Multilingual Plane."""
    sound, pause = rate * SOUND // 1000, rate * PAUSE // 1000
    return b"".join(
        np.full(sound, ord(each), dtype="<u2").tobytes() + bytes(2 * pause) for each in text if 0 < ord(each) < 0x10000
    )


def understood(pcm: bytes) -> str:
    if utterance().startswith(pcm) or utterance() in pcm:
        # What ``salon check`` says is speech.
        return SAID if len(pcm) >= len(utterance()) else ""
    values = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<u2").tolist()
    return "".join(chr(value) for value, _ in groupby(values) if value and not 0xD800 <= value < 0xE000)
