"""What every recogniser keeps, whoever makes it: ``salon.ports.asr``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from salon.base.errors import AuthFailed, ProviderError, TimedOut
from salon.base.speech import AsrOptions, Final, Heard, Partial
from salon.ports.asr import Asr
from tests.contract.asr_subjects import FAKED, SUBJECTS, Subject

FRAME = 640  # 20 ms


@pytest.fixture
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    async with SUBJECTS[request.param]() as made:
        yield made


everyone = pytest.mark.parametrize("subject", list(SUBJECTS), indirect=True)
faked = pytest.mark.parametrize("subject", FAKED, indirect=True)
# A chain raises the error of its first.
alone = pytest.mark.parametrize("subject", [name for name in FAKED if name != "chain"], indirect=True)


async def hear(subject: Subject, text: str, options: AsrOptions = AsrOptions(), *, hasty: bool = False) -> list[Heard]:
    return await hear_pcm(subject.hasty if hasty else subject.asr, subject.utter(text) if text else b"", options)


async def hear_pcm(asr: Asr, pcm: bytes, options: AsrOptions = AsrOptions()) -> list[Heard]:
    async with asr.session(options) as session:
        for place in range(0, len(pcm), FRAME):
            session.push(pcm[place : place + FRAME])
        session.finish()
        return [heard async for heard in session.results()]


def text_of(results: list[Heard]) -> str:
    final = results[-1]
    assert isinstance(final, Final)
    assert all(isinstance(each, Partial) for each in results[:-1])
    return final.text


@everyone
async def test_it_has_a_name(subject: Subject) -> None:
    house, colon, model = subject.asr.name.partition(":")
    assert house
    assert colon
    assert model
    assert subject.asr.traits.longest >= 60_000


@everyone
@pytest.mark.parametrize("language", ["english", "chinese"])
async def test_it_hears_both_languages(subject: Subject, language: str) -> None:
    text = subject.english if language == "english" else subject.chinese
    results = await hear(subject, text)
    assert text_of(results) == text
    final = results[-1]
    assert isinstance(final, Final)
    assert final.model.count(":") == 1
    assert final.usage is not None
    assert final.usage.audio > 0


@everyone
async def test_nothing_comes_after_the_final(subject: Subject) -> None:
    async with subject.asr.session() as session:
        session.push(subject.utter(subject.english))
        session.finish()
        results = session.results()
        assert [heard async for heard in results]
        with pytest.raises(StopAsyncIteration):
            await anext(results)
        session.push(b"ab" * 320)
        session.finish()


@everyone
async def test_an_empty_utterance_is_an_empty_final(subject: Subject) -> None:
    assert text_of(await hear(subject, "")) == ""


@everyone
async def test_silence_is_understood_as_nothing(subject: Subject) -> None:
    assert text_of(await hear_pcm(subject.asr, bytes(32_000))) == ""


@everyone
async def test_what_comes_after_finish_is_not_heard(subject: Subject) -> None:
    async with subject.asr.session() as session:
        session.push(subject.utter(subject.english))
        session.finish()
        session.push(subject.utter(subject.chinese))
        results = [heard async for heard in session.results()]
    assert text_of(results) == subject.english


@everyone
async def test_options_are_taken(subject: Subject) -> None:
    options = AsrOptions(language="en-US", hints=("Salon", "a|b"), prompt="before")
    assert text_of(await hear(subject, subject.english, options)) == subject.english
    assert text_of(await hear(subject, subject.chinese, AsrOptions(language="zh-CN"))) == subject.chinese


@everyone
async def test_many_at_once_do_not_mix(subject: Subject) -> None:
    texts = [subject.english, subject.chinese] * 3
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hear(subject, text)) for text in texts]
    assert [text_of(task.result()) for task in tasks] == texts


@faked
async def test_every_character_is_heard_once_and_in_order(subject: Subject) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(400))
    results = await hear(subject, text)
    assert text_of(results) == text
    for each in results[:-1]:
        assert isinstance(each, Partial)
        assert text.startswith(each.text[: each.stable])


@everyone
async def test_leaving_ends_the_session_at_the_house(subject: Subject) -> None:
    async with subject.asr.session() as session:
        session.push(subject.utter(subject.english if subject.live else subject.silent))
        if not subject.live:
            session.finish()
        await subject.busy()
    await subject.idle()
    session.push(b"ab")
    session.finish()
    assert [heard async for heard in session.results()] == []


@everyone
async def test_leaving_before_anything_was_said(subject: Subject) -> None:
    async with subject.asr.session():
        pass
    await subject.idle()


@everyone
async def test_cancelling_the_listener_ends_the_session(subject: Subject) -> None:
    begun = asyncio.Event()

    async def listen() -> None:
        async with subject.asr.session() as session:
            session.push(subject.utter(subject.english if subject.live else subject.silent))
            if not subject.live:
                session.finish()
            begun.set()
            async for _ in session.results():
                pass

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        await begun.wait()
        await subject.busy()
        task.cancel()
    assert task.cancelled()
    await subject.idle()


@everyone
async def test_a_session_given_up_does_not_harm_the_next(subject: Subject) -> None:
    async with subject.asr.session() as session:
        session.push(subject.utter(subject.chinese)[:6400])
    assert text_of(await hear(subject, subject.english)) == subject.english


@faked
async def test_it_fails_by_provider_errors_only(subject: Subject) -> None:
    assert subject.faults
    for fault in subject.faults:
        with pytest.raises(ProviderError) as caught:
            await hear(subject, fault)
        assert caught.value.house, fault
        assert caught.value.message, fault
        assert "secret" not in f"{caught.value} {caught.value.advice}", fault
    assert text_of(await hear(subject, subject.english)) == subject.english


@alone
async def test_a_wrong_key_is_told_with_what_to_do_and_without_the_key(subject: Subject) -> None:
    assert subject.stranger is not None
    with pytest.raises(AuthFailed) as caught:
        await hear_pcm(subject.stranger, subject.utter(subject.english))
    assert "_API_" in caught.value.advice
    assert "secret" not in f"{caught.value} {caught.value.advice}"


@alone
async def test_a_house_that_never_answers_is_too_late(subject: Subject) -> None:
    with pytest.raises(TimedOut) as caught:
        await hear(subject, subject.silent, hasty=True)
    assert caught.value.phase == "final"
    await subject.idle()


@faked
async def test_closing_it_ends_its_sessions(subject: Subject) -> None:
    async with subject.asr.session() as session:
        session.push(subject.utter(subject.english if subject.live else subject.silent))
        if not subject.live:
            session.finish()
        await subject.busy()
        await subject.asr.aclose()
        with pytest.raises(ProviderError):
            [heard async for heard in session.results()]
    await subject.asr.aclose()
    await subject.idle()


@everyone
async def test_a_check_lets_it_hear_and_never_raises(subject: Subject) -> None:
    steps = [step async for step in subject.asr.check()]
    assert steps
    assert all(step.name for step in steps)
    assert all(step.ok or step.advice or step.detail for step in steps)
