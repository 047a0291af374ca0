"""The conversations of a process: its hub, and what the first voice in it needs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from salon.app.config import Config
from salon.app.models import Models
from salon.app.speech import SpeechOf, warm
from salon.base import ids
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.providers.local.vad import SileroVad
from salon.session.agent import Agent
from salon.session.hub import Hub


def hub_of(
    config: Config, agents: Sequence[Agent], models: Models, clock: Clock, observer: Observer
) -> tuple[Hub, Callable[[], Coroutine[Any, Any, None]]]:
    """The hub, and what is to run once beside it. Raises ``ConfigError`` for an agent's model or speech that cannot be had."""
    # A wrong name or a missing key is a sentence now, not an error in somebody's conversation.
    models.check(agents)
    turn_detector = models.turn() if models.turn_name else None
    hub = Hub(
        agents,
        models,
        default_llm=models.default_names,
        clock=clock,
        observer=observer,
        new_id=new_id,
        grace_ms=round(config.server.grace_seconds * 1000),
        max_sessions=config.server.max_sessions,
        speech=SpeechOf(models, named_tts=bool(config.tts.default)),
        vad=SileroVad(),
        turn_detector=turn_detector,
    )
    for agent in agents:
        hub.part(agent.name)
    return hub, partial(warm, turn_detector)


def new_id(prefix: str) -> str:
    """An identifier that nobody can guess."""
    return ids.from_random_bytes(prefix, secrets.token_bytes(21))
