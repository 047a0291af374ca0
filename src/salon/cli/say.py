"""``salon say``: one question, one answer, as it comes."""

from __future__ import annotations

import argparse
import asyncio
import base64
import pathlib
import sys
import time
from contextlib import aclosing
from typing import Any

import msgspec

from salon.app import logs
from salon.app.models import Models, read
from salon.base.chat import (
    Delta,
    Finished,
    Image,
    Message,
    Options,
    ReasoningDelta,
    References,
    Text,
    TextDelta,
    ToolCallDelta,
)
from salon.base.errors import ConfigError, ProviderError
from salon.cli.words import words
from salon.ports.llm import Llm

PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


def run(given: argparse.Namespace) -> int:
    """Answers go to stdout and nothing else does: thoughts, sources and failures go to stderr."""
    # What fails is told in a sentence; the log is for what should not have happened.
    logs.configure("error")
    text = _text(given.text)
    if not text:
        sys.stderr.write(words("nothing to say") + "\n")
        return 2
    pictures = [_picture(name) for name in given.image]
    models = Models(read(given.config, llm=given.llm))
    llm = models.default()
    if pictures and not llm.traits.images:
        raise ConfigError(words("no image", model=llm.name))
    messages = [Message(role="system", content=(Text(given.system),))] if given.system else []
    messages.append(Message(role="user", content=(Text(text), *pictures)))
    options = Options(reasoning="medium" if given.thinking else "none")
    printer = _Json() if given.json else _Plain(thoughts=given.thinking)
    return asyncio.run(_answer(models, llm, messages, options, printer))


async def _answer(models: Models, llm: Llm, messages: list[Message], options: Options, printer: _Printer) -> int:
    # Cancelled by Ctrl-C, this closes the request on its way out.
    began = time.monotonic()
    first: float | None = None
    try:
        async with aclosing(llm.stream(messages, (), options)) as deltas:
            async for delta in deltas:
                if first is None and isinstance(delta, TextDelta | ToolCallDelta):
                    first = time.monotonic()
                printer.delta(delta)
                if isinstance(delta, Finished):
                    printer.finished(delta, _since(began, first), _since(began, time.monotonic()))
    except ProviderError as error:
        printer.failed(error)
        return 1
    finally:
        await models.aclose()
    return 0


def _since(began: float, then: float | None) -> int | None:
    return None if then is None else round((then - began) * 1000)


class _Printer:
    """What is shown of an answer."""

    def delta(self, delta: Delta) -> None: ...

    def finished(self, finished: Finished, first_token_ms: int | None, duration_ms: int | None) -> None: ...

    def failed(self, error: ProviderError) -> None: ...


class _Plain(_Printer):
    def __init__(self, thoughts: bool) -> None:
        self._thoughts = thoughts
        self._dim, self._plain = (DIM, PLAIN) if sys.stderr.isatty() else ("", "")
        self._written = ""

    def delta(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                sys.stdout.write(text)
                sys.stdout.flush()
                self._written = text
            case ReasoningDelta(text) if self._thoughts:
                sys.stderr.write(f"{self._dim}{text}{self._plain}")
                sys.stderr.flush()
            case References(references):
                for each in references:
                    sys.stderr.write(f"{self._dim}[{each.index}] {each.title} {each.url}{self._plain}\n")
            case _:
                pass

    def finished(self, finished: Finished, first_token_ms: int | None, duration_ms: int | None) -> None:
        self._end_line()
        if finished.reason != "stop":
            sys.stderr.write(f"{self._dim}[{finished.reason}]{self._plain}\n")

    def failed(self, error: ProviderError) -> None:
        self._end_line()
        sys.stderr.write(
            words("failed", message=". ".join(each.rstrip(".") for each in (error.message, error.advice) if each) + ".")
            + "\n"
        )

    def _end_line(self) -> None:
        if self._written and not self._written.endswith("\n"):
            sys.stdout.write("\n")
            sys.stdout.flush()


class _Json(_Printer):
    """One object a line. ``type`` is ``text``, ``reasoning``, ``references``, then ``done`` or ``error``."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def delta(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text):
                self._text.append(text)
                _line({"type": "text", "text": text})
            case ReasoningDelta(text):
                _line({"type": "reasoning", "text": text})
            case References(references):
                _line({"type": "references", "references": references})
            case _:
                pass

    def finished(self, finished: Finished, first_token_ms: int | None, duration_ms: int | None) -> None:
        _line(
            {
                "type": "done",
                "text": "".join(self._text),
                "model": finished.model,
                "reason": finished.reason,
                "usage": finished.usage,
                "first_token_ms": first_token_ms,
                "duration_ms": duration_ms,
            }
        )

    def failed(self, error: ProviderError) -> None:
        told = {"code": error.code, "message": error.message, "advice": error.advice, "retryable": error.retryable}
        _line({"type": "error", **told})


def _line(value: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _text(given: list[str]) -> str:
    """The words of the command line, with what is piped in where there are none, or in place of a ``-``."""
    if not given:
        return "" if sys.stdin.isatty() else sys.stdin.read().strip()
    return " ".join(sys.stdin.read() if word == "-" else word for word in given).strip()


def _picture(name: str) -> Image:
    try:
        data = pathlib.Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}: {error.strerror}") from None
    kind = next((kind for start, kind in PICTURES.items() if data.startswith(start)), None)
    if kind is None:
        raise ConfigError(words("bad image", file=name))
    return Image(f"data:{kind};base64,{base64.b64encode(data).decode()}")
