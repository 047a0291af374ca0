"""Logs: one line an event, as text or JSON, from the standard library's ``logging``.

Every line is searched for secrets when it is written, whole, tracebacks included: what matters is what leaves the process,
not who said it.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any, Literal, TextIO

import msgspec

from salon.app.log_writer import LogWriter

HIDDEN = "[hidden]"

_NAMES = r"(?:api[_-]?key|secret[_-]?key|secrets?|token|password|passwd|authorization|signature|resume|credentials?)"
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:(?:Basic|Bearer|Digest|HMAC)\s+)?[^\s\"'&,;}\])]+)"
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Each keeps what says which kind of secret stood there and hides the rest. The name comes first: what follows it is
        # hidden whole. name=value as in a query, name: value as in a header, "name": "value" as in JSON or a repr; the name
        # may end in one of ours (access_token) but not begin with it (token_count).
        rf"((?<![\w-])[\w-]{{0,40}}{_NAMES}[\"']?\s*[=:]\s*(?:b(?=[\"']))?){_VALUE}",
        r"(\bBearer\s+)[^\s\"',;]+",
        r"(openai-insecure-api-key\.)[^\s\"',;]+",
        r"(\b(?:ek|sk)[_-])[A-Za-z0-9_\-]{4,}",
        r"(\beyJ)[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*",
    )
)
_FIELD = re.compile(_NAMES + "$", re.IGNORECASE)
# A line is a line: what a client sent cannot make another one, or colour the terminal it is read on.
_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
# What a LogRecord has of its own; the rest came in by ``extra=``.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """``text`` without anything that looks like a credential."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


class TextFormatter(logging.Formatter):
    """``2026-11-24T03:34:00Z INFO salon.app.lifecycle: message key=value``, UTC."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        message = f"{record.getMessage()}{fields}".translate(_CONTROLS)
        line = f"{_instant(record)} {record.levelname} {record.name}: {message}"
        trace = _trace(self, record)
        return redact(f"{line}\n{trace}" if trace else line)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, the fields of ``extra=``, and
    ``trace`` after an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _instant(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in _fields(record).items():
            plain = value is None or isinstance(value, bool | int | float)
            line.setdefault(name, value if plain else redact(str(value)))
        if trace := _trace(self, record):
            line["trace"] = redact(trace)
        return msgspec.json.encode(line).decode()


def configure(
    level: Literal["debug", "info", "warning", "error"] = "info",
    style: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> None:
    """Send all logs of this process to ``stream`` (standard error). For a process of Salon's own: a program that mounts
    Salon configures its logs itself and can use the formatters."""
    handler = _handler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("salon").setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
        # At INFO uvicorn writes the path of every WebSocket with its query, where Spark's signatures and resume tokens
        # are; at DEBUG its parser writes every header. Neither is ever switched on.
        server.setLevel(logging.WARNING)
        server.filters[:] = [_is_ours_to_know]


def _handler(stream: TextIO) -> logging.Handler:
    try:
        fd = stream.fileno()
    except (OSError, AttributeError):
        # In memory, or nowhere: nothing that makes a writer wait.
        return logging.StreamHandler(stream)
    return LogWriter(fd)


def _is_ours_to_know(record: logging.LogRecord) -> bool:
    """Drops what uvicorn calls an error and any stranger can cause: a refused handshake, which it takes for an application
    that gave up, and text that is not UTF-8, which it closes with 1007 as it should. Both would fill the log for nothing."""
    return not str(record.msg).startswith(
        ("ASGI callable returned without completing handshake", "Invalid UTF-8 sequence")
    )


def _instant(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {name: HIDDEN if _FIELD.search(name) else value for name, value in extra.items()}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return formatter.formatException(record.exc_info)
