"""The media engine as a server of its own, for benchmarks: one JSON line in, one out, over TCP.

``{"want": "publish" | "watch" | "voice", "sdp": offer}`` is answered with ``{"sdp": answer}``; ``{"want": "stats"}`` with the
engine's figures. Who watches gets what is published. ``echo``: what each voice says is sent back to it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import uvloop

from salon.app.clock import SystemClock
from salon.media.engine import Engine, Settings
from salon.ports.media import Wants
from salon.rtc import sdp

PUBLISH = Wants(publish={"audio": 1, "video": 1})


async def main() -> None:
    # Benchmarks go up to where it hurts: nobody is refused.
    engine = Engine(Settings(host="127.0.0.1", limit=1e9), SystemClock())
    await engine.start()
    published: list[Any] = []

    async def answer(request: dict[str, Any]) -> object:
        match request["want"]:
            case "stats":
                return engine.stats()
            case "publish":
                accepted = await engine.accept(sdp.parse(request["sdp"]), PUBLISH)
                published[:] = accepted.peer.sources
            case "watch":
                accepted = await engine.accept(sdp.parse(request["sdp"]), Wants(play=tuple(published)))
            case _:
                accepted = await engine.accept(sdp.parse(request["sdp"]), Wants(voice=True))
                said = accepted.peer.audio_out
                accepted.peer.audio_in.listen(lambda frame: said.write(frame.samples, 16_000))
        return {"sdp": accepted.answer}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(msgspec.json.encode(await answer(json.loads(line))) + b"\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(f"ready on {server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
