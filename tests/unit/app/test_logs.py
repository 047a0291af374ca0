from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from salon.app import logs
from salon.app.logs import redact
from salon.base.errors import Refused
from salon.serve.replies import deny
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.serving import lone_websocket, serving

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All logging as it is outside of tests, back as it was afterwards."""
    named = [logging.getLogger(name) for name in ("salon", "uvicorn", "uvicorn.error", "uvicorn.access")]
    loggers = [logging.root, *named]
    before = [(each.level, list(each.handlers), list(each.filters), each.propagate) for each in loggers]
    yield io.StringIO()
    for each, (level, handlers, filters, propagate) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.handlers[:], each.filters[:] = handlers, filters
        each.propagate = propagate


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer sk-abc.def", "sk-abc.def"),
        ("(b'authorization', b'Bearer abc123xyz')", "abc123xyz"),
        ("authorization: Basic dXNlcjpwYXNz next", "dXNlcjpwYXNz"),
        ("key ek_A1b2C3d4E5 used", "A1b2C3d4E5"),
        ("key sk-proj-A1b2-C3d4 used", "proj-A1b2-C3d4"),
        ("protocols realtime, openai-insecure-api-key.my/key+1", "my/key+1"),
        ("/v1/realtime?model=x&resume=r-123456", "r-123456"),
        ("GET /v4.0/chat?authorization=aG1hYw%3D%3D&date=Mon&host=x", "aG1hYw"),
        ("wss://h/chat?api_key=abc&x=1", "abc"),
        ("config {'api_secret': 'two words', 'n': 1}", "two words"),
        ('{"apiKey":"q1w2e3","n":1}', "q1w2e3"),
        ("SPARK_API_SECRET=zxcv next", "zxcv"),
        ("access_token=zxcv", "zxcv"),
        ("token " + TOKEN, "eyJzdWIiOiJhZGEifQ"),
        ('password="a b c"', "a b c"),
        (r'{"token": "a\"b c"}', "b c"),
        ("{'api_key': b'zxcv'}", "zxcv"),
    ],
)
def test_secrets_are_hidden(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert "[hidden]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "first_token_ms=120 max_output_tokens=4096",
        "the risk-free task of a desk_lamp",
        "model=spark:4.0Ultra status=200",
        "a token expired",
        "Signal 15: draining for up to 30 s",
    ],
)
def test_other_words_are_not(text: str) -> None:
    assert redact(text) == text


def test_redacting_takes_no_time_to_speak_of_on_long_lines() -> None:
    # A pattern that tries every start and every length would not come back from this.
    assert redact("a-" * 100_000) == "a-" * 100_000


def fail() -> None:
    api_key = "sk-live-0123456789"
    raise ValueError(f"could not use {api_key}")


@pytest.mark.parametrize("style", ["text", "json"])
def test_tracebacks_are_searched_too(log: io.StringIO, style: str) -> None:
    logs.configure("info", style, log)  # type: ignore[arg-type]
    try:
        fail()
    except ValueError:
        logging.getLogger("salon.test").exception("It failed")
    assert "ValueError: could not use sk-[hidden]" in log.getvalue()
    assert "0123456789" not in log.getvalue()


def test_text_lines_have_their_fields_and_stay_one_line(log: io.StringIO) -> None:
    logs.configure("info", "text", log)
    logging.getLogger("salon.door").info("A client said %s", "x\n2026 ERROR forged\x1b[31m", extra={"model": "demo"})
    (line,) = log.getvalue().splitlines()
    time, level, name, rest = line.split(" ", 3)
    assert (level, name) == ("INFO", "salon.door:")
    assert time.endswith("Z")
    assert rest == r"A client said x\n2026 ERROR forged\x1b[31m model=demo"


def test_json_lines_are_objects(log: io.StringIO) -> None:
    logs.configure("info", "json", log)
    extra = {"model": "demo", "ms": 12, "api_key": "plain", "path": "/chat?token=abc"}
    logging.getLogger("salon.door").warning("Said %d", 5, extra=extra)
    line = json.loads(log.getvalue())
    assert line.pop("time").startswith("20")
    assert line == {
        "level": "WARNING",
        "logger": "salon.door",
        "message": "Said 5",
        "model": "demo",
        "ms": 12,
        "api_key": "[hidden]",
        "path": "/chat?token=[hidden]",
    }


def test_the_level_is_salons_own_and_others_only_warn(log: io.StringIO) -> None:
    logs.configure("debug", "text", log)
    logging.getLogger("salon.door").debug("ours")
    logging.getLogger("aiohttp").info("theirs")
    logging.getLogger("aiohttp").warning("their warning")
    assert [line.split(": ", 1)[1] for line in log.getvalue().splitlines()] == ["ours", "their warning"]


async def test_no_websockets_query_is_logged_at_any_level(log: io.StringIO) -> None:
    logs.configure("debug", "text", log)

    async def accept(scope: object, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]
        await send({"type": "websocket.accept"})  # type: ignore[operator]
        await send({"type": "websocket.close"})  # type: ignore[operator]

    async with serving(lone_websocket(accept)) as server:
        headers = {"Authorization": "Bearer sk-in-a-header"}
        async with connect(f"{server.ws}/chat?key=in-a-query", additional_headers=headers) as client:
            await client.wait_closed()
    assert client.close_code == 1000
    server_lines = [line for line in log.getvalue().splitlines() if "uvicorn" in line]
    assert server_lines == []


async def test_strangers_do_not_fill_the_log(log: io.StringIO) -> None:
    logs.configure("info", "text", log)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/refused":
            await deny(scope, receive, send, Refused("Who?", status=401, code="invalid_api_key"))
        elif scope["path"] == "/broken":
            raise RuntimeError("a mistake of ours")
        else:
            await receive()
            await send({"type": "websocket.accept"})
            await receive()

    async with serving(lone_websocket(endpoint)) as server:
        with pytest.raises(InvalidStatus):
            await connect(f"{server.ws}/refused")
        client = await RawWebSocket.connect(server.host, server.port)
        await client.send(1, b"\xff\xff")
        assert b"\x03\xef" in await client.read_to_end()  # 1007
        client.close()
        assert log.getvalue() == ""
        with pytest.raises(InvalidStatus):
            await connect(f"{server.ws}/broken")
        assert "a mistake of ours" in log.getvalue()
