"""A feed of 5,000 keys to 200 readers that asked for 5 deliveries a second.

First as single publications: 20 rounds a second, each of some of the keys. Then as a source has them that knows all at once
(remote call ``feed``): every key 20 times a second, 100,000 updates in all. A reader is given the newest of each key that
changed, five times a second, and what it cannot take is left out. What it costs the server, what goes over the wires, how old a
value is when it is read (up to 200 ms of that are the reader's own wish), and how much of a core the readers themselves took.

    python -m bench.feed [KEYS A ROUND]
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time

import uvloop

from bench.machine import cpu_seconds, describe, salon
from bench.wires import Wire, open_wire

KEYS, READERS, RATE, ROUNDS_PER_SECOND, SECONDS = 5000, 200, 5, 20, 10
TIMED = 4
"""Readers whose values are looked at; of the others the bytes are counted."""
MORE = '[rooms]\npath = ""\nrates = { connect = 0, subscribe = 0, publish = 0, rpc = 0 }\n'
_STAMP = re.compile(rb'"t": ?(\d+)')


async def measure(keys_a_round: int, together: bool) -> None:
    total, ages = 0, list[int]()
    async with salon(more=MORE, env={"SALON_LLM": "demo"}) as (pid, port):
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        publisher = await open_wire("/connection/websocket", port, answers.put_nowait)
        publisher.send('{"id":1,"connect":{}}')
        await answers.get()

        def value(key: int) -> dict[str, object]:
            return {"key": f"k{key}", "t": time.monotonic_ns(), "price": round(random.uniform(1, 999), 2)}

        def update(key: int) -> str:
            return json.dumps({"id": 2, "publish": {"channel": "bench/feed", "data": value(key)}})

        def updates(keys: list[int]) -> str:
            if not together:
                return "\n".join(update(key) for key in keys)
            # Python's own encoder would take the core that the readers need; what counts is when the round began.
            now = time.monotonic_ns()
            values = ",".join([f'"k{key}":{{"key":"k{key}","t":{now},"price":{key % 997}.25}}' for key in keys])
            return f'{{"id":2,"rpc":{{"method":"feed","data":{{"channel":"bench/feed","values":{{{values}}}}}}}}}'

        for first in range(0, KEYS, 100):
            publisher.send("\n".join(update(key) for key in range(first, first + 100)))
            for _ in range(100):
                await answers.get()
        subscribed = asyncio.Semaphore(0)
        wires: list[Wire] = []

        def hear(payload: bytes) -> None:
            if b'"subscribe":' in payload[:40]:
                subscribed.release()

        def weigh(data: bytes) -> None:
            nonlocal total
            total += len(data)

        def look(data: bytes) -> None:
            weigh(data)
            now = time.monotonic_ns()
            ages.extend(now - int(stamp) for stamp in _STAMP.findall(data))

        for number in range(READERS):
            wire = await open_wire("/connection/websocket", port, hear)
            subscribe = json.dumps({"id": 2, "subscribe": {"channel": "bench/feed", "data": {"rate": RATE}}})
            wire.send(f'{{"id":1,"connect":{{}}}}\n{subscribe}')
            await subscribed.acquire()
            wire.raw = look if number < TIMED else weigh
            wires.append(wire)
        total = 0
        ages.clear()
        loop = asyncio.get_running_loop()
        due, cpu, own = loop.time(), cpu_seconds(pid), time.process_time()
        for _ in range(SECONDS * ROUNDS_PER_SECOND):
            keys = random.sample(range(KEYS), keys_a_round) if keys_a_round < KEYS else list(range(KEYS))
            publisher.send(updates(keys))
            due += 1 / ROUNDS_PER_SECOND
            await asyncio.sleep(max(0.0, due - loop.time()))
        seconds = loop.time() - due + SECONDS
        used, own = (cpu_seconds(pid) - cpu) / seconds, (time.process_time() - own) / seconds
        ages.sort()
        lost = sum(wire.lost.done() for wire in wires)
        print(
            f"{KEYS} keys, {keys_a_round * ROUNDS_PER_SECOND * SECONDS / seconds:,.0f} updates a second"
            f"{', all at once' if together else ''}, {READERS} readers at {RATE} a second: "
            f"{used * 100:.0f} % of a core (the clients {own * 100:.0f} %), {total / seconds / 1e6:.1f} MB/s, "
            f"a value is {ages[len(ages) // 2] / 1e6:.0f} ms old at the median, {ages[len(ages) * 99 // 100] / 1e6:.0f} ms "
            f"at p99; {lost} readers lost"
        )
        for each in (*wires, publisher):
            each.transport.abort()


async def main(keys_a_round: int) -> None:
    print(f"bench/feed: {describe()}")
    await measure(keys_a_round, together=False)
    await measure(KEYS, together=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
