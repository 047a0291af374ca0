"""IAT v2 (语音听写): ``wss://iat-api.xfyun.cn/v2/iat``, at most 60 s of audio in a session."""

from __future__ import annotations

from typing import Any

import msgspec

from salon.wire.iflytek_speech.frames import FIRST, LAST, Heard, Sentence, decoded, encoded, in_base64

URL = "wss://iat-api.xfyun.cn/v2/iat"
_AUDIO = {"format": "audio/L16;rate=16000", "encoding": "raw"}


def encode(status: int, pcm: bytes, *, app_id: str, language: str, silence: int) -> str:
    """One frame. ``language`` is ``zh_cn`` or ``en_us``; after ``silence`` ms without speech the service ends the session."""
    frame: dict[str, Any] = {"data": {"status": status, **_AUDIO, "audio": in_base64(pcm)}}
    if status == FIRST:
        business = {"language": language, "domain": "iat", "accent": "mandarin", "vad_eos": silence, "ptt": 1}
        if language == "zh_cn":
            # "dwa: wpgs, dynamic correction, Chinese only"
            business["dwa"] = "wpgs"
        frame = {"common": {"app_id": app_id}, "business": business, **frame}
    return encoded(frame)


class _Data(msgspec.Struct):
    status: int | None = None
    result: Sentence | None = None


class _Answer(msgspec.Struct):
    code: int = 0
    message: str | None = None
    sid: str | None = None
    data: _Data | None = None


_decoder = msgspec.json.Decoder(_Answer)


def decode(data: str | bytes) -> Heard:
    """Raises ``BadAnswer``."""
    answer = decoded(data, _decoder)
    inner = answer.data or _Data()
    return Heard(answer.code, answer.message or "", answer.sid or "", inner.status == LAST, inner.result)
