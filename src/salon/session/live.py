"""Live: named broadcasts over a media engine. Who may publish or watch has been decided before anybody comes here.

Take-over: the caller that holds a name may publish under it again at any time, and the new session replaces the old one with
its first packet; any other caller is refused as long as the name is held. A name is held while its publisher is there and, if
it vanished, for the grace time behind it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Sequence
from types import TracebackType

import msgspec

from salon.base.errors import Refused
from salon.base.ids import NewId
from salon.ports.clock import Clock
from salon.ports.media import Closed, MediaEngine, Peer, PeerEvent, SourceAdded, SourceRemoved, Stop, Wants
from salon.ports.recorder import Recorder
from salon.rtc.sdp.model import Offer
from salon.session import live_offer
from salon.session.bill import Bill, Happened, Listener, bill_of
from salon.session.broadcast import DELETED, ENDED, Broadcast, Role, Session

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30
"""How long a counter-offer is good for (draft-ietf-wish-whep-03 section 4.3.2)."""

REMEMBERED = 256
"""Sessions whose timeline outlives them."""


class LiveLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``grace_seconds`` is how long viewers wait for a publisher that is gone. ``viewers`` are those of one broadcast."""

    broadcasts: int = 100
    viewers: int = 1000
    grace_seconds: float = 30.0
    remember_seconds: float = 60.0


class Joined(msgspec.Struct, frozen=True):
    """``sdp`` is the answer, or the counter-offer. ``etag`` names the ICE session, without quotes."""

    session: Session
    sdp: str
    etag: str


