"""Which tool is meant, and arguments that fit its schema."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.chat import ToolSpec
from salon.providers.local.arguments import choose, fill

WEATHER = ToolSpec("get_weather", "Today's weather.")
DICE = ToolSpec("roll_dice", "掷骰子")
LOOK_UP = ToolSpec("lookup", "查询库存数量")
TOOLS = (WEATHER, DICE, LOOK_UP)


@pytest.mark.parametrize(
    ("message", "tool"),
    [
        ("call get_weather", WEATHER),
        ("Get Weather!", WEATHER),
        ("GetWeather", WEATHER),
        ("how is the weather?", WEATHER),
        ("北京天气怎么样", WEATHER),
        ("roll a dice", DICE),
        ("骰子", DICE),
        ("库存还有多少", LOOK_UP),
        ("hello", None),
        ("查询", None),
    ],
)
def test_the_tool_that_is_meant(message: str, tool: ToolSpec | None) -> None:
    assert choose(TOOLS, message, "auto") is tool


def test_a_name_counts_more_than_a_subject() -> None:
    assert choose(TOOLS, "the weather by lookup", "auto") is LOOK_UP


@pytest.mark.parametrize(
    ("choice", "tool"),
    [("none", None), ("required", WEATHER), ("function:roll_dice", DICE), ("function:missing", None)],
)
def test_the_choice_of_the_caller(choice: str, tool: ToolSpec | None) -> None:
    assert choose(TOOLS, "hello", choice) is tool
    assert choose((), "weather", choice) is None


def of(properties: dict[str, Any], message: str, required: list[str] | None = None) -> dict[str, Any]:
    wanted = list(properties) if required is None else required
    return fill({"type": "object", "properties": properties, "required": wanted}, message)


@pytest.mark.parametrize(
    ("schema", "message", "value"),
    [
        ({"type": "integer"}, "roll 3 dice", 3),
        ({"type": "integer", "minimum": 1, "maximum": 6}, "roll 99", 6),
        ({"type": "integer", "exclusiveMinimum": 4}, "hello", 5),
        ({"type": "integer"}, "hello", 1),
        ({"type": "number"}, "about 2.5", 2.5),
        ({"type": "number", "default": 7}, "hello", 7),
        ({"type": "boolean"}, "turn it on", True),
        ({"type": "boolean"}, "turn it off", False),
        ({"type": "string", "enum": ["red", "blue"]}, "a Blue one", "blue"),
        ({"enum": ["red", "blue"]}, "any", "red"),
        ({"const": 5}, "any", 5),
        ({"type": "null"}, "any", None),
        ({"type": "string"}, 'search "blue whales" now', "blue whales"),
        ({"type": "string"}, "查一下「蓝鲸」", "蓝鲸"),
        ({"type": "string"}, "find me something", "find me something"),
        ({"type": "string", "default": "x"}, "find me something", "x"),
        ({}, "find me something", "find me something"),
        ({"type": ["null", "integer"]}, "take 4", 4),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "take 4", 4),
        ({"type": "array", "items": {"type": "integer"}}, "take 4", [4]),
        ({"type": "array", "items": {"type": "string"}}, "nothing", []),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, "yes", [True, True]),
        ({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}, "take 4", {"n": 4}),
    ],
)
def test_a_value_of_each_type(schema: dict[str, Any], message: str, value: Any) -> None:
    assert of({"value": schema}, message) == {"value": value}


@pytest.mark.parametrize(
    ("message", "city"),
    [
        ("what is the weather in New York?", "New York"),
        ("weather for paris today", "paris"),
        ("北京天气怎么样", "北京"),
        ("帮我查一下上海明天的天气", "上海"),
        ("weather", "Beijing"),
        ("天气", "北京"),
    ],
)
def test_a_place(message: str, city: str) -> None:
    assert of({"city": {"type": "string"}}, message) == {"city": city}


def test_a_value_said_by_its_name() -> None:
    assert of({"color": {"type": "string"}}, "a car, color is dark red.") == {"color": "dark red"}


def test_what_is_not_required_is_left_out_unless_it_was_said() -> None:
    properties = {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["celsius", "kelvin"]}}
    assert of(properties, "weather in Rome", ["city"]) == {"city": "Rome"}
    assert of(properties, "weather in Rome for 3 days in kelvin", ["city"]) == {
        "city": "Rome",
        "days": 3,
        "unit": "kelvin",
    }


def test_each_number_is_used_once() -> None:
    assert of({"a": {"type": "integer"}, "b": {"type": "integer"}}, "add 3 and 4") == {"a": 3, "b": 4}


@pytest.mark.parametrize("schema", [{}, {"properties": None}, {"properties": {"x": True}, "required": "x"}])
def test_a_schema_that_is_none(schema: dict[str, Any]) -> None:
    assert set(fill(schema, "hello")) <= {"x"}
