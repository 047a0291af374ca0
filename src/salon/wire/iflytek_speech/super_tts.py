"""超拟人 TTS: ``wss://cbm01.cn-huabei-1.xf-yun.com/v1/private/mcd9m97e6``. The text may come in pieces while it is spoken,
64 KB of it in a connection."""

from __future__ import annotations

from typing import Any

import msgspec

from salon.wire.iflytek_speech.frames import FIRST, LAST, Audio, decoded, encoded, in_base64, out_of_base64

URL = "wss://cbm01.cn-huabei-1.xf-yun.com/v1/private/mcd9m97e6"
RATE = 24_000
#: Bytes of text in UTF-8, with room for one more piece.
MOST = 60_000


def encode(status: int, seq: int, text: str, *, app_id: str, voice: str, speed: int) -> str:
    """One frame, the ``seq``-th from 0. ``speed`` is 0 to 100, 50 the usual."""
    said = {"encoding": "utf8", "compress": "raw", "format": "plain", "status": status, "seq": seq}
    frame: dict[str, Any] = {
        "header": {"app_id": app_id, "status": status},
        "payload": {"text": {**said, "text": in_base64(text.encode("utf-8", "replace"))}},
    }
    if status == FIRST or seq == 0:
        audio = {"encoding": "raw", "sample_rate": RATE, "channels": 1, "bit_depth": 16, "frame_size": 0}
        tts = {"vcn": voice, "speed": speed, "volume": 50, "pitch": 50, "bgs": 0, "reg": 0, "rdn": 0, "rhy": 0}
        frame["parameter"] = {"tts": {**tts, "audio": audio}}
        if not voice.startswith("x5_"):
            # "oral is not for x5 voices". Salon's models decide what is said, so nothing is made more colloquial.
            frame["parameter"]["oral"] = {"oral_level": "mid", "spark_assist": 0}
    return encoded(frame)


class _Header(msgspec.Struct):
    code: int = 0
    message: str | None = None
    sid: str | None = None
    status: int | None = None


class _Sound(msgspec.Struct):
    status: int | None = None
    audio: str | None = None


class _Payload(msgspec.Struct):
    audio: _Sound | None = None


class _Answer(msgspec.Struct):
    header: _Header
    payload: _Payload | None = None


_decoder = msgspec.json.Decoder(_Answer)


def decode(data: str | bytes) -> Audio:
    """Raises ``BadAnswer``."""
    answer = decoded(data, _decoder)
    header = answer.header
    sound = (answer.payload.audio if answer.payload else None) or _Sound()
    # "finished at payload.audio.status 2"
    return Audio(header.code, header.message or "", header.sid or "", sound.status == LAST, out_of_base64(sound.audio))
