from __future__ import annotations

import asyncio
import io
import json
import sys
from typing import Any

import pytest

from salon.cli.main import main
from tests.fakes.centrifuge import KEY, open_house


class Pipe:
    def __init__(self, text: str) -> None:
        self.buffer = io.BytesIO(text.encode())


async def test_a_pipe_into_a_room(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_house(keyed=True) as house:

        async def feed(text: str, *arguments: str) -> int:
            monkeypatch.setattr(sys, "stdin", Pipe(text))
            given = ["feed", "-", "--url", house.server.http, "--room", "pipe", "--rate", "100", *arguments]
            return await asyncio.to_thread(main, given)

        async def newest() -> dict[str, Any]:
            page = await house.rooms.history("pipe/feed", limit=-1)
            return {each.key: json.loads(each.data) for each in page.publications}

        assert await feed('{"key":"a","value":1}\n{"key":"a","value":2}\n', "--token", KEY) == 0
        assert await newest() == {"a": {"key": "a", "value": 2}}
        assert capsys.readouterr().err.splitlines() == ["salon feed: pipe/feed", "salon feed: 1 values told"]
        monkeypatch.setenv("SALON_API_KEY", KEY)
        assert await feed("what?\n") == 1
        assert "line 1 is left out: it is not JSON" in capsys.readouterr().err
        monkeypatch.setenv("SALON_TOKEN", "wrong")
        assert await feed("") == 1
        assert "salon: The server said: closed with 3500" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-"], "say which room"),
        (["market", "--rate", "0"], "--rate"),
        (["market", "--symbols", "0"], "--symbols"),
        (["machine", "--url", "localhost"], "no address"),
        (["market", "--room", "a b"], "A room's name"),
    ],
)
def test_what_cannot_be_fed(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feed", *arguments]) == 1
    assert said in capsys.readouterr().err
