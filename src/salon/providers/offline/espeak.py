"""espeak-ng by ctypes: text in, PCM and the times of its words out.

The library keeps one voice and one callback for the whole process, so that one thread at a time may use it; a text is spoken a
thousand times faster than it can be played, and waiting for one another costs nothing. Functions, event types and flags are
those of ``espeak-ng/speak_lib.h``.
"""

from __future__ import annotations

import ctypes
from functools import cache
from threading import Lock
from typing import Any

from salon.base.errors import BadRequest, ProviderError
from salon.base.speech import Word

try:
    import espeakng_loader
except ImportError:
    espeakng_loader = None

HOUSE = "offline"

# espeak_AUDIO_OUTPUT: "SYNCHRONOUS: synthesis thread is not used; espeak_Synth returns when all is spoken".
_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_RATE = 1
# espeak_EVENT_TYPE. The list of one callback ends with the first of type 0.
_LIST_TERMINATED, _WORD, _END = 0, 1, 5
# "espeakRATE: speaking speed in word per minute. Values 80 to 450", and the usual one.
_SLOWEST, _USUAL, _FASTEST = 80, 170, 450
# How much audio one callback brings, in ms.
_BUFFER = 100

_lock = Lock()


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def is_installed() -> bool:
    return espeakng_loader is not None


@cache
def _library() -> tuple[Any, int]:
    """The library and its samples a second. Called with the lock held."""
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
    except (OSError, RuntimeError) as error:
        raise ProviderError(f"espeak-ng cannot be loaded: {error}", house=HOUSE) from error
    rate = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER, data.encode(), 0)
    if rate <= 0:
        raise ProviderError("espeak-ng does not find its data.", house=HOUSE, advice="Install salon[offline] again.")
    return library, rate


def speak(text: str, voice: str, speed: float) -> tuple[bytes, int, list[Word]]:
    """PCM, its samples a second, and the words with times and places within ``text``. Blocks: call it on a thread.

    ``voice`` is a voice or language of espeak-ng (``en-us``, ``cmn``, ``en+f3``). Raises ``BadRequest`` for others.
    """
    with _lock:
        library, rate = _library()
        if library.espeak_SetVoiceByName(voice.encode()):
            raise BadRequest(
                f'espeak-ng has no voice "{voice}".', house=HOUSE, advice="Voices are en-us, en, cmn, yue, de, fr, …"
            )
        library.espeak_SetParameter(_RATE, round(min(max(_USUAL * speed, _SLOWEST), _FASTEST)), 0)
        audio = bytearray()
        marks: list[tuple[int, int, int, int]] = []

        def take(samples: Any, count: int, events: Any) -> int:
            if samples and count:
                audio.extend(ctypes.string_at(samples, count * 2))
            place = 0
            while (event := events[place]).type != _LIST_TERMINATED:
                if event.type in (_WORD, _END):
                    marks.append((event.type, event.audio_position, event.text_position, event.length))
                place += 1
            return 0

        callback = _Callback(take)  # kept alive until the call is over
        library.espeak_SetSynthCallback(callback)
        written = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
        failed = library.espeak_Synth(written, len(written), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
    if failed:
        raise ProviderError(f"espeak-ng failed with code {failed}.", house=HOUSE)
    return bytes(audio), rate, _words(text, marks)


def _words(text: str, marks: list[tuple[int, int, int, int]]) -> list[Word]:
    """A word ends where the next one or the sentence does, in time and in the text: several characters that make one word in
    Chinese get one event, at the first of them. Positions in the text begin with 1."""
    words = []
    for mark, after in zip(marks, [*marks[1:], *marks[-1:]], strict=True):
        kind, start, place, length = mark
        _, end, next_place, _ = after
        until = max(next_place - 1, place - 1 + length) if after is not mark else len(text)
        said = text[place - 1 : until]
        while said and not said[-1].isalnum():
            said = said[:-1]
        if kind == _WORD and place > 0 and said:
            words.append(Word(said, start, max(start, end), place - 1))
    return words
