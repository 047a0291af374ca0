"""Agents from code, from the file, or the one that is always there."""

from __future__ import annotations

import pathlib
import sys
import time
from collections.abc import Iterator

import pytest

from salon.app.agents import agents_of, demonstration, scenes
from salon.app.config import AgentSettings, Config
from salon.app.config_load import Loaded, load
from salon.base.chat import Message, Options, Text
from salon.base.errors import ConfigError
from salon.providers.local import demo, texts
from salon.session.agent import Agent


@pytest.fixture(autouse=True)
def clean_path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before
    sys.modules.pop("shop_for_test", None)


def of(*settings: AgentSettings) -> Loaded:
    return Loaded(config=Config(agents=settings))


SCENES = ["assistant", "service", "interpreter", "encyclopedia", "teacher", "screen"]


def test_without_any_there_are_six_scenes() -> None:
    agents = agents_of(of())
    assert agents == scenes()
    assert [agent.name for agent in agents] == SCENES
    assert not any(folder.endswith("salon/app") for folder in sys.path)


@pytest.mark.parametrize("agent", scenes(), ids=SCENES)
def test_a_scene_is_whole_in_both_languages(agent: Agent) -> None:
    assert agent.instructions
    # Whoever speaks Chinese is answered in Chinese.
    assert "language" in agent.instructions
    assert agent.voice
    for words in (agent.title, agent.description, agent.welcome, agent.suggestions):
        assert {"en", "zh"} == set(words)
        assert all(words[language] for language in ("en", "zh"))  # type: ignore[index]  # a table, as seen above


def test_those_from_code_come_first() -> None:
    host = Agent("host")
    agents = agents_of(of(AgentSettings(name="poet", llm=("demo",), temperature=0.5, title="Poet")), [host])
    assert agents[0] is host
    assert (agents[1].name, agents[1].llm, agents[1].temperature, agents[1].title) == ("poet", ("demo",), 0.5, "Poet")


def test_names_are_unique() -> None:
    with pytest.raises(ConfigError, match='two agents named "host"'):
        agents_of(of(AgentSettings(name="host")), [Agent("host")])


def test_every_setting_reaches_the_agent() -> None:
    """A setting that is read and then forgotten would be hard to see."""
    values = {
        "instructions": "i", "llm": ("demo",), "title": "t", "description": "d", "suggestions": {"en": ("s",)},
        "temperature": 0.1, "max_output_tokens": 5, "reasoning": "low", "web_search": True, "max_tool_rounds": 1,
        "tool_timeout": 2.0, "welcome": {"en": "w", "zh": "欢迎"},
        "asr": ("offline",), "tts": ("offline",), "voice": ("cmn",),
    }  # fmt: skip
    elsewhere = {"name", "tools", "instructions_file"}
    assert set(values) | elsewhere == set(AgentSettings.__struct_fields__)
    (agent,) = agents_of(of(AgentSettings(name="a", **values)))
    assert {name: getattr(agent, name) for name in values} == values


def test_tools_are_functions_beside_the_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop_for_test.py").write_text("def find(number: int) -> str:\n    'Find it.'\n    return 'x'\nN = 1\n")
    file = tmp_path / "salon.toml"

    def with_tool(name: str) -> Agent:
        file.write_text(f'[[agents]]\nname = "host"\ntools = ["{name}"]\n')
        return agents_of(load(file, environ={}))[0]

    assert with_tool("shop_for_test:find").toolbox["find"].spec.description == "Find it."
    for name, says in {
        "shop_for_test:lose": "cannot be imported: .*lose",
        "nowhere_at_all:find": "cannot be imported: .*nowhere_at_all",
        "shop_for_test:N": "is not a function",
        "shop_for_test.find": "is not a function; write it as module:function",
        "::": "cannot be imported",
    }.items():
        with pytest.raises(ConfigError, match=f'agent "host": the tool {name} {says}'):
            with_tool(name)


@pytest.mark.parametrize(
    ("agent", "suggestion"),
    [(agent, text) for agent in scenes()[:2] for texts in demonstration(agent).values() for text in texts],
)
def test_the_demonstration_can_answer_what_is_suggested_for_it(agent: Agent, suggestion: str) -> None:
    asked = Message(role="user", content=(Text(suggestion),))
    said = demo.answer([asked], [tool.spec for tool in agent.toolbox.values()], Options(), time.localtime(0))
    unknown = [heard.format(said=suggestion) for heard in texts.HEARD.values()]
    assert isinstance(said, demo.Call) or not any(said.startswith(words) for words in unknown)
