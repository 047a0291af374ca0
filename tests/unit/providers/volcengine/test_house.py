"""The house of Volcengine."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import Hears, Speaks
from salon.providers.volcengine import house


def test_it_hears_and_speaks() -> None:
    assert isinstance(house, Hears)
    assert isinstance(house, Speaks)
    assert house.asr("", {"api_key": "k"}).name == "volcengine:bigasr"
    assert house.tts("seed-tts-1.0", {"app_id": "a", "access_token": "t"}).name == "volcengine:seed-tts-1.0"
    assert house.tts("", {"api_key": "k", "tts_voice": "mine"}).traits.voices == ("mine",)
    with pytest.raises(ConfigError, match="ark"):
        house.llm("", {})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "VOLCENGINE_API_KEY"),
        ({"app_id": "a"}, "VOLCENGINE_ACCESS_TOKEN"),
        ({"api_key": "k", "asr_url": "https://x"}, "asr_url"),
        ({"api_key": "k", "final_timeout": "soon"}, "final_timeout"),
        ({"api_key": "k", "stall_timeout": 0}, "stall_timeout"),
    ],
)
def test_what_is_missing_or_wrong_is_told(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        house.asr("", settings)
