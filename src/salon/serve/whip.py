"""The WHIP and WHEP doors: broadcasts in and out over HTTP (RFC 9725, draft-ietf-wish-whep-03).

``POST /whip/{room}`` publishes, ``POST /whep/{room}`` watches; the session that comes of it is a resource of its own. No SDP
reaches a log: it holds the credentials of ICE.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import ClientError, Refused
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.rtc.sdp import fragment, parse
from salon.serve.gate import Caller, Gate, Hold, address_of
from salon.serve.ice import IceServers
from salon.serve.replies import read_body, refusal
from salon.session.broadcast import Role, Session
from salon.session.live import ANSWER_SECONDS, Joined, Live
from salon.wire import whip
from salon.wire.whip import FRAGMENT, SDP, Door

ROLES: dict[Door, Role] = {"whip": "publish", "whep": "watch"}
# GET /v1/live/events is the stream of events.
RESERVED = frozenset({"events"})
_KEPT = frozenset({"retry-after", "www-authenticate"})


class WhipFront(ABC):
    """What is the same wherever sessions live: who may come, and what is not about a session."""

    def __init__(self, gate: Gate, ice: IceServers) -> None:
        self._gate = gate
        self._ice = ice

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = []
        for door in ROLES:
            endpoint, session = _answering(self.endpoint, door), _answering(self.session, door)
            found += [
                Route(f"/{door}/{{room}}", endpoint, methods=["GET", "POST", "OPTIONS"]),
                Route(f"/{door}/{{room}}/{{session}}", session, methods=["GET", "PATCH", "DELETE", "OPTIONS"]),
            ]
        return found

    async def endpoint(self, request: Request, door: Door) -> Response:
        match request.method:
            case "POST":
                return await self._post(request, door)
            case "OPTIONS":
                return self._options(request, door)
        # RFC 9725 section 4.1: "a 2xx successful response with no content when a GET request is received"; WHEP section 4.2
        # adds the type, by which players know what they have found.
        return Response(headers={"content-type": SDP, "accept-post": SDP})

    async def session(self, request: Request, door: Door) -> Response:
        if request.method == "OPTIONS":
            return Response(headers={"accept-patch": whip.accept_patch(door), "allow": "GET, PATCH, DELETE, OPTIONS"})
        # While the server stops, sessions that are there may still be ended.
        return await self.at_session(request, door, self._gate.admit(request.scope, door, while_draining=True))

    @abstractmethod
    async def begin(self, request: Request, door: Door, caller: Caller, room: str, body: str) -> Response:
        """``body`` is an offer, or empty from a viewer without a preference. May raise ``Refused`` and ``ClientError``."""

    @abstractmethod
    async def at_session(self, request: Request, door: Door, caller: Caller) -> Response:
        """``GET``, ``PATCH`` or ``DELETE`` of a session. May raise ``Refused`` and ``ClientError``."""

    def _options(self, request: Request, door: Door) -> Response:
        """Not a preflight, which ``salon.serve.http`` answers: then clients that must know their ICE servers before they make an
        offer may learn them here (section 4.6)."""
        response = Response(headers={"accept-post": SDP, "allow": "GET, POST, OPTIONS"})
        # Without a credential one may still ask what there is.
        with suppress(Refused):
            self._add_links(response, self._admit(request, door)[0])
        return response

    async def _post(self, request: Request, door: Door) -> Response:
        caller, room = self._admit(request, door)
        body = await _body(request, whip.MAX_SDP)
        # A viewer without a preference sends nothing, and need not say what type nothing is of.
        if not (door == "whep" and not body) and whip.media_type(request.headers.get("content-type")) != SDP:
            return _problem(415, "unsupported_media_type", f"Send an offer as {SDP}.", {"accept-post": SDP})
        return await self.begin(request, door, caller, room, body)

    def _add_links(self, response: Response, caller: Caller) -> None:
        for link in whip.links(self._ice.of(caller.name)):
            response.headers.append("link", link)

    def _admit(self, request: Request, door: Door) -> tuple[Caller, str]:
        caller = self._gate.admit(request.scope, door)
        room = request.path_params["room"]
        if not whip.ROOM.fullmatch(room) or room in RESERVED:
            raise ClientError(
                "A name has 1 to 128 letters, digits or _ . ~ -, and is not events.", code="invalid_value", param="room"
            )
        if not (caller.may_publish(room) if door == "whip" else caller.may_watch(room)):
            raise Refused(
                f"This credential does not allow to {ROLES[door]} '{room}'.",
                status=403,
                code="insufficient_permissions",
            )
        return caller, room


class WhipDoor(WhipFront):
    """The sessions of this process."""

    def __init__(self, live: Live, gate: Gate, ice: IceServers, clock: Clock, observer: Observer) -> None:
        super().__init__(gate, ice)
        self._live = live
        self._clock = clock
        self._observer = observer
        self._holds: dict[str, Hold] = {}

    async def begin(self, request: Request, door: Door, caller: Caller, room: str, body: str) -> Response:
        with ExitStack() as stack:
            hold = stack.enter_context(self._gate.hold(caller, address_of(request.scope), door))
            owner = f"{caller.kind} {caller.name}"
            if door == "whip":
                joined = await self._live.publish(room, owner, parse(body))
            else:
                joined = await self._watch(room, owner, body)
            self._keep(joined.session, door, hold, stack.pop_all())
        return self._created(request, door, caller, joined)

    async def at_session(self, request: Request, door: Door, caller: Caller) -> Response:
        session = self._find(request, door, caller)
        match request.method:
            case "PATCH":
                return await self._patch(request, door, session)
            case "DELETE":
                # Section 4.3.1: sessions "MUST ignore any entity-tag value … as in the HTTP DELETE request".
                self._live.leave(session)
                return Response()
        return Response(headers={"accept-patch": whip.accept_patch(door)})

    async def _watch(self, room: str, owner: str, body: str) -> Joined:
        if not body:
            return await self._live.counter_offer(room, owner)
        try:
            return await self._live.watch(room, owner, parse(body))
        except ClientError as error:
            if error.code != "codec_mismatch":
                raise
            return await self._live.counter_offer(room, owner)

    def _keep(self, session: Session, door: Door, hold: Hold, stack: ExitStack) -> None:
        """The caller's account is charged for as long as the session lasts."""
        self._holds[session.id] = hold
        self._observer.connected(door)

        def let_go() -> None:
            self._holds.pop(session.id, None)
            self._observer.disconnected(door, 1000)
            stack.close()

        session.on_end.append(let_go)

    def _created(self, request: Request, door: Door, caller: Caller, joined: Joined) -> Response:
        session = joined.session
        if session.awaits_answer:
            status = 406
            content_type = whip.counter_offer_type(self._clock.unix() + ANSWER_SECONDS)
        else:
            status, content_type = 201, SDP
        headers = {
            "content-type": content_type,
            "location": whip.location(request.scope.get("root_path", ""), door, session.room, session.id),
            "etag": whip.strong_tag(joined.etag),
            "accept-patch": whip.accept_patch(door),
            "cache-control": "no-store",
        }
        response = Response(joined.sdp, status, headers)
        self._add_links(response, caller)
        return response

    async def _patch(self, request: Request, door: Door, session: Session) -> Response:
        hold = self._holds.get(session.id)
        if hold is not None and (wait := hold.message()):
            raise Refused(
                "Too many requests in a second.", status=429, code="rate_limit_exceeded", retry_after=-(-wait // 1000)
            )
        match whip.media_type(request.headers.get("content-type")):
            case whip.FRAGMENT:
                return await self._patch_ice(request, session)
            case whip.SDP if door == "whep":
                return await self._patch_answer(request, session)
        accepted = whip.accept_patch(door)
        return _problem(415, "unsupported_media_type", f"Send {accepted}.", {"accept-patch": accepted})

    async def _patch_answer(self, request: Request, session: Session) -> Response:
        answer = parse(await _body(request, whip.MAX_SDP))
        if not session.awaits_answer:
            raise Refused(
                "This session is set up; WHEP has no renegotiation.", status=422, code="renegotiation_unsupported"
            )
        self._live.answered(session, answer)
        return Response(status_code=204)

    async def _patch_ice(self, request: Request, session: Session) -> Response:
        """Candidates, or new credentials: an ICE restart (RFC 9725 sections 4.3.2 and 4.3.3)."""
        body = await _body(request, whip.MAX_FRAGMENT)
        tags = whip.if_match(request.headers.getlist("if-match"))
        if tags is None:
            # RFC 6585 section 3.
            raise Refused(
                "If-Match is missing: the ETag for candidates, * for an ICE restart.",
                status=428,
                code="precondition_required",
            )
        if tags != whip.ANY and session.peer.etag not in tags:
            raise Refused("If-Match names an ICE session that is over.", status=412, code="ice_session_changed")
        said = fragment.parse(body)
        now = self._clock.now()
        try:
            session.peer.trickle(said)
        except ClientError as error:
            if error.code != "stale_candidates":
                raise
        else:
            session.note(now, "candidates", str(len(said.candidates)))
            # Section 4.3.2: "MUST return a "204 No Content" response without a body and MUST NOT include an ETag".
            return Response(status_code=204)
        # Section 4.3.3: whoever gets updated credentials "MUST consider the request as performing an ICE restart instead".
        if session.awaits_answer:
            raise Refused(
                "ICE cannot restart before the counter-offer is answered.", status=422, code="ice_restart_failed"
            )
        try:
            answer = session.peer.restart(said)
        except ClientError as error:
            raise Refused(error.message, status=422, code="ice_restart_failed") from None
        headers = {"content-type": FRAGMENT, "etag": whip.strong_tag(session.peer.etag), "cache-control": "no-store"}
        return Response(answer, 200, headers)

    def _find(self, request: Request, door: Door, caller: Caller) -> Session:
        session = self._live.session(request.path_params["session"])
        if session is None or session.role != ROLES[door] or session.room != request.path_params["room"]:
            raise Refused("There is no such session; it may be over.", status=404, code="session_not_found")
        if session.owner != f"{caller.kind} {caller.name}" and not caller.admin:
            raise Refused("This session is somebody else's.", status=403, code="insufficient_permissions")
        return session


def _answering(
    handle: Callable[[Request, Door], Awaitable[Response]], door: Door
) -> Callable[[Request], Awaitable[Response]]:
    """A route's endpoint, whose errors are problem details (RFC 9725 section 4.1 names them)."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handle(request, door)
        except Refused as refused:
            headers = {name: value for name, value in refusal(refused).headers.items() if name in _KEPT}
            return _problem(refused.status, refused.code, refused.message, headers)
        except ClientError as error:
            # What is SDP but asks for what is not to be had is no bad request.
            return _problem(422 if error.code == "codec_mismatch" else 400, error.code, error.message)

    return endpoint


async def _body(request: Request, limit: int) -> str:
    body = await read_body(request, limit)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ClientError("The body is not UTF-8.", code="invalid_sdp") from None


def _problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    told = whip.Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code)
    content = msgspec.json.encode(told)
    return Response(content, status, {"cache-control": "no-store", **(headers or {})}, media_type=whip.PROBLEM)
