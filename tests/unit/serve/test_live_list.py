"""What is live, as JSON and as events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from salon.serve import live_list as module
from salon.serve.limits import Limits
from tests.fakes.broadcasting import ALICE, BOB, Doors, bearer, doors, grant

pytestmark = pytest.mark.usefixtures("wherever_sessions_live")


async def get(there: Doors, path: str, token: str = ALICE) -> Any:
    response = await there.http.get(path, headers=bearer(token))
    assert response.status == 200, await response.text()
    assert response.headers["cache-control"] == "no-store"
    return await response.json()


async def error(response: ClientResponse) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


async def test_a_broadcast_as_its_publisher_sees_it() -> None:
    async with doors() as there:
        assert await get(there, "/v1/live") == {"broadcasts": []}
        await there.go_live()
        await there.watch()
        assert await get(there, "/v1/live") == {
            "broadcasts": [
                {
                    "room": "studio",
                    "state": "live",
                    "since": 1_800_000_000,
                    "viewers": 1,
                    "tracks": [
                        {"kind": "audio", "codec": "opus", "bit_rate": 1_000_000},
                        {
                            "kind": "video",
                            "codec": "VP8",
                            "bit_rate": 1_000_000,
                            "width": 640,
                            "height": 360,
                            "layers": 1,
                        },
                    ],
                    "recording": None,
                    "may": {"watch": True, "publish": True, "record": False},
                }
            ]
        }


async def test_callers_see_what_they_may_see() -> None:
    async with doors() as there:
        await there.go_live("studio")
        await there.go_live("alice-1")
        rooms = [each["room"] for each in (await get(there, "/v1/live", BOB))["broadcasts"]]
        assert rooms == ["studio"]
        (studio,) = (await get(there, "/v1/live", BOB))["broadcasts"]
        assert studio["may"] == {"watch": True, "publish": False, "record": False}
        response = await there.http.get("/v1/live/alice-1", headers=bearer(BOB))
        assert await error(response) == (403, "insufficient_permissions")


class Events:
    """A reader of Server-Sent Events."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(10):
            name = ""
            while line := (await self.response.content.readline()).decode():
                if line.startswith("event: "):
                    name = line[7:].strip()
                elif line.startswith("data: "):
                    return name, json.loads(line[6:])
                elif line.startswith(":"):
                    return ":", None
        return "end", None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_SECONDS", 0.01)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(module, "COMMENT_SECONDS", 0.1)


@pytest.mark.usefixtures("quick")
async def test_events_tell_what_changes() -> None:
    async with doors() as there, there.http.get("/v1/live/events", headers=bearer(ALICE)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = Events(response)
        assert await events.next() == ("snapshot", {"broadcasts": []})
        created = await there.go_live()
        while (seen := await events.next())[1] is None or seen[1]["state"] != "live":
            pass
        assert (seen[0], seen[1]["room"], seen[1]["viewers"]) == ("broadcast", "studio", 0)
        viewer = await there.watch()
        while (seen := await events.next())[1] is None or seen[1]["viewers"] != 1:
            pass
        for session, token in ((viewer, BOB), (created, ALICE)):
            await there.http.delete(session.headers["location"], headers=bearer(token))
        while (seen := await events.next())[0] != "ended":
            assert seen[0] != "end"
        assert seen[1] == {"room": "studio"}
        there.drain()
        while seen[0] != "end":
            seen = await events.next()


@pytest.mark.usefixtures("quick")
async def test_events_keep_the_line_open_and_follow_one_room() -> None:
    async with doors() as there:
        await there.go_live("alice-1")
        async with there.http.get("/v1/live/events?room=studio", headers=bearer(ALICE)) as response:
            events = Events(response)
            assert await events.next() == ("snapshot", {"broadcasts": []})
            assert await events.next() == (":", None)
            await there.go_live("studio")
            while (seen := await events.next())[0] == ":":
                pass
            assert seen[1]["room"] == "studio"


@pytest.mark.usefixtures("quick")
async def test_events_are_for_those_who_may_see_them_and_count_as_connections() -> None:
    async with doors(limits=Limits(connections=1)) as there:
        eve = grant("eve")
        await there.go_live()
        async with there.http.get("/v1/live/events", headers=bearer(eve)) as response:
            assert await Events(response).next() == ("snapshot", {"broadcasts": []})
            assert there.gate.connections == 2
            second = await there.http.get("/v1/live/events", headers=bearer(eve))
            assert await error(second) == (429, "rate_limit_exceeded")
        async with asyncio.timeout(5):
            while there.gate.connections > 1:  # noqa: ASYNC110  the server tells nobody
                await asyncio.sleep(0.01)
