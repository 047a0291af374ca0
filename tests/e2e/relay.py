"""A TCP relay that can be cut and made slow: what a network does to a connection, on purpose."""

from __future__ import annotations

import contextlib
import math
import queue
import random
import socket
import struct
import threading
import time

# l_onoff 1, l_linger 0: closing sends RST, so neither side sees an orderly end.
SEGMENT = 1448
RESET = struct.pack("ii", 1, 0)


class Relay:
    """Listens on ``port`` of 127.0.0.1 and hands on to ``target``. ``delay`` is in seconds, each way. ``loss`` is the share of
    TCP segments that are lost: what a program sees of it is that all behind them wait for a round trip and a little more."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._passing = True
        self.delay = 0.0
        self.loss = 0.0
        self.lost = 0
        self._random = random.Random(1)
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def cut(self) -> None:
        """Break every connection there is, and let none through until ``mend``."""
        self._passing = False
        self._break()

    def mend(self) -> None:
        self._passing = True

    def close(self) -> None:
        self._passing = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break()
        for thread in self._threads:
            thread.join(5)

    def _break(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    # Wakes the thread that reads from it; the thread closes it.
                    end.shutdown(socket.SHUT_RD)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._passing:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._pairs.append((client, server))
                self._run(self._pump, client, server)
                self._run(self._pump, server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        # What is under way: when it is to come out, and what. A connection of thousands of messages is no longer than a test.
        way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._run(self._hand_on, way, sink)
        free = 0.0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                at = time.monotonic() + self.delay
                for _ in range(math.ceil(len(data) / SEGMENT)):
                    if self.loss and self._random.random() < self.loss:
                        self.lost += 1
                        at += 2 * self.delay * self._random.uniform(1.05, 1.5)
                free = max(free, at)
                way.put((free, data))
        way.put((free, b""))
        source.close()

    def _hand_on(self, way: queue.SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                at, data = way.get()
                time.sleep(max(0.0, at - time.monotonic()))
                if not data:
                    break
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _run(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
