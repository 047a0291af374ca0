"""The Spark model's recognition (大模型识别): ``wss://iat.xf-yun.com/v1``, at most 60 s of audio in a session.

Every result is JSON in base64 within the JSON of the frame.
"""

from __future__ import annotations

from typing import Any

import msgspec

from salon.wire.iflytek_speech.frames import (
    FIRST,
    LAST,
    Heard,
    Sentence,
    decoded,
    encoded,
    in_base64,
    out_of_base64,
)

URL = "wss://iat.xf-yun.com/v1"
#: Of dialects and of many languages.
MANY_LANGUAGES_URL = "wss://iat.cn-huabei-1.xf-yun.com/v1"


def encode(
    status: int,
    seq: int,
    pcm: bytes,
    *,
    app_id: str,
    language: str,
    silence: int,
    accent: str = "mandarin",
    hints: tuple[str, ...] = (),
) -> str:
    """One frame, the ``seq``-th from 1. ``language`` is ``zh_cn`` (with English in it) or ``mul_cn``, ``accent`` ``mandarin`` or
    ``mulacc`` (of any dialect). After ``silence`` ms without speech (600 to 60000) the service ends the session."""
    audio = {"encoding": "raw", "sample_rate": 16000, "channels": 1, "bit_depth": 16}
    frame: dict[str, Any] = {
        "header": {"app_id": app_id, "status": status},
        "payload": {"audio": {**audio, "seq": seq, "status": status, "audio": in_base64(pcm)}},
    }
    if status == FIRST:
        result = {"encoding": "utf8", "compress": "raw", "format": "json"}
        iat = {
            "domain": "slm",
            "language": language,
            "accent": accent,
            "eos": silence,
            "dwa": "wpgs",
            "result": result,
        }
        if hints:
            iat["dhw"] = "utf-8;" + "|".join(hint.replace("|", " ") for hint in hints)
        frame["parameter"] = {"iat": iat}
    return encoded(frame)


class _Header(msgspec.Struct):
    code: int = 0
    message: str | None = None
    sid: str | None = None
    status: int | None = None


class _Result(msgspec.Struct):
    status: int | None = None
    text: str | None = None


class _Payload(msgspec.Struct):
    result: _Result | None = None


class _Answer(msgspec.Struct):
    header: _Header
    payload: _Payload | None = None


_decoder = msgspec.json.Decoder(_Answer)
_sentence = msgspec.json.Decoder(Sentence)


def decode(data: str | bytes) -> Heard:
    """Raises ``BadAnswer``."""
    answer = decoded(data, _decoder)
    header = answer.header
    result = (answer.payload.result if answer.payload else None) or _Result()
    text = out_of_base64(result.text)
    return Heard(
        header.code,
        header.message or "",
        header.sid or "",
        LAST in (header.status, result.status),
        decoded(text, _sentence) if text else None,
    )
