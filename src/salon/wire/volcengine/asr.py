"""Streaming recognition ("sauc"): one request, then packets of audio, 200 ms each at best; every answer has the whole text."""

from __future__ import annotations

import msgspec

from salon.base.errors import BadAnswer
from salon.base.speech import Word
from salon.wire.volcengine.codes import HOUSE
from salon.wire.volcengine.frame import AUDIO, JSON, LAST_SEQUENCE, REQUEST, SEQUENCE, Frame, encode

URL = "wss://openspeech.bytedance.com/api/v3/sauc/bigmodel_async"


def request(*, hints: tuple[str, ...] = (), user: str = "salon") -> bytes:
    """The first frame."""
    options: dict[str, object] = {
        "model_name": "bigmodel",
        "enable_itn": True,
        "enable_punc": True,
        "show_utterances": True,
        "result_type": "full",
    }
    if hints:
        words = {"hotwords": [{"word": hint} for hint in hints]}
        options["corpus"] = {"context": msgspec.json.encode(words).decode()}
    audio = {"format": "pcm", "codec": "raw", "rate": 16000, "bits": 16, "channel": 1}
    payload = msgspec.json.encode({"user": {"uid": user}, "audio": audio, "request": options})
    return encode(Frame(type=REQUEST, flags=SEQUENCE, serialization=JSON, sequence=1, payload=payload))


def audio(sequence: int, pcm: bytes, *, last: bool = False) -> bytes:
    """A packet, the ``sequence``-th frame. The last may be empty."""
    if last:
        return encode(Frame(type=AUDIO, flags=LAST_SEQUENCE, sequence=-sequence, payload=pcm))
    return encode(Frame(type=AUDIO, flags=SEQUENCE, sequence=sequence, payload=pcm))


class _Word(msgspec.Struct):
    text: str | None = None
    start_time: int | None = None
    end_time: int | None = None


class _Utterance(msgspec.Struct):
    text: str | None = None
    definite: bool | None = None
    words: list[_Word] | None = None


class _Result(msgspec.Struct):
    text: str | None = None
    utterances: list[_Utterance] | None = None


class _Answer(msgspec.Struct):
    result: _Result | None = None


class Heard(msgspec.Struct, frozen=True):
    """The whole text as it stands. The first ``stable`` characters are of sentences that are final."""

    text: str
    stable: int
    words: tuple[Word, ...]
    last: bool


_decoder = msgspec.json.Decoder(_Answer)


def heard(frame: Frame) -> Heard:
    """Raises ``BadAnswer``."""
    try:
        answer = _decoder.decode(frame.payload or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadAnswer(f"Volcengine's answer cannot be read: {error}", house=HOUSE) from error
    result = answer.result or _Result()
    text = result.text or ""
    utterances = result.utterances or []
    stable = 0
    for each in utterances:
        if not each.definite or not text.startswith(each.text or "", stable):
            break
        stable += len(each.text or "")
    words, place = [], 0
    for word in (word for each in utterances for word in each.words or ()):
        said, start = word.text or "", word.start_time
        at = text.find(said, place) if said else -1
        if at < 0 or start is None or start < 0:
            continue
        words.append(Word(said, start, max(start, word.end_time or 0), at))
        place = at + len(said)
    return Heard(text, stable, tuple(words), frame.last)
