"""One broadcast over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import ClientResponse

from salon.ports.media import Source
from salon.ports.recorder import RecordingState
from tests.fakes.broadcasting import ADMIN, ALICE, BOB, Doors, bearer, doors

pytestmark = pytest.mark.usefixtures("wherever_sessions_live")


class FakeRecording:
    state = RecordingState(file="studio.webm", size=9, milliseconds=2500)

    def stop(self) -> None: ...


class FakeRecorder:
    def start(self, name: str, sources: Sequence[Source]) -> FakeRecording:
        return FakeRecording()

    async def aclose(self) -> None: ...


async def get(there: Doors, path: str, token: str = ALICE) -> Any:
    response = await there.http.get(path, headers=bearer(token))
    assert response.status == 200, await response.text()
    assert response.headers["cache-control"] == "no-store"
    return await response.json()


async def error(response: ClientResponse) -> tuple[int, str]:
    return response.status, (await response.json())["error"]["code"]


async def test_sessions_of_a_broadcast() -> None:
    async with doors() as there:
        await there.go_live()
        await there.watch()
        everything = await get(there, "/v1/live/studio", ADMIN)
        assert [each["role"] for each in everything["sessions"]] == ["publish", "watch"]
        assert everything["sessions"][0]["state"] == "connected"
        assert everything["sessions"][0]["stats"] == {
            "transport": "udp",
            "rtt_ms": 7,
            "bit_rate": 1000,
            "loss": 0.0,
            "jitter_ms": 0.0,
            "streams": [],
        }
        assert everything["sessions"][1]["stats"]["paused"] is False
        own = await get(there, "/v1/live/studio", BOB)
        assert [each["role"] for each in own["sessions"]] == ["watch"]
        response = await there.http.get("/v1/live/other", headers=bearer(ALICE))
        assert await error(response) == (404, "broadcast_not_found")


async def test_recording_is_for_its_publisher() -> None:
    async with doors(recorder=FakeRecorder()) as there:
        await there.go_live()

        async def record(body: Any, token: str) -> ClientResponse:
            return await there.http.post("/v1/live/studio/recording", json=body, headers=bearer(token))

        assert await error(await record({"on": True}, BOB)) == (403, "insufficient_permissions")
        assert await error(await record({"off": True}, ALICE)) == (400, "invalid_value")
        response = await record({"on": True}, ALICE)
        assert response.status == 200
        expected = {"file": "studio.webm", "bytes": 9, "seconds": 2, "error": ""}
        assert (await response.json())["recording"] == expected
        assert (await (await record({"on": False}, ADMIN)).json())["recording"] is None


async def test_recording_needs_a_folder() -> None:
    async with doors() as there:
        await there.go_live()
        response = await there.http.post("/v1/live/studio/recording", json={"on": True}, headers=bearer(ALICE))
        assert await error(response) == (409, "recording_unavailable")


async def test_the_timeline_of_a_session() -> None:
    async with doors() as there:
        created = await there.go_live()
        session = created.headers["location"].rpartition("/")[2]
        path = f"/v1/live/studio/timeline/{session}"
        found = await get(there, path)
        assert (found["session"], found["role"], found["ended"]) == (session, "publish", "")
        assert found["events"] == [
            {"at_ms": 0, "what": "offer", "from": "client", "detail": ""},
            {"at_ms": 2, "what": "answer", "from": "server", "detail": ""},
        ]
        assert await error(await there.http.get(path, headers=bearer(BOB))) == (403, "insufficient_permissions")
        there.peer.close("vanished")
        found = await get(there, path)
        assert found["ended"] == "vanished"
        assert found["events"][-1]["what"] == "over"
        response = await there.http.get("/v1/live/studio/timeline/live_99", headers=bearer(ALICE))
        assert await error(response) == (404, "session_not_found")
