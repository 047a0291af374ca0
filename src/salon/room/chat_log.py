"""What was said in a chat, made of its log: for whoever has to understand it, an agent for instance.

Everything in it was written by somebody else. What has not the right shape is passed over; only its author changes a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from salon.base.rooms import Position, Publication, Who

AGENT_PREFIX: Final = "agent:"
"""What the identities of agents begin with."""
MAX_TEXT: Final = 20_000
MAX_NAME: Final = 60
MAX_PICTURES: Final = 8


class Entry(msgspec.Struct, frozen=True):
    """One entry of the log; what it lacks is empty."""

    type: str = ""
    id: str = ""
    text: str = ""
    name: str = ""
    reply_to: str = ""
    growing: bool = False
    end: str = ""
    stars: int = 0
    pictures: Any = ()
    """Where in the topic ``pictures`` they are kept; ``places`` reads it."""


class Said(msgspec.Struct, frozen=True):
    """One message as it is now. ``growing`` and no ``end``: its writer is not done. ``at`` is seconds since 1970."""

    id: str
    who: Who
    name: str
    text: str
    reply_to: str
    growing: bool
    end: str
    offset: int
    at: int
    pictures: tuple[Position, ...] = ()

    @property
    def agent(self) -> bool:
        return self.who.identity.startswith(AGENT_PREFIX)


class _Picture(msgspec.Struct, frozen=True):
    type: str = ""
    url: str = ""


class _Info(msgspec.Struct, frozen=True):
    name: str = ""


_entry = msgspec.json.Decoder(Entry)
_info = msgspec.json.Decoder(_Info)
_picture = msgspec.json.Decoder(_Picture)
_PICTURE_URL = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/]+=*\Z")
# msgspec lets Python's own errors through for text that is not Unicode and for lists in lists in lists.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


def read(data: bytes) -> Entry | None:
    """None for what is no entry of a chat."""
    try:
        entry = _entry.decode(data)
    except _UNREADABLE:
        return None
    return entry if entry.type and 0 < len(entry.id) <= 64 else None


def name_of(who: Who, told: str = "") -> str:
    """What somebody is called: by their token, else as they say, else by their identity. One line."""
    try:
        name = _info.decode(who.info).name if who.info else ""
    except _UNREADABLE:
        name = ""
    return " ".join((name or told or who.identity)[:MAX_NAME].split())


def places(pictures: object) -> tuple[Position, ...]:
    """Where the pictures of a message are kept. What is no place is passed over."""
    found = []
    for picture in pictures if isinstance(pictures, list) else ():
        if isinstance(picture, dict):
            offset, epoch = picture.get("offset"), picture.get("epoch")
            if type(offset) is int and offset > 0 and isinstance(epoch, str):
                found.append(Position(offset, epoch))
    return tuple(found[:MAX_PICTURES])


def picture_url(data: bytes) -> str:
    """The picture that was kept there, as a ``data:`` address; empty for what is none."""
    try:
        kept = _picture.decode(data)
    except _UNREADABLE:
        return ""
    return kept.url if kept.type == "picture" and _PICTURE_URL.match(kept.url) else ""


def fold(publications: Iterable[Publication]) -> list[Said]:
    """The messages of a part of the log, in order, as they are after it. Deleted ones are left out."""
    said: dict[str, Said] = {}
    for publication in sorted(publications, key=lambda each: each.offset):
        entry, who = read(publication.data), publication.who or Who("")
        if entry is None:
            continue
        known = said.get(entry.id)
        if entry.type == "message" and known is None:
            said[entry.id] = Said(
                entry.id,
                who,
                name_of(who, entry.name),
                entry.text[:MAX_TEXT],
                entry.reply_to,
                entry.growing,
                entry.end,
                publication.offset,
                publication.at,
                places(entry.pictures),
            )
        elif known is not None and known.who.identity == who.identity:
            if entry.type == "edit":
                said[entry.id] = msgspec.structs.replace(
                    known, text=entry.text[:MAX_TEXT], end=entry.end, growing=False
                )
            elif entry.type == "delete":
                said[entry.id] = msgspec.structs.replace(known, text="", growing=False, end="deleted", pictures=())
    return [each for each in said.values() if each.end != "deleted"]


def mentions(text: str, name: str) -> bool:
    """Whether a name is written with an at sign in front. Where words are not parted by spaces, they may go on behind it."""
    return name != "" and _called(name).search(text) is not None


def without_call(text: str, names: Sequence[str]) -> str:
    """The text without the calls in it: what is asked, whoever is asked."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = _called(name).sub("", text)
    return re.sub(r"[ \t]{2,}", " ", text).strip(" \t\n,，:：")


def _called(name: str) -> re.Pattern[str]:
    end = r"(?![A-Za-z0-9_-])" if re.search(r"[\w.-]\Z", name, re.ASCII) else ""
    return re.compile(rf"(?<![A-Za-z0-9_.])@{re.escape(name)}{end}", re.IGNORECASE)
