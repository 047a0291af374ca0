"""The media engine as a server of its own, for benchmarks: one JSON line in, one out, over TCP.

``{"want": "publish" | "watch" | "voice", "sdp": offer}`` is answered with ``{"sdp": answer}``; ``{"want": "stats"}`` with the
engine's figures, ``{"want": "tasks"}`` with the number of tasks. Who watches gets what is published. Each voice is taken at
16 kHz, and told a tone as long as what it said.
"""

from __future__ import annotations

import asyncio
import json
import math
from array import array
from itertools import count
from typing import Any

import msgspec
import uvloop

from salon.app.clock import SystemClock
from salon.media.engine import Engine, Settings
from salon.media.memory import settle
from salon.ports.media import AudioFrame, Peer, Wants
from salon.rtc import sdp

PUBLISH = Wants(publish={"audio": 1, "video": 1})


# 180 Hz at 24 kHz, as a synthesiser gives it, swelling and fading.
TONE = array(
    "h",
    (
        int(4000 * math.sin(math.tau * 180 * n / 24_000) * (1 + math.sin(math.tau * 3 * n / 24_000)))
        for n in range(24_000)
    ),
).tobytes()


def say(peer: Peer) -> None:
    out, number = peer.audio_out, count()
    out.write(TONE[:960])

    def heard(frame: AudioFrame) -> None:
        at = next(number) % 50 * 960
        out.write(TONE[at : at + 960])

    peer.audio_in.listen(heard)


async def main() -> None:
    # Benchmarks go up to where it hurts: nobody is refused.
    engine = Engine(Settings(host="127.0.0.1", limit=1e9), SystemClock())
    await engine.start()
    settle()
    published: list[Any] = []

    async def answer(request: dict[str, Any]) -> object:
        match request["want"]:
            case "stats":
                return engine.stats()
            case "tasks":
                return len(asyncio.all_tasks())
            case "publish":
                accepted = await engine.accept(sdp.parse(request["sdp"]), PUBLISH)
                published[:] = accepted.peer.sources
            case "watch":
                accepted = await engine.accept(sdp.parse(request["sdp"]), Wants(play=tuple(published)))
            case _:
                accepted = await engine.accept(sdp.parse(request["sdp"]), Wants(voice=True))
                say(accepted.peer)
        return {"sdp": accepted.answer}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(msgspec.json.encode(await answer(json.loads(line))) + b"\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(f"ready on {server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
