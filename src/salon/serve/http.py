"""The HTTP frame around all doors: health, errors in one form, security headers, CORS, refusals.

Middlewares are plain ASGI: they cost a WebSocket message nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from salon.base.errors import ClientError, Refused
from salon.serve.gate import Gate, credential_of, require_admin
from salon.serve.replies import answer_handshake, deny, error_response, json_response, refusal

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob: https:; style-src 'self'; script-src 'self'; "
    "media-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = (
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)


def app(
    routes: Sequence[BaseRoute],
    *,
    gate: Gate,
    metrics: Callable[[], Awaitable[tuple[bytes, str]]] | None = None,
    metrics_token: str = "",
    missing: Callable[[], str] = lambda: "",
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
    signed: Callable[[Scope], bool] = lambda scope: False,
) -> Starlette:
    """All routes as one ASGI application, with ``/healthz``, ``/readyz`` and ``/metrics`` added.

    ``metrics`` gives the text and its content type. It is open to everybody whom an open gate lets in, and otherwise to an
    administrator's key or to ``metrics_token``, as a Bearer token. ``lifespan`` starts and stops what the routes need.
    ``missing`` names what the server cannot do without and does not have now; then it is not ready.
    ``signed`` knows the WebSockets whose protocol has each connection signed: no page can have a browser do that for it, so
    any page may open them that was given a signature.
    """

    async def alive(_: Request) -> Response:
        return json_response({"status": "ok"}, headers={"cache-control": "no-store"})

    async def ready(_: Request) -> Response:
        if gate.draining:
            return json_response({"status": "draining"}, 503, {"cache-control": "no-store", "retry-after": "2"})
        if lacks := missing():
            return json_response({"status": lacks}, 503, {"cache-control": "no-store", "retry-after": "2"})
        return json_response({"status": "ready"}, headers={"cache-control": "no-store"})

    async def show_metrics(request: Request) -> Response:
        shown = credential_of(request.scope)
        if not (metrics_token and hmac.compare_digest(shown.encode(), metrics_token.encode())):
            require_admin(gate.admit(request.scope, "metrics", while_draining=True))
        assert metrics is not None  # the route exists only with it
        text, content_type = await metrics()
        return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})

    own = [Route("/healthz", alive), Route("/readyz", ready)]
    if metrics is not None:
        own.append(Route("/metrics", show_metrics))
    # Typed by hand: Starlette has a type for handlers of requests and one for handlers of WebSockets, none for both.
    handlers: dict[Any, Any] = {
        Refused: _on_refused,
        ClientError: _on_client_error,
        HTTPException: _on_http_exception,
        Exception: _on_exception,
    }
    framed = Starlette(
        routes=[*own, *routes],
        middleware=[Middleware(_Frame, gate=gate, signed=signed)],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    framed.router.default = _not_found
    return framed


SHARED = ("/v1/", "/web/", "/whip/", "/whep/", "/peerjs/", "/connection/")
"""Where pages of other origins may call, if the gate allows the origin."""

EXPOSED = "Location, ETag, Link, Retry-After, Accept-Patch, Accept-Post"


class _Frame:
    """Security headers on every response, CORS on those under ``/v1``, ``/whip`` and ``/whep``, for the origins that the gate
    allows; and no WebSocket for pages of others, whatever door it is for: a browser would let them have one."""

    def __init__(self, app: ASGIApp, gate: Gate, signed: Callable[[Scope], bool]) -> None:
        self._app = app
        self._gate = gate
        self._signed = signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and not self._signed(scope):
            try:
                self._gate.check_page(scope)
            except Refused as refused:
                await deny(scope, receive, send, refused)
                return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = self._allowed_origin(scope, headers)

        async def send_framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                framed = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS:
                    framed.setdefault(name, value)
                if allowed is not None:
                    framed["access-control-allow-origin"] = allowed
                    # Without it a browser hides Location, and a WebRTC client its own call id.
                    framed["access-control-expose-headers"] = EXPOSED
                    framed.add_vary_header("Origin")
            await send(message)

        if allowed is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(scope, headers)(scope, receive, send_framed)
        else:
            await self._app(scope, receive, send_framed)

    def _allowed_origin(self, scope: Scope, headers: Headers) -> str | None:
        origin = headers.get("origin")
        if origin is None or not _path(scope).startswith(SHARED):
            return None
        return origin if self._gate.allows_origin(origin, headers.get("host", "")) else None


def _path(scope: Scope) -> str:
    """Below what Salon is mounted at."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _preflight(scope: Scope, headers: Headers) -> Response:
    # RFC 9725 section 4.2: "The "200 OK" response to any OPTIONS request SHOULD include an "Accept-Post" header".
    own = {} if _path(scope).startswith("/v1/") else {"accept-post": "application/sdp"}
    # What is asked for is allowed by name: "*" does not cover Authorization (Fetch standard, CORS protocol), and the
    # clients' own headers (x-openai-agents-sdk, x-stainless-…) are many. Credentials travel in no other way than these.
    return Response(
        status_code=200 if own else 204,
        headers={
            **own,
            "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
            "access-control-allow-headers": headers.get("access-control-request-headers", ""),
            "access-control-max-age": "600",
        },
    )


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    response = error_response(404, "There is nothing at this path.", "not_found")
    if scope["type"] == "websocket":
        await answer_handshake(scope, receive, send, response)
    else:
        await response(scope, receive, send)


async def _on_refused(connection: Request | WebSocket, refused: Exception) -> Response | None:
    assert isinstance(refused, Refused)
    if isinstance(connection, WebSocket):
        await deny(connection.scope, connection.receive, connection.send, refused)
        return None
    return refusal(refused)


async def _on_client_error(connection: Request | WebSocket, error: Exception) -> Response | None:
    assert isinstance(error, ClientError)
    response = error_response(400, error.message, error.code, param=error.param)
    if isinstance(connection, WebSocket):
        await answer_handshake(connection.scope, connection.receive, connection.send, response)
        return None
    return response


async def _on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: "There is nothing at this path.", 405: "This path does not take that method."}
    code = {404: "not_found", 405: "method_not_allowed"}
    status = error.status_code
    text = message.get(status, f"{error.detail}.")
    return error_response(status, text, code.get(status), headers=dict(error.headers or {}))


async def _on_exception(_: Request, __: Exception) -> Response:
    # Starlette raises it again for the server to log.
    return error_response(500, "Something went wrong in this server. Its log says what.", "server_error")
