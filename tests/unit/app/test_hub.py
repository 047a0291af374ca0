"""A hub from the configuration."""

from __future__ import annotations

import pytest

from salon.app.clock import SystemClock
from salon.app.config import Config, LlmDefaults, Server
from salon.app.config_load import Loaded
from salon.app.hub import hub_of, new_id
from salon.app.models import Models
from salon.base.errors import ConfigError, Refused
from salon.ports.observer import Observer
from salon.session.agent import Agent
from salon.wire.openai_realtime import Encoder

CONFIG = Config(llm=LlmDefaults(default=("demo",)), server=Server(max_sessions=2, grace_seconds=1.5))


def made(*agents: Agent):  # type: ignore[no-untyped-def]
    return hub_of(CONFIG, agents, Models(Loaded(config=CONFIG), environ={}), SystemClock(), Observer())


async def test_its_settings_are_the_configuration_s() -> None:
    hub, warm = made(Agent("host"), Agent("poet"))
    assert ([agent.name for agent in hub.agents], hub.grace_ms) == (["host", "poet"], 1500)
    await warm()
    async with hub:
        hub.elsewhere = lambda: 1
        hub.open(hub.part(None), Encoder(), owner="o", model="host")
        with pytest.raises(Refused, match="full"):
            hub.admit()


def test_a_model_that_cannot_be_had_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        made(Agent("host", llm="openai:gpt-4o-mini"))


def test_nobody_can_guess_an_identifier() -> None:
    made = {new_id("item") for _ in range(100)}
    assert len(made) == 100
    assert all(each.startswith("item_") and len(each) == 26 for each in made)
