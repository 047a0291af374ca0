"""A chain of recognisers."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.errors import BadAnswer, BadRequest, Overloaded, ProviderError, Unreachable
from salon.base.speech import Final, Heard, Partial
from salon.providers.fallback_asr import FallbackAsr
from tests.fakes.instant_speech import InstantAsr


async def hear(chain: FallbackAsr, *audio: bytes) -> list[Heard]:
    async with chain.session() as session:
        for pcm in audio:
            session.push(pcm)
        session.finish()
        return [heard async for heard in session.results()]


async def test_the_first_one_hears() -> None:
    first, second = InstantAsr("hello", name="a:m"), InstantAsr("other", name="b:m")
    final = (await hear(FallbackAsr([first, second]), b"ab"))[-1]
    assert isinstance(final, Final)
    assert (final.text, final.model) == ("hello", "a:m")
    assert not second.sessions


async def test_the_next_hears_the_utterance_from_its_beginning() -> None:
    broken = asyncio.Event()
    failed: list[str] = []
    first = InstantAsr([Partial("he"), broken, Overloaded("gone")], name="a:m")
    second = InstantAsr("hello world", name="b:m")
    chain = FallbackAsr([first, second], on_failure=lambda name, error: failed.append(name))
    async with chain.session() as session:
        session.push(b"one ")
        results = session.results()
        assert await anext(results) == Partial("he")
        broken.set()
        await second.opened.wait()
        session.push(b"two ")
        session.finish()
        final = await anext(results)
    assert isinstance(final, Final)
    assert final.text == "hello world"
    assert bytes(second.sessions[0].audio) == b"one two "
    assert failed == ["a:m"]


async def test_a_failed_one_rests() -> None:
    time = 0.0
    first = InstantAsr([Overloaded("gone")], "back", name="a:m")
    second = InstantAsr("second", name="b:m")
    chain = FallbackAsr([first, second], now=lambda: time)
    texts = []
    for now in (0.0, 10.0, 40.0):
        time = now
        final = (await hear(chain, b"ab"))[-1]
        texts.append(final.text)
    assert texts == ["second", "second", "back"]


async def test_one_that_breaks_off_hears_the_utterance_again() -> None:
    only = InstantAsr([Partial("he"), BadAnswer("broke off")], "hello", name="a:m")
    final = (await hear(FallbackAsr([only]), b"one ", b"two "))[-1]
    assert isinstance(final, Final)
    assert final.text == "hello"
    assert bytes(only.sessions[1].audio) == b"one two "
    broken = InstantAsr([BadAnswer("broke off")], name="a:m")
    with pytest.raises(BadAnswer, match=r"^broke off$"):
        await hear(FallbackAsr([broken]), b"ab")
    assert len(broken.sessions) == 2


async def test_one_that_breaks_off_is_asked_again_behind_the_others() -> None:
    first, second = (
        InstantAsr([BadAnswer("broke off")], "back", name="a:m"),
        InstantAsr([Overloaded("busy")], name="b:m"),
    )
    final = (await hear(FallbackAsr([first, second]), b"ab"))[-1]
    assert isinstance(final, Final)
    assert final.text == "back"


async def test_all_fail_and_the_first_ones_error_tells_of_each() -> None:
    first = InstantAsr([Unreachable("a is gone")], name="a:m")
    second = InstantAsr([Overloaded("b is busy")], name="b:m")
    with pytest.raises(Unreachable, match=r"a is gone.*b is busy"):
        await hear(FallbackAsr([first, second]), b"ab")


async def test_what_nobody_could_understand_is_not_tried_again() -> None:
    first, second = InstantAsr([BadRequest("no such language")]), InstantAsr("x")
    with pytest.raises(BadRequest):
        await hear(FallbackAsr([first, second]), b"ab")
    assert not second.sessions


async def test_leaving_ends_the_one_at_work() -> None:
    never = asyncio.Event()
    first = InstantAsr([Partial("a"), never])
    async with FallbackAsr([first]).session() as session:
        session.push(b"ab")
        assert await anext(session.results()) == Partial("a")
    assert first.sessions[0].closed


async def test_a_check_tries_each() -> None:
    chain = FallbackAsr([InstantAsr(name="a:m"), InstantAsr(name="b:m")])
    assert [step.name async for step in chain.check()] == ["a:m instant", "b:m instant"]
    await chain.aclose()
    assert (chain.name, chain.traits) == ("a:m", InstantAsr().traits)


def test_a_chain_needs_a_recogniser() -> None:
    with pytest.raises(ValueError, match="needs"):
        FallbackAsr([])
    assert issubclass(Overloaded, ProviderError)
