"""The next piece is asked for while this one is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from salon.base.errors import Overloaded, ProviderError, RateLimited
from salon.base.speech import Speech, Spoken, TtsOptions
from salon.providers.ahead import AT_ONCE, Take, speak_ahead
from salon.providers.speaking import Script, Speaking
from salon.testing import run

FRAME = b"\x00\x10" * 480


class House:
    """Asked, it takes 300 ms to begin; then it speaks 20 ms every 20 ms, one frame a character."""

    def __init__(self, fails: str = "", *, at_once: int = AT_ONCE, around: bytes = b"") -> None:
        self.fails = fails
        self.at_once = at_once
        self.around = around
        self.asked: list[tuple[int, str]] = []
        self.under_way = self.most = 0

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(self._speak)

    async def _speak(self, script: Script) -> Spoken:
        await speak_ahead(script, self._pieces(script), self._say)
        return Spoken()

    async def _pieces(self, script: Script) -> AsyncGenerator[tuple[int, str], None]:
        at = 0
        while piece := await script.read():
            yield at, piece
            at += len(piece)

    async def _say(self, take: Take, text: str, at: int) -> None:
        self.asked.append((round(asyncio.get_running_loop().time() * 1000), text))
        if self.under_way >= self.at_once:
            raise RateLimited("one at a time")
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.3)
            if text == self.fails:
                raise Overloaded("busy")
            await take.say(Speech(self.around, 24_000, said=at))
            for number in range(len(text)):
                await take.say(Speech(FRAME, 24_000, said=at + number + 1))
                await asyncio.sleep(0.02)
            await take.say(Speech(self.around, 24_000, said=at + len(text)))
        finally:
            self.under_way -= 1


async def heard(house: House, *pieces: str, leave_after: int = 10_000) -> list[tuple[int, int | None]]:
    """When each frame came, in ms, and how far the text was said by it."""
    clock = asyncio.get_running_loop().time
    async with house.session() as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        found: list[tuple[int, int | None]] = []
        async for frame in session.frames():
            if isinstance(frame, Speech):
                found.append((round(clock() * 1000), frame.said))
            if len(found) >= leave_after:
                break
    return found


def test_there_is_no_gap_between_two_pieces() -> None:
    found = run(heard(House(), "a" * 20, "b" * 20, "c" * 20))
    assert [said for _, said in found] == list(range(1, 61))
    silence, played = 0, found[0][0]
    for at, _ in found:
        silence += max(at - played, 0)
        played = max(at, played) + 20
    assert silence <= 20  # asked for in turn: twice 300 ms


def test_no_more_are_asked_for_than_two_at_once() -> None:
    house = House()
    run(heard(house, *("a" * 20 for _ in range(6))))
    assert house.most == AT_ONCE
    assert len(house.asked) == 6


def test_a_house_that_takes_one_request_at_a_time_is_asked_for_one_at_a_time() -> None:
    house = House(at_once=1)
    found = run(heard(house, *("a" * 20 for _ in range(5))))
    assert [said for _, said in found] == list(range(1, 101))
    assert len(house.asked) == 6  # one was refused, and asked for again
    alone = House(at_once=0)
    with pytest.raises(RateLimited):
        run(heard(alone, "a"))


def test_silence_around_the_pieces_is_not_heard() -> None:
    async def main() -> float:
        async with House(around=bytes(48_000)).session() as session:
            for piece in ("a" * 20, "b" * 20):
                session.push(piece)
            session.finish()
            return sum([frame.milliseconds async for frame in session.frames() if isinstance(frame, Speech)])

    assert run(main()) == 2 * (20 + 400 + 200)  # it was 2 * (1000 + 400 + 1000)


def test_an_error_comes_in_its_turn() -> None:
    async def main() -> list[int | None]:
        said: list[int | None] = []
        async with House(fails="bad").session() as session:
            for piece in ("a" * 40, "bad", "never"):
                session.push(piece)
            session.finish()
            with pytest.raises(Overloaded):
                async for frame in session.frames():
                    assert isinstance(frame, Speech)
                    said += [frame.said]
        return said

    assert run(main()) == list(range(1, 41))


def test_who_leaves_leaves_nothing_behind() -> None:
    house = House()
    run(heard(house, *("a" * 20 for _ in range(6)), leave_after=3))
    assert house.under_way == 0
    assert len(house.asked) == AT_ONCE


def test_too_much_text_is_told_behind_what_was_spoken() -> None:
    async def main() -> int:
        count = 0
        async with House().session() as session:
            session.push("a" * 20)
            session.push("b" * 100_001)
            with pytest.raises(ProviderError, match="is not spoken"):
                async for _ in session.frames():
                    count += 1
        return count

    assert run(main()) == 20
