"""espeak-ng as a synthesiser."""

from __future__ import annotations

import pytest

from salon.base.errors import BadRequest
from salon.base.speech import Frame, Speech, Spoken, TtsOptions, Word
from salon.providers.offline import espeak
from salon.providers.offline.tts import CHUNK, NAME, EspeakTts


async def say(*pieces: str, options: TtsOptions = TtsOptions()) -> list[Frame]:
    async with EspeakTts().session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames()]


async def test_words_go_on_counting_through_pieces_sentences_and_languages() -> None:
    pieces = ("Hello world. How are you? ", "你好，世界。")
    text = "".join(pieces)
    frames = await say(*pieces)
    speech = [each for each in frames if isinstance(each, Speech)]
    words = [word for each in speech for word in each.words]
    assert "".join(word.text for word in words) == "HelloworldHowareyou你好世界"
    assert all(text[word.at :].startswith(word.text) for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)
    total = sum(each.milliseconds for each in speech)
    assert words[-1].end <= total + 1
    assert all(each.milliseconds <= CHUNK for each in speech)
    said = [each.said for each in speech]
    assert said == sorted(said)  # type: ignore[type-var]
    assert said[-1] == text.rindex("世界") + 2
    spoken = frames[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.model == NAME
    assert spoken.usage is not None
    assert spoken.usage.characters == len(text)


async def test_a_word_is_in_a_chunk_that_is_not_later_than_it() -> None:
    begun = 0.0
    for each in await say("This is a sentence with some words in it."):
        if isinstance(each, Speech):
            begun += each.milliseconds
            assert all(word.start <= begun for word in each.words)


async def test_nothing_to_speak_gives_no_speech() -> None:
    frames = await say("", "  ", "...", "！？")
    assert [type(each) for each in frames] == [Spoken]


async def test_a_voice_and_a_language_may_be_asked_for() -> None:
    with pytest.raises(BadRequest):
        await say("hello", options=TtsOptions(voice="nobody"))
    german = await say("hello", options=TtsOptions(language="de-DE"))
    english = await say("hello", options=TtsOptions(language="en-GB"))
    assert german != english


async def length(text: str, voice: str) -> int:
    """In samples: what is said in a voice is about as long each time."""
    frames = await say(text, options=TtsOptions(voice=voice))
    return sum(len(each.pcm) for each in frames if isinstance(each, Speech)) // 2


@pytest.mark.parametrize(("chosen", "reads"), [("en-us", "cmn"), ("de", "cmn"), ("en+f3", "cmn+f3"), ("yue", "yue")])
async def test_chinese_is_spoken_by_a_voice_that_reads_it(chosen: str, reads: str) -> None:
    english, chinese = "Hello. ", "你好，有什么可以帮你的？"
    said = await length(english + chinese, chosen)
    assert said == pytest.approx(await length(english, chosen) + await length(chinese, reads), rel=0.05)


async def test_a_very_long_text_comes_sentence_by_sentence() -> None:
    async with EspeakTts().session() as session:
        session.push("one two three " * 2000)
        frames = session.frames()
        assert isinstance(await anext(frames), Speech)


async def test_it_checks_itself() -> None:
    steps = [step async for step in EspeakTts().check()]
    assert [step.ok for step in steps] == [True]
    assert "robot" in steps[0].detail
    await EspeakTts().aclose()


async def test_each_part_has_the_voice_of_its_language_and_numbers_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def speak(text: str, voice: str, speed: float) -> tuple[bytes, int, list[Word]]:
        asked.append((text, voice))
        return bytes(200), 22_050, []

    monkeypatch.setattr(espeak, "speak", speak)
    async with EspeakTts().session() as session:
        for piece in ("Hello. ", "42. ", "你好 world。", "1 3 8. ", "1，2。", "Bye."):
            session.push(piece)
        session.finish()
        [frame async for frame in session.frames()]
    assert [voice for _, voice in asked] == ["en-us", "en-us", "cmn", "cmn", "cmn", "en-us"]