class Live:
    """``engine`` carries; ``recorder`` None records nothing; ``record_all`` records without being asked. Used as
    ``async with live:``; whoever made the engine starts it."""

    def __init__(
        self,
        engine: MediaEngine,
        *,
        clock: Clock,
        new_id: NewId,
        limits: LiveLimits | None = None,
        recorder: Recorder | None = None,
        record_all: bool = False,
    ) -> None:
        self.draining = False
        self.limits = limits or LiveLimits()
        self._engine = engine
        self._clock = clock
        self._new_id = new_id
        self._recorder = recorder
        self._record_all = record_all and recorder is not None
        self._broadcasts: dict[str, Broadcast] = {}
        self._sessions: dict[str, Session] = {}
        self._ended: OrderedDict[str, Session] = OrderedDict()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listeners: list[Listener] = []

    async def __aenter__(self) -> Live:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._recorder is not None:
            await self._recorder.aclose()

    def __len__(self) -> int:
        """Sessions now."""
        return len(self._sessions)

    @property
    def broadcasts(self) -> Sequence[Broadcast]:
        return tuple(self._broadcasts.values())

    @property
    def records(self) -> bool:
        """Whether recordings have a place to go."""
        return self._recorder is not None

    def bills(self) -> Sequence[Bill]:
        """All broadcasts as they are now."""
        return [bill_of(broadcast) for broadcast in self._broadcasts.values()]

    def broadcast(self, room: str) -> Broadcast | None:
        return self._broadcasts.get(room)

    def session(self, session_id: str) -> Session | None:
        """A session that is not over."""
        return self._sessions.get(session_id)

    def remembered(self, session_id: str) -> Session | None:
        """A session, even if it was over not long ago."""
        return self._sessions.get(session_id) or self._ended.get(session_id)

    def listen(self, listener: Listener) -> Stop:
        """``listener`` is called with what happened and the room's name; it may not raise."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def publish(self, room: str, owner: str, offer: Offer) -> Joined:
        """Publish under a name.

        Raises ``Refused``: 409 ``broadcast_taken``, 422 ``unsupported_offer``, 503 ``over_capacity`` or ``server_draining``;
        what the engine raises goes through.
        """
        self._may_come()
        self._may_publish(room, owner)
        kinds = live_offer.kinds(offer, "publish")
        accepted = await self._engine.accept(offer, Wants(publish=dict.fromkeys(kinds, 1)))
        try:
            self._may_come()
            self._may_publish(room, owner)  # somebody else may have been quicker
        except Refused:
            accepted.peer.close("refused")
            raise
        session = self._enter(room, "publish", owner, accepted.peer)
        broadcast = self._broadcasts.get(room)
        if broadcast is None:
            broadcast = self._broadcasts[room] = Broadcast(room, owner, since=session.since)
            broadcast.record = self._record_all
        self._cancel(room)
        before = broadcast.publisher
        broadcast.arrive(session)
        if broadcast.publisher is not before:
            self._record(broadcast)
        self._tell("changed", room)
        return Joined(session, accepted.answer, accepted.etag)

    async def watch(self, room: str, owner: str, offer: Offer) -> Joined:
        """Watch a broadcast.

        Raises ``Refused``: 409 ``broadcast_not_live``, 422 ``unsupported_offer``, 503; ``ClientError`` ``codec_mismatch`` where
        ``counter_offer`` is what helps.
        """
        broadcast = self._watchable(room)
        kinds = live_offer.kinds(offer, "watch")
        play = tuple(source for source in broadcast.sources if source.kind in kinds)
        if not play:
            raise live_offer.unsupported("The broadcast has no track of the kinds that this offer asks for.")
        accepted = await self._engine.accept(offer, Wants(play=play))
        session = self._enter(room, "watch", owner, accepted.peer)
        self._seat(session)
        return Joined(session, accepted.answer, accepted.etag)

    async def counter_offer(self, room: str, owner: str) -> Joined:
        """Offer the broadcast to a viewer whose own offer did not fit. ``answered`` completes it. Raises as ``watch``."""
        broadcast = self._watchable(room)
        offered = await self._engine.offer(Wants(play=broadcast.sources))
        session = self._enter(room, "watch", owner, offered.peer)
        session.awaits_answer = True
        self._timers[session.id] = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._unanswered, session)
        self._seat(session)
        return Joined(session, offered.offer, offered.etag)

    def answered(self, session: Session, answer: Offer) -> None:
        """The answer to a counter-offer. Raises ``ClientError`` where it does not fit; it may be tried again."""
        session.peer.answered(answer)
        self._cancel(session.id)
        session.awaits_answer = False
        if (broadcast := self._broadcasts.get(session.room)) is not None:
            broadcast.switch(session)
        self._tell("viewers", session.room)

    def leave(self, session: Session, reason: str = DELETED) -> None:
        """End a session."""
        session.peer.close(reason)
        # The engine says so too, later: the caller sees it done.
        self._over(session, reason)

    def record(self, broadcast: Broadcast, on: bool) -> None:
        """Raises ``Refused`` (409 ``recording_unavailable``)."""
        if on and self._recorder is None:
            raise Refused(
                "This server has no folder for recordings: set recordings under [media].",
                status=409,
                code="recording_unavailable",
            )
        if on == broadcast.record:
            return
        broadcast.record = on
        self._record(broadcast)
        self._tell("changed", broadcast.room)

    def drain(self) -> None:
        """Nobody new comes in, and all broadcasts end at once: no broadcast would end by itself, and the sooner its clients hear
        of it, the sooner they are somewhere else."""
        self.draining = True
        for broadcast in list(self._broadcasts.values()):
            self._end(broadcast)

    def _may_come(self) -> None:
        if self.draining:
            raise Refused(
                "This server is restarting. Try again in a moment.", status=503, code="server_draining", retry_after=2
            )

    def _may_publish(self, room: str, owner: str) -> None:
        broadcast = self._broadcasts.get(room)
        if broadcast is None:
            if len(self._broadcasts) >= self.limits.broadcasts:
                raise busy(f"There are {self.limits.broadcasts} broadcasts already.")
        elif broadcast.held_against(owner):
            raise Refused(
                "Somebody else publishes under this name.", status=409, code="broadcast_taken", retry_after=30
            )

    def _watchable(self, room: str) -> Broadcast:
        self._may_come()
        broadcast = self._broadcasts.get(room)
        if broadcast is None or not broadcast.sources:
            # draft-ietf-wish-whep-03 section 4.4: "SHALL return a "409 Conflict" response … with a "Retry-After" header".
            raise Refused("Nobody publishes under this name now.", status=409, code="broadcast_not_live", retry_after=2)
        if len(broadcast.viewers) >= self.limits.viewers:
            raise busy(f"This broadcast has {self.limits.viewers} viewers already.")
        return broadcast

    def _enter(self, room: str, role: Role, owner: str, peer: Peer) -> Session:
        session = Session(
            self._new_id("live"), room, role, owner, peer, since=self._clock.unix(), began=self._clock.now()
        )
        self._sessions[session.id] = session
        peer.listen(lambda event: self._heard(session, event))
        return session

    def _seat(self, session: Session) -> None:
        """Among the viewers, if the broadcast still is what it was when the engine was asked."""
        broadcast = self._broadcasts.get(session.room)
        if broadcast is None:
            self.leave(session, ENDED)
            raise Refused("Nobody publishes under this name now.", status=409, code="broadcast_not_live", retry_after=2)
        broadcast.viewers[session.id] = session
        broadcast.switch(session)
        self._tell("viewers", session.room)

    def _heard(self, session: Session, event: PeerEvent) -> None:
        broadcast = self._broadcasts.get(session.room)
        match event:
            case Closed(reason):
                self._over(session, reason)
            case SourceAdded() if broadcast is not None and session.role == "publish":
                self._first_packet(broadcast, session)
            case SourceRemoved():
                self._tell("changed", session.room)
            case _:
                self._tell("changed", session.room)

    def _first_packet(self, broadcast: Broadcast, session: Session) -> None:
        if session is broadcast.successor:
            logger.info("Broadcast %s goes over to %s", broadcast.room, session.id)
            broadcast.promote()
            self._record(broadcast)
        elif session is not broadcast.publisher:
            return
        session.flowing = True
        if not broadcast.was_live:
            broadcast.was_live = True
            broadcast.since = self._clock.unix()
            logger.info("Broadcast %s is live", broadcast.room)
            self._tell("started", broadcast.room)
        else:
            self._tell("changed", broadcast.room)

    def _over(self, session: Session, reason: str) -> None:
        if self._sessions.pop(session.id, None) is None:
            return
        session.ended = reason
        session.note(self._clock.now(), "over", reason)
        self._cancel(session.id)
        self._remember(session)
        for on_end in session.on_end:
            on_end()
        session.on_end.clear()
        broadcast = self._broadcasts.get(session.room)
        if broadcast is None:
            return
        if broadcast.viewers.pop(session.id, None) is not None:
            self._tell("viewers", session.room)
        elif session is broadcast.successor:
            broadcast.successor = None
        elif session is broadcast.publisher:
            self._publisher_gone(broadcast, reason)

    def _publisher_gone(self, broadcast: Broadcast, reason: str) -> None:
        broadcast.lose_publisher()
        self._record(broadcast)
        if broadcast.publisher is None:
            if reason == DELETED:
                broadcast.owner = ""
            if not broadcast.was_live or (reason == DELETED and not broadcast.viewers) or self.draining:
                self._end(broadcast)
                return
            logger.info("Broadcast %s is interrupted: %s", broadcast.room, reason)
            self._timers[broadcast.room] = asyncio.get_running_loop().call_later(
                self.limits.grace_seconds, self._end, broadcast
            )
        self._tell("changed", broadcast.room)

    def _record(self, broadcast: Broadcast) -> None:
        """Record what is published now, if anything is to be recorded."""
        if broadcast.recording is not None:
            broadcast.recording.stop()
            broadcast.recording = None
        if broadcast.record and self._recorder is not None and broadcast.sources:
            try:
                broadcast.recording = self._recorder.start(broadcast.room, broadcast.sources)
            except Refused as refused:
                logger.warning("Broadcast %s is not recorded: %s", broadcast.room, refused)

    def _end(self, broadcast: Broadcast) -> None:
        if self._broadcasts.get(broadcast.room) is not broadcast:
            return
        del self._broadcasts[broadcast.room]
        self._cancel(broadcast.room)
        if broadcast.recording is not None:
            broadcast.recording.stop()
        logger.info("Broadcast %s has ended", broadcast.room)
        for session in broadcast.sessions():
            self.leave(session, ENDED)
        self._tell("ended", broadcast.room)

    def _unanswered(self, session: Session) -> None:
        self.leave(session, "counter-offer not answered")

    def _remember(self, session: Session) -> None:
        self._ended[session.id] = session
        if len(self._ended) > REMEMBERED:
            old, _ = self._ended.popitem(last=False)
            self._cancel(f"{old} ended")
        self._timers[f"{session.id} ended"] = asyncio.get_running_loop().call_later(
            self.limits.remember_seconds, self._forget, session.id
        )

    def _forget(self, session_id: str) -> None:
        self._ended.pop(session_id, None)
        self._timers.pop(f"{session_id} ended", None)

    def _cancel(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _tell(self, happened: Happened, room: str) -> None:
        for listener in tuple(self._listeners):
            listener(happened, room)


def busy(message: str) -> Refused:
    """There are as many as there may be."""
    return Refused(f"{message} Try again later.", status=503, code="over_capacity", retry_after=10)
