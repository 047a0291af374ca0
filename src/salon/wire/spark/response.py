"""The frames of an answer: read by our client, written by our door.

The door writes the one shape that suits every client: text in frames of status 0 and 1, then a last frame of status 2
that has ``usage`` and no text (``@langchain/community`` passes over the text of a last frame), and no frame without
``choices`` unless labels were asked for (``spark_ai_python`` and ``langchain-community`` break on one).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from salon.base.chat import (
    Delta,
    Finished,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import BadAnswer
from salon.base.surrogates import whole
from salon.wire.spark.codes import HOUSE

FIRST, MIDDLE, LAST = 0, 1, 2


class Call(msgspec.Struct, frozen=True):
    """A function that the model wants called; ``arguments`` is a JSON text."""

    name: str
    arguments: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of an answer. ``code`` other than 0 is an error, and then ``last`` is true."""

    code: int = 0
    message: str = ""
    sid: str = ""
    last: bool = False
    text: str = ""
    reasoning: str = ""
    call: Call | None = None
    references: tuple[Reference, ...] = ()
    usage: Usage | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.text or self.reasoning or self.call or self.references)


class _Header(msgspec.Struct):
    code: int = 0
    message: str | None = None
    sid: str | None = None
    status: int | None = None


class _FunctionCall(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _Text(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    function_call: _FunctionCall | None = None


class _Choices(msgspec.Struct):
    status: int | None = None
    text: list[_Text] | None = None


class _Plugin(msgspec.Struct):
    name: str | None = None
    content: Any = None


class _Plugins(msgspec.Struct):
    text: list[_Plugin] | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Usage(msgspec.Struct):
    text: _Tokens | None = None


class _Payload(msgspec.Struct):
    choices: _Choices | None = None
    plugins: _Plugins | None = None
    usage: _Usage | None = None


class _Response(msgspec.Struct):
    header: _Header
    payload: _Payload | None = None


_decoder = msgspec.json.Decoder(_Response)


def decode_frame(data: str | bytes) -> Frame:
    """Read one frame. Raises ``BadAnswer`` for what is no frame of Spark's."""
    try:
        response = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadAnswer(
            f"Spark answered with something that is no frame of its protocol: {error}",
            house=HOUSE,
            advice="See that the URL leads to Spark's chat and that no proxy changes what it sends.",
        ) from error
    header = response.header
    if header.code != 0:
        return Frame(code=header.code, message=header.message or "", sid=header.sid or "", last=True)
    payload = response.payload or _Payload()
    choices = payload.choices or _Choices()
    texts = choices.text or []
    # header.status and choices.status move together; a frame with plugins only has the former.
    status = choices.status if choices.status is not None else header.status
    return Frame(
        sid=header.sid or "",
        last=status == LAST,
        text="".join(text.content or "" for text in texts),
        reasoning="".join(text.reasoning_content or "" for text in texts),
        call=next(
            (_call(text.function_call) for text in texts if text.function_call and text.function_call.name), None
        ),
        references=_references(payload.plugins),
        usage=_usage(payload.usage),
    )


def _call(call: _FunctionCall) -> Call:
    arguments = call.arguments
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
    return Call(call.name or "", arguments)


def _references(plugins: _Plugins | None) -> tuple[Reference, ...]:
    """What ``ifly_search`` found. Its content is a JSON text: a list of ``{index, url, title}``.

    References adorn an answer: a list that cannot be read is passed over rather than that the answer is lost.
    """
    found: list[Reference] = []
    for plugin in (plugins.text if plugins else None) or ():
        pages: Any = plugin.content
        if isinstance(pages, str):
            try:
                pages = json.loads(pages)
            except (ValueError, RecursionError):
                continue
        for page in pages if isinstance(pages, list) else ():
            if isinstance(page, dict) and isinstance(page.get("url"), str):
                index, title = page.get("index"), page.get("title")
                found.append(
                    Reference(
                        index if isinstance(index, int) else len(found) + 1,
                        page["url"],
                        title if isinstance(title, str) else "",
                    )
                )
    return tuple(found)


def _usage(usage: _Usage | None) -> Usage | None:
    if usage is None or usage.text is None:
        return None
    return Usage(usage.text.prompt_tokens or 0, usage.text.completion_tokens or 0)


def new_sid(random: bytes, unix_ms: int) -> str:
    """A session id as Spark's: ``cht000cb087@dx18793cd421fb894542``.

    ``cht``, four digits for the process, four that count, ``@``, the site, eleven digits of the time, four of the
    address, two of the port (all in base 16), then ``2``: clients read a last ``1`` as "the answer was censored".
    ``random`` has at least 7 bytes.
    """
    digits = random[:7].hex()
    return f"cht{digits[:8]}@dx{unix_ms & 0xFFFFFFFFFFF:011x}{digits[8:12]}{digits[12:14]}2"


def encode_error(code: int, message: str, sid: str) -> str:
    """The frame of an error; the server closes after it."""
    return _json({"header": {"code": code, "message": message, "sid": sid, "status": LAST}})


class AnswerEncoder:
    """Turns the deltas of one answer into its frames.

    ``labels`` and ``question_share`` are the question's. Spark's protocol has room for one function call in an answer:
    where a model makes several, the client gets the first and will ask again with its result.
    """

    def __init__(self, sid: str, *, labels: bool = False, question_share: float = 0.0) -> None:
        self._sid = sid
        self._labels = labels
        self._question_share = question_share
        self._seq = 0
        self._call_index: int | None = None
        self._call_name = ""
        self._arguments: list[str] = []

    def feed(self, delta: Delta) -> str | None:
        """The frame for ``delta``; None where there is nothing to send."""
        match delta:
            case TextDelta(text):
                return self._frame({"content": text, "role": "assistant", "index": 0})
            case ReasoningDelta(text):
                return self._frame({"content": "", "reasoning_content": text, "role": "assistant", "index": 0})
            case ToolCallDelta(index, _, name, arguments):
                if self._call_index is None:
                    self._call_index = index
                if index == self._call_index:
                    self._call_name = self._call_name or name
                    self._arguments.append(arguments)
                return None
            case References(references):
                return self._plugins(references) if self._labels else None
            case Finished():
                return self._last(delta.usage or Usage())

    def _frame(self, text: dict[str, Any], usage: dict[str, Any] | None = None) -> str:
        if usage is not None:
            status = LAST
        else:
            status = FIRST if self._seq == 0 else MIDDLE
        payload: dict[str, Any] = {"choices": {"status": status, "seq": self._seq, "text": [text]}}
        if usage is not None:
            payload["usage"] = {"text": usage}
        self._seq += 1
        return _json({"header": self._header(status), "payload": payload})

    def _last(self, usage: Usage) -> str:
        text: dict[str, Any] = {"content": "", "role": "assistant", "index": 0}
        if self._call_index is not None:
            text["function_call"] = {"name": self._call_name, "arguments": "".join(self._arguments) or "{}"}
        return self._frame(
            text,
            {
                # "question_tokens: tokens of the last user message alone". No other house tells; this is its share.
                "question_tokens": round(usage.input * self._question_share),
                "prompt_tokens": usage.input,
                "completion_tokens": usage.output,
                "total_tokens": usage.total,
            },
        )

    def _plugins(self, references: tuple[Reference, ...]) -> str:
        pages = [{"index": page.index, "url": page.url, "title": page.title} for page in references]
        text = {
            "name": "ifly_search",
            "content": _json(pages),
            "content_type": "text",
            "content_meta": None,
            "role": "tool",
            "status": "finished",
            "invoked": {
                "namespace": "ifly_search",
                "plugin_id": "ifly_search",
                "plugin_ver": "",
                "status_code": 200,
                "status_msg": "Success",
                "type": "local",
            },
        }
        return _json({"header": self._header(MIDDLE), "payload": {"plugins": {"text": [text]}}})

    def _header(self, status: int) -> dict[str, Any]:
        return {"code": 0, "message": "Success", "sid": self._sid, "status": status}


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(whole(value)).decode()
