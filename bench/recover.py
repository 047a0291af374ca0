"""Clients that are all dropped and all come back at once, while somebody goes on publishing: until when are all whole, and is
anything missing?

    python -m bench.recover [CLIENTS]
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import uvloop

from bench.machine import cpu_seconds, describe, salon
from bench.wires import Wire, open_wire

AWAY, BEFORE = 50, 20
MORE = '[rooms]\npath = "bench.db"\nrates = { connect = 0, subscribe = 0, publish = 0 }\n'
_OFFSET = re.compile(rb'"offset":(\d+)')


class Reader:
    """Keeps the offsets it was given, one after the other."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.epoch = ""
        self.recovered = False
        self.subscribed = asyncio.Event()
        self.wire: Wire | None = None

    async def connect(self, port: int) -> None:
        self.subscribed.clear()
        self.wire = await open_wire("/connection/websocket", port, self.hear)
        place = {"recover": True, "offset": self.offsets[-1], "epoch": self.epoch} if self.offsets else {}
        subscribe = json.dumps({"id": 2, "subscribe": {"channel": "bench/chat", **place}})
        self.wire.send(f'{{"id":1,"connect":{{}}}}\n{subscribe}')
        await self.subscribed.wait()

    def hear(self, payload: bytes) -> None:
        for line in payload.split(b"\n"):
            if line.startswith(b'{"push"'):
                self.offsets += map(int, _OFFSET.findall(line))
            elif b'"subscribe":' in line:
                answer = json.loads(line)["subscribe"]
                self.epoch, self.recovered = answer["epoch"], answer.get("recovered", False)
                self.offsets += [each["offset"] for each in answer.get("publications", ())]
                self.subscribed.set()


async def main(clients: int) -> None:
    print(f"bench/recover: {describe()}")
    async with salon(more=MORE, env={"SALON_LLM": "demo"}) as (pid, port):
        readers = [Reader() for _ in range(clients)]
        for reader in readers:
            await reader.connect(port)
        answered = asyncio.Semaphore(0)
        publisher = await open_wire("/connection/websocket", port, lambda payload: answered.release())
        publisher.send('{"id":1,"connect":{}}')
        await answered.acquire()

        async def publish(count: int) -> None:
            for _ in range(count):
                publisher.send('{"id":3,"publish":{"channel":"bench/chat","data":"' + "x" * 100 + '"}}')
                await answered.acquire()

        async def whole(last: int) -> None:
            async with asyncio.timeout(60):
                while any(not reader.offsets or reader.offsets[-1] < last for reader in readers):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)

        await publish(BEFORE)
        await whole(BEFORE)
        for reader in readers:
            assert reader.wire is not None
            reader.wire.transport.abort()
        await publish(AWAY)
        cpu, start = cpu_seconds(pid), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader.connect(port))
            group.create_task(publish(BEFORE))
        last = BEFORE + AWAY + BEFORE
        await whole(last)
        took = time.monotonic() - start
        lost = sum(last - len(set(reader.offsets)) for reader in readers)
        double = sum(len(reader.offsets) - len(set(reader.offsets)) for reader in readers)
        recovered = sum(reader.recovered for reader in readers)
        print(
            f"{clients} clients dropped at once, {AWAY} messages missed by each: all whole after {took:.2f} s "
            f"({cpu_seconds(pid) - cpu:.2f} s of CPU), {recovered} recovered, {lost} messages lost, {double} twice"
        )
        for wire in (publisher, *(reader.wire for reader in readers)):
            assert wire is not None
            wire.transport.abort()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
