"""iFlytek's synthesisers. What all synthesisers keep is in ``tests/contract/test_tts.py``."""

from __future__ import annotations

import pytest

from salon.base.speech import Speech, TtsOptions
from salon.providers.spark import house
from salon.providers.spark import tts as module
from salon.providers.spark.tts import parts, speed_of
from salon.wire.iflytek_speech import super_tts
from tests.fakes.iflytek_server import KEYS, IflytekServer, iflytek_server
from tests.fakes.uttered import understood


async def say(
    server: IflytekServer, model: str, *pieces: str, options: TtsOptions = TtsOptions(), voice: str = ""
) -> list[Speech]:
    tts = house.tts(model, {**KEYS, "speech_url": server.url, "tts_voice": voice})
    async with tts.session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames() if isinstance(frame, Speech)]


async def test_one_connection_for_each_piece_or_one_for_all() -> None:
    async with iflytek_server() as server:
        await say(server, "tts", "One. ", "Two. ")
        assert server.seen == ["/v2/tts"] * 2
        await say(server, "super-tts", "One. ", "Two. ")
        assert server.seen[2:] == ["/v1/private/mcd9m97e6"]


async def test_the_service_says_how_far_it_is() -> None:
    async with iflytek_server() as server:
        said = [each.said for each in await say(server, "tts", "你好", "a。")]
    assert list(dict.fromkeys(said)) == [0, 1, 2, 3, 4]


async def test_voice_and_speed_reach_the_service() -> None:
    async with iflytek_server() as server:
        await say(server, "super-tts", "a")
        await say(server, "super-tts", "a", voice="mine")
        await say(server, "tts", "a", options=TtsOptions(voice="aisjiuxu", speed=2), voice="mine")
        assert [each["vcn"] for each in server.business] == ["x5_lingxiaoxuan_flow", "mine", "aisjiuxu"]
        assert [each["speed"] for each in server.business] == [50, 50, 100]


async def test_more_text_than_a_connection_takes_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(super_tts, "MOST", 40)
    pieces = [f"sentence {number}. " for number in range(8)]
    async with iflytek_server() as server:
        speech = await say(server, "super-tts", *pieces)
        assert len(server.seen) > 1
    assert understood(b"".join(each.pcm for each in speech)) == "".join(pieces)


async def test_a_model_that_pauses_for_long_does_not_lose_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "10200: no data for 10 s." """
    monkeypatch.setattr(module, "PAUSE", 0.05)
    async with iflytek_server() as server:
        server.patience = 0.3
        tts = house.tts("super-tts", {**KEYS, "speech_url": server.url})
        async with tts.session() as session:
            frames = session.frames()
            session.push("One moment. ")
            pcm = [await anext(frames)]
            await server.idle.wait()
            session.push("Here it is.")
            session.finish()
            pcm += [frame async for frame in frames]
        assert len(server.seen) == 2
    speech = [each for each in pcm if isinstance(each, Speech)]
    assert understood(b"".join(each.pcm for each in speech)) == "One moment. Here it is."
    assert [each.said for each in speech if each.said is not None] == [12, 23]


@pytest.mark.parametrize(("factor", "percent"), [(1, 50), (0.5, 0), (2, 100), (1.5, 75), (0.75, 25), (9, 100), (0, 0)])
def test_speed(factor: float, percent: int) -> None:
    assert speed_of(factor) == percent


def test_a_text_is_cut_at_sentences() -> None:
    text = "One two. Three four! 五六七。" + "八" * 50
    cut = parts(text, 40)
    assert "".join(cut) == text
    assert cut[0] == "One two. Three four! 五六七。"
    assert all(len(each.encode()) <= 40 for each in cut)
    assert parts("", 40) == []
