"""``salon check``: is everything as it must be, and if not, what to do."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from salon.app import listen, logs
from salon.app.agents import agents_of
from salon.app.clock import SystemClock
from salon.app.config_load import Loaded
from salon.app.exposure import refuse_exposure
from salon.app.ice import ice_servers
from salon.app.media import try_ports
from salon.app.models import Models, read
from salon.app.relay import try_server
from salon.app.rooms_check import try_file
from salon.base.errors import ConfigError
from salon.cli import check_words
from salon.cli.words import chinese, words
from salon.ports.asr import Asr
from salon.ports.llm import CheckStep, Llm
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector

GOOD, BAD, NOTE = "✓", "✗", "!"
COLOURS = {GOOD: "\x1b[32m", BAD: "\x1b[31m", NOTE: "\x1b[33m"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report. ``serious`` ones make the exit code 1: Salon would not start, or its default model not answer."""

    about: str
    step: CheckStep
    serious: bool = True


def run(given: argparse.Namespace) -> int:
    logs.configure("error")
    report = _Report(json=given.json)
    # A configuration that cannot be read leaves nothing else to try.
    loaded = read(given.config, llm=given.llm)
    only = {"llm": _split(given.llm), "asr": _split(given.asr), "tts": _split(given.tts)}
    if not any(only.values()):
        for finding in _machine(loaded):
            report.add(finding)
        asyncio.run(_relays(loaded, report))
        only = {}
    asyncio.run(_models(loaded, only, report))
    return report.end()


def _split(names: list[str] | None) -> list[str]:
    return [name.strip() for each in names or () for name in each.split(",") if name.strip()]


def _machine(loaded: Loaded) -> Iterator[Finding]:
    server = loaded.config.server
    yield _good("configuration", "file", str(loaded.file) if loaded.file else "none; the defaults")
    for note in loaded.notes:
        yield Finding(about="configuration", step=CheckStep("environment", False, note), serious=False)
    try:
        refuse_exposure(loaded.config)
        yield _good("server", "access", f"{server.host}, {len(loaded.config.auth.api_keys)} API keys")
    except ConfigError as error:
        yield Finding(about="server", step=CheckStep("access", False, error.message))
    try:
        for bound in listen.bind(server.host, server.port):
            bound.close()
        yield _good("server", "port", f"{server.port} is free")
    except ConfigError as error:
        # It may well be Salon itself that has it.
        yield Finding(about="server", step=CheckStep("port", False, error.message), serious=False)
    for step in try_ports(loaded.config):
        yield Finding(about="server", step=step, serious=False)
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    yield _good("server", "clock", f"{now} UTC; signed requests (Spark) fail when it is more than 5 minutes off")
    for step in try_file(loaded.config.rooms.path):
        yield Finding(about="rooms", step=step)


async def _relays(loaded: Loaded, report: _Report) -> None:
    """Each STUN and TURN server of ``[ice]``, as a browser would use it. Without them Salon runs all the same."""
    for server in ice_servers(loaded.config, SystemClock()).of("salon-check"):
        for url in server.urls:
            async for step in try_server(url, server.username, server.credential):
                report.add(Finding(about=url, step=step, serious=False))


async def _models(loaded: Loaded, only: Mapping[str, Sequence[str]], report: _Report) -> None:
    """Language models, recognisers, synthesisers; ``only`` those, where it is not empty."""
    models = Models(loaded)
    agents = agents_of(loaded)
    default = list(models.default_names)
    llms = [*default, *(name for agent in agents for name in _names(agent.llm)), *models.given()]
    hear = [*models.asr_names, *(name for agent in agents for name in _names(agent.asr))]
    speak = [*models.tts_names, *(name for agent in agents for name in _names(agent.tts))]
    # Nobody has to have speech: what was found by itself may fail.
    asr_named, tts_named = loaded.config.asr.default[:1], loaded.config.tts.default[:1]
    try:
        await _each(only.get("llm", ()) if only else llms, models.llm, default[:1], only, report)
        await _each(only.get("asr", ()) if only else hear, models.asr, asr_named, only, report)
        await _each(only.get("tts", ()) if only else speak, models.tts, tts_named, only, report)
        if models.turn_name and not only:
            await _each([models.turn_name], models.turn, [models.turn_name], only, report)
        if not only and not (hear and speak):
            advice = 'Name them under [asr] and [tts], or pip install "salon[offline]" for speech that needs no key.'
            report.add(
                Finding(
                    about="speech", step=CheckStep("settings", False, "nobody hears or speaks", advice), serious=False
                )
            )
    finally:
        await models.aclose()


async def _each(
    names: Iterable[str],
    make: Callable[[str], Llm | Asr | Tts | TurnDetector],
    first: Iterable[str],
    only: Mapping[str, Sequence[str]],
    report: _Report,
) -> None:
    """Try each name; those of ``first`` must work, and all where they were asked for."""
    must = set(first)
    for name in dict.fromkeys(names):
        if name == "none":
            continue
        serious = bool(only) or name in must
        try:
            made = make(name)
        except ConfigError as error:
            report.add(Finding(about=name, step=CheckStep("settings", False, error.message), serious=serious))
            continue
        async for step in made.check():
            report.add(Finding(about=made.name, step=step, serious=serious))


def _names(named: object) -> tuple[str, ...]:
    if isinstance(named, str):
        return (named,) if named else ()
    return tuple(each for each in named if isinstance(each, str)) if isinstance(named, list | tuple) else ()


def _good(about: str, name: str, detail: str) -> Finding:
    return Finding(about=about, step=CheckStep(name, True, detail))


class _Report:
    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._colours = COLOURS if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else {}
        self._about = ""
        self._wrong = self._serious = 0

    def add(self, finding: Finding) -> None:
        """Show one finding, at once: some take seconds."""
        step = finding.step
        self._wrong += not step.ok
        self._serious += not step.ok and finding.serious
        if self._json:
            line = {"about": finding.about, "serious": finding.serious, **msgspec.structs.asdict(step)}
            print(msgspec.json.encode(line).decode(), flush=True)
            return
        name, sentence = (check_words.name, check_words.sentence) if chinese() else (str, str)
        if finding.about != self._about:
            print(name(finding.about))
            self._about = finding.about
        mark = GOOD if step.ok else BAD if finding.serious else NOTE
        colour = self._colours.get(mark, "")
        plain = "\x1b[0m" if colour else ""
        print(f"  {colour}{mark}{plain} {name(step.name)}: {sentence(step.detail)}".rstrip(": "), flush=True)
        if step.advice:
            print(f"    → {sentence(step.advice)}", flush=True)

    def end(self) -> int:
        if not self._json:
            print(words("check failed", count=self._wrong) if self._wrong else words("check all well"))
        return 1 if self._serious else 0
