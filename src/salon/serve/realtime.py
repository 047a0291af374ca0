"""The Realtime door: OpenAI's protocol, by WebSocket, for any agent and any model.

``WS /v1/realtime?model=`` talks; ``POST /v1/realtime/client_secrets`` makes the short-lived keys that browsers talk with.
With the query parameter ``resume``, which only clients of ours send, a session outlives its connection for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Literal, Protocol

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from salon.base.commands import AppendAudio, Command, CreateItem
from salon.base.errors import ClientError, Refused
from salon.base.ids import NewId
from salon.base.items import InputAudio, MessageItem
from salon.ports.observer import Observer
from salon.serve.answerer import answerer, only_hears, preset
from salon.serve.calls import SUBPROTOCOL, no_call
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import deny, json_response, read_json
from salon.session.client import Client
from salon.session.hub import Hub, Part, facts, opening
from salon.transport.websocket import WebSocketLink
from salon.wire.openai_realtime import Encoder, decode, decode_session, encode_session

DOOR = "realtime"
MAX_AUDIO = 15 * 1024 * 1024
"""Bytes of audio in one event, as at OpenAI."""
PIECE = 16_000
"""Bytes of audio that are listened to in one turn of the loop: some milliseconds of work."""
# OpenAI's own answer to clients of the protocol before general availability.
CLOSE_BETA = 4000
BETA = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
# Where it took an SDP offer, and made sessions.
BETA_PATHS = ("/v1/realtime", "/v1/realtime/sessions", "/v1/realtime/transcription_sessions")


class Joinable(Protocol):
    """Calls that a WebSocket can join: those of this process (``salon.serve.calls.Calls``), or of others."""

    async def join(self, caller: Caller, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The WebSocket, from its request to its end. Raises ``Refused`` before it is accepted."""
        ...


