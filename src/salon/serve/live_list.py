"""What is live, as JSON and as Server-Sent Events: for the page, for operators, and for whoever builds on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import json_response
from salon.session.bill import Bill, Listing

DOOR = "live"

# How often a reader of events is told at most, and how often what changes by itself (bit rates) is looked at.
LEAST_SECONDS = 0.5
LOOK_SECONDS = 2.0
COMMENT_SECONDS = 15.0

NO_STORE = {"cache-control": "no-store"}


class LiveListDoor:
    """``listing`` is what is live, here or in other processes."""

    def __init__(self, listing: Listing, gate: Gate) -> None:
        self._listing = listing
        self._gate = gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/live", self.all, methods=["GET"]),
            Route("/v1/live/events", self.events, methods=["GET"]),
        ]

    async def all(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, DOOR)
        return json_response({"broadcasts": self._visible(caller)}, headers=NO_STORE)

    async def events(self, request: Request) -> Response:
        """Server-Sent Events, for all that the caller may see, or for one ``room``."""
        caller = self._gate.admit(request.scope, DOOR)
        room = request.query_params.get("room")
        changed = asyncio.Event()
        with ExitStack() as stack:
            stack.enter_context(self._gate.hold(caller, address_of(request.scope), DOOR))
            stack.callback(
                self._listing.listen(lambda _, where: changed.set() if room is None or room == where else None)
            )
            return _Held(self._stream(caller, room, changed), stack.pop_all())

    async def _stream(self, caller: Caller, room: str | None, changed: asyncio.Event) -> AsyncIterator[bytes]:
        """What differs from what was sent last: nothing queues up for a slow reader, however much happens."""
        sent = {each["room"]: each for each in self._visible(caller, room)}
        yield _event("snapshot", {"broadcasts": list(sent.values())})
        quiet = 0.0
        while not self._listing.draining:
            quiet += LOOK_SECONDS
            await _either(changed, LOOK_SECONDS)
            changed.clear()
            now = {each["room"]: each for each in self._visible(caller, room)}
            events = [_event("broadcast", each) for name, each in now.items() if sent.get(name) != each]
            events += [_event("ended", {"room": name}) for name in sent if name not in now]
            sent = now
            if events:
                quiet = 0.0
                yield b"".join(events)
                await asyncio.sleep(LEAST_SECONDS)
            elif quiet >= COMMENT_SECONDS:
                quiet = 0.0
                yield b": still here\n\n"

    def _visible(self, caller: Caller, room: str | None = None) -> list[dict[str, Any]]:
        return [
            described(bill, caller, records=self._listing.records)
            for bill in self._listing.bills()
            if (room is None or bill.room == room) and (caller.may_watch(bill.room) or caller.may_publish(bill.room))
        ]


class _Held(StreamingResponse):
    """A stream of events; ``stack`` is closed when it is over, even if it never began."""

    def __init__(self, stream: AsyncIterator[bytes], stack: ExitStack) -> None:
        # Proxies that collect answers before they pass them on are told not to.
        super().__init__(stream, headers={**NO_STORE, "x-accel-buffering": "no"}, media_type="text/event-stream")
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._stack:
            await super().__call__(scope, receive, send)


def described(bill: Bill, caller: Caller, *, records: bool) -> dict[str, Any]:
    """A broadcast as this caller is told of it. ``records``: recordings have a place to go."""
    return {
        "room": bill.room,
        "state": bill.state,
        "since": bill.since,
        "viewers": bill.viewers,
        "tracks": bill.tracks,
        "recording": bill.recording,
        "may": {
            "watch": caller.may_watch(bill.room),
            "publish": caller.may_publish(bill.room) and not bill.held_against(owner(caller)),
            "record": records and may_record(bill, caller),
        },
    }


def may_record(bill: Bill, caller: Caller) -> bool:
    return caller.admin or (caller.may_publish(bill.room) and bill.owner == owner(caller))


def owner(caller: Caller) -> str:
    """Who a caller is to a broadcast."""
    return f"{caller.kind} {caller.name}"


def _event(name: str, data: Any) -> bytes:
    # JSON has no line ends of its own, so that one data line holds it.
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Return when ``event`` is set, or the time is over."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
