"""iFlytek's speech over WebSocket, client side: recognition (IAT v2 and the Spark model's), synthesis (TTS v2 and 超拟人).

Sources: xfyun.cn/doc/asr/voicedictation/API.html, …/spark/spark_zh_iat.html, …/tts/online_tts/API.html,
…/spark/super%20smart-tts.html. All four are signed as ``wire.spark_auth`` does it; text frames carry JSON, audio in base64.

::

    first, next, last chunk --iat | spark_iat--> frames ... frames --decode--> Heard --Transcript--> the text so far
    text                    --tts | super_tts--> frames ... frames --decode--> Audio
"""

from salon.wire.iflytek_speech import iat, spark_iat, super_tts, tts
from salon.wire.iflytek_speech.codes import HOUSE, error_for
from salon.wire.iflytek_speech.frames import FIRST, LAST, NEXT, Audio, Heard, Sentence
from salon.wire.iflytek_speech.transcript import Transcript

__all__ = [
    "FIRST",
    "HOUSE",
    "LAST",
    "NEXT",
    "Audio",
    "Heard",
    "Sentence",
    "Transcript",
    "error_for",
    "iat",
    "spark_iat",
    "super_tts",
    "tts",
]
