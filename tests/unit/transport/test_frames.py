from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from salon.transport.frames import Shared, text_frame


@pytest.mark.parametrize("text", ["", "hi", "a" * 125, "a" * 126, "中" * 42, "é" * 40_000, "a" * 65_535, "a" * 65_536])
def test_a_frame_is_what_a_server_of_others_writes(text: str) -> None:
    assert text_frame(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def test_a_shared_message_has_both_forms() -> None:
    shared = Shared("中")
    assert (shared.text, shared.frame) == ("中", b"\x81\x03\xe4\xb8\xad")


def test_what_is_no_unicode_is_still_a_frame() -> None:
    assert text_frame("\ud800") == b"\x81\x01?"
