from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from salon.app.feeds import publisher
from salon.app.feeds.publisher import Publisher
from salon.app.feeds.reading import About
from salon.base.errors import ConfigError, Refused
from tests.fakes.centrifuge import KEY, House, open_house


class Script:
    """Gives the next beat each time it is asked, then nothing, and is over when a test says so."""

    def __init__(self, *beats: dict[str, int], about: Mapping[str, About] | None = None, over: bool = True) -> None:
        self.about = about or {}
        self._beats = list(beats)
        self._end = over

    @property
    def over(self) -> bool:
        return self._end and not self._beats

    def end(self) -> None:
        self._end = True

    def beat(self, now: int) -> dict[str, bytes]:
        return {key: str(value).encode() for key, value in (self._beats.pop(0) if self._beats else {}).items()}

    def add(self, **beat: int) -> None:
        self._beats.append(beat)


def made(house: House, room: str = "r", **more: Any) -> Publisher:
    return Publisher(house.server.http, room, now=lambda: 0, **{"rate": 100, **more})


async def newest(house: House, channel: str = "r/feed") -> dict[str, int]:
    page = await house.rooms.history(channel, limit=-1)
    return {each.key: json.loads(each.data) for each in page.publications}


async def test_everything_is_told_and_the_newest_holds() -> None:
    about = {"a": About("Bed", "苗床", "air")}
    async with open_house() as house:
        one = made(house)
        await one.run(Script({"a": 1, "b": 1}, {"a": 2}, about=about))
        assert one.told == 3 and await newest(house) == {"a": 2, "b": 1}
        state = await house.rooms.broker.state("r/state:about", house.rooms.rules.of("r/state:about"))
        assert json.loads(state.entries["a"].value)["zh"] == "苗床"


async def test_what_does_not_fit_into_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "MAX_COMMAND_BYTES", 50)
    async with open_house() as house:
        one = made(house)
        values = {f"k{number}": number for number in range(40)}
        await one.run(Script(values))
        assert one.told == 40 and await newest(house) == values


async def test_after_a_lost_connection_everything_is_told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "FIRST_WAIT", 0.01)
    source, said = Script({"a": 1, "b": 1}, over=False), asyncio.Queue[str]()
    async with open_house() as house, asyncio.TaskGroup() as group, asyncio.timeout(20):
        one = made(house, tell=lambda what, why: said.put_nowait(what))
        running = group.create_task(one.run(source))
        assert await said.get() == "connected"
        while one.told < 2:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0)
        await house.rooms.drain()
        await house.rooms.remove("r")
        assert [await said.get(), await said.get()] == ["lost", "connected"]
        source.add(a=2)
        source.end()
        await running
        assert await newest(house) == {"a": 2, "b": 1}


async def test_who_may_not_is_told_so_and_does_not_come_back() -> None:
    async with open_house(keyed=True) as house:
        with pytest.raises(Refused, match="The server said"):
            await made(house, token="wrong").run(Script({"a": 1}))
        await made(house, token=KEY).run(Script({"a": 1}))
        assert await newest(house) == {"a": 1}
    async with open_house() as house:
        with pytest.raises(Refused, match="mode log"):
            await made(house, topic="chat").run(Script({"a": 1}))
        with pytest.raises(Refused, match="404"):
            await Publisher(f"{house.server.http}/elsewhere", "r", now=lambda: 0).run(Script({"a": 1}))


def test_what_is_no_address() -> None:
    for url in ("ftp://x", "localhost:8000", "http://"):
        with pytest.raises(ConfigError, match="no address"):
            Publisher(url, "r", now=lambda: 0)
