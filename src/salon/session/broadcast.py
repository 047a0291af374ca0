"""One broadcast: a name, one publisher at a time, and viewers who outlive their publisher.

::

                    first packet                 publisher gone
    (published) ──> starting ──> live  ────────────────────────────> interrupted ──(grace is over)──> ended
                        ^         ^ │ same caller publishes again:        │
                        │         └─┘ viewers are switched                │
                        └─────────────── somebody publishes ──────────────┘

Nothing here waits: ``Live`` keeps the time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Literal

from salon.base.errors import ClientError
from salon.ports.media import Output, Peer, Source
from salon.ports.media_stats import Moment, PeerStats
from salon.ports.recorder import Recording

logger = logging.getLogger(__name__)

Role = Literal["publish", "watch"]
State = Literal["starting", "live", "interrupted"]

REPLACED = "replaced"
ENDED = "broadcast ended"
CODEC_GONE = "codec changed"
DELETED = "deleted"

MAX_MOMENTS = 32


class Session:
    """One publisher or one viewer. ``owner`` tells callers apart. ``since`` is seconds since 1970, ``began`` milliseconds of the
    clock."""

    def __init__(
        self, session_id: str, room: str, role: Role, owner: str, peer: Peer, *, since: int, began: int
    ) -> None:
        self.id = session_id
        self.room = room
        self.role: Role = role
        self.owner = owner
        self.peer = peer
        self.since = since
        self.began = began
        self.awaits_answer = False
        """A counter-offer was made and not answered yet."""
        self.flowing = False
        """Of a publisher: its first packet came."""
        self.ended = ""
        """Why it is over; empty while it is not."""
        self.on_end: list[Callable[[], None]] = []
        self._notes: list[Moment] = []

    def note(self, at: int, what: str, detail: str = "") -> None:
        """Add to the timeline what happened beside the peer, over HTTP."""
        if len(self._notes) < MAX_MOMENTS:
            self._notes.append(Moment(at, what, detail))

    def timeline(self) -> list[Moment]:
        """What happened, in order."""
        return sorted((*self.peer.timeline(), *self._notes), key=lambda moment: moment.at)

    @property
    def stats(self) -> PeerStats:
        return self.peer.stats()


class Broadcast:
    """``publisher`` is who is seen. ``successor`` has been accepted while ``publisher`` is still there, and takes over with its
    first packet: until then viewers miss nothing."""

    def __init__(self, room: str, owner: str, *, since: int) -> None:
        self.room = room
        self.owner = owner
        """Who holds the name; empty when its publisher left by itself, so that anybody may have it."""
        self.since = since
        self.was_live = False
        self.publisher: Session | None = None
        self.successor: Session | None = None
        self.viewers: dict[str, Session] = {}
        self.record = False
        self.recording: Recording | None = None

    @property
    def state(self) -> State:
        publisher = self.publisher
        if publisher is not None and publisher.flowing and publisher.peer.state != "disconnected":
            return "live"
        return "interrupted" if self.was_live else "starting"

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is published: at most one source of a kind."""
        return self.publisher.peer.sources if self.publisher is not None else ()

    @property
    def viewer_count(self) -> int:
        return sum(not viewer.awaits_answer for viewer in self.viewers.values())

    def sessions(self) -> list[Session]:
        """The publisher first, then who follows it, then viewers in the order of their coming."""
        first = [session for session in (self.publisher, self.successor) if session is not None]
        return [*first, *self.viewers.values()]

    def held_against(self, owner: str) -> bool:
        """Whether the name belongs to somebody else."""
        return bool(self.owner) and self.owner != owner

    def arrive(self, session: Session) -> None:
        """A publisher has been accepted. Without one before it, it is seen from its first key frame on."""
        if self.successor is not None:
            # Once it has gone, its end concerns nobody.
            late, self.successor = self.successor, None
            late.peer.close(REPLACED)
        self.owner = session.owner
        if self.publisher is None:
            self.publisher = session
            self.switch_all()
        else:
            self.successor = session

    def promote(self) -> None:
        """The successor takes over: viewers see it from its next key frame on."""
        assert self.successor is not None
        old, self.publisher, self.successor = self.publisher, self.successor, None
        self.switch_all()
        if old is not None:
            old.peer.close(REPLACED)

    def lose_publisher(self) -> None:
        self.publisher = None
        if self.successor is not None:
            self.promote()

    def switch_all(self) -> None:
        for viewer in list(self.viewers.values()):
            self.switch(viewer)

    def switch(self, viewer: Session) -> None:
        """Let this viewer see the present publisher. A viewer that did not agree to its codecs is let go: a new session can."""
        if viewer.awaits_answer:
            return
        for output in viewer.peer.outputs:
            if not _play(output, self.sources):
                logger.info("Viewer %s of %s cannot play the new codecs", viewer.id, self.room)
                viewer.peer.close(CODEC_GONE)
                return


def _play(output: Output, sources: Sequence[Source]) -> bool:
    """False where there is a source for this output and it cannot take it."""
    source = next((each for each in sources if each.kind == output.kind), None)
    if source is None:
        output.stop()
        return True
    if output.source is source:
        return True
    try:
        output.play(source)
    except ClientError:
        return False
    return True
