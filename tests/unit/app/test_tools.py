"""The tools that come with Salon."""

from __future__ import annotations

import re

import msgspec

from salon.app.tools import current_time


async def test_the_time_somewhere() -> None:
    told = await current_time.run('{"zone": "Asia/Shanghai"}')
    assert re.fullmatch(r"\w+day, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CST \(UTC\+0800\)", told)


async def test_the_time_here() -> None:
    assert re.fullmatch(r"\w+day, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \(UTC[+-]\d{4}\)", await current_time.run("{}"))


async def test_a_place_that_is_none() -> None:
    error = msgspec.json.decode(await current_time.run('{"zone": "Mars/Olympus"}'))["error"]
    assert error["code"] == "tool_failed"
    assert "Mars/Olympus" in error["message"]
