"""Several workers behind one door. That one worker answers as no worker does is seen in ``test_whip`` and ``test_live``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from salon.base.errors import Refused
from salon.base.ids import counting
from salon.serve.gate import Caller, Gate
from salon.serve.http import app
from salon.serve.ice import IceServers
from salon.serve.limits import Limits
from salon.serve.workers.doors import CallsToWorkers
from salon.serve.workers.fleet import Fleet
from salon.session.live import Live, LiveLimits
from salon.transport.tunnel import Answer, Lost
from salon.wire.whip import SDP
from tests.fakes import workers as by_workers
from tests.fakes.broadcasting import ALICE, BOB, SECRET, bearer, grant
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine, offer_text
from tests.fakes.serving import Noting, serving
from tests.fakes.workers import Worker


class House:
    def __init__(self, http: ClientSession, fleet: Fleet, gate: Gate, workers: Sequence[Worker]) -> None:
        self.http = http
        self.fleet = fleet
        self.gate = gate
        self.workers = workers

    async def publish(self, room: str, token: str = ALICE) -> ClientResponse:
        return await self._post(f"/whip/{room}", offer_text(), token)

    async def watch(self, room: str, token: str = BOB) -> ClientResponse:
        return await self._post(f"/whep/{room}", offer_text("recvonly"), token)

    async def _post(self, path: str, body: str, token: str) -> ClientResponse:
        return await self.http.post(path, data=body, headers={"content-type": SDP, **bearer(token)})

    def live(self) -> list[list[str]]:
        """What lives where."""
        return [[broadcast.room for broadcast in worker.live.broadcasts] for worker in self.workers]


@asynccontextmanager
async def house(count: int = 2, most: int = 100, **limits: Any) -> AsyncIterator[House]:
    clock = FakeClock()
    gate = Gate(token_secrets=[SECRET], limits=Limits(), clock=clock, observer=Noting())
    ice = IceServers([], clock)
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(by_workers.fleet(clock))
        workers = []
        for number in range(1, count + 1):
            live = Live(FakeEngine(), clock=clock, new_id=counting(), limits=LiveLimits(**limits))
            await stack.enter_async_context(live)
            workers.append(
                await stack.enter_async_context(by_workers.worker(fleet, number, live, ice, clock, Noting()))
            )
        doors = app(by_workers.routes(fleet, gate, ice, most=most), gate=gate)
        server = await stack.enter_async_context(serving(doors))
        http = await stack.enter_async_context(ClientSession(server.http))
        yield House(http, fleet, gate, workers)


async def dies(there: House, number: int) -> None:
    there.workers[number - 1].die()
    async with asyncio.timeout(5):
        while there.fleet.up(number):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_new_broadcasts_take_turns_and_viewers_follow_them() -> None:
    async with house() as there:
        for room in ("alice-1", "alice-2", "alice-3"):
            assert (await there.publish(room)).status == 201
        assert there.live() == [["alice-1", "alice-3"], ["alice-2"]]
        await there.publish("studio")
        viewer = await there.watch("studio")
        assert (viewer.status, there.live()[1]) == (201, ["alice-2", "studio"])
        assert "/live_2-" in viewer.headers["location"]


async def test_however_many_come_at_once_a_name_lives_in_one_worker() -> None:
    async with house() as there:
        tokens = [grant(f"user {number}", ["*"]) for number in range(8)]
        answers = await asyncio.gather(*(there.publish("studio", token) for token in tokens))
        assert sorted(answer.status for answer in answers) == [201, *[409] * 7]
        assert sorted(there.live()) == [[], ["studio"]]


@pytest.mark.parametrize("pinned", [False, True])
async def test_a_worker_without_room_sends_newcomers_on_and_keeps_what_it_has(pinned: bool) -> None:
    async with house() as there:
        if pinned:
            await there.publish("studio")
        there.workers[0].live.draining = True  # as an engine at its limit does, it says 503
        answer = await there.publish("studio")
        assert answer.status == (503 if pinned else 201)
        assert there.live() == ([["studio"], []] if pinned else [[], ["studio"]])
        there.workers[1].live.draining = True
        refused = await there.publish("alice-1")
        assert (refused.status, refused.headers["retry-after"]) == (503, "2")
        assert there.fleet.placement.rooms == 1


async def test_there_are_no_more_broadcasts_than_there_may_be_in_all() -> None:
    async with house(most=2) as there:
        assert [(await there.publish(f"alice-{n}")).status for n in range(3)] == [201, 201, 503]
        assert (await there.publish("alice-0")).status == 201, "its own publisher takes it over"


async def test_sessions_of_a_worker_that_is_gone_are_over_and_others_are_not() -> None:
    async with house() as there:
        lost, kept = await there.publish("alice-1"), await there.publish("alice-2")
        await dies(there, 1)
        for method in ("GET", "PATCH", "DELETE"):
            answer = await there.http.request(method, lost.headers["location"], headers=bearer(ALICE))
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "session_not_found")
        assert (await there.http.get(kept.headers["location"], headers=bearer(ALICE))).status == 200
        assert there.gate.connections == 1
        back = await there.publish("alice-1")
        assert (back.status, there.live()[1]) == (201, ["alice-2", "alice-1"])


@pytest.mark.parametrize("path", ["/whip/alice-1", "/whep/alice-1"])
async def test_without_any_worker_it_is_said_when_to_come_again(path: str) -> None:
    async with house(count=1) as there:
        await dies(there, 1)
        answer = await there.http.post(path, data=offer_text(), headers={"content-type": SDP, **bearer(ALICE)})
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert (await answer.json(content_type=None))["code"] == "over_capacity"
        assert there.gate.connections == 0


@pytest.mark.parametrize("session", ["live_1", "live_9-1", "x", "live_1-99"])
async def test_who_names_no_session_of_ours_is_told_so(session: str) -> None:
    async with house() as there:
        for path in (f"/whip/alice-1/{session}", f"/v1/live/alice-1/timeline/{session}"):
            answer = await there.http.get(path, headers=bearer(ALICE))
            assert answer.status == 404


class Workers:
    """A fleet whose every request is answered the same."""

    def __init__(self, answer: Answer | type[Exception]) -> None:
        self.fleet = Fleet(FakeClock(), by_workers.no_tools, records=False)
        self.asked: list[int] = []
        self.fleet.up = lambda number: number == 1  # type: ignore[method-assign]
        self.fleet.order = lambda: [1]  # type: ignore[method-assign]

        async def ask(number: int, scope: Any, caller: Caller, body: bytes = b"", hold: int = 0) -> Answer:
            self.asked.append(number)
            if isinstance(answer, Answer):
                if hold and answer.status == 201:
                    self.fleet.holds.entered(hold, number)
                return answer
            raise answer

        async def websocket(number: int, *_: Any) -> None:
            await ask(number, *_[:2])

        self.fleet.ask = ask  # type: ignore[method-assign]
        self.fleet.websocket = websocket  # type: ignore[method-assign]


def calls(workers: Workers, admit: Any = lambda: None) -> tuple[CallsToWorkers, Gate]:
    gate = Gate(limits=Limits(), clock=FakeClock(), observer=Noting())
    return CallsToWorkers(workers.fleet, gate, admit), gate


def request(**path: str) -> Any:
    async def stream() -> AsyncIterator[bytes]:
        yield b"v=0"

    scope = {"type": "http", "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}
    return SimpleNamespace(scope=scope, stream=stream, path_params=path, headers={})


async def test_a_call_is_counted_for_as_long_as_it_lasts() -> None:
    door, gate = calls(Workers(Answer(201, [(b"location", b"/v1/realtime/calls/rtc_1-x")], b"v=0")))
    response = await door.begin(request())
    assert (response.status_code, response.headers["location"]) == (201, "/v1/realtime/calls/rtc_1-x")
    assert (len(door), gate.connections) == (1, 1)


async def test_a_call_that_cannot_be_is_not_counted() -> None:
    for workers, status in ((Workers(Answer(400, [], b"")), 400), (Workers(Answer(503, [], b"")), 503)):
        door, gate = calls(workers)
        assert ((await door.begin(request())).status_code, len(door), gate.connections) == (status, 0, 0)

    def full() -> None:
        raise Refused("Full.", status=503, code="server_full")

    workers = Workers(Answer(201, [], b""))
    door, gate = calls(workers, full)
    with pytest.raises(Refused, match="Full"):
        await door.begin(request())
    assert (workers.asked, gate.connections) == ([], 0)


@pytest.mark.parametrize(
    ("call", "answer", "outcome"),
    [
        ("rtc_1-x", Answer(200, [], b""), 200),
        ("rtc_1-x", Answer(404, [], b""), 404),
        ("rtc_2-x", Answer(200, [], b""), "call_not_found"),
        ("rtc_x", Answer(200, [], b""), "call_not_found"),
        ("rtc_1-x", Lost, "over_capacity"),
    ],
)
async def test_hanging_up_asks_the_worker_that_the_id_names(call: str, answer: Any, outcome: object) -> None:
    door, _ = calls(Workers(answer))
    try:
        assert (await door.hang_up(request(call_id=call))).status_code == outcome
    except Refused as refused:
        assert refused.code == outcome


@pytest.mark.parametrize(("call", "answer"), [("rtc_2-x", Answer(200, [], b"")), ("rtc_1-x", Lost)])
async def test_nobody_joins_a_call_that_is_not_there(call: str, answer: Any) -> None:
    door, gate = calls(Workers(answer))
    caller = Caller("open", "open", Limits())
    with pytest.raises(Refused) as refused:
        await door.join(caller, call, {"client": None, "headers": []}, None, None)  # type: ignore[arg-type]
    assert (refused.value.status, gate.connections) == (404, 0)
