"""``salon feed``: values from this machine into a room of a running server."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from salon.app.clock import SystemClock
from salon.app.feeds.publisher import Publisher, Source
from salon.app.feeds.sources import Lines, MachineSource, MarketSource
from salon.base.errors import ConfigError
from salon.cli.words import words

RATES = {"market": 10.0, "machine": 1.0, "-": 10.0}
TRADED = 0.015
"""Of a market's symbols, in a beat."""


def run(given: argparse.Namespace) -> int:
    name: str = given.source
    room = given.room or name
    if room == "-":
        raise ConfigError(words("feed room"))
    rate = given.rate if given.rate is not None else RATES[name]
    if not 0.01 <= rate <= 100:
        raise ConfigError(words("feed rate"))
    if given.symbols < 1 or given.symbols > 10_000:
        raise ConfigError(words("feed symbols"))
    clock = SystemClock()
    began, start = clock.now(), clock.unix() * 1000
    publisher = Publisher(
        given.url,
        room,
        topic=given.topic,
        token=given.token or os.environ.get("SALON_TOKEN") or os.environ.get("SALON_API_KEY") or "",
        rate=rate,
        now=lambda: start + clock.now() - began,
        tell=lambda what, why: _say(words(f"feed {what}", why=why)),
    )
    source = _source(name, given.symbols)
    asyncio.run(publisher.run(source))
    _say(words("feed done", count=publisher.told))
    return 1 if isinstance(source, Lines) and source.wrong else 0


def _source(name: str, symbols: int) -> Source:
    if name == "market":
        return MarketSource(symbols, max(1, round(symbols * TRADED)))
    if name == "machine":
        return MachineSource()
    return Lines(sys.stdin.buffer, lambda line, why: _say(words("feed line", line=line, why=why)))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
