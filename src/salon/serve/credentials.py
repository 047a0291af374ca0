"""Where a request says who it is from, and where it comes from."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

SUBPROTOCOL_KEY: Final = "openai-insecure-api-key."


def credential_of(scope: Scope, headers: Headers | None = None) -> str:
    """What the caller shows, empty if nothing: the Bearer token, or the key among a browser's subprotocols."""
    authorization = (headers or Headers(scope=scope)).get("authorization", "")
    scheme, _, credential = authorization.partition(" ")
    # RFC 9110 section 11.1: the scheme is "a case-insensitive token".
    if scheme.lower() == "bearer" and credential.strip():
        return credential.strip()
    for subprotocol in scope.get("subprotocols", ()):
        if subprotocol.startswith(SUBPROTOCOL_KEY):
            return str(subprotocol[len(SUBPROTOCOL_KEY) :])
    return ""


def address_of(scope: Scope) -> str:
    """The peer's address, empty where there is none (a Unix socket, a test client)."""
    client = scope.get("client")
    return str(client[0]) if client else ""
