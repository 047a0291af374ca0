"""A room, as one process has it: its topics with their readers, who is there, and the signals that wait.

Every call takes an event and the time (milliseconds of a clock that never goes back) and returns what is to be done::

    Open(topic) ──> Read ──> Welcome, Deliver … ──> Quit ──> Release
                      Arrive ──> Deliver | Fetch       Fetched ──> Deliver
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from salon.base.errors import ClientError
from salon.base.rooms import (
    Changed,
    Expired,
    Gap,
    Image,
    Joined,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    RoomEvent,
    Seat,
    Signal,
    Snapshot,
    TopicRule,
)
from salon.room import latest, log, signal, state
from salon.room.roster import Roster

Topic = log.LogTopic | latest.LatestTopic | state.StateTopic
Contents = Position | tuple[Publication, ...] | Image
"""What a broker has when a topic is opened: where a log stands, the newest of ``latest``, a whole state."""


class Open(msgspec.Struct, frozen=True):
    """The broker is followed and said what there is. Before that nothing else is said of the topic."""

    topic: str
    rule: TopicRule
    contents: Contents


class Expect(msgspec.Struct, frozen=True):
    """A reader of a log is about to be given a page: what comes meanwhile is kept for it. ``Read`` follows, or ``Quit``."""

    topic: str
    session: str


class Read(msgspec.Struct, frozen=True):
    """A reader comes. ``page`` is, for a log, what it is given first. ``rate`` is for ``latest``. ``since`` is, for a state, what
    a returning reader has."""

    topic: str
    session: str
    identity: str
    page: Page | None = None
    rate: float | None = None
    since: Position | None = None


class Quit(msgspec.Struct, frozen=True):
    topic: str
    session: str


class SetRate(msgspec.Struct, frozen=True):
    topic: str
    session: str
    rate: float | None


class Block(msgspec.Struct, frozen=True):
    """The reader's connection is crowded: this event was not sent to it, and no more is to be until ``Ready``."""

    topic: str
    session: str
    missed: RoomEvent


class Ready(msgspec.Struct, frozen=True):
    topic: str
    session: str


class Arrive(msgspec.Struct, frozen=True):
    """From the broker, on a topic's channel."""

    topic: str
    delivery: Publication | Published | Patch


class Seated(msgspec.Struct, frozen=True):
    """From the broker, on the room's channel."""

    event: Joined | Changed | Left


class Post(msgspec.Struct, frozen=True):
    """A signal of one of ours."""

    signal: Signal


class Fetched(msgspec.Struct, frozen=True):
    """The answer to ``Fetch``; None where the broker had none."""

    topic: str
    found: Page | Image | None


class Confirm(msgspec.Struct, frozen=True):
    """Where the broker says a log stands, asked from time to time."""

    topic: str
    position: Position


Event = Open | Expect | Read | Quit | SetRate | Block | Ready | Arrive | Seated | Post | Fetched | Confirm


class Welcome(msgspec.Struct, frozen=True):
    """A reader is in. It is given first: of a log a ``page``, of ``latest`` ``publications``, of a state a ``snapshot``, or a
    ``patch`` from what it had."""

    topic: str
    session: str
    page: Page | None = None
    publications: tuple[Publication, ...] = ()
    snapshot: Snapshot | None = None
    patch: Patch | None = None


class Deliver(msgspec.Struct, frozen=True, gc=False):
    """Tell these sessions. ``may_wait`` says that to a crowded connection it is not sent: ``Block`` instead."""

    topic: str
    event: RoomEvent
    sessions: Sequence[str]
    may_wait: bool = False


class Fetch(msgspec.Struct, frozen=True):
    """Something was missed: ask the broker (a log behind ``since``, or a state), then ``Fetched``."""

    topic: str
    since: Position | None


class Release(msgspec.Struct, frozen=True):
    """Nobody reads this topic any more. It is forgotten here."""

    topic: str


class Forward(msgspec.Struct, frozen=True):
    """Send it by the broker: its receiver is there."""

    signal: Signal


Output = Welcome | Deliver | Fetch | Release | Forward


