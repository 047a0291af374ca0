"""``workers = 2``: a real server of three processes and more, real UDP, real deaths."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientResponse, ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.wire.token import Claims, SalonClaim, mint
from salon.wire.whip import SDP
from tests.fakes.caller import Caller, calling
from tests.fakes.light_peer import Light, vp8
from tests.fakes.media_house import eventually, until
from tests.fakes.worker_program import KEY

BEARER = {"authorization": f"Bearer {KEY}"}


class Program:
    def __init__(self, folder: Path, **environ: str) -> None:
        command = [sys.executable, "-m", "tests.fakes.worker_program", str(folder)]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **environ}, text=True
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline().split()
        assert said, (folder / "log").read_text()
        self.url = said[0]
        self.pid = int(said[1])
        self.log = folder / "log"

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def calls(self) -> str:
        return f"{self.url}/v1/realtime/calls"

    def processes(self) -> set[int]:
        """All that came of it: the one that forks, and the workers."""
        return descendants(self.pid)

    def worker_at(self, udp_port: int) -> int:
        """The process that has this port."""
        found = re.findall(rf"\(process (\d+)\) is up, on UDP port {udp_port}\b", self.log.read_text())
        return int(found[-1])

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for each in map(int, child.read_text().split()):
            found |= {each} | descendants(each)
    return found


def runs(pid: int) -> bool:
    """One that has ended and that nobody has asked about yet does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def are_gone(pids: set[int]) -> None:
    await until(lambda: not any(map(runs, pids)))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = Program(tmp_path_factory.mktemp("workers"))
    yield running
    assert running.end(signal.SIGTERM) == 0


@pytest.fixture
async def http(program: Program) -> AsyncIterator[ClientSession]:
    async with ClientSession(program.url, headers=BEARER) as session:
        yield session


def grant(sub: str) -> dict[str, str]:
    claims = Claims(sub=sub, salon=SalonClaim(publish=("*",), watch=("*",)))
    return {"authorization": f"Bearer {mint(claims, b't' * 32)}"}


