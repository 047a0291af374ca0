"""Volcengine's synthesis. What all synthesisers keep is in ``tests/contract/test_tts.py``."""

from __future__ import annotations

import pytest

from salon.base.speech import Speech, TtsOptions
from salon.providers.volcengine import house
from salon.providers.volcengine.tts import _Text, speed_of
from tests.fakes.uttered import understood
from tests.fakes.volcengine_server import VolcengineServer, volcengine_server


async def say(server: VolcengineServer, *pieces: str, options: TtsOptions = TtsOptions()) -> list[Speech]:
    async with house.tts("", server.settings).session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames() if isinstance(frame, Speech)]


async def test_sentences_tell_how_far_it_is() -> None:
    async with volcengine_server() as server:
        speech = await say(server, "ab. ", "cd.")
    assert understood(b"".join(each.pcm for each in speech)) == "ab. cd."
    assert [each.said for each in speech] == [0, 0, 0, 0, 4, 4, 4, 7]


async def test_voice_and_speed_reach_the_service() -> None:
    async with volcengine_server() as server:
        await say(server, "a", options=TtsOptions(voice="mine", speed=1.5))
        assert server.asked[0]["speaker"] == "mine"
        assert server.asked[0]["audio_params"]["speech_rate"] == 50


@pytest.mark.parametrize(("factor", "percent"), [(1, 0), (0.5, -50), (2, 100), (9, 100), (0, -50)])
def test_speed(factor: float, percent: int) -> None:
    assert speed_of(factor) == percent


def test_a_sentence_that_is_not_in_the_text_moves_nothing() -> None:
    text = _Text("one two one")
    for sentence, said in (("one", 3), ("elsewhere", 3), ("", 3), ("one", 11)):
        text.begins(sentence)
        text.ends()
        assert text.said == said
