"""What the page needs to know before it shows itself: the answer to ``GET /v1/ui/config``."""

from __future__ import annotations

from typing import Any

import salon
from salon.app.agents import demonstration, scenes
from salon.app.config import Config
from salon.app.models import Models
from salon.base.errors import ConfigError
from salon.providers.registry import FALLBACK
from salon.serve.gate import Caller
from salon.session.agent import in_languages
from salon.session.hub import Hub, Part


class PageFacts:
    """Made once: what models can do does not change while they run."""

    def __init__(self, config: Config, hub: Hub, models: Models) -> None:
        self._limits = {"max_frame_bytes": config.server.max_frame_bytes}
        self._agents = [_agent(hub.part(agent.name)) for agent in hub.agents]
        self._models = [_model(name, models) for name in offered(models)]
        self._default = hub.agents[0].name
        self._demo = is_demo(hub.part(None).llm.name)

    def __call__(self, caller: Caller) -> dict[str, Any]:
        """``agents`` are those that this caller may talk with. The first of all answers where a model is named by itself, so
        that ``models`` are there for who may talk with it."""
        agents = [agent for agent in self._agents if caller.may_talk_with(agent["name"])]
        may_choose = caller.may_talk_with(self._default)
        return {
            "name": "Salon",
            "version": salon.__version__,
            "auth": "open" if caller.kind == "open" else "key",
            "agents": agents,
            "models": self._models if may_choose else [],
            "default_agent": self._default if may_choose or not agents else agents[0]["name"],
            "demo": self._demo,
            "limits": self._limits,
        }


def is_demo(llm: str) -> bool:
    return llm.partition(":")[0] == FALLBACK


def offered(models: Models) -> list[str]:
    """The models that can be chosen by name: those of the default chain, and those that the houses with a key are known for."""
    names = [*models.default_names, *models.known()]
    found = []
    for name in names:
        try:
            found.append(models.llm(name).name)
        except ConfigError:
            continue
    return list(dict.fromkeys(found))


def _agent(part: Part) -> dict[str, Any]:
    agent, llm = part.agent, part.llm
    suggestions = demonstration(agent) if agent in scenes() and is_demo(llm.name) else agent.suggestions
    return {
        "name": agent.name,
        "title": in_languages(agent.title) or {"": agent.name},
        "description": in_languages(agent.description),
        "welcome": in_languages(agent.welcome),
        "llm": llm.name,
        "vision": llm.traits.images,
        "voices": list(part.tts.traits.voices) if part.tts is not None else [],
        "tools": list(agent.toolbox),
        "suggestions": {language: list(texts) for language, texts in suggestions.items()},
    }


def _model(name: str, models: Models) -> dict[str, Any]:
    return {"name": name, "title": name, "images": models.llm(name).traits.images}
