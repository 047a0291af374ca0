"""A model that costs nothing: Chat Completions over SSE, so many deltas a second on every stream.

Each delta carries the moment it was written, ``t=<nanoseconds of CLOCK_MONOTONIC>;``, which every process on this machine
reads the same. Run as ``python -m bench.upstream RATE COUNT``; prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast


class Upstream(asyncio.Protocol):
    def __init__(self, rate: float, count: int) -> None:
        self._period = 1 / rate
        self._count = count
        self._received = bytearray()
        self._left = 0
        self._next = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        if len(body) < int(lengths[0]) if lengths else False:
            return
        self._received.clear()
        self._left = self._count
        self._next = self._loop.time()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        self._left = 0

    def _tick(self) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        if self._left == 0:
            usage = {"prompt_tokens": 10, "completion_tokens": self._count, "total_tokens": 10 + self._count}
            last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
            self._chunk(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
            self._transport.write(b"0\r\n\r\n")
            return
        self._chunk(
            b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,'
            b'"delta":{"content":"t=%d; "},"finish_reason":null}]}\n\n' % time.monotonic_ns()
        )
        self._next += self._period
        self._loop.call_at(self._next, self._tick)

    def _chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))


async def main(rate: float, count: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(rate, count), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(float(sys.argv[1]), int(sys.argv[2])))
