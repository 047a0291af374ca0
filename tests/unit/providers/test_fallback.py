"""A chain of models: who is asked, when, and what is said when nobody answers."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.chat import (
    Delta,
    Finished,
    Message,
    ReasoningDelta,
    Reference,
    References,
    Text,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    ContentBlocked,
    ContextTooLong,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Unreachable,
)
from salon.ports.llm import Traits
from salon.providers.fallback import FIRST_PAUSE, LONGEST_PAUSE, FallbackLlm
from tests.fakes.scripted_llm import ScriptedLlm, Step, says

HELLO = [Message(role="user", content=(Text("hello"),))]
BUSY = Overloaded("a is busy", house="a", advice="Wait.")


class Now:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def model(name: str, *script: Step) -> ScriptedLlm:
    return ScriptedLlm(list(script) or says(name), name=f"{name}:m")


async def said(llm: FallbackLlm) -> list[Delta]:
    return [delta async for delta in llm.stream(HELLO)]


async def who(llm: FallbackLlm) -> str:
    last = (await said(llm))[-1]
    assert isinstance(last, Finished)
    return last.model.partition(":")[0]


async def test_the_first_answers() -> None:
    first, second = model("a"), model("b")
    assert await said(FallbackLlm([first, second])) == [TextDelta("a"), Finished("stop", Usage(2, 1), "a:m")]
    assert second.opened == 0


@pytest.mark.parametrize(
    "error",
    [
        BUSY,
        RateLimited("slow"),
        Unreachable("gone"),
        TimedOut("late", phase="first_token"),
        BadAnswer("rubbish"),
        AuthFailed("key"),
        QuotaExhausted("paid"),
        ProviderError("theirs", retryable=True),
    ],
)
async def test_on_these_it_goes_on(error: ProviderError) -> None:
    assert await who(FallbackLlm([model("a", error), model("b")])) == "b"


@pytest.mark.parametrize("error", [BadRequest("x"), ContextTooLong("x"), ContentBlocked("x"), ProviderError("x")])
async def test_on_these_it_does_not(error: ProviderError) -> None:
    second = model("b")
    with pytest.raises(type(error)):
        await said(FallbackLlm([model("a", error), second]))
    assert second.opened == 0


@pytest.mark.parametrize("begun", [TextDelta("one"), ToolCallDelta(0, "c", "f")])
async def test_never_after_the_answer_has_begun(begun: Delta) -> None:
    second = model("b")
    llm = FallbackLlm([model("a", begun, BUSY), second])
    stream = llm.stream(HELLO)
    assert await anext(stream) == begun
    with pytest.raises(Overloaded, match="a is busy"):
        await anext(stream)
    assert second.opened == 0


async def test_thoughts_are_passed_on_but_references_wait_for_the_answer() -> None:
    lost, kept = References((Reference(1, "https://a"),)), References((Reference(1, "https://b"),))
    llm = FallbackLlm([model("a", ReasoningDelta("hm"), lost, BUSY), model("b", kept, TextDelta("x"))])
    assert (await said(llm))[:-1] == [ReasoningDelta("hm"), kept, TextDelta("x")]


async def test_a_broken_one_is_passed_over_for_a_while() -> None:
    now, broken = Now(), [True]
    first = ScriptedLlm(lambda asked: [BUSY] if broken else says("a"), name="a:m")
    llm = FallbackLlm([first, model("b")], now=now)
    assert [await who(llm), await who(llm)] == ["b", "b"]
    assert first.opened == 1
    now.seconds += FIRST_PAUSE
    assert await who(llm) == "b"
    assert first.opened == 2, "it was tried again when the pause was over"
    now.seconds += FIRST_PAUSE
    await who(llm)
    assert first.opened == 2, "the second pause is twice as long"
    now.seconds += FIRST_PAUSE
    broken.clear()
    assert [await who(llm), await who(llm)] == ["a", "a"]
    broken.append(True)
    await who(llm)
    now.seconds += FIRST_PAUSE
    await who(llm)
    assert first.opened == 6, "after a success the pauses are short again"


async def test_a_pause_does_not_grow_for_ever() -> None:
    now = Now()
    first = model("a", BUSY)
    llm = FallbackLlm([first, model("b")], now=now)
    for _ in range(8):
        await who(llm)
        now.seconds += LONGEST_PAUSE
    assert first.opened == 8


async def test_one_request_tries_it_while_the_others_do_not() -> None:
    now, gate = Now(), asyncio.Event()
    script: list[list[Step]] = [[BUSY], [gate, *says("a")]]
    first = ScriptedLlm(lambda asked: script[min(asked_of(first), 1)], name="a:m")

    def asked_of(llm: ScriptedLlm) -> int:
        return llm.opened - 1

    llm = FallbackLlm([first, model("b")], now=now)
    await who(llm)
    now.seconds += FIRST_PAUSE
    async with asyncio.TaskGroup() as group:
        trying = group.create_task(who(llm))
        await first.started.wait()
        assert await who(llm) == "b"
        assert first.opened == 2
        gate.set()
    assert trying.result() == "a"
    assert await who(llm) == "a"


async def test_a_try_that_is_given_up_does_not_block_the_next() -> None:
    now = Now()
    script: list[list[Step]] = [[BUSY], [asyncio.Event()], says("a")]
    first = ScriptedLlm(lambda asked: script[first.opened - 1], name="a:m")
    llm = FallbackLlm([first, model("b")], now=now)
    await who(llm)
    now.seconds += FIRST_PAUSE
    async with asyncio.TaskGroup() as group:
        trying = group.create_task(who(llm))
        await first.started.wait()
        trying.cancel()
    assert await who(llm) == "a"


async def test_when_all_rest_all_are_tried() -> None:
    broken = [True]
    first = ScriptedLlm(lambda asked: [BUSY] if broken else says("a"), name="a:m")
    llm = FallbackLlm([first, model("b", Unreachable("b is gone"))], now=Now())
    with pytest.raises(ProviderError):
        await said(llm)
    broken.clear()
    assert await who(llm) == "a"


async def test_when_all_fail_each_is_named() -> None:
    errors = [
        AuthFailed("a refused the key", house="a", advice="Check A_KEY."),
        Unreachable("b is gone", advice="Start b."),
    ]
    with pytest.raises(AuthFailed) as caught:
        await said(FallbackLlm([model("a", errors[0]), model("b", errors[1])]))
    error = caught.value
    assert str(error) == "No model answered. a:m: a refused the key; b:m: b is gone"
    assert error.advice == "Check A_KEY. Start b."
    assert error.house == "a"
    assert error.retryable, "b may be back"
    assert str(errors[0]) == "a refused the key", "the error of the house is left alone"


async def test_a_time_out_keeps_its_phase() -> None:
    with pytest.raises(TimedOut) as caught:
        await said(FallbackLlm([model("a", TimedOut("late", phase="connect")), model("b", BUSY)]))
    assert caught.value.phase == "connect"


async def test_one_alone_fails_as_it_is() -> None:
    with pytest.raises(Overloaded) as caught:
        await said(FallbackLlm([model("a", BUSY)]))
    assert caught.value is BUSY


async def test_each_has_a_time_to_begin_its_answer() -> None:
    first = model("a", ReasoningDelta("hm"), asyncio.Event())
    assert await who(FallbackLlm([first, model("b")], first_token=0.02)) == "b"
    assert (first.open, first.cancelled) == (0, 1)


async def test_failures_are_told() -> None:
    told: list[tuple[str, str]] = []
    chain = [model("a", BUSY), model("b", Unreachable("gone")), model("c")]
    await said(FallbackLlm(chain, on_failure=lambda name, error: told.append((name, error.code))))
    assert told == [("a:m", "provider_overloaded"), ("b:m", "provider_unreachable")]


async def test_closing_closes_the_one_that_answers() -> None:
    first = model("a", TextDelta("x"), asyncio.Event())
    stream = FallbackLlm([first, model("b")]).stream(HELLO)
    await anext(stream)
    await stream.aclose()
    assert (first.open, first.cancelled) == (0, 1)


async def test_what_all_can_do() -> None:
    able = ScriptedLlm([], name="a:m", traits=Traits(context=100, max_output=50, images=True))
    less = ScriptedLlm([], name="b:m", traits=Traits(context=20, tools=False))
    llm = FallbackLlm([able, less])
    assert llm.traits == Traits(context=20, max_output=50, images=False, tools=False)
    assert llm.name == "a:m"
    assert [step.name async for step in llm.check()] == ["a:m script", "b:m script"]
    await llm.aclose()
    with pytest.raises(ValueError, match="needs a model"):
        FallbackLlm([])
