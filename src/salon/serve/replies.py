"""What every door answers in the same form: JSON, errors, refusals. And how it reads a JSON body.

An error is ``{"error": {"message", "type", "code", "param"}}``, as OpenAI's clients expect, and never holds a traceback.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from salon.base.errors import ClientError, Refused

MAX_BODY = 256 * 1024
"""Bytes of a JSON request body. Instructions and tools of a session preset are tens of kilobytes."""


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Anything msgspec can encode."""
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def error_response(
    status: int,
    message: str,
    code: str | None,
    *,
    param: str | None = None,
    type: Literal["invalid_request_error", "rate_limit_error", "server_error"] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error in OpenAI's form. ``type`` follows from ``status`` where it is not given."""
    if type is None:
        type = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    error = {"message": message, "type": type, "code": code, "param": param}
    return json_response({"error": error}, status, {"cache-control": "no-store", **(headers or {})})


def refusal(refused: Refused) -> Response:
    """``Refused`` as a response, with ``Retry-After`` where it says when to come again."""
    headers = {}
    if refused.retry_after is not None:
        headers["retry-after"] = str(refused.retry_after)
    if refused.status == 401:
        # RFC 9110 section 15.5.2: a server "generating a 401 response MUST send a WWW-Authenticate header field".
        headers["www-authenticate"] = 'Bearer realm="salon"'
    return error_response(refused.status, refused.message, refused.code, headers=headers)


async def deny(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    """Answer a WebSocket handshake that was not accepted with an HTTP response, which clients show, instead of 101.

    Doors that raise ``Refused`` before they accept need not call it.
    """
    await answer_handshake(scope, receive, send, refusal(refused))


async def answer_handshake(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """ASGI's extension "WebSocket Denial Response"; without it a close, which the server makes a bare 403 of."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        # Starlette prefixes the messages of a response with "websocket." for a scope of this type.
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """Raises ``Refused`` (413) for more than ``limit`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refused(f"The body is larger than {limit} bytes.", status=413, code="body_too_large")
    return bytes(body)


async def read_json(request: Request, type: Any = Any, limit: int = MAX_BODY) -> Any:
    """The body as a ``type`` that msgspec knows; an absent body is ``{}``.

    Raises ``ClientError`` that names the field, or ``Refused`` (413) for more than ``limit`` bytes.
    """
    body = await read_body(request, limit)
    try:
        return msgspec.json.decode(body or b"{}", type=type)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        raise ClientError(
            f"{problem}.", code="invalid_value", param=path.rstrip("`").removeprefix("$.") or None
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ClientError("The body is not JSON.", code="invalid_json") from None
