"""Sound that comes in an item: its words are found, one item after the other."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.errors import Overloaded, ProviderError
from salon.base.items import FunctionCallOutput, InputAudio, InputText, Item, MessageItem, OutputAudio
from salon.base.session import AudioFormat
from salon.base.speech import AsrOptions, Final
from salon.session.brought import Brought
from tests.fakes.instant_speech import InstantAsr

PCM = AudioFormat()
SOUND = bytes(48_000)


class Told:
    def __init__(self) -> None:
        self.words: list[tuple[str, str, float]] = []
        self.failures: list[tuple[str, str]] = []

    def transcribed(self, item_id: str, text: str, seconds: float) -> None:
        self.words.append((item_id, text, seconds))

    def failed(self, item_id: str, error: ProviderError) -> None:
        self.failures.append((item_id, error.code))


def turn(item_id: str, *parts: InputAudio | InputText) -> MessageItem:
    return MessageItem(id=item_id, role="user", content=parts)


async def test_words_come_in_the_order_of_the_items() -> None:
    asr, told = InstantAsr("One.", [Overloaded("Busy.")], "Three."), Told()
    async with asyncio.TaskGroup() as group:
        brought = Brought(asr, told, group.create_task)
        for name in ("a", "b", "c"):
            brought.take(turn(name, InputText("Listen: "), InputAudio(audio=SOUND)), PCM, AsrOptions(language="en"))
        assert brought.pending
    assert told.words == [("a", "One.", 1.0), ("c", "Three.", 1.0)]
    assert told.failures == [("b", "provider_overloaded")]
    assert not brought.pending
    assert {len(session.audio) for session in asr.sessions if session.finished.is_set()} == {32_000}
    assert asr.sessions[0].options.language == "en"


@pytest.mark.parametrize("kind", ["audio/pcmu", "audio/pcma"])
async def test_sound_is_in_the_format_of_the_session(kind: str) -> None:
    asr, told = InstantAsr("Hello."), Told()
    async with asyncio.TaskGroup() as group:
        brought = Brought(asr, told, group.create_task)
        brought.take(turn("a", InputAudio(audio=bytes([0xFF]) * 8000)), AudioFormat(kind), AsrOptions())  # type: ignore[arg-type]
    assert told.words == [("a", "Hello.", 1.0)]
    assert len(asr.sessions[0].audio) == 32_000


@pytest.mark.parametrize(
    "item",
    [
        turn("a", InputText("Hello.")),
        turn("a", InputAudio("Known.", SOUND)),
        turn("a", InputAudio()),
        turn("a", InputAudio(audio=b"")),
        MessageItem(id="a", role="assistant", content=(OutputAudio("", SOUND),)),
        FunctionCallOutput(id="a", call_id="c", output="x"),
    ],
)
async def test_what_needs_nothing(item: Item) -> None:
    asr = InstantAsr("Hello.")
    async with asyncio.TaskGroup() as group:
        brought = Brought(asr, Told(), group.create_task)
        brought.take(item, PCM, AsrOptions())
        assert not brought.pending
    assert not asr.sessions


async def test_the_end_leaves_nothing_running() -> None:
    asr, told = InstantAsr([asyncio.Event(), Final("late")]), Told()
    async with asyncio.TaskGroup() as group:
        brought = Brought(asr, told, group.create_task)
        brought.take(turn("a", InputAudio(audio=SOUND)), PCM, AsrOptions())
        await asr.opened.wait()
        brought.close()
    assert asr.sessions[0].closed
    assert (told.words, told.failures, brought.pending) == ([], [], False)
