"""STUN and TURN servers for clients."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from salon.base.errors import ConfigError
from salon.serve import ice
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.ice import IceServers
from salon.serve.limits import Limits
from salon.wire.token import Claims, mint
from salon.wire.whip import IceServer, turn_credentials
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting, serving

STUN = IceServer(urls=("stun:stun.example.com",))
TURN = IceServer(urls=("turn:turn.example.com:3478", "turns:turn.example.com:5349"))
OWN = IceServer(urls=("turn:other.example.com",), username="u", credential="p")
KEY = "sk-backend-key-of-some-length"
SECRET = b"t" * 32
NOW = 1_800_000_000


def test_turn_servers_get_credentials_that_expire() -> None:
    servers = IceServers([STUN, TURN, OWN], FakeClock(unix=1000), turn_secret=b"north", seconds=60)
    stun, turn, own = servers.of("alice")
    assert (stun, own) == (STUN, OWN)
    assert (turn.username, turn.credential) == turn_credentials(b"north", "alice", 1060)
    assert turn.urls == TURN.urls


@pytest.mark.parametrize("server", [TURN, IceServer(urls=TURN.urls, username="u")])
def test_a_turn_server_without_credentials_is_a_mistake(server: IceServer) -> None:
    with pytest.raises(ConfigError, match="turn_secret"):
        IceServers([STUN, server], FakeClock())


def test_a_name_cannot_end_the_time() -> None:
    servers = IceServers([TURN], FakeClock(unix=1000), turn_secret=b"north", seconds=60)
    assert servers.of("a:9\nb")[0].username == "1060:a-9-b"
    assert servers.of("")[0].username == "1060:anonymous"
    assert servers.of("x" * 500)[0].username == "1060:" + "x" * 64


@pytest.mark.parametrize(
    ("secret", "username", "told"), [("north", "", "1600:bob"), ("", "fixed", "fixed"), ("north", "fixed", "1600:bob")]
)
def test_settings(secret: str, username: str, told: str) -> None:
    servers = ice.configured(
        FakeClock(unix=1000),
        stun=STUN.urls,
        turn=TURN.urls,
        secret=secret,
        username=username,
        credential="p",
        seconds=600,
    )
    stun, turn = servers.of("bob")
    assert (stun.urls, turn.urls, turn.username) == (STUN.urls, TURN.urls, told)


def test_without_settings_there_are_none() -> None:
    servers = ice.configured(FakeClock(), stun=(), turn=(), secret="", username="", credential="", seconds=600)
    assert (servers.of("bob"), servers.configured) == ([], False)


@asynccontextmanager
async def client(limits: Limits = Limits(), **credentials: Any) -> AsyncIterator[ClientSession]:  # noqa: B008  (immutable)
    clock = FakeClock(unix=NOW)
    gate = Gate(limits=limits, clock=clock, observer=Noting(), **credentials)
    servers = IceServers([STUN, TURN], clock, turn_secret=b"north", seconds=60)
    async with serving(app(ice.routes(gate, servers), gate=gate)) as at, ClientSession(at.http) as session:
        yield session


async def test_a_browser_takes_the_answer_as_it_is() -> None:
    async with client() as session, session.get("/v1/ice-servers") as answer:
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
        body = await answer.json()
    username = f"{NOW + 60}:open"
    # draft-uberti-behave-turn-rest-00: "base64(hmac(secret key, username))".
    password = base64.b64encode(hmac.digest(b"north", username.encode(), hashlib.sha1)).decode()
    assert body == {
        "iceServers": [
            {"urls": list(STUN.urls)},
            {"urls": list(TURN.urls), "username": username, "credential": password},
        ],
        "ttl_seconds": 60,
    }


async def test_it_is_for_those_who_may_come_in_and_bears_their_name() -> None:
    grant = mint(Claims(sub="alice", exp=NOW + 60), SECRET)
    async with client(keys=[ApiKey("backend", KEY)], token_secrets=[SECRET]) as session:
        async with session.get("/v1/ice-servers") as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (401, "invalid_api_key")
        for shown, name in ((KEY, "backend"), (grant, "alice")):
            async with session.get("/v1/ice-servers", headers={"authorization": f"Bearer {shown}"}) as answer:
                assert (await answer.json())["iceServers"][1]["username"] == f"{NOW + 60}:{name}"


async def test_who_asks_too_often_is_told_to_wait() -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    async with client(Limits(connections_per_minute=2), keys=[ApiKey("backend", KEY)]) as session:
        for status in (200, 200, 429):
            async with session.get("/v1/ice-servers", headers=headers) as answer:
                assert answer.status == status
        assert "retry-after" in answer.headers
