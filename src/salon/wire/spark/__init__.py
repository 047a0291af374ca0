"""iFlytek Spark's chat over WebSocket, both sides: JSON text frames to the house's words and back.

Source: xfyun.cn/doc/spark/Web.html and X1ws.html. One connection carries one question: the client sends one request
frame, the server answers with frames of status 0 (first), 1 (middle) and 2 (last).

::

    messages, tools, options --encode_request--> frame --decode_request--> Question
    Delta, Delta, …          --AnswerEncoder---> frames --decode_frame---> Frame, Frame, …
    ProviderError            --code_for, encode_error--> frame --decode_frame, error_for--> ProviderError
"""

from salon.wire.spark.codes import CODES, HOUSE, Code, code_for, error_for
from salon.wire.spark.question import Question, decode_request
from salon.wire.spark.request import Dialect, encode_request
from salon.wire.spark.response import AnswerEncoder, Frame, decode_frame, encode_error, new_sid

__all__ = [
    "CODES",
    "HOUSE",
    "AnswerEncoder",
    "Code",
    "Dialect",
    "Frame",
    "Question",
    "code_for",
    "decode_frame",
    "decode_request",
    "encode_error",
    "encode_request",
    "error_for",
    "new_sid",
]
