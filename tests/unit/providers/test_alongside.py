"""Two directions at once."""

from __future__ import annotations

import asyncio

import pytest

from salon.providers.alongside import alongside


async def test_leaving_the_block_cancels_the_other() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with alongside(work()):
        await asyncio.sleep(0)
    assert ended == [True]


async def test_an_error_of_the_other_is_raised_as_it_is() -> None:
    async def work() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError):
        async with alongside(work()):
            await asyncio.Event().wait()


async def test_an_error_of_the_block_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with alongside(asyncio.Event().wait()):  # type: ignore[arg-type]
            raise KeyError("gone")


async def test_cancelling_goes_through() -> None:
    async def both() -> None:
        async with alongside(asyncio.Event().wait()):  # type: ignore[arg-type]
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(both())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
