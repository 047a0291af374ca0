"""Who hears what happens to a peer, and who waits for its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from salon.ports.media import Closed, PeerEvent, Stop

MAX_EVENTS: Final = 256


class Events:
    """``reason`` is why it is over, empty before."""

    def __init__(self) -> None:
        self.reason = ""
        self._listeners: tuple[Callable[[PeerEvent], None], ...] = ()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def listen(self, on_event: Callable[[PeerEvent], None]) -> Stop:
        self._listeners = (*self._listeners, on_event)

        def stop() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not on_event)

        return stop

    def tell(self, event: PeerEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def end(self, reason: str) -> None:
        """The last event. Nobody hears anything after it."""
        self.reason = reason
        self.tell(Closed(reason))
        self._listeners = ()
        if not self._over.done():
            self._over.set_result(reason)

    async def over(self) -> str:
        # Shielded: who stops waiting does not stop the others.
        return await asyncio.shield(self._over)

    async def iterate(self) -> AsyncIterator[PeerEvent]:
        queue: asyncio.Queue[PeerEvent | None] = asyncio.Queue(MAX_EVENTS)

        def put(event: PeerEvent) -> None:
            if queue.qsize() < MAX_EVENTS - 1:
                queue.put_nowait(event)
            else:
                stop()
                queue.put_nowait(None)

        stop = self.listen(put)
        try:
            if self._over.done():
                yield Closed(self.reason)
                return
            while (event := await queue.get()) is not None:
                yield event
                if isinstance(event, Closed):
                    return
        finally:
            stop()
