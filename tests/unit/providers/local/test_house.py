"""The demonstration's house."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.providers.local import house
from salon.providers.local.house import PACE


def test_it_needs_nothing() -> None:
    assert house.llm(house.default_model, {}).name == "demo:demo"
    assert house.llm("", {}).name == "demo:demo"
    assert not any(setting.required or setting.secret for setting in house.settings)
    assert house.settings[0].default == PACE


def test_it_has_one_model() -> None:
    with pytest.raises(ConfigError, match="only"):
        house.llm("gpt-4", {})


@pytest.mark.parametrize("pace", [-1, "fast", None, float("nan"), float("inf")])
def test_a_pace_that_is_none(pace: Any) -> None:
    with pytest.raises(ConfigError, match="pace"):
        house.llm("demo", {"pace": pace})


def test_a_pace_from_the_environment_is_text() -> None:
    assert house.llm("demo", {"pace": "0"}).name == "demo:demo"
