"""Sound that carries what is said in it, so that a simulated recogniser hears exactly the audio that reached it, and a simulated
listener knows which character each packet was.

Samples of a person's frame are the number of their utterance and of the frame in it; those of our voice the number of the session
and of the character.
"""

from __future__ import annotations

from array import array

FRAME_MS = 20
LOUD = 8000
BASE = 2000
SESSIONS = 28
CHARACTERS = 1000


def person_frame(utterance: int, frame: int) -> bytes:
    """20 ms at 16 kHz."""
    samples = array("h", [LOUD]) * 320
    samples[0], samples[1] = utterance + 1, frame
    return samples.tobytes()


def person_of(frame: bytes) -> tuple[int, int] | None:
    """Utterance and frame; None of silence."""
    samples = array("h", frame)
    return (samples[0] - 1, samples[1]) if len(samples) > 2 and samples[2] == LOUD else None


def voice(session: int, character: int, ms: int) -> bytes:
    """``ms`` at 24 kHz in which that character is spoken."""
    value = BASE + session % SESSIONS * CHARACTERS + character % CHARACTERS
    return (array("h", [value]) * (24 * ms)).tobytes()


def characters_of(frame: bytes) -> list[tuple[int, int]]:
    """Session and character of what is spoken in a frame; nothing where it is silent or on its way to that."""
    values = set(array("h", frame))
    if len(values) > 4 or any(value < BASE for value in values):
        return []
    return sorted(divmod(value - BASE, CHARACTERS) for value in values)
