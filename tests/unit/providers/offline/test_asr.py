"""PocketSphinx as a recogniser: it hears what espeak-ng says."""

from __future__ import annotations

import pytest

from salon.base.errors import Overloaded
from salon.base.speech import ASR_RATE, AsrOptions, Final, Heard, Partial
from salon.providers.offline import asr as module
from salon.providers.offline.asr import NAME, SphinxAsr
from salon.providers.offline.espeak import speak
from salon.sound.resample import Resampler


def spoken(text: str, voice: str) -> bytes:
    pcm, rate, _ = speak(text, voice, 1.0)
    return bytes(6400) + Resampler(rate, ASR_RATE).push(pcm) + bytes(6400)


async def hear(pcm: bytes, language: str = "", asr: SphinxAsr | None = None) -> list[Heard]:
    async with (asr or SphinxAsr()).session(AsrOptions(language=language)) as session:
        for place in range(0, len(pcm), 640):
            session.push(pcm[place : place + 640])
        session.finish()
        return [heard async for heard in session.results()]


@pytest.mark.parametrize(
    ("said", "voice", "language"),
    [
        ("what time is it", "en-us", "en-US"),
        ("count from three to eleven", "en-us", ""),
        ("what can you do", "en-us", ""),
        ("现在几点", "cmn", "zh-CN"),
        ("我叫什么", "cmn", ""),
        ("数到五", "cmn", ""),
    ],
)
async def test_it_hears_a_phrase(said: str, voice: str, language: str) -> None:
    results = await hear(spoken(said, voice), language)
    final = results[-1]
    assert isinstance(final, Final)
    assert final.text == said
    assert final.model == NAME
    assert final.language == ("zh" if voice == "cmn" else "en")
    assert final.usage is not None
    assert final.usage.audio > 500
    assert all(isinstance(each, Partial) for each in results[:-1])


async def test_silence_is_nothing() -> None:
    for pcm in (b"", bytes(2), bytes(32_000)):
        final = (await hear(pcm))[-1]
        assert isinstance(final, Final)
        assert final.text == ""


async def test_a_decoder_is_used_again() -> None:
    asr = SphinxAsr()
    for _ in range(2):
        final = (await hear(spoken("what time is it", "en-us"), "en", asr))[-1]
        assert isinstance(final, Final)
        assert final.text == "what time is it"
    assert {language: len(free) for language, free in asr._free.items()} == {"en": 1}
    await asr.aclose()


async def test_one_that_was_given_up_does_no_harm() -> None:
    asr = SphinxAsr()
    async with asr.session() as session:
        session.push(bytes(32_000))
    assert (await hear(spoken("what time is it", "en-us"), "en", asr))[-1].text == "what time is it"


async def test_too_many_at_once_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 0)
    with pytest.raises(Overloaded):
        await hear(b"")


async def test_it_checks_itself_with_a_real_utterance() -> None:
    steps = [step async for step in SphinxAsr().check()]
    assert [step.ok for step in steps] == [True]
    assert '"what time is it"' in steps[0].detail
