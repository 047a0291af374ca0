"""Python functions that a model may call.

``tool`` makes one: the parameters' JSON Schema comes from the type hints, the descriptions from the docstring or from
``Annotated[str, "which city"]``. A call never fails towards the conversation: whatever goes wrong becomes a JSON output
that the model can read and answer to.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import logging
import re
import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, cast, get_args, get_origin, get_type_hints, overload

import msgspec
from msgspec import UNSET, UnsetType

from salon.base.chat import ToolSpec
from salon.base.errors import ConfigError

log = logging.getLogger("salon.tools")

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_TIMEOUT = 30.0
MOST_THREADS = 64
"""Plain functions at one time, in the whole process; those that were given up but have not returned are among them."""

_threads = threading.BoundedSemaphore(MOST_THREADS)
# What the houses accept: OpenAI's and Spark's rule is the same.
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?):\s*$")
PARAMETER_SECTIONS = frozenset({"Args", "Arguments", "Parameters"})
PARAMETER_LINE = re.compile(r"^\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


class Tool(Generic[P, R]):
    """A function and what a model is told of it.

    Calling the tool calls the function. ``timeout`` is in seconds; None leaves it to the agent's ``tool_timeout``.
    Raises ``ConfigError`` when the function cannot be described to a model.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        timeout: float | None = None,
    ) -> None:
        functools.update_wrapper(cast(Any, self), function)
        self.function = function
        self.timeout = timeout
        own_name = name or str(getattr(function, "__name__", type(function).__name__))
        if not NAME.fullmatch(own_name):
            raise ConfigError(f"tool {own_name!r}: a name is 1 to 64 of the letters A-Z a-z 0-9 _ -")
        summary, described = read_docstring(inspect.getdoc(function) or "")
        self._arguments, schema = _read_signature(function, own_name, described)
        self._positional_only = [
            parameter.name
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        ]
        self.spec = ToolSpec(own_name, summary if description is None else description, schema)

    @property
    def name(self) -> str:
        return self.spec.name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Tool({self.spec.name!r})"

    async def run(self, arguments: str, *, within: float = DEFAULT_TIMEOUT) -> str:
        """Call with ``arguments``, a JSON object as the model wrote it, and give the output as text.

        A string is given as it is, everything else as JSON. ``within``, in seconds, counts where the tool has no time-out of
        its own. A failure is given as ``{"error": {"code", "message"}}``; the codes are ``invalid_arguments``,
        ``tool_timeout`` and ``tool_failed``. Only cancellation goes through.
        """
        try:
            args, kwargs = self._bind(arguments)
        except msgspec.MsgspecError as error:
            return failure("invalid_arguments", str(error))
        limit = within if self.timeout is None else self.timeout
        try:
            async with asyncio.timeout(limit) as deadline:
                result = await self._call(args, kwargs)
            return result if isinstance(result, str) else msgspec.json.encode(result).decode()
        except Exception as error:
            if isinstance(error, TimeoutError) and deadline.expired():
                return failure("tool_timeout", f"{self.name} gave no result within {limit:g} s")
            log.warning("tool %s failed", self.name, exc_info=True)
            return failure("tool_failed", f"{type(error).__name__}: {error}")

    def _bind(self, arguments: str) -> tuple[list[Any], dict[str, Any]]:
        # Models that call a function without parameters often send no JSON at all.
        given = msgspec.json.decode(arguments or "{}")
        try:
            checked = msgspec.convert(given, self._arguments)
        except msgspec.ValidationError:
            # Models also write "3" for 3. What strictly fits has gone before, so this never changes a good value.
            checked = msgspec.convert(given, self._arguments, strict=False)
        values = {name: value for name in checked.__struct_fields__ if (value := getattr(checked, name)) is not UNSET}
        return [values.pop(name) for name in self._positional_only if name in values], values

    async def _call(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        function = cast(Callable[..., Any], self.function)
        if inspect.iscoroutinefunction(function):
            return await function(*args, **kwargs)
        result = await _in_thread(functools.partial(function, *args, **kwargs))
        return await result if inspect.isawaitable(result) else result


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, timeout: float | None = None
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = None,
) -> Any:
    """Make a function callable by a model. Use it as ``@tool`` or ``@tool(name=…, description=…, timeout=…)``.

    The function may be plain or ``async``; a plain one runs in a thread. It stays callable as before. ``timeout`` is in
    seconds. Raises ``ConfigError`` for a parameter whose type has no JSON Schema.
    """

    def decorate(function: Callable[..., Any]) -> Tool[..., Any]:
        return Tool(function, name=name, description=description, timeout=timeout)

    return decorate if function is None else decorate(function)


