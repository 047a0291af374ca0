"""Bidirectional synthesis: events with a session's id; text in pieces, audio and sentences back."""

from __future__ import annotations

import msgspec

from salon.wire.volcengine.frame import EVENT, JSON, REQUEST, Frame, encode

URL = "wss://openspeech.bytedance.com/api/v3/tts/bidirection"
RATE = 24_000

START_CONNECTION, FINISH_CONNECTION = 1, 2
CONNECTION_STARTED, CONNECTION_FAILED, CONNECTION_FINISHED = 50, 51, 52
START_SESSION, CANCEL_SESSION, FINISH_SESSION = 100, 101, 102
SESSION_STARTED, SESSION_CANCELED, SESSION_FINISHED, SESSION_FAILED = 150, 151, 152, 153
TASK_REQUEST = 200
SENTENCE_START, SENTENCE_END, RESPONSE = 350, 351, 352


def plain(event: int, session: str = "") -> bytes:
    """An event that has nothing to say."""
    return encode(Frame(type=REQUEST, flags=EVENT, serialization=JSON, event=event, id=session, payload=b"{}"))


def start_session(session: str, *, voice: str, speed: int, user: str = "salon") -> bytes:
    """``speed`` is -50 to 100, 0 the usual."""
    audio = {"format": "pcm", "sample_rate": RATE, "speech_rate": speed}
    return _event(START_SESSION, session, {"speaker": voice, "audio_params": audio}, user)


def task(session: str, text: str, *, voice: str, user: str = "salon") -> bytes:
    """A piece of the text; it may end anywhere."""
    return _event(TASK_REQUEST, session, {"text": text, "speaker": voice}, user)


def _event(event: int, session: str, params: dict[str, object], user: str) -> bytes:
    said = {"user": {"uid": user}, "event": event, "namespace": "BidirectionalTTS", "req_params": params}
    payload = msgspec.json.encode(said)
    return encode(Frame(type=REQUEST, flags=EVENT, serialization=JSON, event=event, id=session, payload=payload))


class _Sentence(msgspec.Struct):
    text: str | None = None


_decoder = msgspec.json.Decoder(_Sentence)


def sentence(frame: Frame) -> str:
    """The text of a sentence that begins; empty where the service does not tell."""
    try:
        return _decoder.decode(frame.payload or b"{}").text or ""
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