class RealtimeDoor:
    """``max_frame`` is the longest message taken, in bytes of UTF-8, beside the audio in it; ``calls`` are those that can be
    joined."""

    def __init__(
        self,
        hub: Hub,
        gate: Gate,
        observer: Observer,
        new_id: NewId,
        *,
        max_frame: int = 1024 * 1024,
        calls: Joinable | None = None,
    ) -> None:
        self._hub = hub
        self._gate = gate
        self._observer = observer
        self._new_id = new_id
        self._max_frame = max_frame
        self._calls = calls

    def routes(self) -> list[BaseRoute]:
        return [
            WebSocketRoute("/v1/realtime", _Socket(self)),
            Route("/v1/realtime/client_secrets", self.client_secrets, methods=["POST"]),
            *(Route(path, _beta, methods=["POST"]) for path in BETA_PATHS),
        ]

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket, from its request to its end."""
        query = QueryParams(scope["query_string"])
        with ExitStack() as stack:
            try:
                caller = self._gate.admit(scope, DOOR)
                if (call_id := query.get("call_id")) is not None:
                    await self._join(caller, call_id, scope, receive, send)
                    return
                part, model = answerer(self._hub, caller, query.get("model"))
                hears = only_hears(caller, part, None, query.get("intent"))
                hold = stack.enter_context(self._gate.hold(caller, address_of(scope), DOOR))
            except Refused as refused:
                await deny(scope, receive, send, refused)
                return
            await receive()
            subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
            await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
            link = WebSocketLink(scope, receive, send, door=DOOR, observer=self._observer)
            if _is_beta(scope):
                await self._turn_away(link, ClientError(BETA, code="beta_api_shape_disabled"), CLOSE_BETA)
                return
            try:
                client = self._enter(caller, part, model, query, link, hears)
            except Refused as refused:
                await self._turn_away(link, ClientError(refused.message, code=refused.code), 1013)
                return
            conversation = client.conversation

            def hear(text: str) -> Iterator[None] | None:
                size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
                if size <= self._max_frame + MAX_AUDIO * 4 // 3:
                    try:
                        command = decode(text)
                    except ClientError as error:
                        conversation.complain(error)
                        return None
                    if size <= self._max_frame or size - _sound(command) * 4 // 3 <= self._max_frame:
                        if isinstance(command, AppendAudio) and len(command.audio) > PIECE:
                            return listen(command)
                        conversation.submit(command)
                        return None
                link.close(1009, f"a message has at most {self._max_frame} bytes beside its audio")
                return None

            def listen(command: AppendAudio) -> Iterator[None]:
                for at in range(0, len(command.audio), PIECE):
                    if link.closing:
                        return
                    piece = command.audio[at : at + PIECE]
                    conversation.submit(msgspec.structs.replace(command, audio=piece))
                    yield

            def hear_binary(data: bytes) -> None:
                conversation.complain(
                    ClientError("Invalid event: events are text frames of JSON.", code="invalid_event")
                )

            try:
                await link.run(hear, hear_binary, hold.message)
            finally:
                self._hub.detach(client, link)

    async def _join(self, caller: Caller, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        if self._calls is None:
            raise no_call()
        await self._calls.join(caller, call_id, scope, receive, send)

    async def client_secrets(self, request: Request) -> Response:
        """Make a client secret, with a session it opens where the body has one.

        Salon's own: ``"salon": {"locked": true}`` holds the client to that session.
        """
        caller = self._gate.admit(request.scope, DOOR)
        asked = await read_json(request, _SecretRequest)
        patch, model = decode_session(asked.session) if asked.session is not None else (None, None)
        part, shown = answerer(self._hub, caller, model)
        hears = only_hears(caller, part, patch, None)
        session = preset(opening(part, self._new_id("sess"), shown, transcription=hears), caller, part, patch)
        if asked.salon.locked:
            # Left open, it would be for the client to choose who answers.
            model = shown
        secret = self._gate.issue(
            caller,
            session=patch,
            model=model,
            locked=asked.salon.locked,
            ttl_seconds=(asked.expires_after or _ExpiresAfter()).seconds,
        )
        session = msgspec.structs.replace(session, expires_at=secret.expires_at)
        body = {"value": secret.value, "expires_at": secret.expires_at, "session": encode_session(session)}
        return json_response(body, headers={"cache-control": "no-store"})

    def _enter(
        self, caller: Caller, part: Part, model: str, query: QueryParams, link: WebSocketLink, hears: bool
    ) -> Client:
        """The session of this connection: the one it comes back to, or a new one."""
        resume = query.get("resume")
        owner = f"{caller.kind} {caller.name}"
        if resume and resume != "new":
            client = self._hub.resume(resume, owner, query.get("last_event_id", ""), link)
            if client is not None:
                return client
        vendor: dict[str, Any] | None = {} if resume is not None else None
        secret = caller.secret
        client = self._hub.open(
            part,
            Encoder(vendor),
            owner=owner,
            model=model,
            resumable=resume is not None,
            locked=secret is not None and secret.locked,
            transcription=hears,
            preset=lambda session: preset(session, caller, part),
        )
        if vendor is not None:
            vendor.update(facts(part, client, self._hub.grace_ms))
        client.attach(link)
        client.conversation.open()
        return client

    async def _turn_away(self, link: WebSocketLink, error: ClientError, code: int) -> None:
        """Say why, in the protocol's words, and close: browsers do not see the body of an HTTP refusal."""
        body = {
            "type": "invalid_request_error",
            "code": error.code,
            "message": error.message,
            "param": None,
            "event_id": None,
        }
        link.send(msgspec.json.encode({"type": "error", "event_id": self._new_id("event"), "error": body}).decode())
        link.close(code, error.code)
        await link.run(lambda text: None)


def _sound(command: Command) -> int:
    """Bytes of audio in it."""
    match command:
        case AppendAudio(audio=audio):
            return len(audio)
        case CreateItem(item=MessageItem(content=content)):
            return sum(len(part.audio or b"") for part in content if isinstance(part, InputAudio))
    return 0


class _Socket:
    """An ASGI application: what the routes need to hand on ``receive`` and ``send`` as the server gave them."""

    def __init__(self, door: RealtimeDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.socket(scope, receive, send)


class _ExpiresAfter(msgspec.Struct, frozen=True):
    anchor: Literal["created_at"] = "created_at"
    seconds: int = 600


class _Extras(msgspec.Struct, frozen=True):
    locked: bool = False


class _SecretRequest(msgspec.Struct, frozen=True):
    expires_after: _ExpiresAfter | None = None
    session: Any = None
    salon: _Extras = _Extras()


async def _beta(request: Request) -> Response:
    raise ClientError(BETA, code="beta_api_shape_disabled")


def _is_beta(scope: Scope) -> bool:
    return "realtime=v1" in Headers(scope=scope).get("openai-beta", "") or any(
        subprotocol.startswith("openai-beta.realtime") for subprotocol in scope["subprotocols"]
    )
