"""What every synthesiser keeps, whoever makes it: ``salon.ports.tts``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from salon.base.errors import AuthFailed, ProviderError, TimedOut
from salon.base.speech import Frame, Speech, Spoken, TtsOptions
from tests.contract.tts_subjects import FAKED, SUBJECTS, Subject
from tests.fakes.uttered import understood


@pytest.fixture
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param]() as made:
        yield made


everyone = pytest.mark.parametrize("subject", list(SUBJECTS), indirect=True)
faked = pytest.mark.parametrize("subject", FAKED, indirect=True)
# A chain raises the error of its first.
alone = pytest.mark.parametrize("subject", [name for name in FAKED if name != "chain"], indirect=True)


async def say(subject: Subject, *pieces: str, options: TtsOptions = TtsOptions(), hasty: bool = False) -> list[Frame]:
    async with (subject.hasty if hasty else subject.tts).session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames()]


def speech_of(frames: list[Frame]) -> list[Speech]:
    assert isinstance(frames[-1], Spoken)
    speech = [each for each in frames if isinstance(each, Speech)]
    assert len(speech) == len(frames) - 1
    return speech


def pcm_of(frames: list[Frame]) -> bytes:
    return b"".join(each.pcm for each in speech_of(frames))


@everyone
async def test_it_has_a_name(subject: Subject) -> None:
    house, colon, model = subject.tts.name.partition(":")
    assert house
    assert colon
    assert model
    assert subject.tts.traits.voices


@everyone
async def test_it_speaks_both_languages(subject: Subject) -> None:
    frames = await say(subject, "Hello. ", "你好，世界。")
    speech = speech_of(frames)
    assert speech
    assert all(each.pcm and len(each.pcm) % 2 == 0 for each in speech)
    assert all(8_000 <= each.rate <= 48_000 for each in speech)
    spoken = frames[-1]
    assert isinstance(spoken, Spoken)
    assert spoken.model.count(":") == 1
    assert spoken.usage is not None
    assert spoken.usage.characters == len("Hello. 你好，世界。")
    assert spoken.usage.audio == pytest.approx(sum(each.milliseconds for each in speech), abs=1)


@faked
async def test_the_text_is_spoken_whole_and_in_order(subject: Subject) -> None:
    pieces = ("One, ", "two. ", "三，", "四。")
    assert understood(pcm_of(await say(subject, *pieces))) == "".join(pieces)


@everyone
async def test_how_far_it_is_only_goes_on(subject: Subject) -> None:
    said = [each.said for each in speech_of(await say(subject, "One two. ", "三四五。")) if each.said is not None]
    assert said == sorted(said)
    assert all(0 <= each <= len("One two. 三四五。") for each in said)


@everyone
async def test_words_are_where_they_say(subject: Subject) -> None:
    text = "Hello world. 你好。"
    speech = speech_of(await say(subject, text))
    words = [word for each in speech for word in each.words]
    assert bool(words) == subject.tts.traits.words
    total = sum(each.milliseconds for each in speech)
    assert all(text[word.at :].startswith(word.text) for word in words)
    assert all(0 <= word.start <= word.end <= total + 1 for word in words)


@everyone
async def test_nothing_comes_after_the_end(subject: Subject) -> None:
    async with subject.tts.session() as session:
        session.push("One.")
        session.finish()
        frames = session.frames()
        assert [frame async for frame in frames]
        with pytest.raises(StopAsyncIteration):
            await anext(frames)
        session.push("Two.")
        session.finish()


@everyone
async def test_nothing_to_speak_is_no_speech(subject: Subject) -> None:
    assert speech_of(await say(subject)) == []
    assert speech_of(await say(subject, "", "…", " \n")) == []


@everyone
async def test_the_first_audio_does_not_wait_for_the_whole_text(subject: Subject) -> None:
    async with subject.tts.session() as session:
        frames = session.frames()
        session.push("The first sentence. ")
        assert isinstance(await anext(frames), Speech)
        session.push("The second.")
        session.finish()
        assert isinstance([frame async for frame in frames][-1], Spoken)


@everyone
async def test_a_long_text_is_spoken(subject: Subject) -> None:
    text = "".join(f"这是第{number}句话，" + "甲乙丙丁" * 20 + "。" for number in range(30))
    speech = speech_of(await say(subject, text))
    assert speech
    if subject.faults:
        assert understood(b"".join(each.pcm for each in speech)) == text


@everyone
async def test_options_are_taken(subject: Subject) -> None:
    voice = subject.tts.traits.voices[-1]
    for options in (
        TtsOptions(voice=voice, speed=2.0, language="zh-CN", instructions="calm"),
        TtsOptions(speed=0.5, language="en-GB"),
    ):
        assert speech_of(await say(subject, "Hello.", options=options))


@everyone
async def test_many_at_once_do_not_mix(subject: Subject) -> None:
    texts = [f"number {number}." for number in range(8)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(say(subject, text)) for text in texts]
    made = [pcm_of(task.result()) for task in tasks]
    assert all(made)
    if subject.faults:
        assert [understood(each) for each in made] == texts


@everyone
async def test_leaving_ends_the_session_and_nothing_stale_comes(subject: Subject) -> None:
    async with subject.tts.session() as session:
        session.push("One two three. " * 20)
        frames = session.frames()
        assert isinstance(await anext(frames), Speech)
    await subject.idle()
    session.push("Four.")
    assert [frame async for frame in frames] == []


@everyone
async def test_leaving_before_anything_was_pushed(subject: Subject) -> None:
    async with subject.tts.session():
        pass
    await subject.idle()


@faked
async def test_cancelling_the_reader_ends_the_session(subject: Subject) -> None:
    async def read() -> None:
        await say(subject, subject.stalls)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await subject.busy()
        task.cancel()
    assert task.cancelled()
    await subject.idle()


@everyone
async def test_a_session_given_up_does_not_harm_the_next(subject: Subject) -> None:
    async with subject.tts.session() as session:
        session.push("One.")
    frames = await say(subject, "Two.")
    assert pcm_of(frames)
    if subject.faults:
        assert understood(pcm_of(frames)) == "Two."


@faked
async def test_it_fails_by_provider_errors_only(subject: Subject) -> None:
    assert subject.faults
    for fault in subject.faults:
        with pytest.raises(ProviderError) as caught:
            await say(subject, fault)
        assert caught.value.house, fault
        assert caught.value.message, fault
        assert "secret" not in f"{caught.value} {caught.value.advice}", fault
    assert understood(pcm_of(await say(subject, "Good."))) == "Good."


@alone
async def test_a_wrong_key_is_told_with_what_to_do_and_without_the_key(subject: Subject) -> None:
    assert subject.stranger is not None
    with pytest.raises(AuthFailed) as caught:
        async with subject.stranger.session() as session:
            session.push("Hello.")
            session.finish()
            [frame async for frame in session.frames()]
    assert "_API_" in caught.value.advice
    assert "secret" not in f"{caught.value} {caught.value.advice}"


@alone
async def test_a_house_that_says_nothing_is_too_late(subject: Subject) -> None:
    with pytest.raises(TimedOut) as caught:
        await say(subject, subject.silent, hasty=True)
    assert caught.value.phase == "first_audio"
    await subject.idle()


@alone
async def test_a_house_that_stops_is_too_late(subject: Subject) -> None:
    with pytest.raises(TimedOut) as caught:
        await say(subject, subject.stalls, hasty=True)
    assert caught.value.phase == "stall"
    await subject.idle()


@faked
async def test_closing_it_ends_its_sessions(subject: Subject) -> None:
    async with subject.tts.session() as session:
        session.push(subject.stalls)
        await subject.busy()
        await subject.tts.aclose()
        with pytest.raises(ProviderError):
            [frame async for frame in session.frames()]
    await subject.tts.aclose()
    await subject.idle()


@everyone
async def test_a_check_lets_it_speak_and_never_raises(subject: Subject) -> None:
    steps = [step async for step in subject.tts.check()]
    assert steps
    assert all(step.ok for step in steps if "127.0.0.1:9" not in step.detail), steps
