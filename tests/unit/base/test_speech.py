"""Words of speech."""

from __future__ import annotations

from salon.base.speech import Speech


def test_a_piece_of_speech_knows_how_long_it_is() -> None:
    assert Speech(bytes(640), 16_000).milliseconds == 20
    assert Speech(bytes(480), 24_000).milliseconds == 10
