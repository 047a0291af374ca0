from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from salon.base.errors import ClientError, Refused
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting, serving

ORIGIN = "https://app.example.com"
KEY = "sk-backend-key-of-some-length"
ADMIN = "sk-operator-key-of-some-length"


async def fine(_: Request) -> Response:
    return PlainTextResponse("fine", headers={"location": "/v1/calls/1"})


async def broken(_: Request) -> Response:
    raise RuntimeError("the secret plan of the house")


async def mistaken(_: Request) -> Response:
    raise ClientError("That is no number.", code="invalid_value", param="n")


async def full(_: Request) -> Response:
    raise Refused("Full.", status=503, code="server_full", retry_after=5)


class Socket:
    """An ASGI application: Starlette hands it ``receive`` and ``send`` unwrapped."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise Refused("Who?", status=401, code="invalid_api_key")


class AcceptingSocket:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})


def make_gate(*, open: bool = False) -> Gate:
    keys = [] if open else [ApiKey("backend", KEY), ApiKey("operator", ADMIN, admin=True)]
    return Gate(keys=keys, origins=[ORIGIN], limits=Limits(), clock=FakeClock(), observer=Noting())


@asynccontextmanager
async def client(gate: Gate, **settings: Any) -> AsyncIterator[ClientSession]:
    routes = [
        Route("/v1/fine", fine, methods=["GET", "POST"]),
        Route("/fine", fine),
        Route("/broken", broken),
        Route("/mistaken", mistaken),
        Route("/full", full),
        WebSocketRoute("/v1/denied", Socket()),
        WebSocketRoute("/v1/accepted", AcceptingSocket()),
    ]

    async def metrics() -> tuple[bytes, str]:
        return b"some_metric 1\n", "text/plain; version=0.0.4"

    framed = app(routes, gate=gate, metrics=metrics, **settings)
    async with serving(framed) as server, ClientSession(server.http) as session:
        yield session


async def test_health_and_readiness() -> None:
    gate = make_gate()
    async with client(gate) as session:
        for draining, status in ((False, 200), (True, 503)):
            gate.draining = draining
            async with session.get("/healthz") as alive, session.get("/readyz") as ready:
                assert (alive.status, await alive.json()) == (200, {"status": "ok"})
                assert (ready.status, await ready.json()) == (status, {"status": "draining" if draining else "ready"})
                assert ready.headers.get("retry-after") == ("2" if draining else None)


async def test_a_server_without_something_it_needs_is_not_ready() -> None:
    lacks = ["engine"]
    async with client(make_gate(), missing=lambda: lacks[0]) as session:
        for status, said in ((503, "engine"), (200, "ready")):
            async with session.get("/readyz") as ready:
                assert (ready.status, await ready.json()) == (status, {"status": said})
            lacks[0] = ""


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "param"),
    [
        ("GET", "/nothing", 404, "not_found", None),
        ("DELETE", "/v1/fine", 405, "method_not_allowed", None),
        ("GET", "/mistaken", 400, "invalid_value", "n"),
        ("GET", "/full", 503, "server_full", None),
    ],
)
async def test_errors_are_json(method: str, path: str, status: int, code: str, param: str | None) -> None:
    async with client(make_gate()) as session, session.request(method, path) as response:
        assert response.status == status
        error = (await response.json())["error"]
        assert (error["code"], error["param"], bool(error["message"])) == (code, param, True)


async def test_a_failure_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    async with client(make_gate()) as session, session.get("/broken") as response:
        assert response.status == 500
        assert (await response.json())["error"]["code"] == "server_error"
        assert "secret plan" not in await response.text()
    assert "secret plan" in caplog.text


async def test_every_response_forbids_what_the_page_does_not_need() -> None:
    async with client(make_gate()) as session:
        for path in ("/fine", "/nothing", "/healthz"):
            async with session.get(path) as response:
                policy = response.headers["content-security-policy"]
                assert "default-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert response.headers["x-content-type-options"] == "nosniff"
                assert response.headers["referrer-policy"] == "no-referrer"
                assert "server" not in response.headers


async def test_listed_pages_may_call_v1_and_see_where_their_call_is() -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    headers = {**asked, "access-control-request-headers": "authorization,content-type,x-openai-agents-sdk"}
    async with client(make_gate()) as session:
        async with session.options("/v1/fine", headers=headers) as response:
            assert response.status == 204
            assert response.headers["access-control-allow-origin"] == ORIGIN
            assert "POST" in response.headers["access-control-allow-methods"]
            assert response.headers["access-control-allow-headers"] == headers["access-control-request-headers"]
        async with session.post("/v1/fine", headers={"origin": ORIGIN}) as response:
            assert response.headers["access-control-allow-origin"] == ORIGIN
            assert "Location" in response.headers["access-control-expose-headers"]
            assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize(("path", "origin"), [("/v1/fine", "https://evil.example"), ("/fine", ORIGIN)])
async def test_other_pages_and_other_paths_get_no_leave(path: str, origin: str) -> None:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    async with client(make_gate()) as session:
        for method in ("OPTIONS", "GET"):
            async with session.request(method, path, headers=headers) as response:
                assert "access-control-allow-origin" not in response.headers
                assert response.status == (405 if method == "OPTIONS" else 200)


async def connect(session: ClientSession, path: str) -> ClientWebSocketResponse:
    return await session.ws_connect(path)


async def test_a_websocket_is_refused_with_a_status_before_it_is_one() -> None:
    async with client(make_gate()) as session:
        for path, status in (("/v1/denied", 401), ("/nothing", 404)):
            with pytest.raises(WSServerHandshakeError) as caught:
                await connect(session, path)
            assert caught.value.status == status
        # The body says why, for clients that show it.
        headers = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
        headers["sec-websocket-key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
        async with session.get("/v1/denied", headers=headers) as response:
            assert (await response.json())["error"]["code"] == "invalid_api_key"
        websocket = await connect(session, "/v1/accepted")
        await websocket.receive()
        assert websocket.close_code == 1000


@pytest.mark.parametrize("header", [{"origin": "https://evil.example"}, {"host": "evil.example:8000"}])
async def test_no_door_has_to_remember_that_pages_of_others_may_have_no_websocket(header: dict[str, str]) -> None:
    async with client(make_gate(open=True)) as session:
        with pytest.raises(WSServerHandshakeError) as caught:
            await session.ws_connect("/v1/accepted", headers=header)
        assert caught.value.status == 403
        websocket = await session.ws_connect("/v1/accepted", headers={"origin": ORIGIN})
        await websocket.close()


@pytest.mark.parametrize(
    ("credential", "status"), [(ADMIN, 200), ("metrics-token", 200), (KEY, 403), ("sk-wrong", 401), ("", 401)]
)
async def test_metrics_are_for_operators(credential: str, status: int) -> None:
    gate = make_gate()
    async with client(gate, metrics_token="metrics-token") as session:
        for draining in (False, True):
            gate.draining = draining
            async with session.get("/metrics", headers={"authorization": f"Bearer {credential}"}) as response:
                assert response.status == status
                if status == 200:
                    assert await response.text() == "some_metric 1\n"
                    assert response.headers["content-type"] == "text/plain; version=0.0.4"


async def test_metrics_are_open_where_everything_is_but_not_to_pages_of_others() -> None:
    async with client(make_gate(open=True)) as session:
        async with session.get("/metrics") as response:
            assert response.status == 200
        async with session.get("/metrics", headers={"host": "evil.example"}) as response:
            assert response.status == 403


async def test_an_empty_metrics_token_is_no_token() -> None:
    async with client(make_gate(), metrics_token="") as session, session.get("/metrics") as response:
        assert response.status == 401


async def test_it_works_inside_another_application(caplog: pytest.LogCaptureFixture) -> None:
    inner = app([Route("/v1/fine", fine)], gate=make_gate())
    with caplog.at_level(logging.ERROR):
        async with serving(Starlette(routes=[Mount("/salon", inner)])) as server, ClientSession(server.http) as session:
            async with session.get("/salon/v1/fine", headers={"origin": ORIGIN}) as response:
                assert response.status == 200
                assert response.headers["access-control-allow-origin"] == ORIGIN
            async with session.get("/salon/nothing") as response:
                assert (await response.json())["error"]["code"] == "not_found"
            async with session.get("/salon/healthz") as response:
                assert response.status == 200
    assert not caplog.records
