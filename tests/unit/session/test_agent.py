"""An agent checks itself when it is made."""

from __future__ import annotations

import pytest

from salon.base.errors import ConfigError
from salon.session.agent import Agent
from salon.session.tools import tool


@tool
def ping() -> str:
    "Answer."
    return "pong"


def plain(x: int) -> int:
    return x


def test_functions_become_tools() -> None:
    agent = Agent("host", tools=[ping, plain])
    assert list(agent.toolbox) == ["ping", "plain"]
    assert agent.toolbox["ping"] is ping
    assert agent.toolbox["plain"].spec.parameters["required"] == ["x"]
    assert agent.tools == tuple(agent.toolbox.values())


def test_an_agent_does_not_change() -> None:
    agent = Agent("host")
    with pytest.raises(AttributeError):
        agent.name = "guest"  # type: ignore[misc]
    with pytest.raises(TypeError):
        agent.toolbox["x"] = ping  # type: ignore[index]


@pytest.mark.parametrize("name", ["", "two words", "house:model", "a/b", "x" * 65])
def test_a_name_that_clients_could_not_use(name: str) -> None:
    with pytest.raises(ConfigError, match="a name is"):
        Agent(name)


def test_a_name_may_be_in_any_script() -> None:
    assert Agent("客服").name == "客服"


def test_two_tools_of_one_name() -> None:
    with pytest.raises(ConfigError, match="two tools named 'ping'"):
        Agent("host", tools=[ping, ping])


def test_numbers_out_of_range() -> None:
    with pytest.raises(ConfigError, match="max_tool_rounds"):
        Agent("host", max_tool_rounds=-1)
    with pytest.raises(ConfigError, match="tool_timeout"):
        Agent("host", tool_timeout=0)


@pytest.mark.parametrize(
    ("voice", "known", "taken"),
    [
        ("", ("a", "b"), ""),
        ("own", ("a", "b"), "own"),
        (("own",), ("a", "b"), "own"),
        (("x", "b", "a"), ("a", "b"), "b"),
        (("x", "y"), ("a", "b"), ""),
    ],
)
def test_of_several_voices_the_first_that_is_known_is_taken(
    voice: str | tuple[str, ...], known: tuple[str, ...], taken: str
) -> None:
    assert Agent("a", voice=voice).voice_of(known) == taken


def test_it_is_called_by_its_title() -> None:
    assert Agent("a").called == "a"
    assert Agent("a", title="Host").called == "Host"
    assert Agent("a", title={"zh": "助手", "en": "Assistant"}).called == "Assistant"
    assert Agent("a", title={"zh": "助手"}).called == "助手"
