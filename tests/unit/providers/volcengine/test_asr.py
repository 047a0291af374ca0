"""Volcengine's recognition. What all recognisers keep is in ``tests/contract/test_asr.py``."""

from __future__ import annotations

import pytest

from salon.base.speech import AsrOptions, Final, Heard, Partial
from salon.providers.volcengine import asr as module
from salon.providers.volcengine import house
from tests.fakes.uttered import SOUND, uttered
from tests.fakes.volcengine_server import VolcengineServer, volcengine_server


async def hear(server: VolcengineServer, text: str, options: AsrOptions = AsrOptions()) -> list[Heard]:
    async with house.asr("", server.settings).session(options) as session:
        pcm = uttered(text)
        for place in range(0, len(pcm), 640):
            session.push(pcm[place : place + 640])
        session.finish()
        return [heard async for heard in session.results()]


async def test_words_have_their_times() -> None:
    async with volcengine_server() as server:
        final = (await hear(server, "你好，世界"))[-1]
    assert isinstance(final, Final)
    assert [(word.text, word.at) for word in final.words] == [(each, at) for at, each in enumerate("你好，世界")]
    assert final.words[1].end - final.words[1].start == SOUND


async def test_what_is_stable_stays() -> None:
    text = "一二三四五六七八，" * 4
    async with volcengine_server() as server:
        results = await hear(server, text)
    partials = [each for each in results if isinstance(each, Partial)]
    assert all(text.startswith(each.text[: each.stable]) for each in partials)


async def test_hints_reach_the_service() -> None:
    async with volcengine_server() as server:
        await hear(server, "hi", AsrOptions(hints=("沙龙",)))
        assert "沙龙" in server.asked[0]["request"]["corpus"]["context"]


async def test_who_says_nothing_for_long_is_taken_to_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "45000081: no packet in time." """
    monkeypatch.setattr(module, "PAUSE", 0.02)
    async with volcengine_server() as server:
        async with house.asr("", server.settings).session() as session:
            session.push(uttered("你好"))
            while server.packets < 3:
                await server.heard.wait()
            session.push(uttered("世界"))
            session.finish()
            results = [heard async for heard in session.results()]
        assert len(server.asked) == 1
    assert isinstance(results[-1], Final)
    assert results[-1].text == "你好世界"


async def test_a_service_that_heard_only_silence_heard_nothing() -> None:
    async with volcengine_server() as server:
        final = (await hear(server, "code 45000003"))[-1]
    assert isinstance(final, Final)
    assert final.text == ""
