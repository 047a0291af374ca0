"""What is said between a voice and those who hear and speak for it, in no vendor's dialect.

Audio is PCM: signed 16 bits, little-endian, one channel. Recognisers take 16 kHz; a synthesiser says of each chunk at which
rate it is. Times are milliseconds from the start of the session's audio; places in a text count characters (code points).
"""

from __future__ import annotations

import msgspec

#: Samples a second of all audio that a recogniser is given.
ASR_RATE = 16_000
#: Bytes of one sample.
SAMPLE = 2


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word, or a character where the language has no spaces, from ``start`` to ``end`` ms.

    ``at`` is its place in the text that was to be spoken, or in the text of the ``Final`` it belongs to.
    """

    text: str
    start: int
    end: int
    at: int = 0


class AsrOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to listen. ``language`` is BCP 47 (``zh``, ``en-GB``), empty for what the recogniser finds by itself or has as default.

    ``hints`` are words and names that are likely to be said. ``prompt`` is text that came before, for recognisers that
    can use it.
    """

    language: str = ""
    hints: tuple[str, ...] = ()
    prompt: str = ""


class TtsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak. ``voice`` is the house's own name for it; empty is the house's default for the language of the text.

    ``language`` is BCP 47; empty is told from the text. ``speed`` is a factor, 0.5 to 2. ``instructions`` says in words how to
    sound, for synthesisers that can use it.
    """

    voice: str = ""
    language: str = ""
    speed: float = 1.0
    instructions: str = ""


class AsrUsage(msgspec.Struct, frozen=True):
    """What a house counts: ``audio`` ms that were heard; tokens where it counts those too."""

    audio: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class TtsUsage(msgspec.Struct, frozen=True):
    """``characters`` that were to be spoken, ``audio`` ms that came of it."""

    characters: int = 0
    audio: int = 0


class Partial(msgspec.Struct, frozen=True):
    """The whole utterance as it is understood so far; it takes the place of every earlier one.

    The first ``stable`` characters will not change any more; the rest may be corrected, and may become shorter.
    """

    text: str
    stable: int = 0


class Final(msgspec.Struct, frozen=True):
    """The whole utterance as it was understood. Empty where nothing was. ``model`` is ``house:model`` of who heard it.

    ``words`` are there where the recogniser knows their times. ``language`` is what was heard, BCP 47, or empty.
    """

    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    usage: AsrUsage | None = None
    model: str = ""


class Speech(msgspec.Struct, frozen=True):
    """A piece of what is spoken; never empty. ``rate`` is in samples a second, and stays the same within a session unless a
    chain goes on to another house.

    ``words`` begin in this piece or, where the house tells late, in an earlier one. ``said`` is how many characters of the
    text are spoken when this piece has been played; None where the house does not tell.
    """

    pcm: bytes
    rate: int
    words: tuple[Word, ...] = ()
    said: int | None = None

    @property
    def milliseconds(self) -> float:
        return len(self.pcm) / SAMPLE / self.rate * 1000


class Spoken(msgspec.Struct, frozen=True):
    """All of the text has been spoken. ``model`` is ``house:model`` of who spoke (last)."""

    usage: TtsUsage | None = None
    model: str = ""


Heard = Partial | Final
Frame = Speech | Spoken
