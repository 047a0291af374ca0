"""Volcengine's speech over WebSocket, client side: one binary frame for streaming recognition and bidirectional synthesis.

Sources: volcengine.com/docs/6561/1354869 (recognition, "sauc") and …/6561/1329505 (synthesis).

::

    Frame --encode--> bytes ... bytes --decode--> Frame
    asr: request, audio ... Frame --heard--> Heard
    tts: start_session, task ... Frame --> audio and sentences
"""

from salon.wire.volcengine import asr, tts
from salon.wire.volcengine.codes import HOUSE, error_for
from salon.wire.volcengine.frame import Frame, decode, encode

__all__ = ["HOUSE", "Frame", "asr", "decode", "encode", "error_for", "tts"]