class Room:
    """``seats`` are those the broker has when the room is opened."""

    def __init__(self, name: str, seats: Sequence[Seat] = (), *, signal_wait_ms: int = signal.WAIT_MS) -> None:
        self.name = name
        self.roster = Roster(seats)
        self._topics: dict[str, Topic] = {}
        self._mailbox = signal.Mailbox(signal_wait_ms)
        # Those of ``latest`` have deliveries to come.
        self._beating: dict[str, latest.LatestTopic] = {}
        # No later than the first of those deliveries: to ask all topics for each message would be slow.
        self._beat: int | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._topics)

    def topic(self, name: str) -> Topic | None:
        return self._topics.get(name)

    @property
    def idle(self) -> bool:
        """No reader and no signal that waits."""
        return not self._topics and not len(self._mailbox)

    def figures(self, topic: str, session: str) -> latest.Figures:
        """Of a reader of ``latest``. Raises ``ClientError`` (``not_subscribed``)."""
        found = self._topics.get(topic)
        if not isinstance(found, latest.LatestTopic) or session not in found:
            raise ClientError("There is no such subscription.", code="not_subscribed")
        return found.figures(session)

    def feed(self, event: Event, now: int) -> list[Output]:
        match event:
            case Arrive(topic=name, delivery=delivery):
                return self._arrive(name, delivery, now)
            case Open():
                return self._open(event)
            case Expect(topic=name, session=session):
                topic = self._topics.get(name)
                if isinstance(topic, log.LogTopic):
                    topic.join(session)
                return []
            case Read():
                return self._read(event, now)
            case Quit(topic=name, session=session):
                return self._quit(name, session)
            case SetRate(topic=name, session=session, rate=rate):
                topic = self._topics.get(name)
                return (
                    self._latest(name, topic.set_rate(session, rate, now))
                    if isinstance(topic, latest.LatestTopic)
                    else []
                )
            case Block(topic=name, session=session, missed=missed):
                return self._block(name, session, missed)
            case Ready(topic=name, session=session):
                return self._ready(name, session, now)
            case Seated(event=seated):
                return self._seated(seated)
            case Post(signal=posted):
                return self._mail(self._mailbox.send(posted, self.roster.hears(posted.to, posted.topic), now))
            case Fetched(topic=name, found=found):
                return self._fetched(name, found, now)
            case Confirm(topic=name, position=position):
                topic = self._topics.get(name)
                return self._log(name, topic.confirm(position)) if isinstance(topic, log.LogTopic) else []

    def wake(self, now: int) -> list[Output]:
        outputs = self._mail(self._mailbox.wake(now))
        if self._beat is None or self._beat > now:
            return outputs
        self._beat = None
        for name, topic in list(self._beating.items()):
            outputs += self._latest(name, topic.wake(now))
            self._expect(name, topic)
        return outputs

    def wake_at(self) -> int | None:
        """No later than something is to be done; perhaps earlier."""
        due = self._mailbox.wake_at()
        return self._beat if due is None or (self._beat is not None and self._beat < due) else due

    def _expect(self, name: str, topic: latest.LatestTopic) -> None:
        due = topic.wake_at()
        if due is None:
            self._beating.pop(name, None)
            return
        self._beating[name] = topic
        if self._beat is None or due < self._beat:
            self._beat = due

    def _open(self, event: Open) -> list[Output]:
        match event.contents:
            case Position() as position:
                self._topics[event.topic] = log.LogTopic(position)
            case Image() as image:
                self._topics[event.topic] = state.StateTopic(image)
            case publications:
                self._topics[event.topic] = latest.LatestTopic(
                    publications, keys=event.rule.keys, size=event.rule.bytes
                )
        return []

    def _read(self, event: Read, now: int) -> list[Output]:
        name, session = event.topic, event.session
        topic = self._topics[name]
        match topic:
            case log.LogTopic():
                assert event.page is not None
                welcome = Welcome(name, session, page=event.page)
                return [welcome, *self._log(name, topic.start(session, event.page.position))]
            case latest.LatestTopic():
                return [Welcome(name, session, publications=topic.join(session, event.rate, now))]
            case state.StateTopic():
                since = event.since
                topic.join(session, event.identity)
                patch = topic.since(since.offset, since.epoch, event.identity, now) if since is not None else None
                snapshot = topic.snapshot(event.identity, now) if patch is None else None
                return [Welcome(name, session, snapshot=snapshot, patch=patch)]

    def _quit(self, name: str, session: str) -> list[Output]:
        topic = self._topics.get(name)
        if topic is None:
            return []
        topic.leave(session)
        return self._release_if_empty(name, topic)

    def _release_if_empty(self, name: str, topic: Topic) -> list[Output]:
        if len(topic):
            return []
        del self._topics[name]
        self._beating.pop(name, None)
        return [Release(name)]

    def _arrive(self, name: str, delivery: Publication | Published | Patch, now: int) -> list[Output]:
        topic = self._topics.get(name)
        if isinstance(delivery, Patch):
            return self._state(name, topic.arrive(delivery, now)) if isinstance(topic, state.StateTopic) else []
        publications = (delivery,) if isinstance(delivery, Publication) else delivery.publications
        if isinstance(topic, log.LogTopic):
            return self._log(name, [output for each in publications for output in topic.arrive(each)])
        if isinstance(topic, latest.LatestTopic):
            outputs = self._latest(name, topic.arrive(publications, now))
            self._expect(name, topic)
            return outputs
        return []

    def _fetched(self, name: str, found: Page | Image | None, now: int) -> list[Output]:
        topic = self._topics.get(name)
        if isinstance(topic, log.LogTopic) and not isinstance(found, Image):
            return self._log(name, topic.filled(found))
        if isinstance(topic, state.StateTopic) and not isinstance(found, Page):
            return self._state(name, topic.reload(found, now))
        return []

    def _block(self, name: str, session: str, missed: RoomEvent) -> list[Output]:
        topic = self._topics.get(name)
        if isinstance(topic, latest.LatestTopic) and isinstance(missed, Published):
            topic.block(session, missed.publications)
        elif isinstance(topic, state.StateTopic) and isinstance(missed, Patch):
            topic.block(session, missed.base)
        elif isinstance(topic, state.StateTopic):
            topic.block(session, -1)
        return []

    def _ready(self, name: str, session: str, now: int) -> list[Output]:
        topic = self._topics.get(name)
        if isinstance(topic, latest.LatestTopic):
            return self._latest(name, topic.ready(session, now))
        return self._state(name, topic.ready(session, now)) if isinstance(topic, state.StateTopic) else []

    def _seated(self, event: Joined | Changed | Left) -> list[Output]:
        if not self.roster.apply(event):
            return []
        seat = event.seat
        outputs: list[Output] = []
        if not isinstance(event, Left) and not seat.away:
            outputs += self._mail(self._mailbox.arrive(seat.session, seat.identity, seat.topics))
        return outputs

    def _log(self, name: str, outputs: list[log.LogOutput]) -> list[Output]:
        made: list[Output] = []
        deliveries: list[log.Deliver] = []
        for output in outputs:
            if isinstance(output, log.Deliver):
                deliveries.append(output)
                continue
            made += self._deliver(name, deliveries)
            deliveries = []
            match output:
                case log.Fill(since=since):
                    made.append(Fetch(name, since))
                case log.Tell(readers=readers, position=position):
                    made.append(Deliver(name, Gap(position), readers))
                    made += self._release_if_empty(name, self._topics[name])
        return made + self._deliver(name, deliveries)

    def _deliver(self, name: str, deliveries: list[log.Deliver]) -> list[Output]:
        if len(deliveries) == 1:
            publication, readers = deliveries[0]
            return [Deliver(name, Published((publication,)), readers)]
        return [Deliver(name, published, readers) for published, readers in log.together(deliveries)]

    def _latest(self, name: str, outputs: list[latest.Deliver]) -> list[Output]:
        return [Deliver(name, Published(each.publications), each.readers, may_wait=True) for each in outputs]

    def _state(self, name: str, outputs: list[state.StateOutput]) -> list[Output]:
        return [
            Deliver(name, each.event, each.readers, may_wait=True)
            if isinstance(each, state.Deliver)
            else Fetch(name, None)
            for each in outputs
        ]

    def _mail(self, outputs: list[signal.MailOutput]) -> list[Output]:
        return [Forward(each.signal) if isinstance(each, signal.Forward) else _report(each) for each in outputs]


def _report(report: signal.Report) -> Deliver:
    expired: Expired = report.expired
    return Deliver(expired.topic, expired, (report.sender,))
