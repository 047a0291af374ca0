from __future__ import annotations

import asyncio

from salon.app.mailbox import Mailbox, Open


async def test_items_come_out_in_their_order_whoever_is_first() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert mailbox.empty()
    mailbox.put_nowait(1)
    mailbox.put_nowait(2)
    assert not mailbox.empty()
    assert [await mailbox.get(), await mailbox.get()] == [1, 2]
    assert mailbox.empty()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(mailbox.get())
        await asyncio.sleep(0)
        mailbox.put_nowait(3)
        mailbox.put_nowait(4)
    assert waiting.result() == 3 and await mailbox.get() == 4


async def test_a_reader_that_gives_up_takes_nothing_with_it() -> None:
    mailbox: Mailbox[int] = Mailbox()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(mailbox.get())
        await asyncio.sleep(0)
        waiting.cancel()
        mailbox.put_nowait(1)
    assert waiting.cancelled()
    assert await mailbox.get() == 1


async def test_who_waits_while_it_is_closed_goes_on_when_it_opens() -> None:
    gate = Open()
    assert gate.is_set()
    await gate.wait()
    gate.clear()
    gate.clear()
    assert not gate.is_set()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(gate.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        assert not any(each.done() for each in waiting)
        gate.set()
    assert gate.is_set()
    await gate.wait()
