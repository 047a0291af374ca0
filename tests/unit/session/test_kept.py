"""The sound of turns that clients may retrieve."""

from __future__ import annotations

import numpy as np
import pytest

from salon.base.events import ItemRetrieved
from salon.base.items import InputAudio, InputText, MessageItem
from salon.session.kept import MOST_KEPT, KeptSound

FRAME = 640


def frames(milliseconds: int, height: int = 1000) -> list[bytes]:
    return [np.full(FRAME // 2, height, "<i2").tobytes()] * (milliseconds // 20)


def retrieved(item_id: str) -> ItemRetrieved:
    return ItemRetrieved(MessageItem(id=item_id, role="user", content=(InputAudio("Hello."),)))


def audio(kept: KeptSound, item_id: str, *, call: bool = False) -> bytes | None:
    item = kept.fill(retrieved(item_id), call=call).item
    assert isinstance(item, MessageItem)
    (part,) = item.content
    assert isinstance(part, InputAudio)
    assert part.transcript == "Hello."
    return part.audio


def test_a_turn_is_told_at_24_khz() -> None:
    kept = KeptSound()
    kept.keep("a", frames(1000))
    pcm = audio(kept, "a")
    assert pcm is not None
    assert abs(len(pcm) - 48_000) <= 200
    samples = np.frombuffer(pcm, "<i2")
    assert abs(int(samples[len(samples) // 2]) - 1000) <= 10


@pytest.mark.parametrize(("seconds", "call"), [(3, True), (14, False)])
def test_what_would_not_fit_into_a_message_is_left_out(seconds: int, *, call: bool) -> None:
    for length, fits in ((seconds, True), (seconds + 1, False)):
        kept = KeptSound()
        kept.keep("a", frames(length * 1000))
        assert (audio(kept, "a", call=call) is not None) is fits


def test_the_oldest_turns_make_room() -> None:
    kept = KeptSound()
    for name in "abc":
        kept.keep(name, frames(8000))
    assert [audio(kept, name) is None for name in "abc"] == [True, False, False]


def test_what_is_not_kept_is_told_as_it_is() -> None:
    kept = KeptSound()
    kept.keep("empty", [])
    kept.keep("endless", [bytes(FRAME)] * (MOST_KEPT // FRAME + 1))
    assert audio(kept, "empty") is audio(kept, "endless") is audio(kept, "unknown") is None
    written = ItemRetrieved(MessageItem(id="w", role="user", content=(InputText("Hi"),)))
    kept.keep("w", frames(100))
    assert kept.fill(written, call=False) == written
