"""One model made of several: where the first cannot answer, the next one does."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypeVar

import msgspec

from salon.base.chat import Delta, Finished, Message, Options, References, TextDelta, ToolCallDelta, ToolSpec
from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Unreachable,
)
from salon.ports.llm import CheckStep, Llm, Traits
from salon.providers.deadline import deadlines

log = logging.getLogger("salon.providers")

Provider = TypeVar("Provider")

# How long a model that failed is passed over: the first time, and at most. In seconds.
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 300.0
# What a deadline is set to that must not strike.
NEVER = 86_400.0

# What an error of several models can be. Time-outs have a phase besides.
KINDS = (AuthFailed, QuotaExhausted, RateLimited, Overloaded, Unreachable, BadAnswer, ProviderError)


def ignore(name: str, error: ProviderError) -> None:
    return None


class Breaker:
    """Remembers that a model is broken.

    After a failure it is passed over for a pause that doubles with each failure in a row. When the pause is over, one request
    tries it (half open) while the others still pass over it. ``now`` gives seconds.
    """

    __slots__ = ("_now", "_pause", "_trying", "_until")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._pause = 0.0
        self._until = 0.0
        self._trying = False

    @property
    def rests_until(self) -> float:
        """0 where it is in order."""
        return self._until

    def lets_pass(self) -> bool:
        return not self._pause or (self._now() >= self._until and not self._trying)

    def begin(self) -> None:
        self._trying = True

    def end(self) -> None:
        """The try is over, whatever came of it: it may have been cancelled."""
        self._trying = False

    def succeeded(self) -> None:
        self._pause = self._until = 0.0

    def failed(self) -> None:
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._until = self._now() + self._pause


def in_order(links: Sequence[tuple[Provider, Breaker]]) -> list[tuple[Provider, Breaker]]:
    """Those of a chain that are in order, as they were named; then the others, the first to be tried again first."""
    good = [link for link in links if link[1].lets_pass()]
    resting = [link for link in links if link not in good]
    return good + sorted(resting, key=lambda link: link[1].rests_until)


class FallbackLlm:
    """The first of ``llms`` that answers.

    It goes on to the next on a failure that another model may not have, as long as nothing of an answer (text or a call) has
    been passed on. Those that failed a short time ago come last. ``first_token`` is how many seconds each may take until its
    answer begins; None leaves it to the model. ``now`` gives seconds. ``on_failure`` is told of each failure that is not
    raised, with the model's name; it must neither block nor raise. When all fail, the error of the first is raised, and its
    message tells about each.
    """

    def __init__(
        self,
        llms: Sequence[Llm],
        *,
        now: Callable[[], float] = time.monotonic,
        first_token: float | None = None,
        on_failure: Callable[[str, ProviderError], None] = ignore,
    ) -> None:
        if not llms:
            raise ValueError("a chain needs a model")
        self._links = [(llm, Breaker(now)) for llm in llms]
        self._first_token = first_token
        self._on_failure = on_failure

    def __repr__(self) -> str:
        return f"FallbackLlm({', '.join(llm.name for llm, _ in self._links)})"

    @property
    def name(self) -> str:
        """The first one's. Who answered is in ``Finished.model``."""
        return self._links[0][0].name

    @property
    def traits(self) -> Traits:
        """What all of them can do."""
        each = [llm.traits for llm, _ in self._links]
        return Traits(
            context=min((traits.context for traits in each if traits.context is not None), default=None),
            max_output=min((traits.max_output for traits in each if traits.max_output is not None), default=None),
            images=all(traits.images for traits in each),
            tools=all(traits.tools for traits in each),
        )

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        errors: list[tuple[str, ProviderError]] = []
        for llm, breaker in in_order(self._links):
            answered = False
            breaker.begin()
            try:
                async with aclosing(self._attempt(llm, messages, tools, options)) as deltas:
                    async for delta in deltas:
                        if not answered and isinstance(delta, TextDelta | ToolCallDelta | Finished):
                            answered = True
                            breaker.succeeded()
                            breaker.end()
                        yield delta
                return
            except ProviderError as error:
                if answered or not another_may(error):
                    raise
                breaker.failed()
                errors.append((llm.name, error))
                log.warning("%s failed, the next model is asked: %s", llm.name, error.message)
                self._on_failure(llm.name, error)
            finally:
                if not answered:
                    breaker.end()
        raise all_failed(errors)

    async def _attempt(
        self, llm: Llm, messages: Sequence[Message], tools: Sequence[ToolSpec], options: Options
    ) -> AsyncGenerator[Delta, None]:
        """One model's answer. References wait for it: of a model that then fails nobody wants them."""
        stream = llm.stream(messages, tools, options)
        if self._first_token is not None:
            house = llm.name.partition(":")[0]
            stream = deadlines(stream, first=self._first_token, stall=NEVER, house=house, counts=_is_answer)
        references: list[Delta] = []
        begun = False
        async with aclosing(stream):
            async for delta in stream:
                if begun:
                    yield delta
                elif isinstance(delta, References):
                    references.append(delta)
                else:
                    if _is_answer(delta):
                        begun = True
                        for held in references:
                            yield held
                    yield delta

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        """The steps of each model, with its name in front."""
        for llm, _ in self._links:
            async for step in llm.check():
                yield CheckStep(f"{llm.name} {step.name}", step.ok, step.detail, step.advice)

    async def aclose(self) -> None:
        for llm, _ in self._links:
            await llm.aclose()


def _is_answer(delta: Delta) -> bool:
    return isinstance(delta, TextDelta | ToolCallDelta | Finished)


def another_may(error: ProviderError) -> bool:
    """Whether another model may do better: the request itself was fine."""
    return error.retryable or isinstance(error, AuthFailed | QuotaExhausted)


def named(step: CheckStep, name: str, among: Sequence[object]) -> CheckStep:
    return msgspec.structs.replace(step, name=f"{name} {step.name}") if len(among) > 1 else step


def all_failed(errors: list[tuple[str, ProviderError]]) -> ProviderError:
    """The first one's error, with what each has to say; retryable where any is."""
    first = errors[0][1]
    if len(errors) == 1:
        return first
    message = "No model answered. " + "; ".join(f"{name}: {error.message}" for name, error in errors)
    advice = " ".join(dict.fromkeys(error.advice for _, error in errors if error.advice))
    if isinstance(first, TimedOut):
        return TimedOut(message, phase=first.phase, house=first.house, advice=advice)
    kind = next(kind for kind in KINDS if isinstance(first, kind))
    return kind(
        message,
        house=first.house,
        vendor_code=first.vendor_code,
        advice=advice,
        retryable=any(error.retryable for _, error in errors),
        back_off=all(error.back_off for _, error in errors),
    )
