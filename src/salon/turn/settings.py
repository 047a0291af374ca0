"""How a session's settings change: what a patch may touch, and what it becomes; and what a recogniser makes of them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from salon.base.errors import ClientError
from salon.base.session import AudioInputPatch, AudioOutputPatch, Session, SessionPatch, Transcription
from salon.base.speech import AsrOptions

# What a locked session still lets its client choose: how it is spoken with, not who it is spoken with.
UNLOCKED = frozenset({"output_modalities", "audio_input", "audio_output", "tracing", "include"})


def apply(session: Session, patch: SessionPatch, *, speech: bool, has_audio: bool, locked: bool) -> Session:
    """The settings after ``patch``. Raises ``ClientError``, and then nothing is changed.

    ``locked`` leaves all but ``UNLOCKED`` as it is, without an error: stock clients send their own settings at the start,
    and read from the echo what became of them.

    ``speech`` says whether this server can speak; where it cannot, answers are text whatever the client asks, and the echo
    says so. ``has_audio`` says that the assistant has been heard already: its voice is settled then.
    """
    if patch.type != session.type:
        raise ClientError(
            f"Invalid value: '{patch.type}'. A session's type cannot change; this one is '{session.type}'.",
            code="invalid_value",
            param="session.type",
        )
    changes: dict[str, Any] = {
        name: value
        for name in patch.__struct_fields__
        if name not in ("type", "audio_input", "audio_output")
        and (value := getattr(patch, name)) is not UNSET
        and not (locked and name not in UNLOCKED)
    }
    if "output_modalities" in changes and not speech:
        changes["output_modalities"] = ("text",)
    if isinstance(patch.audio_input, AudioInputPatch):
        changes["audio_input"] = msgspec.structs.replace(session.audio_input, **_set(patch.audio_input))
    if isinstance(patch.audio_output, AudioOutputPatch):
        output = msgspec.structs.replace(session.audio_output, **_set(patch.audio_output))
        if has_audio and output.voice != session.audio_output.voice:
            raise ClientError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
                param="session.audio.output.voice",
            )
        changes["audio_output"] = output
    return msgspec.structs.replace(session, **changes)


def hearing(told: Transcription) -> AsrOptions:
    """How the recogniser is to listen. Which of several languages is spoken it finds by itself."""
    only = told.languages[0] if told.languages and len(told.languages) == 1 else ""
    return AsrOptions(language=told.language or only, hints=told.keywords or (), prompt=told.prompt or "")


def _set(patch: AudioInputPatch | AudioOutputPatch) -> dict[str, Any]:
    return {name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) is not UNSET}
