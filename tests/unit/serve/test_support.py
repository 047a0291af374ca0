"""``POST /v1/support/visits``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from salon.base.ids import counting
from salon.ports.observer import Observer
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from salon.serve.support import SupportDoor
from salon.wire.token import Claims, SalonClaim, mint, verify
from tests.fakes.clock import FakeClock
from tests.fakes.serving import serving

SECRET = b"t" * 32
NOW = 1_800_000_000
SHOP = "https://shop.example"


class Visits:
    def __init__(self, http: ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def post(self, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self._http.post(self._url, json=body, headers=headers) as response:
            return response.status, await response.json()


@asynccontextmanager
async def visits(*, keyed: bool = True, visitors: bool = True) -> AsyncIterator[Visits]:
    clock = FakeClock(unix=NOW)
    gate = Gate(
        keys=[ApiKey("k", "sk-some-key-of-some-length")] if keyed else [],
        token_secrets=[SECRET] if keyed else [],
        origins=[SHOP],
        limits=Limits(),
        clock=clock,
        observer=Observer(),
    )
    door = SupportDoor(gate, clock, counting(), visitors=visitors, seconds=60)
    async with serving(app(door.routes(), gate=gate)) as server, ClientSession() as http:
        yield Visits(http, f"{server.http}/v1/support/visits")


async def test_a_visitor_gets_a_room_and_a_token_for_it_alone() -> None:
    async with visits() as door:
        status, one = await door.post({"name": "Vera"}, origin=SHOP)
        assert status == 200
        claims = verify(one["token"], SECRET, NOW)
        assert (claims.sub, claims.info, claims.exp) == (one["user"], {"name": "Vera"}, NOW + 60)
        assert claims.salon == SalonClaim(rooms=(one["room"],))
        assert one["room"].startswith("help-")
        _, other = await door.post({})
        assert {one["room"], one["user"]}.isdisjoint({other["room"], other["user"]})


async def test_who_comes_back_is_known_by_the_token_and_by_nothing_else() -> None:
    async with visits() as door:
        _, first = await door.post({})
        _, again = await door.post({"token": first["token"]})
        assert (again["room"], again["user"]) == (first["room"], first["user"])
        others = [
            "nonsense",
            mint(Claims(sub="x", salon=SalonClaim(rooms=("help-*",))), SECRET),
            mint(Claims(sub="x", salon=SalonClaim(rooms=("lobby",))), SECRET),
            mint(Claims(sub="x", exp=NOW - 100, salon=SalonClaim(rooms=(first["room"],))), SECRET),
            mint(Claims(sub="x", salon=SalonClaim(rooms=(first["room"],))), b"o" * 32),
        ]
        for shown in others:
            status, new = await door.post({"token": shown})
            assert status == 200
            assert new["room"] not in (first["room"], "lobby", "help-*")


async def test_strangers_stay_out_unless_visitors_are_let_in() -> None:
    async with visits(visitors=False) as door:
        status, said = await door.post({})
        assert (status, said["error"]["code"]) == (403, "insufficient_permissions")


async def test_pages_of_others_stay_out() -> None:
    async with visits() as door:
        status, said = await door.post({}, origin="https://evil.example")
        assert (status, said["error"]["code"]) == (403, "origin_not_allowed")


async def test_a_server_without_keys_gives_no_token() -> None:
    async with visits(keyed=False, visitors=False) as door:
        status, said = await door.post({"token": "whatever"})
        assert (status, said["token"], said["expires_at"]) == (200, "", 0)


async def test_a_body_of_another_shape_is_told_so() -> None:
    async with visits() as door:
        for body in ([], {"name": 5}, {"name": "x" * 61}, {"unknown": 1}):
            assert (await door.post(body))[0] == 400
