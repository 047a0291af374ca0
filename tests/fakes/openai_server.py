"""A server that speaks Chat Completions, well or badly on demand.

The last user message chooses the script; without one of its own it is said back, word by word. A script is a list of
steps: bytes to write, seconds to wait, an event to wait for, an HTTP answer, or an end without manners. Headers go out with
the first bytes.
As a program it is an upstream for benchmarks: ``python -m tests.fakes.openai_server --pace 0.05 --words 200``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiohttp import web

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"


class End(Enum):
    RESET = auto()
    """The TCP connection is reset."""
    CUT = auto()
    """The connection closes before the body is whole."""


@dataclass(frozen=True)
class Http:
    """An answer that is not a stream; only as the first step."""

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)


Step = bytes | float | asyncio.Event | End | Http
Script = Sequence[Step]


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


def chunk(choices: list[dict[str, Any]] | None = None, **more: Any) -> bytes:
    said = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_800_000_000, "model": "fake"}
    return b"data: " + json.dumps({**said, "choices": choices or [], **more}, ensure_ascii=False).encode() + b"\n\n"


def said(finish_reason: str | None = None, **delta: Any) -> bytes:
    return chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def usage(prompt: int, completion: int) -> bytes:
    return chunk(usage={"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})


def answer(*words: str, finish: str = "stop", counted: bool = True, pace: float = 0.0) -> list[Step]:
    """A plain answer, as OpenAI gives it."""
    steps: list[Step] = [said(role="assistant", content="")]
    for word in words:
        steps += [pace, said(content=word)] if pace else [said(content=word)]
    steps.append(said(finish))
    if counted:
        steps.append(usage(7, len(words)))
    return [*steps, DONE]


def calls(*pieces: dict[str, Any], finish: str = "tool_calls") -> list[Step]:
    return [*(said(tool_calls=[piece]) for piece in pieces), said(finish), DONE]


def piece(index: int, id: str | None = None, name: str | None = None, arguments: str | None = None) -> dict[str, Any]:
    return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def byte_by_byte(steps: Script) -> list[Step]:
    """The same, in as many writes as there are bytes, so that every character and every line is cut."""
    cut: list[Step] = []
    for step in steps:
        cut += [bytes([byte]) for byte in step] if isinstance(step, bytes) else [step]
    return cut


def error(status: int, message: str, code: str | None = None, **headers: str) -> list[Step]:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return [Http(status, body, headers)]


def bad_manners() -> dict[str, Script]:
    """Everything that a house may do to a client, by the message that asks for it."""
    never = asyncio.Event()
    return {
        "stall before": [never],
        "stall after headers": [b"", never],
        "stall": [said(content="one "), never],
        "only keep-alives": [KEEP_ALIVE, 0.01] * 2000,
        "keep-alives": [KEEP_ALIVE, *answer("fine"), KEEP_ALIVE],
        "reset before": [End.RESET],
        "reset": [said(content="one "), End.RESET],
        "cut": [said(content="one "), End.CUT],
        "no end": [said(content="one ")],
        "empty": [DONE],
        "nothing": [b""],
        "rubbish": [b"data: {rubbish\n\n"],
        "html": [b"<html><body>Bad gateway</body></html>"],
        "error in stream": [said(content="one "), chunk(error={"message": "overloaded", "code": "server_overloaded"})],
        "unauthorized": error(401, "Incorrect API key provided", "invalid_api_key"),
        "no quota": error(429, "You exceeded your current quota", "insufficient_quota"),
        "rate limit": error(429, "Rate limit reached", "rate_limit_exceeded", **{"Retry-After": "3"}),
        "overloaded": [Http(503, "<html>overloaded</html>")],
        "broken": [Http(500, {"error": {"message": "internal"}})],
        "too long": error(400, "maximum context length is 8192 tokens", "context_length_exceeded"),
        "no model": error(404, "The model does not exist", "model_not_found"),
        "filtered": error(400, "filtered", "content_filter"),
        "redirect": [Http(302, "", {"Location": "http://127.0.0.1:9/"})],
        "cut bytes": byte_by_byte(answer("你好", "🙂", "é")),
        "no usage": answer("one", counted=False),
        "think tags": [
            said(content="<thi"),
            said(content="nk>secret</thi"),
            said(content="nk>\n\nopen"),
            said("stop"),
            DONE,
        ],
        "reasoning": [said(reasoning_content="secret"), said(content="open"), said("stop"), DONE],
        "reasoning other name": [said(reasoning="secret"), said(content="open"), said("stop"), DONE],
        "call": calls(piece(0, "call_a", "weather", ""), piece(0, arguments='{"city":'), piece(0, arguments='"北京"}')),
        "call whole": calls(piece(0, "call_a", "weather", '{"city":"北京"}'), finish="stop"),
        "call without id": calls(piece(0, None, "weather", '{"city":"北京"}')),
        "two calls, one index": calls(
            piece(0, "a", "weather", '{"city":"A"}'), piece(0, "b", "weather", '{"city":"B"}')
        ),
        "call without arguments": calls(piece(0, "call_a", "now", "")),
    }


class OpenAiServer:
    """``asked`` has every request in order; ``open`` counts the answers under way; ``given_up`` those that a client left
    before they were whole; ``idle`` is set while none is under way, ``busy`` while one is. ``key``, where given, is the
    only one accepted."""

    def __init__(self, *, key: str | None = None, models: Sequence[str] | None = ("fake", "other")) -> None:
        self.key = key
        self.models = models
        self.scripts: dict[str, Script | Callable[[Asked], Script]] = dict(bad_manners())
        self.default: Callable[[Asked], Script] = echo
        self.asked: list[Asked] = []
        self.open = 0
        self.most_open = 0
        self.given_up = 0
        self.connections: set[Any] = set()
        self.idle = asyncio.Event()
        self.idle.set()
        self.busy = asyncio.Event()
        self.base_url = ""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/api/tags", self._tags)
        return app

    @asynccontextmanager
    async def serving(self, ssl_context: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[str]:
        """Serve on 127.0.0.1; gives the base URL."""
        runner = web.AppRunner(self.app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=ssl_context)
            await site.start()
            port = runner.addresses[0][1]
            self.base_url = f"{'https' if ssl_context else 'http'}://127.0.0.1:{port}/v1"
            yield self.base_url
        finally:
            await runner.cleanup()

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.key is None or request.headers.get("Authorization") == f"Bearer {self.key}":
            return None
        return web.json_response(
            {
                "error": {
                    "message": f"Incorrect API key: {request.headers.get('Authorization')}",
                    "code": "invalid_api_key",
                }
            },
            status=401,
        )

    async def _models(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        if self.models is None:
            return web.json_response({"detail": "Not Found"}, status=404)
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})

    async def _tags(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"models": [{"name": name, "details": {"family": name}} for name in self.models or ()]}
        )

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        asked = Asked(request.path, dict(request.headers), await request.json())
        self.asked.append(asked)
        if (refused := self._refused(request)) is not None:
            return refused
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.idle.clear()
        self.busy.set()
        whole = False
        try:
            script = self.scripts.get(last_words(asked), self.default)
            answered = await self._perform(request, script(asked) if callable(script) else script)
            whole = True
            return answered
        finally:
            self.given_up += not whole
            self.open -= 1
            if self.open == 0:
                self.busy.clear()
                self.idle.set()

    async def _perform(self, request: web.Request, script: Script) -> web.StreamResponse:
        if script and isinstance(script[0], Http):
            first = script[0]
            body = first.body if isinstance(first.body, str) else json.dumps(first.body)
            return web.Response(status=first.status, text=body, headers=first.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        for step in script:
            match step:
                case bytes():
                    if not response.prepared:
                        await response.prepare(request)
                    await response.write(step)
                case float() | int():
                    await asyncio.sleep(step)
                case asyncio.Event():
                    await step.wait()
                case End():
                    assert request.transport is not None
                    if step is End.RESET:
                        request.transport.abort()
                    else:
                        request.transport.close()
                    return response
        if response.prepared:
            await response.write_eof()
        return response


def last_words(asked: Asked) -> str:
    """The text of the last user message."""
    for message in reversed(asked.body.get("messages", ())):
        if message.get("role") == "user":
            content = message.get("content")
            return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())
    return ""


def echo(asked: Asked) -> Script:
    return answer(*re.findall(r"\S+\s*", last_words(asked)) or ["?"])


async def main(port: int, pace: float, words: int) -> None:
    server = OpenAiServer()
    steps = answer(*(f"word{number} " for number in range(words)), pace=pace)
    server.default = lambda asked: steps
    async with server.serving(port=port) as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two words")
    parser.add_argument("--words", type=int, default=200)
    options = parser.parse_args()
    asyncio.run(main(options.port, options.pace, options.words))
