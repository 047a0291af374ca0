"""Spark as a language model: one question, one connection."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from salon.base.chat import (
    Delta,
    Finished,
    FinishReason,
    Image,
    Message,
    Options,
    ReasoningDelta,
    References,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
)
from salon.base.errors import BadAnswer, ProviderError
from salon.base.ids import from_random_bytes
from salon.ports.llm import CheckStep, Traits
from salon.providers.deadline import deadlines
from salon.providers.spark import check
from salon.providers.spark.connection import Settings, open_connection
from salon.providers.spark.models import IMAGE, Model
from salon.wire.spark import HOUSE, Frame, decode_frame, encode_request, error_for

#: How often a question is asked again when Spark wants a pause.
RETRIES = 2
#: Seconds before the first repetition, on average; twice that before the next.
PAUSE = 0.5


class SparkLlm:
    """One Spark model. ``now`` is seconds since 1970; ``sleep`` is for tests.

    A question that has an image anywhere in its context is answered by Spark's image model, without functions, where
    the model's row says so.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._model = model
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._open: set[ClientConnection] = set()

    @property
    def name(self) -> str:
        return f"{HOUSE}:{self._model.name}"

    @property
    def traits(self) -> Traits:
        return self._model.traits

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        """Answer. Where Spark wants a pause (10007, 11202, 11203) it is asked again, as long as nothing was heard.

        Closing this aborts the TCP connection. After the last delta, and not before, the WebSocket is closed as the
        protocol wants it.
        """
        model = self._model
        if model.images == "image" and any(isinstance(part, Image) for said in messages for part in said.content):
            model, tools = IMAGE, ()
        request = encode_request(
            messages,
            tools,
            options,
            dialect=model.dialect,
            app_id=self._settings.app_id,
            patch_id=self._settings.patch_id,
        )
        for attempt in range(RETRIES + 1):
            heard = False
            try:
                async with aclosing(self._ask(model, request, options.max_output_tokens)) as deltas:
                    async for delta in deltas:
                        heard = True
                        yield delta
                return
            except ProviderError as error:
                if heard or not error.back_off or attempt == RETRIES:
                    raise
            # Jitter, so that those who were refused together do not come back together.
            await self._sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311

    async def _ask(self, model: Model, request: str, limit: int | None) -> AsyncGenerator[Delta, None]:
        settings = self._settings
        connection = await open_connection(self._address(model), settings, now=self._now)
        self._open.add(connection)
        whole = False
        called = False
        try:
            await _send(connection, request)
            async with aclosing(
                deadlines(
                    _frames(connection),
                    first=settings.first_token_timeout,
                    stall=settings.stall_timeout,
                    house=HOUSE,
                    counts=_says_something,
                )
            ) as frames:
                async for frame in frames:
                    if frame.code:
                        whole = True
                        raise error_for(frame.code, frame.message, frame.sid)
                    for delta in _deltas(frame):
                        yield delta
                    called = called or frame.call is not None
                    if frame.last:
                        whole = True
                        yield Finished(_reason(frame, called, limit), frame.usage, f"{HOUSE}:{model.name}")
                        return
        finally:
            self._open.discard(connection)
            try:
                if whole:
                    await connection.close()
            finally:
                # No close frame for a question that is given up: Spark stops when the connection is gone, and waiting
                # for its answer would hold up whoever cancels.
                connection.transport.abort()

    def _address(self, model: Model) -> str:
        """The model's URL, or the configured one: with the model's path where it names none."""
        if not self._settings.url:
            return model.url
        parts = urlsplit(self._settings.url)
        if parts.path in ("", "/") or model is not self._model:
            parts = parts._replace(path=urlsplit(model.url).path)
        return parts.geturl()

    def check(self) -> AsyncGenerator[CheckStep, None]:
        """Name, TCP, TLS, handshake, first token."""
        return check.steps(self._address(self._model), self._settings, self.stream, now=self._now)

    async def aclose(self) -> None:
        """End the streams under way: they raise ``BadAnswer``."""
        for connection in self._open:
            connection.transport.abort()


def _says_something(frame: Frame) -> bool:
    return frame.says_something


async def _send(connection: ClientConnection, request: str) -> None:
    try:
        await connection.send(request)
    except ConnectionClosed as closed:
        raise _gone(closed) from closed


async def _frames(connection: ClientConnection) -> AsyncGenerator[Frame, None]:
    while True:
        try:
            data = await connection.recv()
        except ConnectionClosed as closed:
            raise _gone(closed) from closed
        yield decode_frame(data)


def _gone(closed: ConnectionClosed) -> BadAnswer:
    how = "without a word" if closed.rcvd is None else f"with code {closed.rcvd.code} {closed.rcvd.reason}".rstrip()
    return BadAnswer(
        f"Spark closed the connection before its answer was whole, {how}.",
        house=HOUSE,
        vendor_code=closed.rcvd.code if closed.rcvd else None,
        advice="Try again; if it stays, look for a proxy that cuts long connections.",
    )


def _deltas(frame: Frame) -> Iterator[Delta]:
    if frame.references:
        yield References(frame.references)
    if frame.reasoning:
        yield ReasoningDelta(frame.reasoning)
    if frame.text:
        yield TextDelta(frame.text)
    if frame.call is not None:
        call_id = from_random_bytes("call", secrets.token_bytes(21))  # Spark gives its calls no ids
        yield ToolCallDelta(0, call_id, frame.call.name, frame.call.arguments)


def _reason(frame: Frame, called: bool, limit: int | None) -> FinishReason:
    if called:
        return "tool_calls"
    # Spark does not say why it ended. An answer as long as was allowed was cut.
    if limit is not None and frame.usage is not None and frame.usage.output >= limit:
        return "length"
    return "stop"
