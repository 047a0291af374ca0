"""The OpenAI Realtime protocol, general availability: client events in, server events out.

``decode`` makes a text frame into a command, ``Encoder`` an event into a text frame. The shapes are those of OpenAI's
published schema (``Realtime*`` in openai-openapi) within what six independent clients accept: every id and index present,
milliseconds as integers, no null inside a part, ``arguments`` always a string, usage always there.
"""

from salon.wire.openai_realtime.decode import CLIENT_EVENTS, decode, decode_session
from salon.wire.openai_realtime.encode import SERVER_EVENTS, Encoder, encode_session

__all__ = ["CLIENT_EVENTS", "SERVER_EVENTS", "Encoder", "decode", "decode_session", "encode_session"]