def port(answer: str) -> int:
    return int(re.findall(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+)", answer)[0])


async def offered(http: ClientSession, path: str, light: Light, **headers: str) -> tuple[ClientResponse, str]:
    async with http.post(path, data=light.offer, headers={"content-type": SDP, **headers}) as response:
        return response, await response.text()


@asynccontextmanager
async def on_air(http: ClientSession, room: str, **headers: str) -> AsyncIterator[tuple[Light, str]]:
    """A publisher whose pictures flow; it, and its session's path."""
    light = Light("sendonly")
    response, answer = await offered(http, f"/whip/{room}", light, **headers)
    assert response.status == 201, answer
    light.answered(answer)
    await light.connect()

    async def send() -> None:
        sequence = 0
        while True:
            light.send_rtp(
                payload_type=96, sequence=sequence, timestamp=sequence * 1800, ssrc=2222, payload=vp8(key=True)
            )
            sequence += 1
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        sending = group.create_task(send())
        try:
            yield light, response.headers["location"]
        finally:
            sending.cancel()
            light.close()
            with suppress(ClientConnectionError):  # the server may have ended
                (await http.delete(response.headers["location"], headers=headers)).release()


@asynccontextmanager
async def on_air_elsewhere(http: ClientSession, room: str, where: Light, **headers: str) -> AsyncIterator[Any]:
    """``on_air``, at the other worker. Which one is the least busy is known to the half second."""
    async with asyncio.timeout(15):
        while True:
            async with on_air(http, room, **headers) as found:
                if found[0].server != where.server:
                    yield found
                    return


@asynccontextmanager
async def a_call_at_each(program: Program) -> AsyncIterator[tuple[Caller, Caller]]:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(calling(program.calls, KEY))
        while remote_port(other := await stack.enter_async_context(calling(program.calls, KEY))) == remote_port(one):
            pass
        for caller in (one, other):
            await caller.until("session.created")
        yield one, other


async def watching(http: ClientSession, room: str, **headers: str) -> Light:
    """A viewer who has seen a packet."""
    light = Light()
    while True:
        response, answer = await offered(http, f"/whep/{room}", light, **headers)
        if response.status != 409:  # not live yet
            break
    assert response.status == 201, answer
    light.answered(answer)
    await light.connect()
    await light.read_rtp()
    return light


async def rooms(http: ClientSession) -> dict[str, Any]:
    async with http.get("/v1/live") as response:
        return {each["room"]: each for each in (await response.json())["broadcasts"]}


async def metric(http: ClientSession, name: str, **labels: str) -> float:
    """Over all workers."""
    async with http.get("/metrics") as response:
        text = await response.text()
    found = 0.0
    for line in text.splitlines():
        match = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if match and all(f'{label}="{value}"' in match[1] for label, value in labels.items()):
            found += float(match[2])
    return found


def asks(caller: Caller, text: str) -> None:
    content = [{"type": "input_text", "text": text}]
    caller.send({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
    caller.send({"type": "response.create", "response": {"output_modalities": ["text"]}})


def remote_port(caller: Caller) -> int:
    return port(caller.pc.remote_description.sdp)


async def test_calls_go_to_different_engines_and_their_tools_run_in_the_program(
    program: Program, http: ClientSession
) -> None:
    async with calling(program.calls, KEY) as one, calling(program.calls, KEY) as other:
        assert remote_port(one) != remote_port(other)
        assert await metric(http, "salon_connections", door="call") == 2
        for caller in (one, other):
            await caller.until("session.created")
            asks(caller, "Where do you run?")
            said = (await caller.until("response.output_text.done"))[-1]["text"]
            assert said == f"process {program.pid}"
        # A second control channel, by the id that the answer gave.
        call_id = one.location.rsplit("/", 1)[-1]
        async with connect(f"{program.ws}/v1/realtime?call_id={call_id}", additional_headers=BEARER) as beside:
            joined = json.loads(await beside.recv())
            assert joined["session"]["id"] == one.heard[0]["session"]["id"]
            await beside.send(json.dumps({"type": "input_audio_buffer.clear"}))
            await one.until("input_audio_buffer.cleared")
            async with http.post(f"{one.location}/hangup", headers=grant("eve")) as response:
                assert response.status in (403, 404)
            async with http.post(f"{one.location}/hangup") as response:
                assert response.status == 200
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await beside.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1000
        async with http.post(f"{one.location}/hangup") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (404, "call_not_found")
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{program.ws}/v1/realtime?call_id={call_id}", additional_headers=BEARER)
        assert refused.value.response.status_code == 404


async def test_a_name_has_one_publisher_and_its_viewers_meet_it(program: Program, http: ClientSession) -> None:
    # Many at once under a name that nobody had: one of them gets it, wherever the others were sent.
    lights = [Light("sendonly") for _ in range(6)]
    answers = await asyncio.gather(
        *(offered(http, "/whip/race", light, **grant(f"user {n}")) for n, light in enumerate(lights))
    )
    assert sorted(response.status for response, _ in answers) == [201, *[409] * 5]
    async with http.delete(next(r.headers["location"] for r, _ in answers if r.status == 201)) as response:
        assert response.status == 200
    async with (
        on_air(http, "north", **grant("ann")) as (ann, session),
        on_air_elsewhere(http, "south", ann, **grant("ben")) as (ben, _),
    ):
        viewers = [await watching(http, room, **grant("eve")) for room in ("north", "south", "north")]
        assert [each.server for each in viewers] == [ann.server, ben.server, ann.server]
        assert {name: (each["state"], each["viewers"]) for name, each in (await rooms(http)).items()} == {
            "north": ("live", 2),
            "south": ("live", 1),
        }
        assert await metric(http, "salon_viewers") == 3
        async with http.get("/v1/live/north") as response:
            assert len((await response.json())["sessions"]) == 3
        # Taken over by its own publisher, refused to another; a fourth name is one too many for this server.
        taken, _ = await offered(http, "/whip/north", Light("sendonly"), **grant("ben"))
        assert taken.status == 409
        again, answer = await offered(http, "/whip/north", Light("sendonly"), **grant("ann"))
        assert (again.status, port(answer)) == (201, ann.server[1])
        async with on_air(http, "west", **grant("cid")):
            busy, text = await offered(http, "/whip/east", Light("sendonly"), **grant("dan"))
            assert (busy.status, json.loads(text)["code"]) == (503, "over_capacity")
            assert int(busy.headers["retry-after"]) > 0
        async with http.post("/v1/live/south/recording", json={"on": True}) as response:
            assert response.status == 200

        async def recorded() -> bool:
            async with http.get("/v1/recordings") as response:
                body = await response.json()
            return any(each["room"] == "south" and each["running"] and each["bytes"] for each in body["recordings"])

        await eventually(recorded)
        async with http.delete(session, headers=grant("ben")) as response:
            assert response.status == 403
        async with http.get(f"/v1/live/north/timeline/{session.rsplit('/', 1)[-1]}", headers=grant("ann")) as response:
            assert (await response.json())["role"] == "publish"


async def overloaded(caller: Caller) -> None:
    """Keep that engine's loop from its work, again and again."""
    while True:
        asks(caller, "block 0.5")
        await caller.until("response.done")


async def test_past_the_limit_a_newcomer_is_asked_to_come_again(program: Program, http: ClientSession) -> None:
    async def status() -> tuple[int, ClientResponse]:
        response, _ = await offered(http, "/v1/realtime/calls", Light("sendrecv"))
        if response.status == 201:
            async with http.post(f"{response.headers['location']}/hangup"):
                pass
        return response.status, response

    async with a_call_at_each(program) as (one, other), asyncio.TaskGroup() as group:
        blocking = [group.create_task(overloaded(caller)) for caller in (one, other)]
        refused = []

        async def is_refused() -> bool:
            code, response = await status()
            if code == 503:
                refused.append(response)
            return bool(refused)

        await eventually(is_refused)
        assert int(refused[0].headers["retry-after"]) > 0
        # Those that are there stay; what can be done without an engine goes on.
        assert one.pc.connection_state == other.pc.connection_state == "connected"
        async with http.get("/readyz") as response:
            assert response.status == 200
        for task in blocking:
            task.cancel()

        async def has_room() -> bool:
            return (await status())[0] == 201

        await eventually(has_room)

    async def rested() -> bool:
        async with http.get("/metrics") as response:
            loads = re.findall(r"^salon_media_load{.*} (\S+)$", await response.text(), re.M)
        return len(loads) == 2 and max(map(float, loads)) < 0.5

    await eventually(rested)


async def test_a_worker_that_dies_takes_its_own_sessions_only(program: Program, http: ClientSession) -> None:
    async with (
        on_air(http, "north", **grant("ann")) as (ann, lost),
        on_air_elsewhere(http, "south", ann, **grant("ben")) as (_, kept),
    ):
        eye = await watching(http, "south")
        os.kill(program.worker_at(ann.server[1]), signal.SIGKILL)

        async def is_over() -> bool:
            async with http.patch(lost, data="", headers=grant("ann")) as response:
                return response.status == 404

        await eventually(is_over)
        assert set(await rooms(http)) == {"south"}
        await eye.read_rtp()
        async with http.get(kept, headers=grant("ben")) as response:
            assert response.status == 200
        # The name is free, and its publisher may come back at once, to whoever has room.
        async with on_air(http, "north", **grant("ann")):
            back = await watching(http, "north")
            assert back.server

        async def both() -> bool:
            return await metric(http, "salon_workers") == 2

        await eventually(both)
        assert await metric(http, "salon_workers_restarted_total") == 1


async def test_the_drain_lets_an_answer_finish_and_leaves_no_process(program: Program, http: ClientSession) -> None:
    everybody = program.processes()
    assert len(everybody) == 3
    async with calling(program.calls, KEY) as caller, on_air(http, "south") as (ben, _):
        assert ben.server
        await caller.until("session.created")
        asks(caller, "wait 1")
        await caller.until("response.created")
        program.process.send_signal(signal.SIGTERM)
        assert (await caller.until("response.output_text.done"))[-1]["text"] == "done"
        await caller.until("response.done")
        assert await asyncio.to_thread(program.process.wait, 20) == 0
    await are_gone(everybody)


async def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = Program(tmp_path, WORKERS="2")
    everybody = program.processes()
    assert len(everybody) == 3
    program.end(signal.SIGKILL)
    await are_gone(everybody)
