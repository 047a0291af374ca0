"""The Spark door: a program written for iFlytek Spark changes only the host.

One connection carries one question: handshake with a signed URL, one request frame, the answer's frames, close. Beside
the sending, the connection is listened to: a client that leaves ends the model's answer at once.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute, compile_path
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from salon.base.chat import Delta, Finished
from salon.base.errors import ClientError, ConfigError, ProviderError
from salon.ports.clock import Clock
from salon.ports.llm import Llm
from salon.ports.observer import Observer
from salon.serve.limits import Bucket
from salon.serve.under_way import UnderWay
from salon.transport.websocket import ABORT_EXTENSION
from salon.wire.spark import AnswerEncoder, Question, code_for, decode_request, encode_error, new_sid
from salon.wire.spark_auth import Claim, Rejection, http_date, parse, verify

logger = logging.getLogger(__name__)

DOOR = "spark"
PATHS = (
    "/v1.1/chat",
    "/v1.1/chat_kjwx",
    "/v1.1/chat_multilang",
    "/v2.1/chat",
    "/v3.1/chat",
    "/v3.2/chat",
    "/v3.5/chat",
    "/v4.0/chat",
    "/chat/{name}",
    "/v1/x1",
    "/x2",
    "/v2.1/image",
)

NORMAL, TOO_BIG = 1000, 1009
WRITE_SECONDS = 20.0
"""How long one frame may take to leave."""


@dataclass(frozen=True)
class SparkCredential:
    """One program that may come in. ``max_concurrent`` questions at a time, ``per_second`` new ones; 0 is no limit."""

    app_id: str
    api_key: str
    api_secret: str = field(repr=False)
    name: str = ""
    max_concurrent: int = 0
    per_second: int = 0


@dataclass(frozen=True, kw_only=True)
class SparkDoor:
    """What the door needs of the house.

    ``credentials`` by APIKey. ``llm_for`` takes the path and the domain of the question and raises ``ConfigError`` where
    no model is meant for them. ``open`` lets everybody in whose URL parses as signed; for loopback without credentials.
    ``draining``: new questions are answered with 10110. ``under_way`` counts those that are being answered.
    ``hold`` counts a connection while it lasts, or raises ``Refused``. ``first_message`` is seconds, ``max_frame`` bytes.
    """

    llm_for: Callable[[str, str], Llm]
    clock: Clock
    credentials: Mapping[str, SparkCredential] = field(default_factory=dict, repr=False)
    observer: Observer = field(default_factory=Observer)
    open: bool = False
    draining: Callable[[], bool] = lambda: False
    under_way: UnderWay = field(default_factory=UnderWay)
    hold: Callable[[Scope], AbstractContextManager[object]] = lambda scope: nullcontext()
    first_message: float = 60.0  # "no request within 60 s: the server disconnects"
    max_frame: int = 8 << 20  # an image of 4 MB is 5.4 MB of Base64


def routes(door: SparkDoor) -> list[BaseRoute]:
    """The door's WebSocket routes. Their limits are counted together."""
    gate = _Gate(door)

    async def endpoint(websocket: WebSocket) -> None:
        await gate.serve(websocket)

    return [WebSocketRoute(path, endpoint) for path in PATHS]


def signed(door: SparkDoor) -> Callable[[Scope], bool]:
    """Whether a connection is one that this door lets in by its signature alone. iFlytek's own examples for browsers are
    pages of anybody's with a URL that a server of theirs has signed."""
    patterns = [compile_path(path)[0] for path in PATHS]
    return lambda scope: not door.open and any(pattern.fullmatch(_path(scope)) for pattern in patterns)


