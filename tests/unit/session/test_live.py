"""Broadcasts, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.ids import counting
from salon.ports.media import Output, Source
from salon.ports.recorder import RecordingState
from salon.rtc.sdp import parse
from salon.session.broadcast import Session
from salon.session.live import Joined, Live, LiveLimits
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine, FakePeer, offer_text

ALICE, BOB = "grant alice", "grant bob"


class FakeRecording:
    def __init__(self, name: str, sources: Sequence[Source]) -> None:
        self.name = name
        self.sources = sources
        self.stopped = False
        self.state = RecordingState(file=f"{name}.webm")

    def stop(self) -> None:
        self.stopped = True


class FakeRecorder:
    def __init__(self) -> None:
        self.made: list[FakeRecording] = []
        self.closed = False
        self.refuses = False

    def start(self, name: str, sources: Sequence[Source]) -> FakeRecording:
        if self.refuses:
            raise Refused("Full.", status=503, code="recording_busy")
        self.made.append(FakeRecording(name, sources))
        return self.made[-1]

    async def aclose(self) -> None:
        self.closed = True


class Stage:
    def __init__(self, live: Live, engine: FakeEngine, recorder: FakeRecorder) -> None:
        self.live = live
        self.engine = engine
        self.recorder = recorder
        self.heard: list[tuple[str, str]] = []
        live.listen(lambda happened, room: self.heard.append((happened, room)))

    async def publish(self, room: str = "studio", owner: str = ALICE, **offer: str) -> Joined:
        return await self.live.publish(room, owner, parse(offer_text(**offer)))  # type: ignore[arg-type]

    async def go_live(self, room: str = "studio", owner: str = ALICE, **offer: str) -> Joined:
        joined = await self.publish(room, owner, **offer)
        peer(joined).send()
        return joined

    async def watch(self, room: str = "studio", owner: str = BOB, **offer: object) -> Joined:
        return await self.live.watch(room, owner, parse(offer_text("recvonly", **offer)))  # type: ignore[arg-type]

    def state(self, room: str = "studio") -> str:
        broadcast = self.live.broadcast(room)
        return broadcast.state if broadcast else "none"


def peer(joined: Joined | Session) -> FakePeer:
    session = joined.session if isinstance(joined, Joined) else joined
    return cast(FakePeer, session.peer)


def played(joined: Joined) -> list[Source | None]:
    return [output.source for output in cast(tuple[Output, ...], peer(joined).outputs)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    engine, recorder = FakeEngine(), FakeRecorder()
    limits = LiveLimits(broadcasts=2, viewers=2, grace_seconds=0.05, remember_seconds=0.05)
    async with Live(engine, clock=FakeClock(), new_id=counting(), limits=limits, recorder=recorder) as live:
        yield Stage(live, engine, recorder)
    assert len(live) == 0
    assert engine.peers == ()
    assert recorder.closed


async def refused(awaitable: object) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value.status, caught.value.code


async def test_a_broadcast_starts_with_its_first_packet(stage: Stage) -> None:
    joined = await stage.publish()
    assert stage.state() == "starting"
    assert joined.etag == peer(joined).etag
    assert "answer" in joined.sdp
    peer(joined).send()
    assert stage.state() == "live"
    assert ("started", "studio") in stage.heard


async def test_a_viewer_sees_what_is_published(stage: Stage) -> None:
    publisher = await stage.go_live()
    viewer = await stage.watch()
    assert tuple(played(viewer)) == publisher.session.peer.sources
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None and broadcast.viewer_count == 1
    stage.live.leave(viewer.session)
    assert broadcast.viewer_count == 0
    assert peer(viewer).state == "closed"
    assert viewer.session.ended == "deleted"


async def test_a_viewer_may_want_sound_alone(stage: Stage) -> None:
    await stage.go_live()
    viewer = await stage.watch(kinds=("audio",))
    assert [output.kind for output in peer(viewer).outputs] == ["audio"]


async def test_where_nobody_publishes_a_viewer_should_come_again(stage: Stage) -> None:
    with pytest.raises(Refused) as caught:
        await stage.watch()
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (409, "broadcast_not_live", 2)


async def test_nobody_takes_a_name_that_is_held(stage: Stage) -> None:
    publisher = await stage.go_live()
    assert await refused(stage.publish(owner=BOB)) == (409, "broadcast_taken")
    assert peer(publisher).state == "connected"
    peer(publisher).close("vanished")
    assert stage.state() == "interrupted"
    assert await refused(stage.publish(owner=BOB)) == (409, "broadcast_taken")


async def test_of_two_who_come_at_once_one_is_refused(stage: Stage) -> None:
    results = await asyncio.gather(stage.publish(owner=ALICE), stage.publish(owner=BOB), return_exceptions=True)
    assert [type(result) for result in results] == [Joined, Refused]
    assert [each.state for each in stage.engine.made] == ["new", "closed"]


async def test_its_owner_takes_a_broadcast_over_with_the_first_packet(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    second = await stage.publish()
    assert tuple(played(viewer)) == first.session.peer.sources
    assert peer(first).state == "connected"
    peer(second).send()
    assert tuple(played(viewer)) == second.session.peer.sources
    assert (peer(first).state, peer(first).reason) == ("closed", "replaced")
    assert peer(viewer).state == "new"
    assert stage.state() == "live"


async def test_a_successor_that_never_comes_changes_nothing(stage: Stage) -> None:
    first = await stage.go_live()
    second = await stage.publish()
    peer(second).close("never came")
    assert stage.state() == "live"
    assert stage.live.broadcast("studio").publisher is first.session  # type: ignore[union-attr]


async def test_a_successor_replaces_a_successor(stage: Stage) -> None:
    await stage.go_live()
    second = await stage.publish()
    third = await stage.publish()
    assert peer(second).reason == "replaced"
    peer(third).send()
    assert stage.live.broadcast("studio").publisher is third.session  # type: ignore[union-attr]


async def test_a_successor_moves_up_when_the_publisher_vanishes(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    second = await stage.publish()
    peer(first).close("vanished")
    assert tuple(played(viewer)) == second.session.peer.sources
    assert stage.state() == "interrupted"
    peer(second).send()
    assert stage.state() == "live"


async def test_viewers_outlive_a_crash(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    peer(first).close("vanished")
    assert stage.state() == "interrupted"
    assert peer(viewer).state == "new"
    second = await stage.go_live()
    assert tuple(played(viewer)) == second.session.peer.sources
    await asyncio.sleep(0.1)  # longer than the grace time: it counts no more
    assert stage.state() == "live"


async def test_when_the_grace_is_over_viewers_are_let_go(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    peer(first).close("vanished")
    async with asyncio.timeout(5):
        assert await peer(viewer).closed() == "broadcast ended"
    assert stage.state() == "none"
    assert stage.heard[-1] == ("ended", "studio")


async def test_a_silent_publisher_interrupts_its_broadcast(stage: Stage) -> None:
    publisher = await stage.go_live()
    peer(publisher).go_silent()
    assert stage.state() == "interrupted"
    peer(publisher).connect()
    assert stage.state() == "live"


async def test_who_leaves_on_purpose_gives_up_the_name(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    stage.live.leave(first.session)
    assert stage.state() == "interrupted"
    second = await stage.go_live(owner=BOB)
    assert tuple(played(viewer)) == second.session.peer.sources
    stage.live.leave(viewer.session)
    stage.live.leave(second.session)
    assert stage.state() == "none"


async def test_a_publisher_that_never_came_leaves_nothing(stage: Stage) -> None:
    joined = await stage.publish()
    viewer = await stage.watch()
    peer(joined).close("never came")
    assert stage.state() == "none"
    assert peer(viewer).reason == "broadcast ended"


async def test_viewers_of_a_codec_that_is_gone_are_let_go(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    listener = await stage.watch(kinds=("audio",))
    peer(first).close("vanished")
    await stage.go_live(video="VP9")
    assert peer(viewer).reason == "codec changed"
    assert peer(listener).state == "new"


async def test_a_kind_that_is_gone_falls_silent(stage: Stage) -> None:
    first = await stage.go_live()
    viewer = await stage.watch()
    peer(first).close("vanished")
    second = await stage.go_live(kinds=("audio",))  # type: ignore[arg-type]
    assert played(viewer) == [second.session.peer.sources[0], None]


async def test_a_counter_offer_counts_when_it_is_answered(stage: Stage) -> None:
    await stage.go_live()
    with pytest.raises(ClientError):
        await stage.watch(video="VP9")
    joined = await stage.live.counter_offer("studio", BOB)
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None and broadcast.viewer_count == 0
    assert "offer" in joined.sdp
    with pytest.raises(ClientError):
        stage.live.answered(joined.session, parse(offer_text("recvonly", kinds=("text",))))
    assert joined.session.awaits_answer
    stage.live.answered(joined.session, parse(offer_text("recvonly")))
    assert broadcast.viewer_count == 1


async def test_a_counter_offer_that_nobody_answers_is_dropped(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon.session.live.ANSWER_SECONDS", 0.01)
    await stage.go_live()
    joined = await stage.live.counter_offer("studio", BOB)
    async with asyncio.timeout(5):
        assert await peer(joined).closed() == "counter-offer not answered"
    assert stage.live.session(joined.session.id) is None


async def test_there_are_limits(stage: Stage) -> None:
    await stage.go_live()
    await stage.go_live("second")
    assert await refused(stage.publish("third")) == (503, "over_capacity")
    await stage.watch()
    await stage.watch()
    assert await refused(stage.watch()) == (503, "over_capacity")
    stage.engine.full = True
    assert await refused(stage.watch("second")) == (503, "over_capacity")


async def test_a_broadcast_that_ends_while_a_viewer_comes_in(stage: Stage) -> None:
    publisher = await stage.go_live()
    stage.engine.before_answer = lambda: stage.live.leave(publisher.session)
    assert await refused(stage.watch()) == (409, "broadcast_not_live")
    assert len(stage.live) == 0


async def test_draining_ends_everything_and_lets_nobody_in(stage: Stage) -> None:
    await stage.go_live()
    viewer = await stage.watch()
    stage.live.drain()
    assert peer(viewer).reason == "broadcast ended"
    assert len(stage.live) == 0
    assert await refused(stage.publish()) == (503, "server_draining")
    assert await refused(stage.watch()) == (503, "server_draining")


async def test_a_session_is_remembered_for_a_while(stage: Stage) -> None:
    publisher = await stage.go_live()
    publisher.session.note(6, "candidates", "2")
    stage.live.leave(publisher.session)
    assert stage.live.session(publisher.session.id) is None
    remembered = stage.live.remembered(publisher.session.id)
    assert remembered is publisher.session
    assert [moment.what for moment in remembered.timeline()] == ["offer", "candidates", "answer", "over"]
    async with asyncio.timeout(5):
        while stage.live.remembered(publisher.session.id) is not None:  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.01)


async def test_a_session_tells_its_keeper_that_it_is_over(stage: Stage) -> None:
    publisher = await stage.go_live()
    over: list[str] = []
    publisher.session.on_end.append(lambda: over.append(publisher.session.ended))
    peer(publisher).close("vanished")
    stage.live.leave(publisher.session)
    assert over == ["vanished"]


async def test_a_recording_follows_its_broadcast(stage: Stage) -> None:
    first = await stage.go_live()
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None
    stage.live.record(broadcast, True)
    stage.live.record(broadcast, True)
    (recording,) = stage.recorder.made
    assert (recording.name, tuple(recording.sources)) == ("studio", first.session.peer.sources)
    peer(first).close("vanished")
    assert recording.stopped and broadcast.recording is None
    second = await stage.publish()
    assert tuple(stage.recorder.made[-1].sources) == second.session.peer.sources
    stage.live.record(broadcast, False)
    assert stage.recorder.made[-1].stopped
    assert len(stage.recorder.made) == 2


async def test_a_recording_goes_over_to_a_successor(stage: Stage) -> None:
    await stage.go_live()
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None
    stage.live.record(broadcast, True)
    second = await stage.publish()
    assert len(stage.recorder.made) == 1
    peer(second).send()
    assert [recording.stopped for recording in stage.recorder.made] == [True, False]


async def test_a_recorder_that_is_full_does_not_end_the_broadcast(stage: Stage) -> None:
    await stage.go_live()
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None
    stage.recorder.refuses = True
    stage.live.record(broadcast, True)
    assert broadcast.record and broadcast.recording is None
    assert stage.state() == "live"


async def test_without_a_recorder_nothing_is_recorded() -> None:
    async with Live(FakeEngine(), clock=FakeClock(), new_id=counting()) as live:
        await live.publish("studio", ALICE, parse(offer_text()))
        assert not live.records
        broadcast = live.broadcast("studio")
        assert broadcast is not None
        with pytest.raises(Refused) as caught:
            live.record(broadcast, True)
        assert caught.value.code == "recording_unavailable"


async def test_listeners_can_stop_listening(stage: Stage) -> None:
    heard: list[str] = []
    stop = stage.live.listen(lambda happened, room: heard.append(happened))
    stop()
    stop()
    await stage.go_live()
    assert heard == []
    assert stage.heard
