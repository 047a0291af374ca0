"""A session of a synthesiser: what a house's side sees, what a speaker sees."""

from __future__ import annotations

import asyncio
import logging

import pytest

from salon.base.errors import BadRequest, Overloaded, ProviderError, TimedOut
from salon.base.speech import Frame, Speech, Spoken
from salon.providers.speaking import MOST_FRAMES, MOST_TEXT, Script, Speaking, Tail, keep_watch


async def all_of(session: Speaking) -> list[Frame]:
    return [frame async for frame in session.frames()]


async def letters(script: Script) -> Spoken:
    """Two bytes for each character."""
    while piece := await script.read():
        await script.say(Speech(piece.encode("utf-16-le"), 16_000))
    return Spoken()


async def test_pieces_go_in_and_audio_comes_out_in_order() -> None:
    async with Speaking(letters) as session:
        session.push("one ")
        session.push("")
        session.push("two")
        session.finish()
        session.push("late")
        frames = await all_of(session)
    assert frames[-1] == Spoken()
    assert b"".join(each.pcm for each in frames if isinstance(each, Speech)).decode("utf-16-le") == "one two"


async def test_the_house_waits_for_a_slow_reader() -> None:
    async with Speaking(letters) as session:
        for _ in range(3 * MOST_FRAMES):
            session.push("a")
        session.finish()
        for _ in range(5 * MOST_FRAMES):
            await asyncio.sleep(0)
        assert session._frames.qsize() == MOST_FRAMES
        assert len(await all_of(session)) == 3 * MOST_FRAMES + 1


async def test_too_long_a_text_is_refused() -> None:
    async with Speaking(letters) as session:
        session.push("a" * MOST_TEXT)
        session.push("b")
        with pytest.raises(BadRequest):
            await all_of(session)


async def test_an_error_comes_after_what_was_spoken() -> None:
    async def breaks(script: Script) -> Spoken:
        await script.say(Speech(b"ab", 16_000))
        raise Overloaded("busy")

    seen: list[Frame] = []
    async with Speaking(breaks) as session:
        with pytest.raises(Overloaded):
            async for frame in session.frames():
                seen.append(frame)  # noqa: PERF401 - what came before the error counts
    assert seen == [Speech(b"ab", 16_000)]


async def test_a_mistake_in_a_house_is_a_provider_error(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(script: Script) -> Spoken:
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL):
        async with Speaking(fails) as session:
            with pytest.raises(ProviderError, match="ZeroDivisionError"):
                await all_of(session)


async def test_nothing_is_handed_out_after_leaving() -> None:
    async with Speaking(letters) as session:
        for _ in range(3 * MOST_FRAMES):
            session.push("a")
        frames = session.frames()
        assert isinstance(await anext(frames), Speech)
    assert [frame async for frame in frames] == []
    session.push("b")


async def test_leaving_wakes_a_reader() -> None:
    async with asyncio.TaskGroup() as group, Speaking(letters) as session:
        reader = group.create_task(all_of(session))
        await asyncio.sleep(0)
    assert reader.result() == []


async def test_how_much_was_said() -> None:
    async def measured(script: Script) -> Spoken:
        await letters(script)
        assert (script.characters, script.milliseconds, script.finished) == (16, 1, True)
        return Spoken()

    async with Speaking(measured) as session:
        session.push("a" * 16)
        session.finish()
        assert (await all_of(session))[-1] == Spoken()


async def watched(script: Script, heard: asyncio.Event) -> None:
    await keep_watch(script, heard, first_audio=0.001, stall=0.001, house="house")


@pytest.mark.parametrize(("begun", "phase"), [(False, "first_audio"), (True, "stall")])
async def test_a_house_that_is_silent_is_found_out(begun: bool, phase: str) -> None:
    heard = asyncio.Event()
    if begun:
        heard.set()
    with pytest.raises(TimedOut) as caught:
        await watched(Script(asyncio.Queue()), heard)
    assert caught.value.phase == phase


async def test_a_slow_reader_is_not_the_houses_fault() -> None:
    late = asyncio.Event()

    async def works(script: Script) -> Spoken:
        for _ in range(MOST_FRAMES + 1):
            await script.say(Speech(b"ab", 16_000))
        return Spoken()

    async with Speaking(works) as session:
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(watched(session._script, late))
            while not session._script.blocked:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)  # ten times its patience
            assert not watch.done()
            watch.cancel()
        assert len(await all_of(session)) == MOST_FRAMES + 2


def test_the_end_of_a_sound_is_kept_back() -> None:
    tail = Tail(1000)  # 10 ms are 20 bytes
    assert tail.feed(bytes(19)) == b""
    assert tail.feed(bytes(4)) == bytes(2)
    assert tail.feed(bytes(10)) == bytes(10)
    assert tail.rest() == bytes(20)
