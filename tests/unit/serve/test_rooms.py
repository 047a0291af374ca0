from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from salon.app.clock import SystemClock
from salon.ports.observer import Observer
from salon.serve import http
from salon.serve.gate import ApiKey, Gate
from salon.serve.limits import Limits
from salon.serve.rooms import routes
from salon.session.rooms import Rooms
from tests.fakes.rooms import Guest, open_rooms
from tests.fakes.serving import serving

KEY, OTHER = {"Authorization": "Bearer the-key-of-the-admin"}, {"Authorization": "Bearer the-key-of-another"}
Ask = Callable[..., Awaitable[tuple[int, Any]]]


@asynccontextmanager
async def client(rooms: Rooms) -> AsyncIterator[Ask]:
    clock = SystemClock()
    keys = [ApiKey("admin", "the-key-of-the-admin", admin=True), ApiKey("other", "the-key-of-another")]
    gate = Gate(keys=keys, limits=Limits(), clock=clock, observer=Observer())
    async with serving(http.app(routes(gate, rooms), gate=gate)) as server, aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, body: Any = None, headers: dict[str, str] = KEY) -> tuple[int, Any]:
            async with session.request(method, f"{server.http}{path}", json=body, headers=headers) as answer:
                return answer.status, await answer.json() if answer.content_type == "application/json" else None

        yield ask


async def test_rooms_are_made_listed_and_removed() -> None:
    async with open_rooms() as rooms, client(rooms) as ask:
        status, made = await ask("POST", "/v1/rooms", {"name": "lobby", "about": {"title": "Lobby"}})
        assert status == 201
        assert made | {"created_at": 0} == {
            "name": "lobby",
            "about": {"title": "Lobby"},
            "created_at": 0,
            "participants": 0,
            "connections": 0,
        }
        for name in ("b", "a"):
            await ask("POST", "/v1/rooms", {"name": name})
        _, first = await ask("GET", "/v1/rooms?limit=2")
        assert ([each["name"] for each in first["rooms"]], first["next"]) == (["a", "b"], "b")
        _, rest = await ask("GET", "/v1/rooms?after=b")
        assert ([each["name"] for each in rest["rooms"]], rest["next"]) == (["lobby"], None)
        assert (await ask("GET", "/v1/rooms/lobby"))[1]["seats"] == []
        assert (await ask("DELETE", "/v1/rooms/lobby"))[0] == 204
        status, error = await ask("GET", "/v1/rooms/lobby")
        assert (status, error["error"]["code"]) == (404, "room_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "no room"}, "invalid_channel"),
        ({"name": ""}, "invalid_value"),
        ({}, "invalid_value"),
        ({"name": "x", "about": "y" * 5000}, "data_too_large"),
    ],
)
async def test_what_cannot_be_made(body: dict[str, str], code: str) -> None:
    async with open_rooms() as rooms, client(rooms) as ask:
        status, error = await ask("POST", "/v1/rooms", body)
        assert (status, error["error"]["code"]) == (400, code)
        for limit in ("0", "x", "1001"):
            assert (await ask("GET", f"/v1/rooms?limit={limit}"))[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/rooms"), ("POST", "/v1/rooms"), ("GET", "/v1/rooms/x"), ("DELETE", "/v1/rooms/x")],
)
async def test_only_for_administrators(method: str, path: str) -> None:
    async with open_rooms() as rooms, client(rooms) as ask:
        assert (await ask(method, path, {"name": "x"}, OTHER))[0] == 403


async def test_who_is_in_a_room_is_shown() -> None:
    async with open_rooms() as rooms, client(rooms) as ask:
        guest = Guest(rooms, "alice", info=b'{"name":"Alice"}')
        await guest.subscribe("lobby/chat")
        await guest.member.set_attributes("lobby", b'{"mood":1}')
        _, shown = await ask("GET", "/v1/rooms/lobby")
        assert (shown["participants"], shown["connections"], shown["topics"]) == (1, 1, {"chat": 1})
        [seat] = shown["seats"]
        assert seat | {"client": "", "joined_at": 0, "seen_at": 0} == {
            "client": "",
            "user": "alice",
            "kind": "user",
            "topics": ["chat"],
            "joined_at": 0,
            "seen_at": 0,
            "away": False,
            "info": {"name": "Alice"},
            "attributes": {"mood": 1},
        }
        assert [each["name"] for each in (await ask("GET", "/v1/rooms"))[1]["rooms"]] == ["lobby"]
