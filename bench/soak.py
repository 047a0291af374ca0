"""Many conversations for a long time, with all that goes wrong in life: is any stuck, a turn lost, does the server keep anything?

python -m bench.soak [CONVERSATIONS] [MINUTES] [CALLS_OF]

One of ``CALLS_OF`` is a call by libwebrtc, the others talk over WebSockets that are resumed. By chance they speak, interrupt,
nod, write, press the button to talk or to silence us, vanish and come back, while recogniser, model and synthesiser fail by
chance, are late and call tools. Each turn must be answered, or it must be said why not. At the end nothing fails any more, and
each must still answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.machine import cpu_seconds, describe, process, rss_bytes
from bench.soak_clients import NOD, RECORDINGS, ByCall, BySocket, Talker

CONVERSATIONS, MINUTES, CALLS_OF = 20, 5, 2
PATIENCE = 120.0
REASONS = ("response.done", "conversation.item.input_audio_transcription.failed", "error")
QUIET = "conversation.item.input_audio_transcription.completed"
UNDUCKED = "output_audio_buffer.salon.unducked"


class Conversation:
    def __init__(self, name: str, talker: Talker, tally: Counter[str], seed: int) -> None:
        self.name = name
        self.talker = talker
        self.tally = tally
        self.lost: list[str] = []
        self._chance = random.Random(seed)
        self._answered_calls: set[str] = set()

    async def live(self, until: float) -> None:
        actions: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.speak), (4, self.interrupt), (2, self.nod), (2, self.write), (2, self.push_to_talk),
            (2, self.silence), (1, self.vanish), (3, self.listen),
        ]  # fmt: skip
        while time.monotonic() < until:
            (action,) = self._chance.choices([each for _, each in actions], [share for share, _ in actions])
            self.tally[action.__name__] += 1
            await action()
            if not self.talker.alive:
                # On a machine that is too busy a peer is silent for too long, and let go. A client sees that, and calls again.
                self.tally["dropped, and back"] += 1
                await self.talker.vanish()
            await self.answer_calls()

    async def speak(self) -> None:
        """A turn, and what becomes of it."""
        before = self.talker.events.number
        await self.talker.say(self._chance.choice(RECORDINGS))
        await self.heard(before, "spoken")

    async def interrupt(self) -> None:
        await self.speak()
        await asyncio.sleep(self._chance.random() * 2)
        await self.speak()

    async def nod(self) -> None:
        await self.talker.say(NOD)
        await asyncio.sleep(self._chance.random())

    async def write(self) -> None:
        before = self.talker.events.number
        content = [{"type": "input_text", "text": "By text."}]
        await self.talker.send(
            type="conversation.item.create", item={"type": "message", "role": "user", "content": content}
        )
        await self.talker.send(type="response.create")
        await self.resolved(before, "written")

    async def push_to_talk(self) -> None:
        events = self.talker.events
        await self.detect(None)
        await self.talker.send(type="input_audio_buffer.clear")
        before = events.number
        await self.talker.say(self._chance.choice(RECORDINGS))
        await asyncio.sleep(0.4)
        await self.talker.send(type="input_audio_buffer.commit")
        await self.talker.send(type="response.create")
        await self.resolved(before, "pushed")
        await self.detect({"type": "semantic_vad"})

    async def silence(self) -> None:
        """The button, twice: it is harmless."""
        await asyncio.sleep(self._chance.random())
        for _ in range(2):
            await self.talker.send(type="response.cancel")
            if isinstance(self.talker, ByCall):
                await self.talker.send(type="output_audio_buffer.clear")

    async def vanish(self) -> None:
        if self._chance.random() < 0.5:
            # In the middle of an answer.
            await self.talker.say(self._chance.choice(RECORDINGS))
            await asyncio.sleep(self._chance.random() * 2)
        await self.talker.vanish()

    async def listen(self) -> None:
        await asyncio.sleep(self._chance.random() * 4)

    async def detect(self, detection: dict[str, str] | None) -> None:
        audio = {"input": {"turn_detection": detection}}
        before = self.talker.events.number
        await self.talker.send(type="session.update", session={"type": "realtime", "audio": audio})
        await self.talker.events.wait(before, "session.updated", seconds=PATIENCE)

    async def heard(self, before: int, what: str) -> None:
        """A turn was spoken: it is committed, and then answered."""
        events = self.talker.events
        committed = await events.wait(before, "input_audio_buffer.committed", seconds=PATIENCE)
        if committed is None:
            if events.since(before, UNDUCKED) is not None:
                self.tally["taken for a nod"] += 1
            else:
                self.lose(f"{what}: never committed")
            return
        await self.resolved(committed[0], what)

    async def resolved(self, after: int, what: str) -> None:
        """An answer, whole or not, a failure, or that nothing was understood."""
        events = self.talker.events
        found = await events.wait(after, *REASONS, QUIET, seconds=PATIENCE)
        while found is not None and found[1]["type"] == QUIET and found[1]["transcript"]:
            found = await events.wait(found[0], *REASONS, QUIET, seconds=PATIENCE)
        if found is None:
            self.lose(f"{what}: neither answered nor told why")
            return
        event = found[1]
        self.tally[
            event["response"]["status"] if event["type"] == "response.done" else event["type"].split(".")[-1]
        ] += 1

    async def answer_calls(self) -> None:
        """Tools of the client's own."""
        for _, event in list(self.talker.events._kept):
            if event["type"] != "response.function_call_arguments.done" or event["name"] != "search":
                continue
            if event["call_id"] not in self._answered_calls:
                self._answered_calls.add(event["call_id"])
                self.tally["tool called"] += 1
                output = {"type": "function_call_output", "call_id": event["call_id"], "output": "found"}
                before = self.talker.events.number
                await self.talker.send(type="conversation.item.create", item=output)
                await self.talker.send(type="response.create")
                await self.resolved(before, "called")

    async def probe(self) -> bool:
        """Whether it still hears and answers."""
        for _ in range(3):
            if not self.talker.alive:
                await self.talker.vanish()
            await self.talker.send(type="response.cancel")
            await asyncio.sleep(2)
            before = self.talker.events.number
            await self.talker.say(RECORDINGS[0])
            committed = await self.talker.events.wait(before, "input_audio_buffer.committed", seconds=PATIENCE)
            if committed is None:
                continue
            done = await self.talker.events.wait(committed[0], "response.done", seconds=PATIENCE)
            if done is not None and done[1]["response"]["status"] == "completed":
                return True
        return False

    def lose(self, why: str) -> None:
        if not self.talker.alive:
            self.tally["lost with the connection"] += 1
            return
        self.lost.append(f"{time.strftime('%H:%M:%S')} {self.name}: {why}; it heard {self.talker.events.last()}")
        print(self.lost[-1], flush=True)


