"""What can be fed to a room, beat by beat: a simulated market, this machine's load, lines of JSON."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from salon.app.feeds.machine import Machine
from salon.app.feeds.market import Market
from salon.app.feeds.reading import About, Reading

MAX_LINE: Final = 64 * 1024
_encode = msgspec.json.Encoder().encode


class MarketSource:
    """``trades`` a beat, among ``symbols``."""

    over = False

    def __init__(self, symbols: int, trades: int) -> None:
        self._market = Market(symbols, seed=int.from_bytes(os.urandom(4), "big"))
        self._trades = trades
        self._opened = False
        self.about: Mapping[str, About] = self._market.about

    def beat(self, now: int) -> dict[str, bytes]:
        if not self._opened:
            self._opened = True
            return _values(self._market.opening(now))
        return _values(self._market.trade(self._trades, now))


class MachineSource:
    """Raises ``ConfigError`` where the machine does not tell its load."""

    over = False

    def __init__(self) -> None:
        self._machine = Machine()
        self.about: Mapping[str, About] = self._machine.about

    def beat(self, now: int) -> dict[str, bytes]:
        return _values(self._machine.sample(now))


class Lines:
    """JSON objects with a ``key``, one a line, read by a thread as fast as they come: the newest of each key is kept until the
    next beat. ``complain`` is called, in that thread, with the number of a line that is none, and why."""

    about: Mapping[str, About] = {}

    def __init__(self, stream: BinaryIO, complain: Callable[[int, str], None]) -> None:
        self._stream = stream
        self._complain = complain
        self._lock = threading.Lock()
        self._newest: dict[str, bytes] = {}
        self._ended = False
        self.wrong = 0
        threading.Thread(target=self._read, name="feed lines", daemon=True).start()

    @property
    def over(self) -> bool:
        with self._lock:
            return self._ended and not self._newest

    def beat(self, now: int) -> dict[str, bytes]:
        with self._lock:
            newest, self._newest = self._newest, {}
        return newest

    def _read(self) -> None:
        for number, line in enumerate(iter(lambda: self._stream.readline(MAX_LINE + 1), b""), 1):
            if not line.strip():
                continue
            try:
                key = _key(line)
            except ValueError as error:
                self.wrong += 1
                self._complain(number, str(error))
                continue
            with self._lock:
                # What is said of a key moves it to the end: the order is that of the newest.
                self._newest.pop(key, None)
                self._newest[key] = line.strip()
        with self._lock:
            self._ended = True


class _Line(msgspec.Struct):
    key: str | int


_line = msgspec.json.Decoder(_Line)
_whole = msgspec.json.Decoder(Any)


def _key(line: bytes) -> str:
    if len(line) > MAX_LINE:
        raise ValueError(f"it is longer than {MAX_LINE} bytes")
    try:
        key = str(_line.decode(line).key)
        _whole.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON") from None
    return key


def _values(readings: list[Reading]) -> dict[str, bytes]:
    return {reading.key: _encode(reading) for reading in readings}
