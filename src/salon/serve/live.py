"""One broadcast: its sessions in numbers, its recording, what happened in a session. The list is ``salon.serve.live_list``'s."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import Refused
from salon.ports.media_stats import PeerStats
from salon.serve.gate import Caller, Gate
from salon.serve.live_list import DOOR, NO_STORE, described, may_record, owner
from salon.serve.replies import json_response, read_json
from salon.session.bill import bill_of
from salon.session.broadcast import Broadcast, Session
from salon.session.live import Live

MAX_SESSIONS = 500
"""Sessions in the answer about one broadcast."""

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
            Route("/v1/live/{room}", self.one, methods=["GET"]),
            Route("/v1/live/{room}/recording", self.recording, methods=["POST"]),
            Route("/v1/live/{room}/timeline/{session}", self.timeline, methods=["GET"]),
        ]

    async def one(self, request: Request) -> Response:
        caller, broadcast = self._find(request)
        sessions = [s for s in broadcast.sessions() if caller.admin or s.owner == owner(caller)]
        body = self._described(broadcast, caller)
        body["sessions"] = [_session(session) for session in sessions[:MAX_SESSIONS]]
        return json_response(body, headers=NO_STORE)

    async def recording(self, request: Request) -> Response:
        caller, broadcast = self._find(request)
        if not may_record(bill_of(broadcast), caller):
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
        if session.owner != owner(caller) and not caller.admin:
            raise Refused("This session is somebody else's.", status=403, code="insufficient_permissions")
        return json_response(_timeline(session), headers=NO_STORE)

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
        return described(bill_of(broadcast), caller, records=self._live.records)


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
