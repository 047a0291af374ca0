"""Which tool a message means, and arguments for it that fit its schema, by simple reading."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from salon.base.chat import ToolSpec
from salon.providers.local import numbers

# Words in a tool's name that say nothing about its subject.
EMPTY = frozenset(
    {
        "get",
        "set",
        "fetch",
        "find",
        "search",
        "look",
        "lookup",
        "query",
        "check",
        "show",
        "list",
        "make",
        "do",
        "run",
        "call",
    }
    | {"create", "tool", "function", "the", "a", "of", "for", "current", "my", "to", "and", "in"}
)
# What a tool's English name is about, in Chinese.
CHINESE = {
    "weather": ("天气", "气温", "下雨"),
    "forecast": ("天气", "预报"),
    "time": ("时间", "几点"),
    "date": ("日期", "几号"),
    "price": ("价格", "多少钱"),
    "stock": ("股票", "股价"),
    "news": ("新闻",),
    "order": ("订单", "下单"),
    "light": ("灯",),
    "music": ("音乐", "歌"),
    "map": ("地图",),
    "route": ("路线",),
    "translate": ("翻译",),
    "email": ("邮件",),
    "dice": ("骰子",),
    "book": ("预订", "预约"),
}
CJK = "\u3400-\u9fff"
# Pairs of characters that many descriptions share.
COMMON_PAIRS = frozenset(
    {"查询", "获取", "一个", "今天", "返回", "工具", "可以", "使用", "的是", "给定", "城市", "信息"}
)
QUOTED = re.compile(r"[\"“「『']([^\"”」』']+)[\"”」』']")
PLACE = re.compile(r"\b(?:in|at|for|near|of|from|to)\s+((?:the\s+)?[A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*)")
PLACE_ANY_CASE = re.compile(
    r"\b(?:in|at|for|near)\s+([A-Za-z][\w' -]*?)(?=\s+(?:today|tomorrow|now|please)\b|[?.!,;]|$)", re.I
)
PLACE_ZH = re.compile(
    rf"(?:查一下|查询一下|查询|查|问一下|告诉我|看看|请问|帮我)*([{CJK}]{{2,8}}?)(?:今天|明天|后天|现在|目前|当前)?的?(?:天气|气温|时间|新闻)"
)
PLACES = frozenset(
    {"city", "location", "place", "town", "where", "region", "country", "address", "城市", "地点", "地区"}
)


def choose(tools: Sequence[ToolSpec], message: str, tool_choice: str) -> ToolSpec | None:
    """The tool to call. ``tool_choice`` is that of ``Options``."""
    kind, _, name = tool_choice.partition(":")
    if kind == "none":
        return None
    if kind == "function":
        return next((tool for tool in tools if tool.name == name), None)
    meant = next((tool for tool in tools if _names(tool, message)), None) or next(
        (tool for tool in tools if _is_about(tool, message)), None
    )
    return meant or (tools[0] if tools and kind == "required" else None)


def fill(schema: Mapping[str, Any], message: str) -> dict[str, Any]:
    """An object that fits ``schema``: every required property, and the others where the message says something of them."""
    reader = _Reader(message)
    required = schema.get("required")
    wanted = set(required) if isinstance(required, list) else set()
    filled = {}
    for name, inner in _properties(schema):
        value, found = reader.value(name, inner)
        if found or name in wanted:
            filled[name] = value
    return filled


class _Reader:
    """Takes values out of one message; each number is used once."""

    def __init__(self, message: str) -> None:
        self._message = message
        self._numbers: Iterator[float] = iter(numbers.find(message))

    def value(self, name: str, schema: Mapping[str, Any]) -> tuple[Any, bool]:
        """A value for the property, and whether the message gave it."""
        schema = _one_of(schema)
        if "const" in schema:
            return schema["const"], False
        if isinstance(options := schema.get("enum"), list) and options:
            folded = self._message.casefold()
            said = next((each for each in options if str(each).casefold() in folded), None)
            return (said, True) if said is not None else (schema.get("default", options[0]), False)
        match schema.get("type"):
            case "integer" | "number" as kind:
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                negative = re.search(r"\b(no|not|off|false|without)\b|不|关", self._message, re.I)
                return schema.get("default", not negative), False
            case "array":
                items = schema.get("items")
                value, found = self.value(name, items if isinstance(items, Mapping) else {})
                if not found and not schema.get("minItems"):
                    return schema.get("default", []), False
                return [value] * max(1, int(schema.get("minItems") or 1)), found
            case "object":
                inner = {
                    key: self.value(key, each)[0]
                    for key, each in _properties(schema)
                    if key in schema.get("required", ())
                }
                return schema.get("default", inner), False
            case "null":
                return None, False
            case _:
                return self._text(name, schema)

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> tuple[float, bool]:
        said = next(self._numbers, None)
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1 if "exclusiveMinimum" in schema else None)
        high = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1 if "exclusiveMaximum" in schema else None)
        number = said if said is not None else schema.get("default", 1)
        if low is not None:
            number = max(number, low)
        if high is not None:
            number = min(number, high)
        return (int(number) if whole else number), said is not None

    def _text(self, name: str, schema: Mapping[str, Any]) -> tuple[str, bool]:
        message = self._message
        if name.casefold() in PLACES:
            for pattern in (PLACE_ZH, PLACE, PLACE_ANY_CASE):
                if match := pattern.search(message):
                    return match[1].strip(), True
            return schema.get("default") or ("北京" if re.search(f"[{CJK}]", message) else "Beijing"), False
        if match := QUOTED.search(message):
            return match[1], True
        if match := re.search(rf"\b{re.escape(name)}\s*(?:is|=|:|：|是)\s*([^,;，；]+)", message, re.I):
            return match[1].strip(" .。!！?？"), True
        if isinstance(default := schema.get("default"), str):
            return default, False
        if match := PLACE.search(message):
            return match[1].strip(), True
        return message.strip() or name, False


def _names(tool: ToolSpec, message: str) -> bool:
    """Whether the message has the tool's name, however it is written: ``get_weather``, ``get weather``, ``GetWeather``."""
    return _squeezed(tool.name) in _squeezed(message)


def _is_about(tool: ToolSpec, message: str) -> bool:
    said = set(re.findall(r"[a-z]+", message.casefold()))
    for word in _words(tool.name):
        if word in said or word + "s" in said or word.rstrip("s") in said:
            return True
        if any(term in message for term in CHINESE.get(word, ())):
            return True
    described = re.findall(rf"(?=([{CJK}]{{2}}))", tool.description)
    return any(pair in message for pair in described if pair not in COMMON_PAIRS)


def _words(name: str) -> list[str]:
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word for word in re.findall(r"[a-z]+", parted.casefold()) if word not in EMPTY and len(word) > 1]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.casefold())


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    return [(name, inner if isinstance(inner, Mapping) else {}) for name, inner in properties.items()]


def _one_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first alternative that is not null, and of several types the first that is not."""
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list):
            for option in options:
                if isinstance(option, Mapping) and option.get("type") != "null":
                    return {**schema, key: None, **option}
    if isinstance(kinds := schema.get("type"), list):
        return {**schema, "type": next((kind for kind in kinds if kind != "null"), "string")}
    return schema
