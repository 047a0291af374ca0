"""Data channels (RFC 8831, 8832) on aiortc's SCTP.

aiortc's association asks of its DTLS transport what ``_Lower`` has and nothing more. None of its coroutines ever waits, because
sending here does not: so each is run to its end at once, without a task, in the packet path.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiortc import rtcsctptransport
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from salon.base.errors import ClientError
from salon.ports.media import MAX_MESSAGE, Stop

MAX_BUFFERED: Final = 4 << 20
LOW_WATER: Final = 256 << 10
MAX_CHANNELS: Final = 64
# Kept for a listener that is not there yet.
MAX_UNHEARD: Final = 64
MAX_UNHEARD_BYTES: Final = 1 << 20

# Of user data in one packet. With SCTP's, DTLS's, UDP's and IPv6's headers it stays below 1,280 bytes, and fits a TURN relay.
rtcsctptransport.USERDATA_MAX_LENGTH = 1_100

log = logging.getLogger(__name__)


class _Lower:
    """What the association takes for a DTLS transport."""

    def __init__(self, send: Callable[[bytes], bool]) -> None:
        self.state = "connected"
        self._role = "server"
        self._send = send

    def _register_data_receiver(self, receiver: object) -> None: ...

    def _unregister_data_receiver(self, receiver: object) -> None: ...

    async def _send_data(self, data: bytes) -> None:
        if self.state != "connected":
            raise ConnectionError
        self._send(data)


class Association:
    """All data channels of one peer. ``on_channel`` gets those that the peer opens."""

    def __init__(
        self, send: Callable[[bytes], bool], on_channel: Callable[[Channel], None], port: int, largest: int
    ) -> None:
        self.channels: list[Channel] = []
        self._lower = _Lower(send)
        self._sctp: Any = RTCSctpTransport(self._lower, 5000)  # type: ignore[arg-type]
        self._on_channel = on_channel
        self._port = port
        self._largest = min(largest, MAX_MESSAGE)
        self._started = False
        self._sctp.on("datachannel", self._opened)

    def start(self) -> None:
        """DTLS is done."""
        if not self._started:
            self._started = True
            capabilities = RTCSctpCapabilities(maxMessageSize=self._largest)
            _run(self._sctp.start(capabilities, self._port))

    def receive(self, data: bytes) -> bool:
        """A packet of the peer's. False where the peer broke the rules: end it."""
        sctp = self._sctp
        try:
            _run(sctp._handle_data(data))
        except Exception:
            # Whatever the bytes were, they were this peer's own.
            log.debug("an SCTP packet that cannot be read", exc_info=True)
            return False
        # The association counts what it holds, and leaves it to us to mind.
        return sctp._advertised_rwnd > -MAX_MESSAGE and len(sctp._data_channels) <= MAX_CHANNELS

    def open(self, label: str, *, ordered: bool, protocol: str) -> Channel:
        parameters = RTCDataChannelParameters(label=label, ordered=ordered, protocol=protocol)
        channel = Channel(RTCDataChannel(self._sctp, parameters), self._largest)
        self._keep(channel)
        return channel

    def close(self) -> None:
        with contextlib.suppress(Exception):
            _run(self._sctp.stop())
        self._lower.state = "closed"
        for channel in tuple(self.channels):
            channel.ended()
        self.channels.clear()
        self._sctp.remove_all_listeners()

    def _opened(self, raw: RTCDataChannel) -> None:
        channel = Channel(raw, self._largest)
        self._keep(channel)
        self._on_channel(channel)

    def _keep(self, channel: Channel) -> None:
        self.channels = [each for each in self.channels if not each.over]
        self.channels.append(channel)


class Channel:
    """``ports.media.DataChannel``."""

    def __init__(self, raw: RTCDataChannel, largest: int) -> None:
        self.over = False
        self._raw: Any = raw
        self._largest = largest
        self._listeners: list[tuple[Callable[[str | bytes], None], Callable[[], None] | None]] = []
        self._unheard: deque[str | bytes] = deque()
        self._unheard_bytes = 0
        self._early: deque[str | bytes] = deque()
        self._early_bytes = 0
        self._low = asyncio.Event()
        self._low.set()
        raw.bufferedAmountLowThreshold = LOW_WATER
        raw.on("message", self._heard)
        raw.on("open", self._now_open)
        raw.on("close", self.ended)
        raw.on("bufferedamountlow", self._low.set)

    @property
    def label(self) -> str:
        return str(self._raw.label)

    @property
    def protocol(self) -> str:
        return str(self._raw.protocol)

    @property
    def open(self) -> bool:
        return not self.over and self._raw.readyState == "open"

    @property
    def buffered(self) -> int:
        return int(self._raw.bufferedAmount) + self._early_bytes

    def send(self, message: str | bytes) -> bool:
        size = len(message) if isinstance(message, bytes) else len(message.encode())
        if size > self._largest:
            raise ClientError(
                f"A message of {size} bytes is larger than the {self._largest} that the peer takes.",
                code="message_too_large",
            )
        if self.over or self.buffered + size > MAX_BUFFERED:
            return False
        if self._raw.readyState == "connecting":
            # The peer has not said yes yet; it will, and then these go first.
            self._early.append(message)
            self._early_bytes += size
            return True
        if self._raw.readyState != "open":
            return False
        self._raw.send(message)
        if self._raw.bufferedAmount > LOW_WATER:
            self._low.clear()
        return True

    async def drained(self) -> None:
        await self._low.wait()

    def listen(self, on_message: Callable[[str | bytes], None], on_close: Callable[[], None] | None = None) -> Stop:
        entry = (on_message, on_close)
        self._listeners.append(entry)
        while self._unheard and self._listeners:
            message = self._unheard.popleft()
            on_message(message)
        self._unheard_bytes = 0
        if self.over and on_close is not None:
            on_close()

        def stop() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return stop

    def close(self) -> None:
        if not self.over:
            self._raw.close()

    def ended(self) -> None:
        if self.over:
            return
        self.over = True
        self._low.set()
        self._early.clear()
        self._early_bytes = 0
        listeners, self._listeners = self._listeners, []
        for _, on_close in listeners:
            if on_close is not None:
                on_close()

    def _now_open(self) -> None:
        while self._early:
            self._raw.send(self._early.popleft())
        self._early_bytes = 0

    def _heard(self, message: str | bytes) -> None:
        if self._listeners:
            for on_message, _ in tuple(self._listeners):
                on_message(message)
            return
        self._unheard.append(message)
        self._unheard_bytes += len(message)
        if len(self._unheard) > MAX_UNHEARD or self._unheard_bytes > MAX_UNHEARD_BYTES:
            self._unheard.clear()
            self.close()


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("aiortc's SCTP waited for something")
