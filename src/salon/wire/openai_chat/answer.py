"""The bytes of a streamed answer, turned into deltas.

Lines end with LF or CRLF. ``data:`` lines hold a JSON object each, with or without a space after the colon; the line
``data: [DONE]`` ends the answer; comments (``: keep-alive``), other fields and empty lines mean nothing. A line of bare JSON
is read as data: some houses report an error that way after HTTP 200.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from salon.base.chat import (
    Delta,
    Finished,
    FinishReason,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    Usage,
)
from salon.base.errors import BadAnswer, Overloaded
from salon.base.ids import NewId
from salon.wire.openai_chat.calls import Calls, Piece
from salon.wire.openai_chat.failure import failure, failure_of
from salon.wire.openai_chat.thinking import ThinkSplitter

# No house sends a longer line; who does is not speaking this protocol.
LONGEST_LINE = 4 * 1024 * 1024
MOST_STRANGE = 16 * 1024


NO_USAGE = msgspec.Raw(b"null")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Said(msgspec.Struct):
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[Piece] | Piece | None = None


class _Choice(msgspec.Struct):
    delta: _Said | None = None
    # A house that does not stream answers with a whole message.
    message: _Said | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    # Some houses send it with every chunk; only the last one is looked at.
    usage: msgspec.Raw = NO_USAGE
    error: Any = None
    code: int | str | None = None
    message: Any = None
    type: Any = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    # DeepSeek's own name for cached tokens, older than OpenAI's.
    prompt_cache_hit_tokens: int | None = None


_decode = msgspec.json.Decoder(_Chunk).decode
_decode_usage = msgspec.json.Decoder(_Usage, strict=False).decode

# What is not here means that the model has said what it had to say.
REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
}
# "insufficient_system_resource: the request is interrupted due to insufficient resource of the inference system" (DeepSeek).
BROKEN_OFF = frozenset({"insufficient_system_resource", "network_error", "error"})
# Spark's chunks have ``"code": 0``; an error is ``{"code": 10907, "message": …}`` and nothing else.
NO_ERROR = frozenset({None, 0, "0", "", 200, "200"})


class ChunkReader:
    """Reads one answer. ``feed`` it bytes as they come; ``finish`` at ``done`` or at the end of the stream.

    ``name`` is the model as ``house:model``; ``new_id`` makes ids for function calls that come without one. Both methods
    raise ``ProviderError``: what the house reports, or ``BadAnswer`` for what is not this protocol.

    Hot path, 5 us a delta: one decode into structs, no string handled twice, nothing kept of what has been passed on.
    """

    def __init__(self, name: str, *, new_id: NewId, secrets: Sequence[str] = ()) -> None:
        self.done = False
        self._name = name
        self._house = name.partition(":")[0]
        self._secrets = secrets
        self._buffer = bytearray()
        self._thinking: ThinkSplitter | None = ThinkSplitter()
        self._calls = Calls(self._house, new_id)
        self._finish_reason: str | None = None
        self._usage = NO_USAGE
        self._chunks = 0
        # Lines that are no SSE, for the error message and for houses that answer in indented JSON.
        self._strange = bytearray()

    def feed(self, data: bytes) -> list[Delta]:
        """What these bytes complete: none, one or many deltas."""
        out: list[Delta] = []
        end = data.rfind(b"\n")
        if end < 0:
            self._buffer += data
            if len(self._buffer) > LONGEST_LINE:
                raise self._bad("sent a line without end")
            return out
        if self._buffer:
            self._buffer += data[:end]
            lines = self._buffer.split(b"\n")
            self._buffer = bytearray(data[end + 1 :])
        else:
            lines = data[:end].split(b"\n")  # type: ignore[assignment]  # bytes read like a bytearray here
            if end + 1 < len(data):
                self._buffer += data[end + 1 :]
        for line in lines:
            if self.done:
                break
            if line.startswith(b"data:"):
                self._data(line[5:], out)
            elif line and not line.isspace():
                self._other(line, out)
        return out

    def finish(self) -> list[Delta]:
        """What is left to say, with ``Finished`` at the end. Raises ``BadAnswer`` when the answer broke off."""
        out: list[Delta] = []
        if self._buffer and not self.done:
            out = self.feed(b"\n")
        if not (self.done or self._finish_reason):
            if not self._chunks and self._strange:
                raise self._strange_failure()
            raise self._bad("broke off in the middle of its answer" if self._chunks else "sent an empty answer")
        if self._thinking is not None:
            self._thinking.finish(out)
        self._calls.finish(out)
        reason = REASONS.get(self._finish_reason or "", "stop")
        if self._calls and reason != "content_filter":
            # Some houses say "stop" or "length" with calls: what was called counts.
            reason = "tool_calls"
        out.append(Finished(reason, self._read_usage(), self._name))
        return out

    def _data(self, payload: bytes | bytearray, out: list[Delta]) -> None:
        try:
            chunk = _decode(payload)
        except UNREADABLE as error:
            stripped = payload.strip()
            if stripped == b"[DONE]":
                self.done = True
            elif stripped:
                self._unreadable(bytes(stripped), error)
            return
        self._chunks += 1
        if chunk.usage != NO_USAGE:
            self._usage = chunk.usage
        if chunk.error:
            self._reported(payload)
        if chunk.choices:
            for choice in chunk.choices:
                if (said := choice.delta or choice.message) is not None:
                    self._said(said, out)
                if choice.finish_reason:
                    self._finish_reason = choice.finish_reason
                    if choice.finish_reason in BROKEN_OFF:
                        raise Overloaded(
                            f"{self._house} broke off its answer ({choice.finish_reason})", house=self._house
                        )
        elif chunk.code not in NO_ERROR:
            self._reported(payload)

    def _said(self, said: _Said, out: list[Delta]) -> None:
        if reasoning := said.reasoning_content or said.reasoning:
            out.append(ReasoningDelta(reasoning))
        if content := said.content:
            if not isinstance(content, str):
                content = _joined(content)
            if self._thinking is not None:
                self._thinking.feed(content, out)
                if self._thinking.answering:
                    self._thinking = None
            elif content:
                out.append(TextDelta(content))
        if said.tool_calls:
            pieces = said.tool_calls if isinstance(said.tool_calls, list) else [said.tool_calls]
            for piece in pieces:
                if piece.web_search is not None:
                    if references := _references(piece.web_search):
                        out.append(References(references))
                else:
                    self._calls.feed(piece, out)
        if said.refusal:
            # What the model says instead of an answer is its answer.
            out.append(TextDelta(said.refusal))

    def _other(self, line: bytes | bytearray, out: list[Delta]) -> None:
        if line.startswith((b":", b"event:", b"id:", b"retry:", b"data")):
            return
        if line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") and not self._strange:
            self._data(line, out)
        elif len(self._strange) < MOST_STRANGE:
            self._strange += line + b"\n"

    def _unreadable(self, payload: bytes, error: Exception) -> NoReturn:
        try:
            whole = msgspec.json.decode(payload)
        except UNREADABLE:
            whole = None
        if isinstance(whole, dict) and whole.get("error"):
            raise failure_of(0, whole, house=self._house, secrets=self._secrets)
        raise self._bad(f"sent a chunk that cannot be read ({error})") from None

    def _reported(self, payload: bytes | bytearray) -> NoReturn:
        raise failure_of(0, msgspec.json.decode(payload), house=self._house, secrets=self._secrets)

    def _strange_failure(self) -> Exception:
        body = bytes(self._strange)
        try:
            said = msgspec.json.decode(body)
        except UNREADABLE:
            return failure(200, body, house=self._house, secrets=self._secrets)
        return failure_of(0, said, house=self._house, secrets=self._secrets)

    def _bad(self, what: str) -> BadAnswer:
        return BadAnswer(f"{self._house} {what}", house=self._house)

    def _read_usage(self) -> Usage | None:
        if self._usage == NO_USAGE:
            return None
        try:
            usage = _decode_usage(self._usage)
        except UNREADABLE:
            return None
        cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
        details = usage.completion_tokens_details
        return Usage(
            input=usage.prompt_tokens or 0,
            output=usage.completion_tokens or 0,
            cached=cached or usage.prompt_cache_hit_tokens or 0,
            reasoning=(details.reasoning_tokens or 0) if details else 0,
        )


def _joined(parts: list[Any]) -> str:
    """The text of content that comes as a list of parts."""
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _references(search: dict[str, Any]) -> tuple[Reference, ...]:
    """The pages of Spark's ``web_search`` result: ``{"outputs": [{"index", "url", "title"}]}``."""
    outputs = search.get("outputs")
    pages = [page for page in outputs if isinstance(page, dict)] if isinstance(outputs, list) else []
    return tuple(
        Reference(
            index=page["index"] if isinstance(page.get("index"), int) else position,
            url=page["url"],
            title=page["title"] if isinstance(page.get("title"), str) else "",
        )
        for position, page in enumerate(pages, 1)
        if isinstance(page.get("url"), str)
    )
