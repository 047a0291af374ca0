"""A function, its description to a model, and calls that never crash."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
import pytest

from salon.base.errors import ConfigError
from salon.session import tools
from salon.session.tools import Tool, read_docstring, tool


class Unit(enum.Enum):
    celsius = "celsius"
    kelvin = "kelvin"


@dataclass
class Place:
    city: str
    country: str = "CN"


class Window(TypedDict):
    start: int
    stop: NotRequired[int]


class Node(msgspec.Struct):
    value: int
    children: list[Node] = []


class Opaque:
    pass


def parameters(function: Any) -> dict[str, Any]:
    return tool(function).spec.parameters


def test_the_schema_comes_from_the_hints() -> None:
    @tool
    def forecast(
        city: str,
        days: int = 3,
        unit: Unit = Unit.celsius,
        kind: Literal["short", "long"] = "short",
        dry: bool | None = None,
    ) -> str:
        "The weather to come."
        return ""

    assert forecast.spec.name == "forecast"
    assert forecast.spec.description == "The weather to come."
    assert forecast.spec.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "default": 3},
            "unit": {"enum": ["celsius", "kelvin"], "type": "string", "default": "celsius"},
            "kind": {"enum": ["long", "short"], "type": "string", "default": "short"},
            "dry": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None},
        },
        "additionalProperties": False,
        "required": ["city"],
    }


def test_nested_types_are_written_in_place_so_that_no_house_has_to_follow_a_reference() -> None:
    def visit(place: Place, window: Window, tags: list, weights: dict[str, float]) -> None: ...  # type: ignore[type-arg]

    schema = parameters(visit)
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["place"] == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "country": {"type": "string", "default": "CN"}},
        "required": ["city"],
    }
    assert schema["properties"]["window"]["required"] == ["start"]
    assert schema["properties"]["tags"] == {"type": "array", "items": {}}
    assert schema["properties"]["weights"]["additionalProperties"] == {"type": "number"}


def test_a_type_that_contains_itself_keeps_its_definition() -> None:
    def walk(tree: Node) -> None: ...

    schema = parameters(walk)
    assert schema["properties"]["tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert schema["$defs"]["Node"]["properties"]["value"] == {"type": "integer"}


def test_descriptions_come_from_annotated_and_from_the_docstring() -> None:
    def book(city: Annotated[str, "where to"], nights: int, room: str = "") -> None:
        """Book a hotel.

        Any hotel will do.

        Args:
            city: not this one
            nights (int): how many nights,
                the first included: always
            room: which room

        Returns:
            nothing
        """

    made = tool(book)
    assert made.spec.description == "Book a hotel.\n\nAny hotel will do."
    described = {name: each["description"] for name, each in made.spec.parameters["properties"].items()}
    assert described == {
        "city": "where to",
        "nights": "how many nights, the first included: always",
        "room": "which room",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("", {})),
        ("One line.", ("One line.", {})),
        ("Do.\n\nReturns:\n    x: y\n", ("Do.", {})),
        ("Do.\n\nArgs:\n  a: 1\n  b:\n    two\n\nMore.", ("Do.\n\nMore.", {"a": "1", "b": "two"})),
        ("Note: a colon is not a section.", ("Note: a colon is not a section.", {})),
    ],
)
def test_docstrings(text: str, expected: tuple[str, dict[str, str]]) -> None:
    assert read_docstring(text) == expected


def test_the_function_stays_callable() -> None:
    @tool
    def double(x: int) -> int:
        "Twice."
        return 2 * x

    assert double(4) == 8
    assert double.__name__ == "double"
    assert double.__doc__ == "Twice."


async def test_name_description_and_timeout_can_be_given() -> None:
    @tool(name="now-utc", description="The time.", timeout=0.01)
    async def now() -> str:
        await asyncio.Event().wait()
        return "never"

    assert (now.spec.name, now.spec.description) == ("now-utc", "The time.")
    assert json.loads(await now.run("", within=60))["error"]["code"] == "tool_timeout"


async def test_a_string_goes_as_it_is_and_everything_else_as_json() -> None:
    def text() -> str:
        return "晴"

    async def place() -> Place:
        return Place("上海")

    async def nothing() -> None: ...

    assert await Tool(text).run("{}") == "晴"
    assert json.loads(await Tool(place).run("{}")) == {"city": "上海", "country": "CN"}
    assert await Tool(nothing).run("{}") == "null"


async def test_arguments_arrive_as_their_types() -> None:
    seen: list[Any] = []

    async def take(place: Place, unit: Unit, n: int, /, *, flag: bool = True) -> None:
        seen.extend([place, unit, n, flag])

    assert await Tool(take).run('{"place": {"city": "x"}, "unit": "kelvin", "n": "3"}') == "null"
    assert seen == [Place("x"), Unit.kelvin, 3, True]


async def test_a_default_of_the_functions_own_is_left_alone() -> None:
    marker = object()

    def take(x: Any = marker) -> bool:
        return x is marker

    made = Tool(take)
    assert "default" not in made.spec.parameters["properties"]["x"]
    assert await made.run("{}") == "true"
    assert await made.run('{"x": 1}') == "false"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ('{"n": "many"}', "n"),
        ("{}", "required field `n`"),
        ('{"n": 1, "m": 2}', "unknown field `m`"),
        ("[1]", "Expected `object`"),
        ('{"n": 1', "truncated"),
        ('{"n": null}', "null"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(arguments: str, says: str) -> None:
    def take(n: int) -> str:
        raise AssertionError("never called")

    error = json.loads(await Tool(take).run(arguments))["error"]
    assert error["code"] == "invalid_arguments"
    assert says in error["message"]


async def test_an_exception_is_told_to_the_model_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise ValueError("no such city")

    error = json.loads(await Tool(broken).run("{}"))["error"]
    assert error == {"code": "tool_failed", "message": "ValueError: no such city"}
    assert "broken" in caplog.text


async def test_a_timeout_inside_the_tool_is_the_tools_own_failure() -> None:
    async def broken() -> str:
        raise TimeoutError("database")

    assert json.loads(await Tool(broken).run("{}"))["error"]["code"] == "tool_failed"


async def test_a_result_that_json_cannot_say_is_a_failure() -> None:
    def odd() -> Any:
        return Opaque()

    assert json.loads(await Tool(odd).run("{}"))["error"]["code"] == "tool_failed"


async def test_a_plain_function_runs_in_a_thread_and_does_not_block_the_loop() -> None:
    release = threading.Event()

    def blocks() -> str:
        release.wait(10)
        return threading.current_thread().name

    async with asyncio.TaskGroup() as group:
        running = group.create_task(Tool(blocks).run("{}"))
        await asyncio.sleep(0)
        release.set()
    assert running.result() != threading.main_thread().name


async def test_a_plain_function_sees_the_context_it_is_called_in() -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")

    def ask() -> str:
        return who.get()

    who.set("Li")
    assert await Tool(ask).run("{}") == "Li"


async def test_functions_that_do_not_return_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_threads", threading.BoundedSemaphore(1))
    release, returned = threading.Event(), threading.Event()

    @tool(timeout=0.01)
    def stuck() -> str:
        release.wait(20)
        returned.set()
        return "late"

    assert json.loads(await stuck.run("{}"))["error"]["code"] == "tool_timeout"
    error = json.loads(await stuck.run("{}"))["error"]
    assert (error["code"], "still busy" in error["message"]) == ("tool_failed", True)
    release.set()
    await asyncio.to_thread(returned.wait, 20)


async def test_stop_iteration_is_a_failure_like_another() -> None:
    def first() -> str:
        return next(iter([]))

    assert json.loads(await Tool(first).run("{}"))["error"]["code"] == "tool_failed"


STUCK = """
import asyncio, threading
from salon import tool