def failure(code: str, message: str) -> str:
    """An output that tells the model what went wrong."""
    return msgspec.json.encode({"error": {"code": code, "message": message}}).decode()


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """The description and what an ``Args:`` section says of each parameter. ``text`` is dedented."""
    summary: list[str] = []
    parameters: dict[str, list[str]] = {}
    section = current = ""
    entry_indent = 0
    for line in text.splitlines():
        if heading := SECTION.match(line):
            section, current = heading[1], ""
        elif not section:
            summary.append(line)
        elif line.strip() and not line.startswith((" ", "\t")):
            section, current = "", ""
            summary.append(line)
        elif section in PARAMETER_SECTIONS and line.strip():
            indent = len(line) - len(line.lstrip())
            entry = PARAMETER_LINE.match(line.strip())
            if entry and (not current or indent <= entry_indent):
                current, entry_indent = entry[1], indent
                parameters[current] = [entry[2].strip()]
            elif current:
                parameters[current].append(line.strip())
    description = "\n".join(summary).strip()
    return description, {name: " ".join(filter(None, lines)) for name, lines in parameters.items()}


async def _in_thread(function: Callable[[], Any]) -> Any:
    """Call a function that may block. Raises ``RuntimeError`` when ``MOST_THREADS`` of them are still at it.

    A time-out stops waiting for the function; Python has no way to stop its thread. Hence threads of their own: the event
    loop's would be missing for looking up names, and one that never returns would keep the process from ending.
    """
    if not _threads.acquire(blocking=False):
        raise RuntimeError(f"{MOST_THREADS} tools are still busy")
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if result.done():
            return  # nobody waits any more
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)

    def work() -> None:
        value, error = None, None
        try:
            value = context.run(function)
        except BaseException as raised:
            # A future does not take StopIteration: it would end the coroutine that waits.
            error = RuntimeError("StopIteration") if isinstance(raised, StopIteration) else raised
        finally:
            _threads.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    context = contextvars.copy_context()
    threading.Thread(target=work, name="salon-tool", daemon=True).start()
    return await result


def _read_signature(
    function: Callable[..., Any], name: str, described: Mapping[str, str]
) -> tuple[type[msgspec.Struct], dict[str, Any]]:
    """The struct that checks the arguments, and their JSON Schema."""
    try:
        hints = get_type_hints(
            function if inspect.isroutine(function) else type(function).__call__, include_extras=True
        )
    except NameError as error:
        raise ConfigError(
            f"tool {name!r}: the type {error.name!r} is not known where the function is defined"
        ) from None
    fields: list[tuple[str, Any, Any]] = []
    properties: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    definitions: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise ConfigError(f"tool {name!r}: a model cannot give *{parameter.name}; name each parameter")
        if parameter.name == "self":
            raise ConfigError(f"tool {name!r}: make it of a bound method, as in tool(thing.{name})")
        hint = hints.get(parameter.name, Any)
        try:
            schema, shared = _schema(hint)
            fields.append((parameter.name, hint | UnsetType if hint is not Any else Any, UNSET))
        except TypeError:
            raise ConfigError(
                f"tool {name!r}: the type of {parameter.name!r} has no JSON Schema; "
                "use str, int, float, bool, list, dict, Literal, Enum, a dataclass, a TypedDict or a msgspec Struct"
            ) from None
        definitions.update(shared)
        note = _annotation(hint) or described.get(parameter.name, "")
        if note:
            schema["description"] = note
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
            fields[-1] = (parameter.name, hint, msgspec.NODEFAULT)
        else:
            _add_default(schema, parameter.default)
        properties[parameter.name] = schema
    arguments = msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)
    whole: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        whole["required"] = required
    if definitions:
        whole["$defs"] = definitions
    return arguments, whole


def _annotation(hint: Any) -> str:
    """The text in ``Annotated[type, "text"]``."""
    if get_origin(hint) is not Annotated:
        return ""
    return next((note for note in get_args(hint)[1:] if isinstance(note, str)), "")


def _add_default(schema: dict[str, Any], default: Any) -> None:
    try:
        schema["default"] = msgspec.to_builtins(default)
    except TypeError:
        return  # A default that JSON cannot say is still the function's default; the model need not know it.


def _schema(hint: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON Schema of a type, references replaced by what they refer to: several houses do not follow them.

    A type that contains itself keeps its reference; the second value holds the definitions it needs.
    """
    (schema,), components = msgspec.json.schema_components([hint], ref_template="#/$defs/{name}")
    kept: dict[str, Any] = {}

    def inline(node: Any, within: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [inline(each, within) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            name = node["$ref"].rpartition("/")[2]
            if name not in within:
                rest = {key: value for key, value in node.items() if key != "$ref"}
                return inline(components[name], (*within, name)) | rest
            if name not in kept:
                kept[name] = {}
                kept[name] = inline(components[name], (*within, name))
            return node
        # ``title`` only repeats the name of the Python class, unless it is a property of that name.
        whole = {key: inline(value, within) for key, value in node.items() if key != "title" or isinstance(value, dict)}
        if whole.get("type") == "array":
            whole.setdefault("items", {})  # OpenAI rejects an array without it.
        values = whole.get("enum")
        if isinstance(values, list) and "type" not in whole and all(isinstance(value, str) for value in values):
            whole["type"] = "string"
        return whole

    return cast(dict[str, Any], inline(schema, ())), kept
