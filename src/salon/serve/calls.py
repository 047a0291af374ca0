"""The Realtime door by WebRTC: calls (OpenAI's ``/v1/realtime/calls``), and the sockets that join them.

``POST /v1/realtime/calls`` takes an offer and answers it; the session's events go by the data channel ``oai-events`` that the
client makes, its sound by the audio section. ``POST …/{id}/hangup`` ends a call; ``WS /v1/realtime?call_id=`` is a second control
channel to it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from salon.base.errors import Refused
from salon.base.ids import NewId
from salon.ports.media import MediaEngine, Wants
from salon.ports.observer import Observer
from salon.rtc.sdp import parse
from salon.serve.answerer import answerer, only_hears, preset
from salon.serve.call import Call
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import read_body
from salon.session.hub import Hub, Part, facts
from salon.transport.websocket import WebSocketLink
from salon.wire.openai_realtime import Encoder, decode_session
from salon.wire.openai_realtime import call as wire

DOOR = "call"
SIDE_DOOR = "realtime"
SUBPROTOCOL = "realtime"
WANTS = Wants(voice=True, data=True)


class Calls:
    """The calls of this process."""

    def __init__(self, hub: Hub, gate: Gate, engine: MediaEngine, observer: Observer, new_id: NewId) -> None:
        self._hub = hub
        self._gate = gate
        self._engine = engine
        self._observer = observer
        self._new_id = new_id
        self._calls: dict[str, Call] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/realtime/calls", self.begin, methods=["POST"]),
            Route("/v1/realtime/calls/{call_id}/hangup", self.hang_up, methods=["POST"]),
        ]

    def find(self, call_id: str, caller: Caller) -> Call:
        """A call of this caller's. Raises ``Refused`` (404)."""
        call = self._calls.get(call_id)
        if call is None or not (caller.admin or caller.name == call.owner):
            raise no_call()
        return call

    def __len__(self) -> int:
        return len(self._calls)

    async def join(self, caller: Caller, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket that is a second control channel to a call. It ends with the call; the call does not end with it. Raises
        ``Refused`` before it is accepted."""
        call = self.find(call_id, caller)
        with self._gate.hold(caller, address_of(scope), SIDE_DOOR) as hold:
            await receive()
            subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
            await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
            link = WebSocketLink(scope, receive, send, door=SIDE_DOOR, observer=self._observer)
            call.join(link)
            try:
                await link.run(call.hear, call.hear, hold.message)
            finally:
                call.fan.remove(link)

    async def begin(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, "realtime")
        sdp, raw = wire.read(request.headers.get("content-type", ""), await read_body(request, wire.MAX_BODY))
        patch, model = decode_session(raw) if raw is not None else (None, None)
        part, shown = self._part(caller, model or request.query_params.get("model"))
        hears = only_hears(caller, part, patch, request.query_params.get("intent"))
        offer = parse(sdp)
        by_channel = any(section.kind == "application" for section in offer.media)
        with ExitStack() as stack:
            hold = stack.enter_context(self._gate.hold(caller, address_of(request.scope), DOOR))
            accepted = await self._engine.accept(offer, WANTS)
            peer = accepted.peer
            stack.callback(peer.close, "refused")
            call_id = self._new_id("rtc")
            opted_in = request.query_params.get("salon") == "1"
            vendor: dict[str, Any] | None = {} if opted_in else None
            client = self._hub.open(
                part,
                Encoder(vendor),
                owner=f"{caller.kind} {caller.name}",
                model=shown,
                locked=caller.secret is not None and caller.secret.locked,
                preset=lambda session: preset(session, caller, part, patch),
                audio_out=peer.audio_out,
                transcription=hears,
                show_all=opted_in,
            )
            if vendor is not None:
                # A call cannot be resumed: there is nothing to come back with.
                vendor.update({**facts(part, client, 0), "resume_token": None})
            hold_on = stack.pop_all()

            def ended() -> None:
                self._calls.pop(call_id, None)
                self._hub.detach(client, call.fan)
                self._observer.disconnected(DOOR, 1000)
                hold_on.close()

            call = Call(
                call_id, caller.name, client, peer, talks_by_channel=by_channel, on_end=ended, charge=hold.message
            )
            self._calls[call_id] = call
            self._observer.connected(DOOR)
        path = f"{request.scope.get('root_path', '')}/v1/realtime/calls/{call_id}"
        headers = {"content-type": wire.SDP, "location": path, "cache-control": "no-store"}
        return Response(accepted.answer, 201, headers)

    async def hang_up(self, request: Request) -> Response:
        caller = self._gate.admit(request.scope, "realtime")
        self.find(request.path_params["call_id"], caller).hang_up()
        return Response()

    def _part(self, caller: Caller, model: str | None) -> tuple[Part, str]:
        part, shown = answerer(self._hub, caller, model)
        if part.asr is None and part.tts is None:
            raise Refused(
                "This server has no speech configured, so it can neither hear nor speak. Talk in text, over a WebSocket.",
                status=400,
                code="audio_not_configured",
            )
        return part, shown


def no_call() -> Refused:
    return Refused("There is no such call.", status=404, code="call_not_found")
