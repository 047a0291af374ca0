"""What every language model keeps, whoever makes it: ``salon.ports.llm``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from salon.base.chat import Delta, Finished, Message, Options, ReasoningDelta, Text, TextDelta, ToolCallDelta, ToolSpec
from salon.base.errors import ProviderError
from tests.contract.llm_subjects import SUBJECTS, Subject

WEATHER = ToolSpec(
    "weather", "天气", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
)


@pytest.fixture
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    factory, _ = SUBJECTS[request.param]
    async with factory() as made:
        yield made


def who_can(*what: str) -> pytest.MarkDecorator:
    """Run the test with every subject that can be brought to do all this."""
    able = [name for name, (_, words) in SUBJECTS.items() if set(what) <= set(words)]
    return pytest.mark.parametrize("subject", able, indirect=True)


def message(subject: Subject, what: str) -> list[Message]:
    return user(subject.words[what])


def user(words: str) -> list[Message]:
    return [Message(role="user", content=(Text(words),))]


async def all_of(subject: Subject, said: list[Message], tools: tuple[ToolSpec, ...] = ()) -> list[Delta]:
    return [delta async for delta in subject.llm.stream(said, tools)]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@who_can()
async def test_it_has_a_name(subject: Subject) -> None:
    house, colon, model = subject.llm.name.partition(":")
    assert house
    assert colon
    assert model
    assert subject.llm.traits.context is None or subject.llm.traits.context > 0


@who_can("answer")
async def test_an_answer_comes_in_pieces_and_ends_once(subject: Subject) -> None:
    deltas = await all_of(subject, message(subject, "answer"))
    assert len(deltas) > 3
    assert all(isinstance(delta, TextDelta) and delta.text for delta in deltas[:-1])
    last = deltas[-1]
    assert isinstance(last, Finished)
    assert last.reason == "stop"
    assert last.model.count(":") >= 1
    assert last.usage is None or last.usage.output > 0


@who_can("answer")
async def test_nothing_comes_after_the_end(subject: Subject) -> None:
    stream = subject.llm.stream(message(subject, "answer"))
    assert [delta async for delta in stream]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await stream.aclose()


@who_can("call")
async def test_a_function_call_keeps_its_rule(subject: Subject) -> None:
    deltas = await all_of(subject, message(subject, "call"), (WEATHER,))
    calls = [delta for delta in deltas if isinstance(delta, ToolCallDelta)]
    assert (calls[0].index, calls[0].name) == (0, "weather")
    assert calls[0].id
    assert not any(call.id or call.name for call in calls[1:])
    assert json.loads("".join(call.arguments for call in calls)) == {"city": "北京"}
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].reason == "tool_calls"


@who_can("thinking")
async def test_reasoning_is_no_answer(subject: Subject) -> None:
    deltas = await all_of(subject, message(subject, "thinking"))
    assert text_of(deltas).strip() == "open"
    assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta)) == "secret"


@who_can("endless")
async def test_closing_a_stream_ends_the_request(subject: Subject) -> None:
    stream = subject.llm.stream(message(subject, "endless"))
    assert isinstance(await anext(stream), TextDelta)
    await stream.aclose()
    await subject.idle()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@who_can()
async def test_closing_before_it_began_asks_nobody(subject: Subject) -> None:
    stream = subject.llm.stream(user("never asked"))
    await stream.aclose()
    await subject.idle()


@who_can("silent")
async def test_cancelling_a_silent_stream_ends_the_request(subject: Subject) -> None:
    await cancelled(subject, message(subject, "silent"))


@who_can("endless")
async def test_cancelling_in_the_middle_ends_the_request(subject: Subject) -> None:
    await cancelled(subject, message(subject, "endless"))


async def cancelled(subject: Subject, said: list[Message]) -> None:
    begun = asyncio.Event()
    outcome: list[BaseException] = []

    async def read() -> None:
        begun.set()
        try:
            await all_of(subject, said)
        except BaseException as error:
            outcome.append(error)
            raise

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        await begun.wait()
        await subject.busy()
        task.cancel()
    assert task.cancelled()
    assert [type(error) for error in outcome] == [asyncio.CancelledError]
    await subject.idle()


@who_can("endless", "answer")
async def test_a_stream_given_up_does_not_harm_the_next(subject: Subject) -> None:
    stream = subject.llm.stream(message(subject, "endless"))
    await anext(stream)
    await stream.aclose()
    assert text_of(await all_of(subject, message(subject, "answer")))


@who_can("answer")
async def test_many_at_once_do_not_mix(subject: Subject) -> None:
    words = [f"word{number}" for number in range(30)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(all_of(subject, user(subject.echo(word)))) for word in words]
    assert [text_of(task.result()).strip() for task in tasks] == words


@who_can("answer")
async def test_options_are_taken(subject: Subject) -> None:
    options = Options(max_output_tokens=100, temperature=1.9, top_p=0.9, user="u", web_search=True, reasoning="high")
    said = message(subject, "answer")
    assert text_of([delta async for delta in subject.llm.stream(said, (WEATHER,), options)])


@who_can("endless")
async def test_it_fails_by_provider_errors_only(subject: Subject) -> None:
    assert subject.faults
    for fault in subject.faults:
        seen: list[Delta] = []
        with pytest.raises(ProviderError) as caught:
            async for delta in subject.llm.stream(user(fault)):
                seen.append(delta)  # noqa: PERF401 - what came before the error counts
        assert not any(isinstance(delta, Finished) for delta in seen), fault
        assert caught.value.house, fault
        assert caught.value.message, fault
        assert "secret" not in f"{caught.value} {caught.value.advice}", fault


@who_can("endless")
async def test_closing_the_model_ends_its_streams(subject: Subject) -> None:
    stream = subject.llm.stream(message(subject, "endless"))
    await anext(stream)
    await subject.llm.aclose()
    with pytest.raises(ProviderError):
        await anext(stream)
    await subject.llm.aclose()
    await subject.idle()


@who_can("answer")
async def test_a_check_goes_step_by_step_and_never_raises(subject: Subject) -> None:
    steps: list[Any] = [step async for step in subject.llm.check()]
    assert steps
    assert all(step.name for step in steps)
    assert all(step.ok or step.advice for step in steps)
