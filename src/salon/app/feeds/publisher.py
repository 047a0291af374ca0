"""A source of values on one side, a room of a running server on the other: what ``salon feed`` does.

Values are told in beats, many in one command. What comes faster than the server takes it is conflated here, key by key; after a
lost connection, or a new start of the server, everything that is known is told anew.
"""

from __future__ import annotations

import random
from asyncio import get_running_loop, sleep
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from salon.app.feeds.reading import About
from salon.base.errors import ConfigError, Refused
from salon.base.rooms import channel_of

FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds before a lost connection is tried again, doubled each time."""
ANSWER_SECONDS: Final = 10.0
MOST_UNANSWERED: Final = 4
"""Commands that may wait for their answer; meanwhile values are conflated."""
MAX_COMMAND_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 10_000
_FINAL = (range(3500, 4000), range(4500, 5000))  # Centrifuge's close codes that say: do not come back

_Socket = aiohttp.ClientWebSocketResponse
_encode = msgspec.json.Encoder().encode


class Source(Protocol):
    @property
    def about(self) -> Mapping[str, About]:
        """What the keys mean; told with each connection."""
        ...

    @property
    def over(self) -> bool:
        """Nothing comes any more."""
        ...

    def beat(self, now: int) -> Mapping[str, bytes]:
        """What is new, as JSON, by key. ``now`` is milliseconds since 1970."""
        ...


class Publisher:
    """``url`` is the server's (``http://…``), ``rate`` the beats a second. ``tell`` is called with what happens: ``connected``
    or ``lost``, and to what or why."""

    def __init__(
        self,
        url: str,
        room: str,
        *,
        now: Callable[[], int],
        token: str = "",
        topic: str = "feed",
        rate: float = 10.0,
        tell: Callable[[str, str], None] = lambda what, why: None,
    ) -> None:
        scheme, _, rest = url.rstrip("/").partition("://")
        if scheme not in ("http", "https", "ws", "wss") or not rest:
            raise ConfigError(f"{url!r} is no address of a server: say http://HOST:PORT.")
        self._url = f"{'wss' if scheme in ('https', 'wss') else 'ws'}://{rest}/connection/websocket"
        self._about = f"{room}/state:about"
        self._channel = channel_of(room, topic)
        self._token = token
        self._beat = 1 / rate
        self._now = now
        self._tell = tell
        self._known: dict[str, bytes] = {}
        self._waiting: dict[str, bytes] = {}
        # By the number of the command: when it was said, and how many values are in it.
        self._asked: dict[int, tuple[float, int]] = {}
        self._number = 0
        self.told = 0
        """Values that the server has acknowledged."""

    async def run(self, source: Source) -> None:
        """Until the source is over and all is told. Raises ``Refused`` where the server will not have it."""
        wait = FIRST_WAIT
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.ws_connect(self._url, max_msg_size=0) as socket:
                        await self._connect(socket)
                        self._tell("connected", self._channel)
                        wait = FIRST_WAIT
                        await self._talk(socket, source)
                        return
                except aiohttp.WSServerHandshakeError as error:
                    if error.status < 500 and error.status != 429:
                        raise Refused(
                            f"The server answered {error.status}.", status=error.status, code="insufficient_permissions"
                        ) from None
                    self._tell("lost", f"HTTP {error.status}")
                except (aiohttp.ClientError, OSError, TimeoutError, _Lost) as error:
                    self._tell("lost", str(error) or type(error).__name__)
                await self._pause(source, wait * random.uniform(0.75, 1.25))  # noqa: S311 (spread, not secrecy)
                wait = min(wait * 2, LONGEST_WAIT)

    async def _connect(self, socket: _Socket) -> None:
        self._asked.clear()
        await self._ask(socket, "connect", {"token": self._token, "data": {"kind": "ingest"}})
        while self._asked:
            self._hear(await socket.receive(timeout=ANSWER_SECONDS))

    async def _talk(self, socket: _Socket, source: Source) -> None:
        loop = get_running_loop()
        self._waiting = dict(self._known)
        for part in _parts({key: _encode(each) for key, each in source.about.items()}):
            await self._ask(socket, "publish", {"channel": self._about, "data": {"set": part}})
        due = loop.time()
        while True:
            self._take(source)
            # Where answers fail to come, so does the next command: what is new takes the place of what waits.
            for part in _parts(self._waiting):
                if len(self._asked) >= MOST_UNANSWERED:
                    break
                for key in part:
                    del self._waiting[key]
                await self._ask(
                    socket, "rpc", {"method": "feed", "data": {"channel": self._channel, "values": part}}, len(part)
                )
            if source.over and not (self._waiting or self._asked):
                return
            due = max(due + self._beat, loop.time() - self._beat)
            await self._listen(socket, due)
            if self._asked and loop.time() - next(iter(self._asked.values()))[0] > ANSWER_SECONDS:
                raise _Lost("no answer")

    async def _listen(self, socket: _Socket, until: float) -> None:
        loop = get_running_loop()
        while (left := until - loop.time()) > 0:
            try:
                message = await socket.receive(timeout=left)
            except TimeoutError:
                return
            if self._hear(message):
                await socket.send_str("{}")

    async def _pause(self, source: Source, seconds: float) -> None:
        """Meanwhile the source goes on: a pipe is not to fill up, and counters are not to jump."""
        loop = get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            self._take(source)
            await sleep(min(left, self._beat))

    def _take(self, source: Source) -> None:
        for key, value in source.beat(self._now()).items():
            self._known.pop(key, None)
            if len(self._known) >= MAX_KEYS:
                oldest = next(iter(self._known))
                del self._known[oldest]
                self._waiting.pop(oldest, None)
            self._known[key] = self._waiting[key] = value

    async def _ask(self, socket: _Socket, method: str, body: dict[str, Any], values: int = 0) -> None:
        self._number += 1
        self._asked[self._number] = (get_running_loop().time(), values)
        await socket.send_str(_encode({"id": self._number, method: body}).decode())

    def _hear(self, message: aiohttp.WSMessage) -> bool:
        """Whether there was a ping in it. Raises ``Refused`` for what coming back would not mend, ``_Lost`` for what it might."""
        if message.type is not aiohttp.WSMsgType.TEXT:
            code = message.data if message.type is aiohttp.WSMsgType.CLOSE else 1006
            why = f"closed with {code} {message.extra or ''}".strip()
            if any(code in span for span in _FINAL):
                raise Refused(f"The server said: {why}.", status=403, code="insufficient_permissions")
            raise _Lost(why)
        pinged = False
        for line in message.data.split("\n"):
            heard = _reply.decode(line)
            pinged |= line == "{}"
            _, values = self._asked.pop(heard.id, (0.0, 0))
            if heard.error is None:
                self.told += values
            elif heard.error.temporary:
                raise _Lost(heard.error.message)
            else:
                raise Refused(f"The server said: {heard.error.message}", status=403, code="insufficient_permissions")
        return pinged


class _Lost(Exception):
    """The connection is to be made anew."""


class _Error(msgspec.Struct, frozen=True):
    code: int
    message: str
    temporary: bool = False


class _Reply(msgspec.Struct, frozen=True):
    id: int = 0
    error: _Error | None = None


_reply = msgspec.json.Decoder(_Reply)


def _parts(values: Mapping[str, bytes]) -> Iterator[dict[str, msgspec.Raw]]:
    """As much as goes into one command."""
    part: dict[str, msgspec.Raw] = {}
    size = 0
    for key, value in list(values.items()):
        if part and size + len(value) > MAX_COMMAND_BYTES:
            yield part
            part, size = {}, 0
        part[key] = msgspec.Raw(value)
        size += len(value) + len(key) + 8
    if part:
        yield part
