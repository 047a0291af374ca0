"""A session of a recogniser: what a house's side sees, what a listener sees."""

from __future__ import annotations

import asyncio
import logging

import pytest

from salon.base.errors import AuthFailed, Overloaded, ProviderError
from salon.base.speech import Final, Heard, Partial
from salon.providers.listening import MOST_WAITING, Listening, Microphone, joined


async def all_of(session: Listening) -> list[Heard]:
    return [heard async for heard in session.results()]


async def echo(microphone: Microphone) -> Final:
    heard = b""
    while pcm := await microphone.read():
        heard += pcm
        microphone.tell(Partial(heard.decode()))
    return Final(heard.decode())


async def test_audio_goes_in_and_one_final_comes_out() -> None:
    async with Listening(echo) as session:
        session.push(b"one ")
        session.push(b"two")
        session.finish()
        results = await all_of(session)
    assert results[-1] == Final("one two")
    assert all(isinstance(each, Partial) for each in results[:-1])


async def test_what_comes_after_the_end_is_dropped() -> None:
    async with Listening(echo) as session:
        session.push(b"one")
        session.finish()
        session.push(b"late")
        session.finish()
        assert (await all_of(session))[-1] == Final("one")
        session.push(b"later")
    session.push(b"latest")


async def test_a_slow_reader_misses_partials_and_never_the_final() -> None:
    async def chatty(microphone: Microphone) -> Final:
        for number in range(100):
            microphone.tell(Partial(str(number)))
        return Final("end")

    async with Listening(chatty) as session:
        assert await all_of(session) == [Partial("99"), Final("end")]


async def test_an_error_is_raised_to_the_listener_and_not_to_the_block() -> None:
    async def fails(microphone: Microphone) -> Final:
        raise AuthFailed("no")

    async with Listening(fails) as session:
        with pytest.raises(AuthFailed):
            await all_of(session)


async def test_a_mistake_in_a_house_is_a_provider_error(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(microphone: Microphone) -> Final:
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL):
        async with Listening(fails) as session:
            with pytest.raises(ProviderError, match="ZeroDivisionError"):
                await all_of(session)


async def test_more_than_a_minute_that_waits_is_too_much() -> None:
    gate = asyncio.Event()

    async def slow(microphone: Microphone) -> Final:
        await gate.wait()
        return await echo(microphone)

    async with Listening(slow) as session:
        session.push(b"a" * MOST_WAITING)
        session.push(b"bb")
        gate.set()
        with pytest.raises(Overloaded):
            await all_of(session)


async def test_leaving_aborts_and_wakes_a_reader() -> None:
    aborted = asyncio.Event()

    async def endless(microphone: Microphone) -> Final:
        try:
            await asyncio.Event().wait()
        finally:
            aborted.set()
        raise AssertionError

    async with asyncio.TaskGroup() as group:
        async with Listening(endless) as session:
            reader = group.create_task(all_of(session))
            await asyncio.sleep(0)
        assert aborted.is_set()
    assert reader.result() == []


async def test_what_ends_the_block_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with Listening(echo):
            raise KeyError


async def test_how_long_it_was() -> None:
    async def measured(microphone: Microphone) -> Final:
        while await microphone.read():
            pass
        return Final(str(microphone.milliseconds))

    async with Listening(measured) as session:
        session.push(bytes(32_000))
        session.finish()
        assert (await all_of(session))[-1] == Final("1000")


def test_two_parts_of_an_utterance() -> None:
    assert joined("hello", "world") == "hello world"
    assert joined("hello ", "world") == joined("hello", " world") == "hello world"
    assert joined("你好", "世界") == "你好世界"
    assert joined("", "a") == "a"
    assert joined("a", "") == "a"
