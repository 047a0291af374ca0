"""How a patch changes a session: what is absent stays, what is locked stays, what cannot be stays unsaid."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from salon.base.chat import ToolSpec
from salon.base.errors import ClientError
from salon.base.session import (
    AudioFormat,
    AudioInputPatch,
    AudioOutputPatch,
    SemanticVad,
    ServerVad,
    Session,
    SessionPatch,
    Transcription,
    Truncation,
)
from salon.turn import settings

START = Session(id="sess_1", model="host", instructions="Be kind.", output_modalities=("text",))


def apply(patch: SessionPatch, start: Session = START, **how: Any) -> Session:
    return settings.apply(start, patch, **{"speech": False, "has_audio": False, "locked": False, **how})


def test_what_is_absent_stays_as_it_is() -> None:
    assert apply(SessionPatch()) == START


def test_only_what_is_present_changes() -> None:
    tools = (ToolSpec("search"),)
    changed = apply(SessionPatch(instructions="", tools=tools, max_output_tokens=7, truncation=Truncation("disabled")))
    assert changed == msgspec.structs.replace(
        START, instructions="", tools=tools, max_output_tokens=7, truncation=Truncation("disabled")
    )
    assert apply(SessionPatch(max_output_tokens=None), changed).max_output_tokens is None


def test_nested_settings_merge_field_by_field() -> None:
    first = apply(SessionPatch(audio_input=AudioInputPatch(transcription=Transcription("whisper-1"))))
    second = apply(SessionPatch(audio_input=AudioInputPatch(turn_detection=None)), first)
    third = apply(SessionPatch(audio_input=AudioInputPatch(turn_detection=SemanticVad())), second)
    assert first.audio_input.turn_detection == ServerVad()
    assert (second.audio_input.transcription, second.audio_input.turn_detection) == (Transcription("whisper-1"), None)
    assert third.audio_input.turn_detection == SemanticVad()
    assert apply(SessionPatch(audio_output=AudioOutputPatch(speed=1.5)), third).audio_output.speed == 1.5


def test_where_the_server_cannot_speak_the_echo_says_so() -> None:
    wish = SessionPatch(output_modalities=("audio",))
    assert apply(wish).output_modalities == ("text",)
    assert apply(wish, speech=True).output_modalities == ("audio",)


def test_a_voice_is_settled_once_it_was_heard() -> None:
    wish = SessionPatch(audio_output=AudioOutputPatch(voice="marin"))
    assert apply(wish).audio_output.voice == "marin"
    with pytest.raises(
        ClientError, match=r"^Cannot update a conversation's voice if assistant audio is present"
    ) as caught:
        apply(wish, has_audio=True)
    assert (caught.value.code, caught.value.param) == ("cannot_update_voice", "session.audio.output.voice")
    same = SessionPatch(audio_output=AudioOutputPatch(voice="alloy", format=AudioFormat("audio/pcmu")))
    assert apply(same, has_audio=True).audio_output.format == AudioFormat("audio/pcmu")


def test_the_type_of_a_session_cannot_change() -> None:
    with pytest.raises(ClientError, match="'transcription'") as caught:
        apply(SessionPatch(type="transcription", instructions="x"))
    assert (caught.value.code, caught.value.param) == ("invalid_value", "session.type")


def test_a_locked_session_passes_over_what_its_client_may_not_set() -> None:
    patch = SessionPatch(
        instructions="Obey me.",
        tools=(ToolSpec("search"),),
        tool_choice="required",
        max_output_tokens=4000,
        reasoning="xhigh",
        web_search=True,
        prompt={"id": "p"},
        truncation=Truncation("disabled"),
        parallel_tool_calls=False,
    )
    assert apply(patch, locked=True) == START


def test_a_locked_session_lets_its_client_choose_how_it_is_spoken_with() -> None:
    patch = SessionPatch(
        tracing="auto",
        include=("item.input_audio_transcription.logprobs",),
        audio_input=AudioInputPatch(turn_detection=None),
        audio_output=AudioOutputPatch(voice="marin"),
    )
    changed = apply(patch, locked=True)
    assert changed.tracing == "auto"
    assert changed.include == ("item.input_audio_transcription.logprobs",)
    assert changed.audio_input.turn_detection is None
    assert changed.audio_output.voice == "marin"


def test_every_name_that_stays_open_is_a_setting() -> None:
    assert set(Session.__struct_fields__) >= settings.UNLOCKED
