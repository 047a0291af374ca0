"""What belongs to sound among a client's commands. The races are in ``tests/session/test_voice.py``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from salon.base.commands import (
    AppendAudio,
    ClearAudio,
    ClearOutputAudio,
    CommitAudio,
    CreateItem,
    CreateResponse,
    UpdateSession,
)
from salon.base.events import AudioCleared, ErrorSeen, ResponseDone
from salon.base.items import InputText, MessageItem
from salon.base.session import AudioInputPatch, SessionPatch, Transcription
from salon.base.speech import AsrOptions
from salon.testing import Simulation, run


def play(script: Callable[[Simulation], Awaitable[None]]) -> None:
    async def main() -> None:
        async with Simulation() as talk:
            await script(talk)

    run(main())


def test_the_audio_of_a_call_comes_by_the_call() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(AppendAudio(audio=b"", event_id="a"))
        (error,) = talk.all(ErrorSeen)
        assert (error.code, error.client_event_id) == ("invalid_value", "a")

    play(script)


def test_too_little_to_commit() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(ClearAudio())
        talk.submit(CommitAudio())
        assert talk.all(AudioCleared)
        assert [error.code for error in talk.all(ErrorSeen)] == ["input_audio_buffer_commit_empty"]

    play(script)


def test_there_is_nothing_to_clear_while_nothing_is_heard() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(ClearOutputAudio())
        assert not talk.all(ErrorSeen)

    play(script)


def test_text_is_answered_aloud() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateItem(item=MessageItem(id="", role="user", content=(InputText("Hi"),))))
        talk.submit(CreateResponse())
        done = await talk.until(ResponseDone)
        assert done.response.output_modalities == ("audio",)
        assert done.response.waterfall is None

    play(script)


@pytest.mark.parametrize(
    ("told", "options"),
    [
        (Transcription(), AsrOptions()),
        (
            Transcription(language="zh", languages=("en",), prompt="Names.", keywords=("Salon",)),
            AsrOptions(language="zh", prompt="Names.", hints=("Salon",)),
        ),
        (Transcription(languages=("en",)), AsrOptions(language="en")),
        # Which of several is spoken the recogniser finds by itself.
        (Transcription(languages=("en", "zh")), AsrOptions()),
    ],
)
def test_what_the_recogniser_is_told(told: Transcription, options: AsrOptions) -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(UpdateSession(patch=SessionPatch(audio_input=AudioInputPatch(transcription=told))))
        voice = talk.client.conversation.voice
        assert voice is not None and voice.ear is not None
        assert voice.ear.options == options

    play(script)
