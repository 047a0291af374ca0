"""iFlytek's recognisers. What all recognisers keep is in ``tests/contract/test_asr.py``."""

from __future__ import annotations

from itertools import groupby

import pytest

from salon.base.errors import AuthFailed
from salon.base.speech import AsrOptions, Final, Heard, Partial
from salon.providers.spark import asr as module
from salon.providers.spark import house
from tests.fakes.iflytek_server import KEYS, IflytekServer, iflytek_server
from tests.fakes.uttered import uttered


async def hear(
    server: IflytekServer, text: str, model: str = "spark-iat", options: AsrOptions = AsrOptions()
) -> list[Heard]:
    asr = house.asr(model, {**KEYS, "speech_url": server.url})
    async with asr.session(options) as session:
        session.push(uttered(text))
        session.finish()
        return [heard async for heard in session.results()]


def once(text: str) -> str:
    """Where a cut goes through a character, it is heard on both sides."""
    return "".join(each for each, _ in groupby(text))


async def test_corrections_take_the_place_of_what_was_wrong() -> None:
    async with iflytek_server() as server:
        results = await hear(server, "一二三四五六")
    assert [each.text for each in results if isinstance(each, Partial)][-1] == "一二三四五六"
    assert isinstance(results[-1], Final)
    assert results[-1].text == "一二三四五六"


async def test_an_utterance_of_more_than_a_minute_goes_on_in_the_next_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST", 20 * module.PACKET)
    text = "".join(chr(0x4E00 + number) for number in range(100))
    async with iflytek_server() as server:
        server.longest = 21 * module.PACKET
        results = await hear(server, text)
        assert len(server.seen) == 4
    assert once(results[-1].text) == text


async def test_a_service_that_thinks_it_is_over_is_asked_again() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(60))
    async with iflytek_server() as server:
        server.eager = 20
        results = await hear(server, text)
        assert len(server.seen) > 1
    assert once(results[-1].text) == text


@pytest.mark.parametrize("model", ["iat", "spark-iat"])
async def test_who_says_nothing_for_long_does_not_lose_the_utterance(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "10200: no data for 10 s." """
    monkeypatch.setattr(module, "PAUSE", 0.05)
    async with iflytek_server() as server:
        server.patience = 0.3
        asr = house.asr(model, {**KEYS, "speech_url": server.url})
        async with asr.session() as session:
            session.push(uttered("你好"))
            await server.busy.wait()
            await server.idle.wait()
            session.push(uttered("世界"))
            session.finish()
            results = [heard async for heard in session.results()]
        assert len(server.seen) == 2
    assert results[-1].text == "你好世界"


async def test_a_connection_is_as_long_as_the_service_lets_it_be_in_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "At most 60 s", whatever was said in them."""
    monkeypatch.setattr(module, "LONGEST_TIME", 0.05)
    async with iflytek_server() as server:
        asr = house.asr("iat", {**KEYS, "speech_url": server.url})
        async with asr.session() as session:
            for text in ("你好", "世界"):
                session.push(uttered(text))
                await server.busy.wait()
                await server.idle.wait()
                server.busy.clear()
            session.finish()
            results = [heard async for heard in session.results()]
    assert results[-1].text == "你好世界"


async def test_a_long_utterance_is_continued_where_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG", 10 * module.PACKET)
    quiet = bytes(2 * module.PACKET)
    async with iflytek_server() as server:
        asr = house.asr("iat", {**KEYS, "speech_url": server.url})
        async with asr.session() as session:
            session.push(uttered("一二三四五六七八九十" * 2) + quiet + uttered("三四五六七八"))
            session.finish()
            results = [heard async for heard in session.results()]
        assert len(server.seen) == 2
    # No character was cut in two.
    assert results[-1].text == "一二三四五六七八九十" * 2 + "三四五六七八"


async def test_words_of_two_connections_stand_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG", module.PACKET)
    async with iflytek_server() as server:
        asr = house.asr("iat", {**KEYS, "speech_url": server.url})
        async with asr.session(AsrOptions(language="en")) as session:
            session.push(uttered("hello") + bytes(2 * module.PACKET) + uttered("world"))
            session.finish()
            results = [heard async for heard in session.results()]
    assert results[-1].text == "hello world"


@pytest.mark.parametrize("model", ["iat", "spark-iat"])
async def test_the_service_s_pings_are_answered(model: str) -> None:
    async with iflytek_server() as server:
        server.pings = True
        assert (await hear(server, "你好", model))[-1].text == "你好"


async def test_what_is_asked_for_reaches_the_service() -> None:
    async with iflytek_server() as server:
        await hear(server, "hi", "iat", AsrOptions(language="en-GB"))
        await hear(server, "hi", "spark-iat", AsrOptions(hints=("沙龙",)))
        await hear(server, "hi", "spark-iat-multilingual")
        await hear(server, "hi", "spark-iat-dialects")
        assert [each["language"] for each in server.business] == ["en_us", "zh_cn", "mul_cn", "zh_cn"]
        assert [each["accent"] for each in server.business] == ["mandarin", "mandarin", "mandarin", "mulacc"]
        assert server.business[1]["dhw"] == "utf-8;沙龙"


def test_only_the_dictation_has_to_be_told_the_language() -> None:
    detects = {name: house.asr(name, KEYS).traits.detects for name in ("spark-iat", "iat", "spark-iat-multilingual")}
    assert detects == {"spark-iat": True, "iat": False, "spark-iat-multilingual": True}


async def test_an_app_that_is_not_the_keys_is_told() -> None:
    async with iflytek_server() as server:
        asr = house.asr("iat", {**KEYS, "app_id": "other", "speech_url": server.url})
        steps = [step async for step in asr.check()]
        assert not steps[-1].ok
        assert "SPARK_APP_ID" in steps[-1].advice
        with pytest.raises(AuthFailed):
            async with asr.session() as session:
                session.push(uttered("hi"))
                session.finish()
                [heard async for heard in session.results()]


def test_without_an_own_url_it_goes_to_iflytek() -> None:
    urls = [house.asr(model, KEYS)._url for model in house.asr_models]
    assert urls == [
        "wss://iat.xf-yun.com/v1",
        "wss://iat-api.xfyun.cn/v2/iat",
        "wss://iat.cn-huabei-1.xf-yun.com/v1",
        "wss://iat.cn-huabei-1.xf-yun.com/v1",
    ]
