"""Many conversations for a long time, with all that goes wrong in life: is any stuck, a turn lost, does the server keep anything?

python -m bench.soak [CONVERSATIONS] [MINUTES] [CALLS_OF]

One of ``CALLS_OF`` is a call by libwebrtc, the others talk over WebSockets that are resumed. By chance they speak, interrupt,
nod, write, press the button to talk or to silence us, vanish and come back, while recogniser, model and synthesiser fail by
chance, are late and call tools. Each turn must be answered by a response of its own, begun and ended, or it must be said that it
was not understood; an ``error`` event answers nothing. Who asks while we answer is refused, waits, and asks again. At the end
nothing fails any more, and each must still answer. It fails where a turn was lost, a conversation is stuck, an error came that
nothing explains, or the server holds more than before.
"""

from __future__ import annotations

import asyncio
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.machine import cpu_seconds, describe, process
from bench.soak_clients import NOD, RECORDINGS, ByCall, BySocket, Talker
from bench.soak_held import Held, Lateness, leaks, settled

CONVERSATIONS, MINUTES, CALLS_OF = 20, 5, 2
PATIENCE = 120.0
CREATED, DONE = "response.created", "response.done"
KNOWN, UNKNOWN = (
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
)
ACTIVE = "conversation_already_has_active_response"
EXPLAINED = {ACTIVE: "asked while we answer", "response_cancel_not_active": "the button, pressed twice"}
UNDUCKED = "output_audio_buffer.salon.unducked"


class Conversation:
    def __init__(self, name: str, talker: Talker, tally: Counter[str], late: Lateness, seed: int) -> None:
        self.name = name
        self.talker = talker
        self.tally = tally
        self.lost: list[str] = []
        self._late = late
        self._asked = 0
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
        await self.ask(before, "written")

    async def push_to_talk(self) -> None:
        events = self.talker.events
        await self.detect(None)
        await self.talker.send(type="input_audio_buffer.clear")
        before = events.number
        await self.talker.say(self._chance.choice(RECORDINGS))
        await asyncio.sleep(0.4)
        await self.talker.send(type="input_audio_buffer.commit")
        await self.ask(before, "pushed")
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
        await self.answered(committed[0], what, item=committed[1]["item_id"])

    async def ask(self, after: int, what: str) -> None:
        """Ask for an answer until one is begun."""
        while True:
            self._asked += 1
            name = f"{self.name} {self._asked}"
            await self.talker.send(type="response.create", event_id=name, response={"metadata": {"asked": name}})
            refused = await self.answered(after, what, asked=name)
            if refused is None:
                return
            after = refused
            if await self.talker.events.wait(after, DONE, seconds=PATIENCE) is None:
                self.lose(f"{what}: refused for an answer that never ended")
                return

    async def answered(self, after: int, what: str, *, item: str = "", asked: str = "") -> int | None:
        """Until the response to ``item``, which was spoken, or to what was ``asked`` has ended, or nothing was understood of the
        item. The number of the refusal where it was refused because of another response."""
        events, seen = self.talker.events, after
        while (found := await events.wait(seen, CREATED, KNOWN, UNKNOWN, "error", seconds=PATIENCE)) is not None:
            seen, event = found
            match event["type"]:
                case "response.created" if not asked or (event["response"]["metadata"] or {}).get("asked") == asked:
                    await self.ended(seen, event["response"]["id"], what)
                    return None
                case "error" if asked and event["error"]["event_id"] == asked:
                    if event["error"]["code"] == ACTIVE:
                        return seen
                    self.lose(f"{what}: refused: {event['error']['message']}")
                    return None
                case kind if kind in (KNOWN, UNKNOWN) and event["item_id"] == item and not event.get("transcript"):
                    self.tally[
                        "nothing understood" if kind == KNOWN else f"not understood: {event['error']['code']}"
                    ] += 1
                    return None
        self.lose(f"{what}: neither answered nor told why")
        return None

    async def ended(self, begun: int, response_id: str, what: str) -> None:
        events, seen = self.talker.events, begun
        while (found := await events.wait(seen, DONE, seconds=PATIENCE)) is not None:
            seen, event = found
            if event["response"]["id"] == response_id:
                self.tally[event["response"]["status"]] += 1
                return
        self.lose(f"{what}: its answer was begun and never ended")

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
                await self.ask(before, "called")

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
        late = f"this process was up to {self._late.worst:.0f} ms late"
        self.lost.append(
            f"{time.strftime('%H:%M:%S')} {self.name}: {why}; {late}; it heard {self.talker.events.last()}"
        )
        print(self.lost[-1], flush=True)


def people(url: str, count: int, calls_of: int, tally: Counter[str], late: Lateness, seed: int) -> list[Conversation]:
    found = []
    for number in range(count):
        chance = random.Random(seed + number)
        talker = ByCall(url, chance) if number % calls_of == 0 else BySocket(url, chance)
        name = f"{'socket' if number % calls_of else 'call'} {number}"
        found.append(Conversation(name, talker, tally, late, seed * 1000 + number))
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
            held, tally, late = Held(pid, url.rstrip("/"), path), Counter[str](), Lateness(PATIENCE)
            # Once there and away: what a process keeps ready for so many is no leak.
            warm = people(url.rstrip("/"), count, calls_of, Counter(), late, 1)
            for each in warm:
                await each.talker.come()
            await together(warm, lambda each: each.speak())
            await together(warm, lambda each: each.talker.leave())
            base = await settled(held)
            print(f"before: {base}", flush=True)
            talking = people(url.rstrip("/"), count, calls_of, tally, late, 2)
            for each in talking:
                await each.talker.come()
            cpu, began = cpu_seconds(pid), time.monotonic()
            until = began + minutes * 60
            size: list[float] = []
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(late.run())
                living = [group.create_task(each.live(until)) for each in talking]
                while time.monotonic() < until:
                    await asyncio.sleep(min(60, max(until - time.monotonic(), 0.1)))
                    now = await asyncio.to_thread(held.look)
                    size.append(now["MiB"])
                    passed = (time.monotonic() - began) / 60
                    print(f"{passed:4.1f} min: {now}, here {late.worst:.0f} ms late", flush=True)
                await asyncio.wait(living)
                watching.cancel()
            share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
            await asyncio.sleep(35)
            answers = {each.name: False for each in talking}

            async def probe(each: Conversation) -> None:
                answers[each.name] = await each.probe()

            await together(talking, probe)
            await together(talking, lambda each: each.talker.leave())
            after = await settled(held)
            print(f"after:  {after}")
            tally["refused at first"] = sum(each.talker.refused for each in talking if isinstance(each.talker, ByCall))
            print(dict(tally))
            codes = sum((each.talker.events.codes for each in talking), Counter[str]())
            print(f"errors: {dict(codes) or 'none'}")
            failures = {
                "turns lost": [line for each in talking for line in each.lost],
                "stuck": [name for name, answered in answers.items() if not answered],
                "errors that nothing explains": [code for code in codes if code not in EXPLAINED],
                "kept": leaks(base, after, size),
            }
            print(f"{count} conversations, {minutes:g} minutes, {100 * share:.0f} % of a core")
            for what, which in failures.items():
                print(f"{what}: {'; '.join(which) or 'none'}")
            return int(any(failures.values()))


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