def _path(scope: Scope) -> str:
    """The path within this application, wherever it is mounted."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


class _Failed(Exception):
    """The question ends with an error frame."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Left(Exception):
    """The client is gone, with this close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Allowance:
    """How much of what it may do a credential does at the moment."""

    def __init__(self, credential: SparkCredential) -> None:
        self._most = credential.max_concurrent
        self._per_second = credential.per_second
        self._bucket = Bucket(credential.per_second, credential.per_second)
        self._running = 0

    @contextmanager
    def question(self, now: int) -> Iterator[None]:
        """Count a question while it runs. ``now`` is milliseconds. Raises ``_Failed`` with 11202 or 11203."""
        if self._most and self._running >= self._most:
            raise _Failed(11203, f"AppIdConcurrencyError:({self._most} questions at a time are allowed)")
        if self._bucket.take(now):
            raise _Failed(11202, f"AppIdQpsOverFlowError:({self._per_second} questions a second are allowed)")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1


class _Gate:
    """Lets clients in, one question each, and counts them."""

    def __init__(self, door: SparkDoor) -> None:
        self._door = door
        self._allowances = {key: _Allowance(credential) for key, credential in door.credentials.items()}
        self._unlimited = _Allowance(SparkCredential("", "", ""))

    async def serve(self, websocket: WebSocket) -> None:
        observer = self._door.observer
        claim = self._claim(websocket)
        if isinstance(claim, Rejection):
            observer.refused(DOOR, claim.reason)
            await self._deny(websocket, claim)
            return
        with self._door.hold(websocket.scope):
            await websocket.accept()
            observer.connected(DOOR)
            code = 1006
            try:
                code = await self._one_question(websocket, claim)
            except _Left as left:
                code = left.code
            finally:
                observer.disconnected(DOOR, code)

    def _claim(self, websocket: WebSocket) -> Claim | Rejection:
        query = dict(websocket.query_params)
        if self._door.open:
            return parse(query)
        # The signature covers the path as it was sent, before anything decoded it.
        raw: bytes = websocket.scope.get("raw_path") or websocket.scope["path"].encode()
        return verify(query, path=raw.decode("latin-1"), secret_of=self._secret_of, now=self._door.clock.unix())

    def _secret_of(self, api_key: str) -> str | None:
        credential = self._door.credentials.get(api_key)
        return credential.api_secret if credential else None

    async def _deny(self, websocket: WebSocket, rejection: Rejection) -> None:
        if "websocket.http.response" not in websocket.scope.get("extensions", {}):
            await websocket.close()  # which the ASGI server turns into a bare 403
            return
        # By the date a client can see that its own clock is wrong.
        headers = {"content-type": "application/json", "date": http_date(self._door.clock.unix())}
        await websocket.send_denial_response(Response(rejection.body, rejection.status, headers))

    async def _one_question(self, websocket: WebSocket, claim: Claim) -> int:
        """Returns the close code. Raises ``_Left`` when the client was faster."""
        door = self._door
        sid = new_sid(secrets.token_bytes(7), door.clock.unix() * 1000 + door.clock.now() % 1000)
        try:
            async with asyncio.timeout(door.first_message):
                frame = await _receive(websocket)
        except TimeoutError:
            return await _close(websocket, NORMAL, "no request came")
        if isinstance(frame, str) and len(frame.encode()) > door.max_frame:
            return await _close(websocket, TOO_BIG, f"a frame has at most {door.max_frame} bytes")
        with door.under_way:
            return await self._reply(websocket, claim, frame, sid)

    async def _reply(self, websocket: WebSocket, claim: Claim, frame: str | bytes, sid: str) -> int:
        """Everything from the request frame to the close. Returns the close code."""
        door = self._door
        try:
            if door.draining():
                raise _Failed(10110, "The server is going down; connect again.")
            question = self._question(frame, claim)
            with self._allowances.get(claim.api_key, self._unlimited).question(door.clock.now()):
                await self._answer_while_listening(websocket, question, sid)
        except _Failed as failed:
            door.observer.client_error(DOOR, str(failed.code))
            await _send(websocket, encode_error(failed.code, failed.message, sid))
        return await _close(websocket, NORMAL, "close this ws conn")

    def _question(self, frame: str | bytes, claim: Claim) -> Question:
        if isinstance(frame, bytes):
            raise _Failed(10003, "Binary frames are not part of this protocol; send JSON as text.")
        try:
            question = decode_request(frame)
        except ClientError as error:
            raise _Failed(int(error.code), error.message) from error
        credential = self._door.credentials.get(claim.api_key)
        if credential is not None and question.app_id != credential.app_id:
            raise _Failed(10016, "AppIdNoAuthError:(the app_id does not belong to the APIKey)")
        return question

    async def _answer_while_listening(self, websocket: WebSocket, question: Question, sid: str) -> None:
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(self._answer(websocket, question, sid))
            heard = group.create_task(_listen(websocket))
            await asyncio.wait((answer, heard), return_when=asyncio.FIRST_COMPLETED)
            # What is over ends the other: the cancelled answer closes the model's stream, before anything else happens.
            heard.cancel()
            answer.cancel()
        ended = (heard if answer.cancelled() else answer).result()
        if ended is not None:
            raise ended

    async def _answer(self, websocket: WebSocket, question: Question, sid: str) -> _Failed | _Left | None:
        """Say everything. What went wrong is returned, not raised: a task group would wrap it."""
        path = _path(websocket.scope)
        try:
            llm = self._door.llm_for(path, question.domain)
        except ConfigError:
            # What is wrong with the configuration is for the operator; the client learns what it cannot have.
            return _Failed(11200, f"AppIdNoAuthError:(there is no model at {path}) domain.{question.domain}")
        encoder = AnswerEncoder(sid, labels=question.labels, question_share=question.question_share)
        try:
            with _Watched(self._door, llm.name) as watched:
                async with aclosing(llm.stream(question.messages, question.tools, question.options)) as deltas:
                    async for delta in deltas:
                        watched.count(delta)
                        frame = encoder.feed(delta)
                        if frame is not None:
                            await _send(websocket, frame)
        except ProviderError as error:
            return _Failed(code_for(error), error.message)
        except _Left as left:
            return left
        except Exception:
            # A provider may raise ProviderError only. One that breaks this promise costs its user one answer.
            logger.exception("An answer failed")
            return _Failed(10012, "The model could not be used: an error inside the server, which has logged it.")
        return None


class _Watched:
    """Tells the observer of one stream."""

    def __init__(self, door: SparkDoor, model: str) -> None:
        self._observer = door.observer
        self._clock = door.clock
        self._model = model
        self._deltas = 0

    def __enter__(self) -> _Watched:
        self._begun = self._clock.now()
        self._observer.stream_started(self._model)
        return self

    def count(self, delta: Delta) -> None:
        if self._deltas == 0 and not isinstance(delta, Finished):
            self._observer.first_token(self._model, self._clock.now() - self._begun)
        self._deltas += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        outcome = "completed" if error is None else error.code if isinstance(error, ProviderError) else "cancelled"
        self._observer.deltas(self._model, self._deltas)
        self._observer.stream_ended(self._model, outcome)


async def _receive(websocket: WebSocket) -> str | bytes:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise _Left(message.get("code") or 1005)
    text: str | None = message.get("text")
    binary: bytes = message.get("bytes") or b""
    return binary if text is None else text


async def _listen(websocket: WebSocket) -> _Failed | _Left:
    """Wait for what ends an answer: the client's leaving, or a second question."""
    try:
        await _receive(websocket)
    except _Left as left:
        return left
    # "10007: the user's flow is limited: a question is being processed"
    return _Failed(10007, "The previous question is still being answered; one connection carries one question.")


async def _send(websocket: WebSocket, frame: str) -> None:
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await websocket.send_text(frame)
    except WebSocketDisconnect as gone:
        raise _Left(gone.code) from gone
    except TimeoutError:
        # A close would wait behind what the client does not read.
        abort: Callable[[], None] | None = websocket.scope.get("extensions", {}).get(ABORT_EXTENSION)
        if abort is not None:
            abort()
        raise _Left(1013) from None


async def _close(websocket: WebSocket, code: int, reason: str) -> int:
    try:
        await websocket.close(code, reason)
    except WebSocketDisconnect as gone:
        raise _Left(gone.code) from gone
    return code