@tool(timeout=0.01)
def stuck() -> str:
    threading.Event().wait()
    return ""

print(asyncio.run(stuck.run("{}")))
"""


def test_a_function_that_never_returns_does_not_keep_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=True)
    assert "tool_timeout" in done.stdout


async def test_cancellation_goes_through() -> None:
    begun = asyncio.Event()

    async def waits() -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    with pytest.raises(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(Tool(waits).run("{}"))
            await begun.wait()
            running.cancel()
        running.result()


def test_what_cannot_be_described_is_said_at_once() -> None:
    def opaque(thing: Opaque) -> None: ...

    def star(*things: int) -> None: ...

    class Shop:
        def sell(self, n: int) -> int:
            return n

    with pytest.raises(ConfigError, match="'thing' has no JSON Schema"):
        tool(opaque)
    with pytest.raises(ConfigError, match=r"\*things"):
        tool(star)
    with pytest.raises(ConfigError, match=r"bound method, as in tool\(thing.sell\)"):
        tool(Shop.sell)
    with pytest.raises(ConfigError, match="letters"):
        tool(name="天气")(star)
    assert tool(Shop().sell).spec.parameters["required"] == ["n"]


def test_a_type_unknown_at_module_level_is_named() -> None:
    class Local:
        pass

    def take(x: Local) -> None: ...

    with pytest.raises(ConfigError, match="'Local' is not known"):
        tool(take)


async def test_an_object_with_call_is_a_tool() -> None:
    class Greeter:
        def __call__(self, name: str) -> str:
            return "hi " + name

    made = tool(name="greet")(Greeter())
    assert await made.run('{"name": "Li"}') == "hi Li"
