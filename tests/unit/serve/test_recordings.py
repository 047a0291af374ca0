"""Recordings over HTTP, from a real folder."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from salon.base.ids import counting
from salon.ports.recorder import RecordingState
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.limits import Limits
from salon.serve.recordings import RecordingsDoor
from salon.session.broadcast import Broadcast
from salon.session.live import Live
from tests.fakes.broadcasting import ADMIN, ALICE, KEY, SECRET, bearer, grant
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine
from tests.fakes.serving import Noting, serving

OLD, NEW = "alice-1-20270101T000000Z-1.webm", "studio-20270102T030405Z-2.mkv"


@asynccontextmanager
async def door(folder: Path | None) -> AsyncIterator[tuple[ClientSession, Live]]:
    clock = FakeClock()
    keys = [ApiKey("backend", KEY), ApiKey("operator", ADMIN, admin=True)]
    gate = Gate(keys=keys, token_secrets=[SECRET], limits=Limits(), clock=clock, observer=Noting())
    async with Live(FakeEngine(), clock=clock, new_id=counting()) as live:
        framed = app(RecordingsDoor(folder, live, gate).routes(), gate=gate)
        async with serving(framed) as server, ClientSession(server.http) as http:
            yield http, live


def filled(folder: Path) -> Path:
    for name in (OLD, NEW, "notes.txt", "studio-20270102.webm"):
        (folder / name).write_bytes(b"0123456789")
    (folder / "studio-20270102T030405Z-9.webm").mkdir()
    return folder


async def get(http: ClientSession, path: str, token: str = KEY, **headers: str) -> Any:
    async with http.get(path, headers={**bearer(token), **headers}) as response:
        await response.read()
    return response


async def test_the_newest_is_listed_first_and_only_what_is_a_recording(tmp_path: Path) -> None:
    async with door(filled(tmp_path)) as (http, _):
        body = await (await get(http, "/v1/recordings")).json()
    assert [each["file"] for each in body["recordings"]] == [NEW, OLD]
    assert body["recordings"][-1] | {"changed": 0} == {
        "file": OLD,
        "room": "alice-1",
        "began": "2027-01-01T00:00:00Z",
        "changed": 0,
        "bytes": 10,
        "running": False,
    }


async def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    async with door(None) as (http, _):
        assert await (await get(http, "/v1/recordings")).json() == {"records": False, "recordings": []}
        assert (await get(http, f"/v1/recordings/{NEW}")).status == 404
    async with door(tmp_path / "not yet") as (http, _):
        assert (await (await get(http, "/v1/recordings")).json())["recordings"] == []


async def test_a_file_is_played_in_parts(tmp_path: Path) -> None:
    async with door(filled(tmp_path)) as (http, _):
        whole = await get(http, f"/v1/recordings/{NEW}")
        assert (whole.status, whole.headers["content-type"], await whole.text()) == (
            200,
            "video/matroska",
            "0123456789",
        )
        part = await get(http, f"/v1/recordings/{NEW}", range="bytes=2-4")
        assert (part.status, await part.text()) == (206, "234")
        assert part.headers["content-range"] == "bytes 2-4/10"
        assert (await get(http, f"/v1/recordings/{OLD}")).headers["content-type"] == "video/webm"


async def test_nothing_else_of_the_machine_can_be_had(tmp_path: Path) -> None:
    (tmp_path / "secret-20270101T000000Z-1.webm").write_bytes(b"secret")
    folder = tmp_path / "in"
    os.mkdir(folder)
    async with door(filled(folder)) as (http, _):
        for name in ("notes.txt", "..%2Fsecret-20270101T000000Z-1.webm", "%2e%2e", "studio-20270102T030405Z-9.webm"):
            assert (await get(http, f"/v1/recordings/{name}")).status == 404


async def test_whoever_may_publish_under_a_name_has_its_recordings(tmp_path: Path) -> None:
    eve = grant("eve", [], ["*"])
    async with door(filled(tmp_path)) as (http, _):
        body = await (await get(http, "/v1/recordings", eve)).json()
        assert body["recordings"] == []
        assert (await get(http, f"/v1/recordings/{OLD}", eve)).status == 403
        assert (await get(http, f"/v1/recordings/{OLD}", ALICE)).status == 200
        assert (await get(http, "/v1/recordings", "")).status == 401
        assert (await http.delete(f"/v1/recordings/{OLD}", headers=bearer(eve))).status == 403


async def test_a_recording_is_deleted_once(tmp_path: Path) -> None:
    async with door(filled(tmp_path)) as (http, _):
        assert (await http.delete(f"/v1/recordings/{OLD}", headers=bearer(KEY))).status == 204
        assert (await http.delete(f"/v1/recordings/{OLD}", headers=bearer(KEY))).status == 404
    assert OLD not in os.listdir(tmp_path)


class Running:
    state = RecordingState(file=NEW, size=10)

    def stop(self) -> None: ...


async def test_one_that_runs_is_not_deleted(tmp_path: Path) -> None:
    async with door(filled(tmp_path)) as (http, live):
        broadcast = Broadcast("studio", "key backend", since=0)
        broadcast.recording = Running()
        broadcast.record = True
        live._broadcasts["studio"] = broadcast
        body = await (await get(http, "/v1/recordings")).json()
        assert [each["file"] for each in body["recordings"] if each["running"]] == [NEW]
        response = await http.delete(f"/v1/recordings/{NEW}", headers=bearer(KEY))
        assert (response.status, (await response.json())["error"]["code"]) == (409, "recording_running")