class Held:
    """What the server's process holds."""

    def __init__(self, pid: int, url: str, path: Path) -> None:
        self._pid = pid
        self._url = url
        self._path = path

    def look(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        open_now = sum(float(each) for each in re.findall(r"^salon_connections\{[^}]*\} (\S+)$", metrics, re.M))
        streams = sum(float(each) for each in re.findall(r"^salon_streams\{[^}]*\} (\S+)$", metrics, re.M))
        threads = re.search(r"Threads:\s+(\d+)", Path(f"/proc/{self._pid}/status").read_text())
        assert threads is not None
        return {
            "MiB": round(rss_bytes(self._pid) / 2**20, 1),
            "descriptors": len(list(Path(f"/proc/{self._pid}/fd").iterdir())),
            "threads": int(threads[1]),
            "connections": open_now,
            "streams": streams,
            **json.loads(self._path.read_text()),
        }


async def settled(held: Held, seconds: float = 90) -> dict[str, float]:
    """What is held when all have gone: calls that vanished are let go after half a minute."""
    ends = time.monotonic() + seconds
    while True:
        await asyncio.sleep(2)
        found = await asyncio.to_thread(held.look)
        if time.monotonic() > ends or not (found["connections"] or found["streams"] or found["asr"]):
            await asyncio.sleep(2)
            return await asyncio.to_thread(held.look)


async def lateness(seconds: float) -> float:
    """Pass so many seconds; the most that this process's own event loop was late, in ms: what it measures of others is not
    less."""
    ends, worst = time.monotonic() + seconds, 0.0
    while (before := time.monotonic()) < ends:
        await asyncio.sleep(0.5)
        worst = max(worst, time.monotonic() - before - 0.5)
    return worst * 1000


def people(url: str, count: int, calls_of: int, tally: Counter[str], seed: int) -> list[Conversation]:
    found = []
    for number in range(count):
        chance = random.Random(seed + number)
        talker = ByCall(url, chance) if number % calls_of == 0 else BySocket(url, chance)
        name = f"{'socket' if number % calls_of else 'call'} {number}"
        found.append(Conversation(name, talker, tally, seed * 1000 + number))
    return found


async def together(all: list[Conversation], work: Callable[[Conversation], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in all:
            group.create_task(_run(work, each))


async def _run(work: Callable[[Conversation], Awaitable[None]], each: Conversation) -> None:
    await work(each)


async def main(count: int, minutes: float, calls_of: int) -> int:
    print(f"bench/soak: {describe()}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "held.json"
        server = [sys.executable, "-m", "bench.soak_server", str(port), str(minutes * 60 + 30), str(path)]
        async with process(server, r"ready (\S+)") as (pid, url):
            held, tally = Held(pid, url.rstrip("/"), path), Counter[str]()
            # Once there and away: what a process keeps ready for so many is no leak.
            warm = people(url.rstrip("/"), count, calls_of, Counter(), 1)
            for each in warm:
                await each.talker.come()
            await together(warm, lambda each: each.speak())
            await together(warm, lambda each: each.talker.leave())
            base = await settled(held)
            print(f"before: {base}", flush=True)
            talking = people(url.rstrip("/"), count, calls_of, tally, 2)
            for each in talking:
                await each.talker.come()
            cpu, began = cpu_seconds(pid), time.monotonic()
            until = began + minutes * 60
            async with asyncio.TaskGroup() as group:
                for each in talking:
                    group.create_task(each.live(until))
                while time.monotonic() < until:
                    late = await lateness(min(60, max(until - time.monotonic(), 0.1)))
                    now = await asyncio.to_thread(held.look)
                    print(f"{(time.monotonic() - began) / 60:4.1f} min: {now}, here {late:.0f} ms late", flush=True)
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
            await asyncio.sleep(35)
            answers = {each.name: False for each in talking}

            async def probe(each: Conversation) -> None:
                answers[each.name] = await each.probe()

            await together(talking, probe)
            await together(talking, lambda each: each.talker.leave())
            after = await settled(held)
            print(f"after:  {after}")
            lost = [line for each in talking for line in each.lost]
            stuck = [name for name, answered in answers.items() if not answered]
            tally["refused at first"] = sum(each.talker.refused for each in talking if isinstance(each.talker, ByCall))
            print(dict(tally))
            print(
                f"{count} conversations, {minutes:g} minutes, {100 * share:.0f} % of a core: stuck {stuck or 'none'}, "
                f"turns lost {len(lost)}"
            )
            grown = {key: round(after[key] - base[key], 1) for key in base}
            print(f"kept: {grown}")
            return int(bool(stuck or lost))


if __name__ == "__main__":
    sys.exit(
        asyncio.run(
            main(
                int(sys.argv[1]) if len(sys.argv) > 1 else CONVERSATIONS,
                float(sys.argv[2]) if len(sys.argv) > 2 else MINUTES,
                int(sys.argv[3]) if len(sys.argv) > 3 else CALLS_OF,
            )
        )
    )
