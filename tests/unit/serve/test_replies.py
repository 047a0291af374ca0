from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from salon.base.errors import ClientError, Refused
from salon.serve.replies import answer_handshake, deny, error_response, json_response, read_json, refusal


class Preset(msgspec.Struct):
    class Inner(msgspec.Struct):
        seconds: int = 600

    name: str = "nobody"
    inner: Inner = msgspec.field(default_factory=Inner)


def request(*chunks: bytes) -> Request:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def error_of(response: Response) -> dict[str, Any]:
    body = json.loads(bytes(response.body))
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    return error


def test_json_is_whatever_msgspec_encodes() -> None:
    response = json_response(Preset("ada"), 201, {"location": "/x"})
    assert json.loads(bytes(response.body)) == {"name": "ada", "inner": {"seconds": 600}}
    assert (response.status_code, response.headers["location"]) == (201, "/x")
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "type"),
    [(400, "invalid_request_error"), (401, "invalid_request_error"), (429, "rate_limit_error"), (503, "server_error")],
)
def test_errors_have_openais_form(status: int, type: str) -> None:
    response = error_response(status, "No.", "some_code", param="a.b")
    assert response.status_code == status
    assert error_of(response) == {"message": "No.", "type": type, "code": "some_code", "param": "a.b"}
    assert response.headers["cache-control"] == "no-store"


def test_a_refusal_says_when_to_come_again_and_how_to_come() -> None:
    full = refusal(Refused("Full.", status=503, code="server_full", retry_after=5))
    assert (full.status_code, full.headers["retry-after"]) == (503, "5")
    assert "www-authenticate" not in full.headers
    unknown = refusal(Refused("Who?", status=401, code="invalid_api_key"))
    assert unknown.headers["www-authenticate"] == 'Bearer realm="salon"'
    assert error_of(unknown)["code"] == "invalid_api_key"


async def sent_by(extensions: dict[str, Any]) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    scope = {"type": "websocket", "extensions": extensions}
    await deny(scope, receive, send, Refused("Who?", status=401, code="invalid_api_key"))
    await answer_handshake(scope, receive, send, error_response(404, "Nothing.", "not_found"))
    return sent


async def test_a_handshake_is_answered_with_an_http_response() -> None:
    sent = await sent_by({"websocket.http.response": {}})
    assert [message["type"] for message in sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ] * 2
    assert [message["status"] for message in sent[::2]] == [401, 404]


async def test_a_server_without_that_extension_closes() -> None:
    assert [message["type"] for message in await sent_by({})] == ["websocket.close"] * 2


async def test_a_body_is_read_as_what_is_asked_for() -> None:
    assert await read_json(request(b'{"name":', b'"ada"}'), Preset) == Preset("ada")
    assert await read_json(request(), Preset) == Preset()
    assert await read_json(request(b'{"any": 1}')) == {"any": 1}


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{", "invalid_json", None),
        (b"\xff", "invalid_json", None),
        (b'{"name":"' + b"\xc3\x28" + b'"}', "invalid_json", None),
        (b'{"a":' + b"[" * 5000, "invalid_json", None),
        (b"[]", "invalid_value", None),
        (b'{"name": 1}', "invalid_value", "name"),
        (b'{"inner": {"seconds": "x"}}', "invalid_value", "inner.seconds"),
    ],
)
async def test_a_bad_body_is_answered_with_the_field(body: bytes, code: str, param: str | None) -> None:
    with pytest.raises(ClientError) as caught:
        await read_json(request(body), Preset)
    assert (caught.value.code, caught.value.param) == (code, param)


async def test_a_long_body_is_refused_before_it_is_all_there() -> None:
    with pytest.raises(Refused) as caught:
        await read_json(request(b"x" * 60, b"x" * 60, b"never read"), limit=100)
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")
