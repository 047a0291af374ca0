from __future__ import annotations

from typing import Any

from salon.serve.credentials import address_of, credential_of


def scope(*, authorization: str = "", protocols: tuple[str, ...] = ()) -> dict[str, Any]:
    headers = [(b"authorization", authorization.encode())] if authorization else []
    return {"type": "websocket", "headers": headers, "subprotocols": protocols, "client": ("127.0.0.1", 5000)}


def test_a_header_goes_before_a_subprotocol() -> None:
    key = "openai-insecure-api-key.sk-protocol"
    assert credential_of(scope(authorization="bearer sk-header", protocols=("realtime", key))) == "sk-header"
    assert credential_of(scope(authorization="Basic abc", protocols=("realtime", key))) == "sk-protocol"
    assert credential_of(scope(protocols=("realtime",))) == ""


def test_an_address_is_empty_where_there_is_none() -> None:
    assert address_of(scope()) == "127.0.0.1"
    assert address_of({"client": None}) == ""
