"""TTS v2 (在线语音合成): ``wss://tts-api.xfyun.cn/v2/tts``, one request of less than 8000 bytes of text in a connection."""

from __future__ import annotations

import msgspec

from salon.wire.iflytek_speech.frames import LAST, Audio, decoded, encoded, in_base64, out_of_base64

URL = "wss://tts-api.xfyun.cn/v2/tts"
RATE = 16_000
#: Bytes of text in UTF-8.
MOST = 7_900


def encode(text: str, *, app_id: str, voice: str, speed: int) -> str:
    """The request. ``speed`` is 0 to 100, 50 the usual."""
    business = {"aue": "raw", "auf": f"audio/L16;rate={RATE}", "vcn": voice, "speed": speed, "tte": "UTF8"}
    data = {"status": LAST, "text": in_base64(text.encode("utf-8", "replace"))}
    return encoded({"common": {"app_id": app_id}, "business": business, "data": data})


class _Data(msgspec.Struct):
    status: int | None = None
    audio: str | None = None
    ced: str | int | None = None


class _Answer(msgspec.Struct):
    code: int = 0
    message: str | None = None
    sid: str | None = None
    data: _Data | None = None


_decoder = msgspec.json.Decoder(_Answer)


def decode(data: str | bytes) -> Audio:
    """Raises ``BadAnswer``."""
    answer = decoded(data, _decoder)
    inner = answer.data or _Data()
    # "ced: how many bytes of the text are synthesised"
    said = str(inner.ced)
    return Audio(
        answer.code,
        answer.message or "",
        answer.sid or "",
        inner.status == LAST,
        out_of_base64(inner.audio),
        int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None,
    )
