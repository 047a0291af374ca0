"""What a conversation is made of: items, in the order in which they were said.

The terms are those of the OpenAI Realtime protocol, whose item model the whole house shares. Items are frozen: a change
makes a new one under the same ``id``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from salon.base.chat import Reference

Status = Literal["in_progress", "completed", "incomplete"]
ItemRole = Literal["system", "user", "assistant"]


class InputText(msgspec.Struct, frozen=True, tag="input_text"):
    text: str


class InputImage(msgspec.Struct, frozen=True, tag="input_image"):
    """``image_url`` is a ``data:`` URI (PNG or JPEG) or an ``https:`` address."""

    image_url: str
    detail: Literal["auto", "low", "high"] = "auto"


class InputAudio(msgspec.Struct, frozen=True, tag="input_audio"):
    """``audio`` is PCM, 24 kHz, mono, 16 bit, little endian; ``transcript`` is None until it is known."""

    transcript: str | None = None
    audio: bytes | None = None


class OutputText(msgspec.Struct, frozen=True, tag="output_text"):
    text: str


class OutputAudio(msgspec.Struct, frozen=True, tag="output_audio"):
    """``transcript`` is what the listener heard."""

    transcript: str
    audio: bytes | None = None


Content = InputText | InputImage | InputAudio | OutputText | OutputAudio


class MessageItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something said. ``references`` and ``reasoning`` belong to an assistant's answer."""

    id: str
    role: ItemRole
    content: tuple[Content, ...] = ()
    status: Status = "completed"
    references: tuple[Reference, ...] = ()
    reasoning: str | None = None

    @property
    def text(self) -> str:
        """All that was said in words: text and transcripts, joined."""
        words = []
        for part in self.content:
            if isinstance(part, InputText | OutputText):
                words.append(part.text)
            elif isinstance(part, InputAudio | OutputAudio):
                words.append(part.transcript or "")
        return "".join(words)


class FunctionCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the model asks for. ``served`` calls are run by this server; the others by the client.

    ``reasoning`` is what the model thought before it asked: some houses want it back with the call.
    """

    id: str
    call_id: str
    name: str
    arguments: str
    status: Status = "completed"
    served: bool = False
    reasoning: str | None = None


class FunctionCallOutput(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    call_id: str
    output: str
    status: Status = "completed"
    served: bool = False


Item = MessageItem | FunctionCall | FunctionCallOutput


class ItemReference(msgspec.Struct, frozen=True):
    """Stands for an item of the conversation in a response's ``input``."""

    id: str
