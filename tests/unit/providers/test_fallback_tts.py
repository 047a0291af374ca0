"""A chain of synthesisers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from salon.base.errors import BadAnswer, BadRequest, Overloaded, Unreachable
from salon.base.speech import Frame, Speech, Spoken, TtsOptions
from salon.ports.tts import TtsSession
from salon.providers.fallback_tts import FallbackTts
from tests.fakes.instant_speech import CHARACTER, InstantTts


def breaks_at(word: str) -> InstantTts:
    def before(text: str) -> None:
        if word in text:
            raise Overloaded("gone")

    return InstantTts(name="a:m", before=before, rate=16_000)


async def say(chain: FallbackTts, *pieces: str, options: TtsOptions = TtsOptions()) -> list[Frame]:
    async with chain.session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames()]


async def test_the_first_one_speaks() -> None:
    first, second = InstantTts(name="a:m"), InstantTts(name="b:m")
    spoken = (await say(FallbackTts([first, second]), "hello"))[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.model == "a:m"
    assert not second.sessions


async def test_the_next_goes_on_where_the_first_one_stopped() -> None:
    first, second = breaks_at("two"), InstantTts(name="b:m", rate=24_000)
    frames = await say(FallbackTts([first, second]), "one. ", "two. ", "三。", options=TtsOptions(voice="of a"))
    assert second.sessions[0].text == "two. 三。"
    assert (first.sessions[0].options.voice, second.sessions[0].options.voice) == ("of a", "")
    speech = [each for each in frames if isinstance(each, Speech)]
    assert [each.rate for each in speech] == [16_000, 24_000, 24_000]
    assert [each.said for each in speech] == [5, 10, 12]
    words = [word for each in speech for word in each.words]
    assert [(word.text, word.at, word.start) for word in words] == [
        (text, at, at * CHARACTER) for text, at in (("one.", 0), ("two.", 5), ("三", 10), ("。", 11))
    ]
    spoken = frames[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.usage is not None
    assert (spoken.model, spoken.usage.characters, spoken.usage.audio) == ("b:m", 12, 12 * CHARACTER)


async def test_where_a_house_does_not_tell_how_far_it_is_nothing_is_left_out() -> None:
    pieces = [f"piece {number}. " for number in range(20)]
    first = breaks_at("15")
    first.marks = False
    second = InstantTts(name="b:m")
    frames = await say(FallbackTts([first, second]), *pieces)
    text = second.sessions[0].text
    assert "".join(pieces).endswith(text)
    assert text.startswith("piece ")
    assert pieces[15] in text
    assert len(text) < len("".join(pieces)), "some of it had certainly been spoken"
    assert isinstance(frames[-1], Spoken)


async def test_one_that_breaks_off_goes_on_where_it_stopped() -> None:
    fails = True

    def before(text: str) -> None:
        nonlocal fails
        if "two" in text and fails:
            fails = False
            raise BadAnswer("broke off")

    only = InstantTts(name="a:m", before=before)
    frames = await say(FallbackTts([only]), "one. ", "two. ", options=TtsOptions(voice="mine"))
    assert [session.text for session in only.sessions] == ["one. two. ", "two. "]
    assert [session.options.voice for session in only.sessions] == ["mine", "mine"]
    assert [each.said for each in frames if isinstance(each, Speech)] == [5, 10]


async def test_the_next_begins_with_a_whole_word() -> None:
    class MidWord(InstantTts):
        @asynccontextmanager
        async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[TtsSession]:
            yield _MidWord()

    second = InstantTts(name="b:m")
    await say(FallbackTts([MidWord(name="a:m"), second]), "the documentation. ", "三")
    await say(FallbackTts([MidWord(name="a:m"), second]), "一二三四五六七八world. ")
    assert [session.text for session in second.sessions] == ["documentation. 三", "world. "]


class _MidWord:
    def __init__(self) -> None:
        self.pushed = asyncio.Event()

    def push(self, text: str) -> None:
        self.pushed.set()

    def finish(self) -> None: ...

    async def frames(self) -> AsyncGenerator[Frame, None]:
        await self.pushed.wait()
        yield Speech(b"ab" * 240, 24_000, said=8)
        raise Overloaded("gone")


async def test_a_pace_that_is_known_repeats_no_more_than_a_clause() -> None:
    pieces = [f"这是第{number}句话。" for number in "一二三四五六七八九"]
    first = breaks_at("八")
    first.marks = False
    chain = FallbackTts([first, second := InstantTts(name="b:m")])
    await say(chain, *(pieces[:7] * 3))
    await say(chain, *pieces)
    assert "".join(pieces[7:]) == second.sessions[0].text or "".join(pieces[6:]) == second.sessions[0].text


async def test_text_that_comes_later_goes_to_the_next() -> None:
    first, second = breaks_at("one"), InstantTts(name="b:m")
    async with FallbackTts([first, second]).session() as session:
        frames = session.frames()
        session.push("one. ")
        assert isinstance(await anext(frames), Speech)
        session.push("two.")
        session.finish()
        assert [frame async for frame in frames][-1].__class__ is Spoken
    assert second.sessions[0].text == "one. two."


async def test_all_fail_and_the_first_ones_error_tells_of_each() -> None:
    def gone(text: str) -> None:
        raise Unreachable("b is gone")

    with pytest.raises(Overloaded, match=r"gone.*b is gone"):
        await say(FallbackTts([breaks_at("one"), InstantTts(name="b:m", before=gone)]), "one")


async def test_what_no_other_could_do_is_not_tried_again() -> None:
    def refuses(text: str) -> None:
        raise BadRequest("no such voice")

    second = InstantTts()
    with pytest.raises(BadRequest):
        await say(FallbackTts([InstantTts(before=refuses), second]), "one")
    assert not second.sessions


async def test_leaving_ends_the_one_at_work() -> None:
    never = asyncio.Event()
    first = InstantTts(before=lambda text: never.wait())
    async with FallbackTts([first]).session() as session:
        session.push("one")
        await first.opened.wait()
    assert first.sessions[0].closed


async def test_a_check_tries_each() -> None:
    chain = FallbackTts([InstantTts(name="a:m"), InstantTts(name="b:m")])
    assert [step.name async for step in chain.check()] == ["a:m instant", "b:m instant"]
    await chain.aclose()
    assert (chain.name, chain.traits) == ("a:m", InstantTts().traits)
    with pytest.raises(ValueError, match="needs"):
        FallbackTts([])
