"""WHIP, WHEP, calls and the details of broadcasts, passed on to the worker that has them. Whoever comes is let in and counted
here; the worker's own doors answer, in their protocols' words."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from salon.base.errors import Refused
from salon.base.ids import worker_of
from salon.serve import calls, live_list
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.ice import IceServers
from salon.serve.replies import read_body
from salon.serve.whip import WhipFront
from salon.serve.workers.fleet import Fleet, no_engine
from salon.session.live import busy
from salon.transport.tunnel import Answer, Lost
from salon.wire.openai_realtime import call as call_wire
from salon.wire.whip import MAX_SDP, Door


class WhipToWorkers(WhipFront):
    """``most`` broadcasts there may be in all."""

    def __init__(self, fleet: Fleet, gate: Gate, ice: IceServers, *, most: int) -> None:
        super().__init__(gate, ice)
        self._fleet = fleet
        self._most = most

    async def begin(self, request: Request, door: Door, caller: Caller, room: str, body: str) -> Response:
        holds = self._fleet.holds
        number = holds.take(self._gate.hold(caller, address_of(request.scope), door), door)
        try:
            if door == "whip":
                answer = await self._publish(request.scope, caller, room, body.encode(), number)
            else:
                home = self._fleet.placement.home(room)
                # Nobody there publishes under that name: then any worker says so.
                order = self._fleet.order() if home is None else [home]
                answer = await self._fleet.ask_first(order, request.scope, caller, body.encode(), number)
        finally:
            holds.settle(number)
        return _response(answer)

    async def _publish(self, scope: Scope, caller: Caller, room: str, body: bytes, hold: int) -> Answer:
        placement, answer = self._fleet.placement, None
        if placement.home(room) is None and placement.rooms >= self._most:
            raise busy(f"There are {self._most} broadcasts already.")
        for number in self._fleet.order():
            # Somebody may have been quicker, while another worker was asked.
            home = placement.home(room)
            there = number if home is None else home
            placement.begin(room, there)
            try:
                answer = await self._fleet.ask(there, scope, caller, body, hold)
            except Lost:
                pass
            finally:
                placement.end(room, there)
            if answer is not None and answer.status != 503:
                return answer
            if not placement.alone(room):
                break
        if answer is None:
            raise no_engine()
        return answer

    async def at_session(self, request: Request, door: Door, caller: Caller) -> Response:
        body = await read_body(request, MAX_SDP)
        return await _at(self._fleet, request, caller, request.path_params["session"], body, _no_session())


class CallsToWorkers:
    """``admit`` raises ``Refused`` where there are as many conversations as there may be."""

    def __init__(self, fleet: Fleet, gate: Gate, admit: Callable[[], None]) -> None:
        self._fleet = fleet
        self._gate = gate
        self._admit = admit

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/realtime/calls", self.begin, methods=["POST"]),
            Route("/v1/realtime/calls/{call_id}/hangup", self.hang_up, methods=["POST"]),
        ]

    def __len__(self) -> int:
        return self._fleet.holds.lasting(calls.DOOR)

    async def begin(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, calls.SIDE_DOOR)
        body = await read_body(request, call_wire.MAX_BODY)
        self._admit()
        holds = self._fleet.holds
        number = holds.take(self._gate.hold(caller, address_of(request.scope), calls.DOOR), calls.DOOR)
        try:
            answer = await self._fleet.ask_first(self._fleet.order(), request.scope, caller, body, number)
        finally:
            holds.settle(number)
        return _response(answer)

    async def hang_up(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, calls.SIDE_DOOR)
        return await _at(self._fleet, request, caller, request.path_params["call_id"], b"", calls.no_call())

    async def join(self, caller: Caller, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        worker = worker_of(call_id)
        if worker is None or not self._fleet.up(worker):
            raise calls.no_call()
        holds = self._fleet.holds
        number = holds.take(self._gate.hold(caller, address_of(scope), calls.SIDE_DOOR), calls.SIDE_DOOR)
        try:
            await self._fleet.websocket(worker, caller, number, scope, receive, send)
        except Lost:
            raise calls.no_call() from None
        finally:
            if holds.settle(number):
                holds.left(number)


class LiveToWorkers:
    def __init__(self, fleet: Fleet, gate: Gate) -> None:
        self._fleet = fleet
        self._gate = gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/live/{room}", self.broadcast, methods=["GET"]),
            Route("/v1/live/{room}/recording", self.broadcast, methods=["POST"]),
            Route("/v1/live/{room}/timeline/{session}", self.timeline, methods=["GET"]),
        ]

    async def broadcast(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, live_list.DOOR)
        body = await read_body(request)
        home = self._fleet.placement.home(request.path_params["room"])
        order = self._fleet.order() if home is None else [home]
        return _response(await self._fleet.ask_first(order, request.scope, caller, body))

    async def timeline(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, live_list.DOOR)
        return await _at(self._fleet, request, caller, request.path_params["session"], b"", _no_session())


async def _at(fleet: Fleet, request: Request, caller: Caller, session: str, body: bytes, absent: Refused) -> Response:
    """Ask the worker that a session's id names. A session of a worker that is gone is over."""
    worker = worker_of(session)
    if worker is None or not fleet.up(worker):
        raise absent
    try:
        return _response(await fleet.ask(worker, request.scope, caller, body))
    except Lost:
        raise no_engine() if fleet.up(worker) else absent from None


def _no_session() -> Refused:
    return Refused("There is no such session; it may be over.", status=404, code="session_not_found")


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = list(answer.headers)
    return response
