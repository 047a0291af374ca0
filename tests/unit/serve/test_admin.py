from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from salon.serve import admin
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from salon.wire.token import SalonClaim, verify
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting, serving

ADMIN = "sk-operator-key-of-some-length"
KEY = "sk-backend-key-of-some-length"
SECRET = b"t" * 32
NOW = 1_800_000_000


@asynccontextmanager
async def client(key: str = ADMIN, secrets: tuple[bytes, ...] = (SECRET, b"o" * 32)) -> AsyncIterator[ClientSession]:
    clock = FakeClock(unix=NOW)
    keys = [ApiKey("operator", ADMIN, admin=True), ApiKey("backend", KEY)]
    gate = Gate(keys=keys, token_secrets=secrets, limits=Limits(), clock=clock, observer=Noting())
    headers = {"authorization": f"Bearer {key}"}
    async with (
        serving(app(admin.routes(gate, clock), gate=gate)) as server,
        ClientSession(server.http, headers=headers) as session,
    ):
        yield session


async def test_mints_a_grant_with_the_newest_secret() -> None:
    asked = {
        "sub": "ada",
        "ttl_seconds": 60,
        "salon": {"talk": True, "agents": ["host"]},
        "channels": ["news"],
        "info": {},
    }
    async with client() as session, session.post("/v1/tokens", json=asked) as response:
        assert response.status == 200
        body = await response.json()
    assert body["expires_at"] == NOW + 60
    claims = verify(body["token"], SECRET, NOW)
    assert (claims.sub, claims.iat, claims.exp, claims.channels, claims.info) == ("ada", NOW, NOW + 60, ("news",), {})
    assert claims.salon == SalonClaim(talk=True, agents=("host",))


async def test_a_grant_talks_for_an_hour_unless_it_says_otherwise() -> None:
    async with client() as session, session.post("/v1/tokens", json={"sub": "ada"}) as response:
        claims = verify((await response.json())["token"], SECRET, NOW)
    assert (claims.exp, claims.salon) == (NOW + 3600, SalonClaim(talk=True))


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "invalid_value", None),
        ({"sub": 1}, "invalid_value", "sub"),
        ({"sub": "ada", "ttl": 5}, "invalid_value", None),
        ({"sub": "ada", "ttl_seconds": 0}, "invalid_value", "ttl_seconds"),
        ({"sub": "ada", "ttl_seconds": 10**9}, "invalid_value", "ttl_seconds"),
        ({"sub": "ada", "info": "x" * 9000}, "invalid_value", None),
    ],
)
async def test_a_bad_request_says_what_is_wrong(body: Any, code: str, param: str | None) -> None:
    async with client() as session, session.post("/v1/tokens", json=body) as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"], error["param"]) == (400, code, param)


async def test_other_keys_mint_nothing() -> None:
    async with client(KEY) as session, session.post("/v1/tokens", json={"sub": "ada"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (403, "insufficient_permissions")


async def test_a_server_without_a_token_secret_says_so() -> None:
    async with client(secrets=()) as session, session.post("/v1/tokens", json={"sub": "ada"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "no_token_secret")
