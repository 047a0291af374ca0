"""From the configuration's agents to those that answer."""

from __future__ import annotations

import functools
import importlib
import pathlib
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from salon.app import config
from salon.app.config import AgentSettings
from salon.app.config_load import Loaded, load
from salon.base.errors import ConfigError
from salon.session.agent import Agent, Words

SCENES_FILE = pathlib.Path(__file__).with_name("scenes.toml")

DEMONSTRATION = {
    "en": ("What can you do?", "Count to 20.", "Write a long Markdown answer.", "Call current_time."),
    "zh": ("你能做什么？", "从一数到二十。", "写一篇长的 Markdown。", "调用 current_time。"),
}


@functools.cache
def scenes() -> tuple[Agent, ...]:
    """Who answers where nobody is configured."""
    loaded = load(SCENES_FILE, environ={})
    return tuple(_agent(settings, loaded) for settings in loaded.config.agents)


def demonstration(agent: Agent) -> Mapping[str, Sequence[str]]:
    """What a scene suggests while the demonstration model speaks for it: questions that it can answer."""
    return {
        language: [text for text in texts if "current_time" not in text or "current_time" in agent.toolbox]
        for language, texts in DEMONSTRATION.items()
    }


def agents_of(loaded: Loaded, given: Sequence[Agent] = ()) -> tuple[Agent, ...]:
    """``given`` first, then those of the configuration; without any, the ``scenes``.

    Raises ``ConfigError`` for two agents of one name and for a tool that cannot be imported.
    """
    agents = [*given, *(_agent(settings, loaded) for settings in loaded.config.agents)] or scenes()
    names = [agent.name for agent in agents]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f'there are two agents named "{twice}"')
    return tuple(agents)


def _agent(settings: AgentSettings, loaded: Loaded) -> Agent:
    return Agent(
        name=settings.name,
        instructions=settings.instructions,
        llm=settings.llm,
        asr=settings.asr,
        tts=settings.tts,
        voice=settings.voice,
        tools=[_tool(name, settings.name, loaded) for name in settings.tools],
        welcome=_words(settings.welcome),
        title=_words(settings.title),
        description=_words(settings.description),
        suggestions={language: texts for language, texts in settings.suggestions.items()},  # noqa: C416 a key of str, for mypy
        temperature=settings.temperature,
        max_output_tokens=settings.max_output_tokens,
        reasoning=settings.reasoning,
        web_search=settings.web_search,
        max_tool_rounds=settings.max_tool_rounds,
        tool_timeout=settings.tool_timeout,
    )


def _words(words: config.Words) -> Words:
    return words if isinstance(words, str) else {language: text for language, text in words.items()}  # noqa: C416 as above


def _tool(name: str, agent: str, loaded: Loaded) -> Callable[..., Any]:
    """The function at ``module:function``; modules beside the configuration file are found too."""
    folder = str(loaded.folder.resolve())
    if folder not in sys.path and not name.startswith("salon."):
        sys.path.insert(0, folder)
    try:
        importlib.invalidate_caches()
        found = pkgutil.resolve_name(name) if ":" in name else None
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f'agent "{agent}": the tool {name} cannot be imported: {error}') from error
    if not callable(found):
        raise ConfigError(f'agent "{agent}": the tool {name} is not a function; write it as module:function')
    return found  # type: ignore[no-any-return]  # callable() tells that it can be called, not with what
