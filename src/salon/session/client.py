"""One client's session: its conversation, the events it was told, and the connection it has at the moment.

Events are numbered. A session that may be resumed keeps the last of them, so that a client that comes back in time hears what
it missed, the answer that was under way included.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from salon.base.events import Event, SessionCreated
from salon.ports.link import Link
from salon.session.conversation import Conversation

Encode = Callable[[Event, str], str]
"""Makes an event, and the id it goes by, into one message of the client's protocol."""

# Characters, of at most four bytes: what is kept fits, with the greeting, into the outbox of the connection that the client
# comes back on.
KEPT_CHARACTERS = 768 * 1024
KEPT_EVENTS = 4000

CLOSE_TAKEN = 4001


class Client:
    """``token`` is the secret by which the session is resumed; empty where it cannot be. ``owner`` is who opened it."""

    def __init__(self, encode: Encode, *, session_id: str, owner: str, token: str = "") -> None:
        self.id = session_id
        self.owner = owner
        self.token = token
        self.ended = False
        self.conversation: Conversation
        self._encode = encode
        self._prefix = f"event_{session_id.removeprefix('sess_')}_"
        self._number = 0
        self._link: Link | None = None
        self._log: deque[str] = deque()
        self._logged = 0

    @property
    def attached(self) -> bool:
        return self._link is not None

    def emit(self, event: Event) -> None:
        """Tell the client. Where it is away, it hears it when it comes back."""
        self._number += 1
        text = self._encode(event, f"{self._prefix}{self._number}")
        if self.token:
            self._keep(text)
        if self._link is not None:
            self._link.send(text)

    def greeting(self) -> str:
        """What the session is, for somebody who joins it; it takes no number."""
        return self._encode(SessionCreated(self.conversation.machine.session), f"{self._prefix}joined")

    def pace(self) -> Awaitable[None] | None:
        return self._link.drained() if self._link is not None and self._link.crowded else None

    def attach(self, link: Link) -> None:
        """The first connection: everything that is said from now on goes there."""
        self._link = link

    def missed(self, last_event_id: str) -> list[str] | None:
        """What was said after that event; None where it cannot be known any more."""
        number = last_event_id.removeprefix(self._prefix)
        if not number.isdecimal() or len(number) > 12:
            return None
        behind = self._number - int(number)
        if not 0 <= behind <= len(self._log):
            return None
        return list(self._log)[len(self._log) - behind :]

    def resume(self, link: Link, greeting: Event, missed: list[str]) -> None:
        """A later connection. One that is still open, perhaps only half, gives way. The greeting takes no number: a client
        that loses this connection too goes on from the last event it saw before."""
        if self._link is not None:
            self._link.close(CLOSE_TAKEN, "this session continues on another connection")
        self._link = link
        link.send(self._encode(greeting, f"{self._prefix}resumed"))
        for text in missed:
            link.send(text)

    def detach(self, link: Link) -> bool:
        """The connection is gone. False where another one has already taken its place."""
        if self._link is not link:
            return False
        self._link = None
        return True

    def close(self, code: int, reason: str) -> None:
        if self._link is not None:
            self._link.close(code, reason)

    def end(self) -> None:
        """The session is over: what runs is stopped, what was kept is let go."""
        self.ended = True
        self.conversation.end()
        self._log.clear()
        self._logged = 0

    def _keep(self, text: str) -> None:
        self._log.append(text)
        self._logged += len(text)
        while self._logged > KEPT_CHARACTERS or len(self._log) > KEPT_EVENTS:
            self._logged -= len(self._log.popleft())
