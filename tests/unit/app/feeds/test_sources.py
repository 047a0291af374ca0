from __future__ import annotations

import io
import json
import threading

import pytest

from salon.app.feeds.sources import MAX_LINE, Lines, MachineSource, MarketSource


def test_a_market_opens_with_every_symbol_and_then_trades() -> None:
    source = MarketSource(50, 5)
    opening = source.beat(1000)
    assert list(opening) == list(source.about) and len(opening) == 50 and not source.over
    traded = source.beat(1100)
    assert 1 <= len(traded) <= 5 and traded.keys() <= opening.keys()
    assert all(json.loads(value)["key"] == key and json.loads(value)["at"] == 1100 for key, value in traded.items())


def test_this_machine() -> None:
    source = MachineSource()
    source.beat(1000)
    values = source.beat(2000)
    assert values.keys() <= source.about.keys() and "memory.used" in values


def read(text: bytes) -> tuple[Lines, list[tuple[int, str]]]:
    complaints: list[tuple[int, str]] = []
    lines = Lines(io.BytesIO(text), lambda number, why: complaints.append((number, why)))
    for thread in threading.enumerate():
        if thread.name == "feed lines":
            thread.join(10)
    return lines, complaints


def test_lines_are_conflated_between_beats() -> None:
    lines, complaints = read(b'{"key":"a","value":1}\n\n{"key": 7, "v": [1]}\n{"value":2,"key":"a"}')
    assert not lines.over
    assert lines.beat(0) == {"7": b'{"key": 7, "v": [1]}', "a": b'{"value":2,"key":"a"}'}
    assert lines.beat(0) == {} and lines.over and lines.wrong == 0 and complaints == []


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[1]",
        b'{"value":1}',
        b'{"key":"a"',
        b'{"key":"\xff"}',
        b'{"key":"a","v":"' + b"x" * MAX_LINE + b'"}',
    ],
)
def test_a_line_that_is_none_is_left_out(line: bytes) -> None:
    lines, complaints = read(b'{"key":"a"}\n' + line + b'\n{"key":"b"}\n')
    assert list(lines.beat(0)) == ["a", "b"]
    assert lines.wrong >= 1 and complaints[0][0] == 2 and complaints[0][1]
