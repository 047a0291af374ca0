"""Cheap WebRTC clients for loads: ``tests.fakes.light_peer`` with a publisher's pace and a viewer's reports."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from typing import Any

from salon.rtc import rtcp, rtp
from tests.fakes.light_peer import Light, vp8

FPS = 30
PER_FRAME = 6
"""Packets of 1,050 bytes: 1.5 Mbit/s."""
SIZE = 1_050
SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
"""Linux: the kernel notes when a datagram came to the socket."""


class Line:
    """JSON lines to a server of a benchmark."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Line:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self

    async def ask(self, **request: Any) -> Any:
        self._writer.write(json.dumps(request).encode() + b"\n")
        return json.loads(await self._reader.readline())

    def close(self) -> None:
        self._writer.close()


class Publisher:
    """Video of 1.5 Mbit/s and audio of 50 packets a second. Each payload has the time of its sending in its last bytes."""

    def __init__(self, light: Light) -> None:
        self.light = light
        self.packets = 0
        self._sequence = self._sound = 0

    async def run(self) -> None:
        """A frame's packets leave 2 ms apart, as libwebrtc's pacer sends them."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        pictures = sounds = 0
        while True:
            elapsed = loop.time() - start
            while pictures // PER_FRAME / FPS + pictures % PER_FRAME * 0.002 <= elapsed:
                self._picture()
                pictures += 1
            while sounds / 50 <= elapsed:
                self._speak()
                sounds += 1
            next_picture = pictures // PER_FRAME / FPS + pictures % PER_FRAME * 0.002
            await asyncio.sleep(min(next_picture, sounds / 50) - (loop.time() - start))

    def _picture(self) -> None:
        frame, part = divmod(self._sequence, PER_FRAME)
        self._sequence += 1
        payload = vp8(key=frame % 60 == 0, first=part == 0, size=SIZE)
        self.light.send_rtp(
            payload_type=96,
            sequence=self._sequence,
            timestamp=frame * 3000,
            ssrc=2222,
            payload=payload[:-8] + struct.pack("!Q", time.monotonic_ns()),
            marker=part == PER_FRAME - 1,
        )
        self.packets += 1

    def _speak(self) -> None:
        self._sound += 1
        payload = bytes(80) + struct.pack("!Q", time.monotonic_ns())
        self.light.send_rtp(
            payload_type=111, sequence=self._sound, timestamp=self._sound * 960, ssrc=1111, payload=payload
        )
        self.packets += 1


class Viewer:
    """Reports once a second as a browser does. It reads what comes only where it is asked to: a socket that nobody reads costs
    the machine nothing but the server's work."""

    def __init__(self, light: Light, reads: bool) -> None:
        self.light = light
        self.reads = reads
        self.delays: list[float] = []
        self.got = 0
        self._highest: dict[int, int] = {}
        if reads:
            light.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        else:
            light.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def drain(self) -> None:
        """Read what is there. Registered with the loop. A packet is under way until the kernel has it, however long this program
        waits for a core."""
        apart = time.time_ns() - time.monotonic_ns()
        for _ in range(64):
            try:
                data, [(_, _, came)], _, _ = self.light.socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            if data[:2] == b"\x00\x01":
                self.light.checked(data)
            if not 127 < data[0] < 192 or rtp.is_rtcp(data):
                continue
            seconds, nanos = struct.unpack("qq", came)
            now = seconds * 1_000_000_000 + nanos - apart
            packet = rtp.parse(self.light.reads.unprotect(data))
            if packet is None:
                continue
            self.got += 1
            self._highest[packet.ssrc] = packet.sequence
            self.delays.append((now - struct.unpack_from("!Q", packet.data, packet.end - 8)[0]) / 1e6)

    def report(self, ssrcs: tuple[int, ...]) -> None:
        blocks = tuple(rtcp.ReportBlock(ssrc, 0, 0, self._highest.get(ssrc, 1), 20, 0, 0) for ssrc in ssrcs)
        self.light.send_rtcp(rtcp.build(rtcp.ReceiverReport(9, blocks)) + rtcp.sdes(9, "x"))
        self.light.send(self.light.check())
