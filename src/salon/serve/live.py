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

from salon.base.errors import Refused
from salon.ports.media import Source
from salon.ports.media_stats import PeerStats
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import json_response, read_json
from salon.session.broadcast import Broadcast, Session
from salon.session.live import Live

DOOR = "live"
MAX_SESSIONS = 500
"""Sessions in the answer about one broadcast."""

# How often a reader of events is told at most, and how often what changes by itself (bit rates) is looked at.
LEAST_SECONDS = 0.5
LOOK_SECONDS = 2.0
COMMENT_SECONDS = 15.0

NO_STORE = {"cache-control": "no-store"}

# Whose doing each moment of a timeline is; the rest is the server's.
_CLIENTS = frozenset(
    {"offer", "candidates", "first check", "selected", "dtls started", "first packet in", "source added", "ice restart"}
)


class RecordingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/live/{room}/recording``."""

    on: bool


class LiveDoor:
    def __init__(self, live: Live, gate: Gate) -> None:
        self._live = live
        self._gate = gate

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/live", self.all, methods=["GET"]),
            Route("/v1/live/events", self.events, methods=["GET"]),
            Route("/v1/live/{room}", self.one, methods=["GET"]),
            Route("/v1/live/{room}/recording", self.recording, methods=["POST"]),
            Route("/v1/live/{room}/timeline/{session}", self.timeline, methods=["GET"]),
        ]

    async def all(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, DOOR)
        return json_response({"broadcasts": self._visible(caller)}, headers=NO_STORE)

    async def one(self, request: Request) -> Response:
        caller, broadcast = self._find(request)
        sessions = [s for s in broadcast.sessions() if caller.admin or s.owner == _owner(caller)]
        body = self._described(broadcast, caller)
        body["sessions"] = [_session(session) for session in sessions[:MAX_SESSIONS]]
        return json_response(body, headers=NO_STORE)

    async def recording(self, request: Request) -> Response:
        caller, broadcast = self._find(request)
        if not _may_record(broadcast, caller):
            raise Refused(
                "Only its publisher and administrators may record a broadcast.",
                status=403,
                code="insufficient_permissions",
            )
        asked = await read_json(request, RecordingRequest)
        self._live.record(broadcast, asked.on)
        return json_response(self._described(broadcast, caller), headers=NO_STORE)

    async def timeline(self, request: Request) -> Response:
        """What really happened in one session, without anything secret."""
        caller = self._gate.admit(request.scope, DOOR)
        session = self._live.remembered(request.path_params["session"])
        if session is None or session.room != request.path_params["room"]:
            raise Refused("There is no such session; it may be over.", status=404, code="session_not_found")
        if session.owner != _owner(caller) and not caller.admin:
            raise Refused("This session is somebody else's.", status=403, code="insufficient_permissions")
        return json_response(_timeline(session), headers=NO_STORE)

    async def events(self, request: Request) -> Response:
        """Server-Sent Events, for all that the caller may see, or for one ``room``."""
        caller = self._gate.admit(request.scope, DOOR)
        room = request.query_params.get("room")
        changed = asyncio.Event()
        with ExitStack() as stack:
            stack.enter_context(self._gate.hold(caller, address_of(request.scope), DOOR))
            stack.callback(self._live.listen(lambda _, where: changed.set() if room is None or room == where else None))
            return _Held(self._stream(caller, room, changed), stack.pop_all())

    async def _stream(self, caller: Caller, room: str | None, changed: asyncio.Event) -> AsyncIterator[bytes]:
        """What differs from what was sent last: nothing queues up for a slow reader, however much happens."""
        sent = {each["room"]: each for each in self._visible(caller, room)}
        yield _event("snapshot", {"broadcasts": list(sent.values())})
        quiet = 0.0
        while not self._live.draining:
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
            self._described(broadcast, caller)
            for broadcast in self._live.broadcasts
            if (room is None or broadcast.room == room)
            and (caller.may_watch(broadcast.room) or caller.may_publish(broadcast.room))
        ]

    def _find(self, request: Request) -> tuple[Caller, Broadcast]:
        caller = self._gate.admit(request.scope, DOOR)
        room = request.path_params["room"]
        if not (caller.may_watch(room) or caller.may_publish(room)):
            raise Refused(
                f"This credential does not allow to see '{room}'.", status=403, code="insufficient_permissions"
            )
        broadcast = self._live.broadcast(room)
        if broadcast is None:
            raise Refused("Nothing is live under this name.", status=404, code="broadcast_not_found")
        return caller, broadcast

    def _described(self, broadcast: Broadcast, caller: Caller) -> dict[str, Any]:
        return {
            "room": broadcast.room,
            "state": broadcast.state,
            "since": broadcast.since,
            "viewers": broadcast.viewer_count,
            "tracks": [_track(source) for source in broadcast.sources],
            "recording": _recording(broadcast),
            "may": {
                "watch": caller.may_watch(broadcast.room),
                "publish": caller.may_publish(broadcast.room) and not broadcast.held_against(_owner(caller)),
                "record": self._live.records and _may_record(broadcast, caller),
            },
        }


class _Held(StreamingResponse):
    """A stream of events; ``stack`` is closed when it is over, even if it never began."""

    def __init__(self, stream: AsyncIterator[bytes], stack: ExitStack) -> None:
        # Proxies that collect answers before they pass them on are told not to.
        super().__init__(stream, headers={**NO_STORE, "x-accel-buffering": "no"}, media_type="text/event-stream")
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._stack:
            await super().__call__(scope, receive, send)


def _owner(caller: Caller) -> str:
    return f"{caller.kind} {caller.name}"


def _may_record(broadcast: Broadcast, caller: Caller) -> bool:
    return caller.admin or (caller.may_publish(broadcast.room) and broadcast.owner == _owner(caller))


def _track(source: Source) -> dict[str, Any]:
    active = [layer for layer in source.layers if layer.active]
    track: dict[str, Any] = {
        "kind": source.kind,
        "codec": source.codec.name,
        "bit_rate": sum(layer.bitrate for layer in active),
    }
    if source.kind == "video":
        best = active[-1] if active else None
        track |= {
            "width": best.width if best else 0,
            "height": best.height if best else 0,
            "layers": len(source.layers),
        }
    return track


def _recording(broadcast: Broadcast) -> dict[str, Any] | None:
    if not broadcast.record:
        return None
    state = broadcast.recording.state if broadcast.recording is not None else None
    return {
        "file": state.file if state else "",
        "bytes": state.size if state else 0,
        "seconds": state.milliseconds // 1000 if state else 0,
        "error": state.error if state else "",
    }


def _session(session: Session) -> dict[str, Any]:
    stats = session.stats
    return {
        "session": session.id,
        "role": session.role,
        "state": stats.state,
        "since": session.since,
        "stats": _stats(stats, publishes=session.role == "publish"),
    }


def _stats(stats: PeerStats, *, publishes: bool) -> dict[str, Any]:
    streams = stats.inbound if publishes else stats.outbound
    video = [stream for stream in streams if stream.kind == "video"]
    found: dict[str, Any] = {
        "transport": stats.transport,
        "bit_rate": stats.received_bitrate if publishes else stats.sent_bitrate,
        "loss": round(max((stream.loss for stream in streams), default=0.0), 4),
        "jitter_ms": round(max((stream.jitter_ms for stream in streams), default=0.0), 1),
        "streams": [msgspec.to_builtins(stream) for stream in streams],
    }
    if stats.rtt_ms is not None:
        found["rtt_ms"] = stats.rtt_ms
    if not publishes:
        found["paused"] = any(getattr(stream, "paused", False) for stream in video)
        if stats.estimate is not None:
            found["estimate"] = stats.estimate
    return found


def _timeline(session: Session) -> dict[str, Any]:
    moments = session.timeline()
    start = moments[0].at if moments else session.began
    return {
        "session": session.id,
        "room": session.room,
        "role": session.role,
        "started_at": session.since,
        "ended": session.ended,
        "events": [
            {
                "at_ms": moment.at - start,
                "what": moment.what,
                "from": "client" if moment.what in _CLIENTS else "server",
                "detail": moment.detail,
            }
            for moment in moments
        ],
    }


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
