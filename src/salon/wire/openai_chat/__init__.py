"""OpenAI Chat Completions as a client speaks it, streaming, and what other houses have made of it.

Sources: https://platform.openai.com/docs/api-reference/chat and the pages of DeepSeek, DashScope, Volcengine Ark, Ollama,
vLLM and iFlytek that describe their own versions. A request goes out through ``encode_request``, whose ``Dialect`` says
what a house does differently; the bytes of the answer go through a ``ChunkReader``; an HTTP error goes through ``failure``.
"""

from salon.wire.openai_chat.answer import ChunkReader
from salon.wire.openai_chat.failure import failure
from salon.wire.openai_chat.request import Dialect, encode_request

__all__ = ["ChunkReader", "Dialect", "encode_request", "failure"]
