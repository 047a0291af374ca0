"""The house of the demonstration model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salon.base.errors import ConfigError
from salon.ports.house import Setting
from salon.providers.local.llm import DemoLlm

PACE = 30.0


class DemoHouse:
    """A model that is always there."""

    name = "demo"
    title = "Salon's demonstration model 演示模型"
    default_model = "demo"
    models = ("demo",)
    settings = (
        Setting(
            name="pace",
            env="SALON_DEMO_PACE",
            help="pieces of an answer a second, each a word or two Chinese characters; 0 is as fast as can be",
            default=PACE,
        ),
    )

    def llm(self, model: str, settings: Mapping[str, Any]) -> DemoLlm:
        if model not in ("", *self.models):
            raise ConfigError(f'there is no model "demo:{model}"; there is only "demo"')
        given = settings.get("pace", PACE)
        try:
            pace = float(given)
        except (TypeError, ValueError):
            pace = -1.0
        if not 0 <= pace <= 100_000:
            raise ConfigError(f"[providers.demo] pace is {given!r}; it is a number of pieces a second, or 0")
        return DemoLlm(pace=pace)


house = DemoHouse()
