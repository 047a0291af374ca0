"""The house without a network."""

from __future__ import annotations

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import Hears, Speaks
from salon.providers.offline import asr, espeak, house


def test_it_hears_and_speaks_and_has_no_language_model() -> None:
    assert isinstance(house, Hears)
    assert isinstance(house, Speaks)
    assert house.asr("", {}).name == "offline:pocketsphinx"
    assert house.tts("espeak", {}).name == "offline:espeak"
    with pytest.raises(ConfigError, match="no language model"):
        house.llm("", {})


def test_other_names_are_told() -> None:
    with pytest.raises(ConfigError, match="offline:whisper"):
        house.asr("whisper", {})
    with pytest.raises(ConfigError, match="offline:kokoro"):
        house.tts("kokoro", {})


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "espeakng_loader", None)
    monkeypatch.setattr(asr, "pocketsphinx", None)
    with pytest.raises(ConfigError, match=r"salon\[offline\]"):
        house.tts("", {})
    with pytest.raises(ConfigError, match=r"salon\[offline\]"):
        house.asr("", {})
