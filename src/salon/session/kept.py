"""The sound of a person's last turns, for clients that retrieve them: what the recogniser was given, pauses left out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from salon.base.events import ItemRetrieved
from salon.base.items import InputAudio, MessageItem
from salon.base.speech import ASR_RATE
from salon.sound.resample import Resampler

RATE = 24_000
MOST_KEPT = 640_000
"""Bytes of one conversation, at 16 kHz: 20 seconds in all."""
MOST_TOLD = 700_000
"""Bytes of one item, at 24 kHz: 14 seconds, which as base64 are below the 1 MiB that clients take in one message."""
MOST_IN_CALL = 190_000
"""In a call, where a message of the data channel has 262,144 bytes at most: 4 seconds."""


class KeptSound:
    """Turns by their items. The oldest make room for the newest; one that is longer than all there is room for is not kept."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, Sequence[bytes]] = OrderedDict()
        self._size = 0

    def keep(self, item_id: str, frames: Sequence[bytes]) -> None:
        """``frames`` are PCM at 16 kHz."""
        size = _size(frames)
        if not 0 < size <= MOST_KEPT:
            return
        self._turns[item_id] = frames
        self._size += size
        while self._size > MOST_KEPT:
            self._size -= _size(self._turns.popitem(last=False)[1])

    def fill(self, event: ItemRetrieved, *, call: bool) -> ItemRetrieved:
        """The item with its sound, where that is kept and fits into a message."""
        most = MOST_IN_CALL if call else MOST_TOLD
        item, frames = event.item, self._turns.get(event.item.id)
        if frames is None or not isinstance(item, MessageItem) or _size(frames) * RATE // ASR_RATE > most:
            return event
        resampler = Resampler(ASR_RATE, RATE)
        pcm = resampler.push(b"".join(frames)) + resampler.flush()
        content = tuple(
            msgspec.structs.replace(part, audio=pcm) if isinstance(part, InputAudio) else part for part in item.content
        )
        return ItemRetrieved(msgspec.structs.replace(item, content=content))


def _size(frames: Sequence[bytes]) -> int:
    return sum(map(len, frames))
