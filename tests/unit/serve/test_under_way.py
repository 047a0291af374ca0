from __future__ import annotations

import asyncio

import pytest

from salon.serve.under_way import UnderWay


async def test_is_over_when_nothing_runs() -> None:
    await UnderWay().over()


async def test_is_over_when_the_last_has_ended_however_it_ended() -> None:
    under_way = UnderWay()
    async with asyncio.TaskGroup() as group:
        with under_way:
            over = group.create_task(under_way.over())
            with pytest.raises(KeyError), under_way:
                assert len(under_way) == 2
                raise KeyError
            await asyncio.sleep(0)
            assert (len(under_way), over.done()) == (1, False)
        await over
    assert len(under_way) == 0
