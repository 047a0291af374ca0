"""What every turn model keeps, whoever makes it: ``salon.ports.turn_detector``."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import AsyncIterator

import pytest

from salon.base.errors import Overloaded, ProviderError
from salon.ports.turn_detector import TurnDetector
from tests.contract.turn_detector_subjects import SUBJECTS
from tests.fakes.uttered import uttered


@pytest.fixture(params=list(SUBJECTS))
async def subject(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> AsyncIterator[TurnDetector]:
    made = SUBJECTS[request.param](tmp_path)
    yield made
    await made.aclose()


def test_it_has_a_name_and_a_memory(subject: TurnDetector) -> None:
    house, colon, model = subject.name.partition(":")
    assert house
    assert colon
    assert model
    assert subject.milliseconds >= 2000


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.5, 8.0, 40.0])
async def test_any_length_is_a_probability(subject: TurnDetector, seconds: float) -> None:
    sound = uttered("What can you do?") * 40
    assert 0 <= await subject.judge(sound[: round(seconds * 16_000) * 2]) <= 1


async def test_the_loop_goes_on(subject: TurnDetector) -> None:
    await subject.warm()
    judging = asyncio.ensure_future(subject.judge(bytes(256_000)))  # noqa: TID251 the test awaits it
    turns = 0
    while not judging.done():
        turns += 1
        await asyncio.sleep(0)
    assert 0 <= judging.result() <= 1
    assert turns > 1


async def test_who_gives_up_disturbs_nobody(subject: TurnDetector) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await subject.judge(bytes(64_000))
    assert 0 <= await subject.judge(bytes(64_000)) <= 1


async def test_a_crowd_is_answered_or_told(subject: TurnDetector) -> None:
    answers = await asyncio.gather(*(subject.judge(bytes(64_000)) for _ in range(20)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    judged = [answer for answer in answers if isinstance(answer, float)]
    assert judged
    assert len(judged) + len(refused) == 20


async def test_check_says_that_it_works(subject: TurnDetector) -> None:
    steps = [step async for step in subject.check()]
    assert steps
    assert all(step.ok for step in steps)


@pytest.mark.parametrize("subject", [name for name in SUBJECTS if name != "simulated"], indirect=True)
async def test_afterwards_it_says_nothing(subject: TurnDetector) -> None:
    async with asyncio.TaskGroup() as group:
        pending = [group.create_task(_error(subject)) for _ in range(4)]
        await asyncio.sleep(0)
        await subject.aclose()
    assert all(task.result() in ("", "server_error") for task in pending)
    with pytest.raises(ProviderError):
        await subject.judge(bytes(64_000))


async def _error(detector: TurnDetector) -> str:
    try:
        await detector.judge(bytes(64_000))
    except ProviderError as error:
        return error.code
    return ""
