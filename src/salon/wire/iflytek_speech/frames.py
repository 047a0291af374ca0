"""What the four protocols have in common: the status of a frame, pieces of what was heard, audio."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from salon.base.errors import BadAnswer
from salon.wire.iflytek_speech.codes import HOUSE

FIRST, NEXT, LAST = 0, 1, 2
T = TypeVar("T")


class _Guess(msgspec.Struct):
    w: str | None = None


class _Slot(msgspec.Struct):
    cw: list[_Guess] | None = None


class Sentence(msgspec.Struct, frozen=True):
    """One result: number ``sn``, its words as slots with guesses, the best first.

    ``pgs`` ``rpl`` says that it takes the place of the results ``rg[0]`` to ``rg[1]``; ``apd`` and none, that it comes after
    those before. ``ls``: the last one.
    """

    sn: int = 0
    ls: bool = False
    pgs: str | None = None
    rg: list[int] | None = None
    ws: list[_Slot] | None = None

    @property
    def text(self) -> str:
        return "".join(slot.cw[0].w or "" for slot in self.ws or () if slot.cw)


class Heard(msgspec.Struct, frozen=True):
    """One frame of a recogniser. ``code`` other than 0 is an error."""

    code: int = 0
    message: str = ""
    sid: str = ""
    last: bool = False
    sentence: Sentence | None = None


class Audio(msgspec.Struct, frozen=True):
    """One frame of a synthesiser. ``said`` is how many bytes of the text are spoken by its end, where it tells."""

    code: int = 0
    message: str = ""
    sid: str = ""
    last: bool = False
    pcm: bytes = b""
    said: int | None = None


def encoded(frame: dict[str, Any]) -> str:
    return msgspec.json.encode(frame).decode()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(data: str | bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises ``BadAnswer`` for what is no frame."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadAnswer(
            f"iFlytek answered with something that is no frame of its protocol: {error}",
            house=HOUSE,
            advice="See that the URL leads to iFlytek's service and that no proxy changes what it sends.",
        ) from error


def out_of_base64(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAnswer(f"iFlytek sent something that is no base64: {error}", house=HOUSE) from error
