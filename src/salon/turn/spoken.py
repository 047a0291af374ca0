"""What was said aloud in a conversation: the turns of the person, as they are understood, and how much of ours was heard."""

from __future__ import annotations

import msgspec

from salon.base.events import (
    Event,
    InputCommitted,
    ItemAdded,
    ItemDone,
    ItemTruncated,
    TranscriptionCompleted,
    TranscriptionFailed,
)
from salon.base.items import InputAudio, MessageItem, OutputAudio
from salon.turn.playout import Playout
from salon.turn.timeline import Timeline

KEPT = 64
"""Answers of which it is remembered when each word was spoken; earlier ones are not truncated any more."""


class Sound(msgspec.Struct, frozen=True):
    """A piece of an answer's sound, PCM at 24 kHz, and the record it belongs to."""

    pcm: bytes
    playout: Playout


class Spoken:
    """Works on the ``timeline``, which its owner writes; ``show_served`` as in the conversation."""

    def __init__(self, timeline: Timeline, *, show_served: bool) -> None:
        self._timeline = timeline
        self._show_served = show_served
        self._playouts: dict[str, Playout] = {}

    def sounded(self, item_id: str, playout: Playout) -> None:
        """The item is being spoken, and this is its record."""
        if item_id not in self._playouts:
            self._playouts[item_id] = playout
            while len(self._playouts) > KEPT:
                del self._playouts[next(iter(self._playouts))]

    def playout(self, item_id: str) -> Playout | None:
        return self._playouts.get(item_id)

    def begun(self, item_id: str, ms: int) -> int:
        """Where the word of an item began that sounds at ``ms``."""
        playout = self.playout(item_id)
        return playout.begun(ms) if playout is not None else ms

    def commit(self, item_id: str, audio: bytes | None = None) -> list[Event]:
        """A turn of the person, whose words may not be known yet. Raises ``TimelineFull``."""
        item = MessageItem(id=item_id, role="user", content=(InputAudio(audio=audio),))
        self._timeline.insert(item)
        before = self._timeline.previous_id(item_id, served=self._show_served)
        return [InputCommitted(item_id, before), ItemAdded(item, before), ItemDone(item, before)]

    def transcribed(self, item_id: str, transcript: str, seconds: float) -> list[Event]:
        """What was said in that turn; empty where nothing was understood."""
        self._say(item_id, transcript)
        return [TranscriptionCompleted(item_id, 0, transcript, seconds)]

    def not_transcribed(self, item_id: str, code: str, message: str) -> list[Event]:
        return [TranscriptionFailed(item_id, 0, code, message)]

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int, *, known: bool = False) -> list[Event]:
        """``known``: no more was heard, whatever anybody says later; else who says it may correct it."""
        playout = self._playouts.get(item_id)
        if known and playout is not None:
            playout.most_ms = min(playout.most_ms, audio_end_ms)
        self.cut(item_id, audio_end_ms)
        return [ItemTruncated(item_id, content_index, audio_end_ms)]

    def cut(self, item_id: str, audio_end_ms: int) -> None:
        """Keep, of an answer that is written to its end, what was heard in so many ms. A later cut may be longer, where it is not
        known better: the record is whole. At or past the end, all stays."""
        item, playout = self._timeline.get(item_id), self._playouts.get(item_id)
        if playout is None or not isinstance(item, MessageItem) or not item.content:
            return
        if audio_end_ms >= playout.length_ms - 1 and item.status == "completed":
            return
        heard = OutputAudio(playout.heard(min(audio_end_ms, playout.most_ms)))
        self._timeline.replace(msgspec.structs.replace(item, content=(heard,), status="incomplete"))

    def _say(self, item_id: str, transcript: str) -> None:
        item = self._timeline.get(item_id)
        if isinstance(item, MessageItem):
            content = tuple(
                msgspec.structs.replace(part, transcript=transcript) if isinstance(part, InputAudio) else part
                for part in item.content
            )
            self._timeline.replace(msgspec.structs.replace(item, content=content))
