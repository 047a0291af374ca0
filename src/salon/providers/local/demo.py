"""What the demonstration says: a conversation in, an answer out.

It looks at the last user message only for what is asked, and at the earlier ones for what is to be remembered. Commands are
told by regular expressions over the message without punctuation, in English and Chinese; a table holds them, and the first
that fits answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from time import struct_time
from typing import NamedTuple

import msgspec

from salon.base.chat import Image, Message, Options, ToolSpec
from salon.providers.local import arguments, numbers, pictures, texts
from salon.providers.local.texts import Language

# How much of somebody's words is quoted, how many of their messages, and how far it counts.
MOST_QUOTED = 200
MOST_REMEMBERED = 8
MOST_COUNTED = 200

NUMBER = numbers.NUMBER


class Call(NamedTuple):
    name: str
    arguments: str


class Scene(NamedTuple):
    """All that an answer may depend on. ``words`` is the last user message, ``before`` the ones before it."""

    words: str
    before: tuple[str, ...]
    language: Language
    now: struct_time


def answer(messages: Sequence[Message], tools: Sequence[ToolSpec], options: Options, now: struct_time) -> str | Call:
    """A text, or a call of one of ``tools``. ``now`` is the local time."""
    said = [message for message in messages if message.role == "user"]
    words = said[-1].text.strip() if said else ""
    scene = Scene(words, tuple(filter(None, (message.text.strip() for message in said[:-1]))), language_of(words), now)
    if messages and messages[-1].role == "tool":
        return _results(messages, scene.language)
    if tool := arguments.choose(tools, words, options.tool_choice):
        return Call(tool.name, msgspec.json.encode(arguments.fill(tool.parameters, words)).decode())
    if said and (images := [part for part in said[-1].content if isinstance(part, Image)]):
        return _pictures(images, scene.language)
    if not words:
        return _paragraphs(texts.HELLO[scene.language] + texts.ABOUT[scene.language], texts.CAN[scene.language])
    plain = _plain(words)
    for pattern, act in COMMANDS:
        if match := pattern.search(plain):
            return act(scene, match)
    quoted = texts.HEARD[scene.language].format(said=_quoted(words))
    return _paragraphs(quoted + texts.ABOUT[scene.language], texts.CAN[scene.language], texts.CONNECT[scene.language])


def language_of(words: str) -> Language:
    """Chinese where there is a Chinese character."""
    return "zh" if re.search(r"[\u3400-\u9fff]", words) else "en"


def _plain(words: str) -> str:
    """In lower case, full-width forms made half-width, without punctuation at the ends."""
    folded = "".join(chr(ord(each) - 0xFEE0) if "！" <= each <= "～" else each for each in words).casefold()
    return re.sub(r"\s+", " ", folded.replace("\u3000", " ")).strip(" .!?。,;:~…'\"“”")


def _count(scene: Scene, match: re.Match[str]) -> str:
    given = match.groupdict()
    first, last = (int(numbers.read(given[name])) if given.get(name) else None for name in ("first", "last"))
    if given.get("down"):
        start, end = first or last or 10, last if first and last else 1
    else:
        start, end = (first or 1, last) if last is not None else (1, first or 10)
    step = 1 if end >= start else -1
    if abs(end - start) >= MOST_COUNTED:
        return texts.TOO_FAR[scene.language].format(most=MOST_COUNTED)
    counted = range(start, end + step, step)
    if scene.language == "zh":
        aloud = not re.search("[0-9]", match[0])
        return "、".join(numbers.in_chinese(number) if aloud else str(number) for number in counted) + "。"
    return ", ".join(str(number) for number in counted) + "."


def _time(scene: Scene, match: re.Match[str]) -> str:
    now, weekday = scene.now, texts.WEEKDAYS[scene.language][scene.now.tm_wday]
    date = f"{weekday}, {now.tm_year}-{now.tm_mon:02}-{now.tm_mday:02}"
    if scene.language == "zh":
        date = f"{now.tm_year}年{now.tm_mon}月{now.tm_mday}日{weekday}"
    return texts.TIME[scene.language].format(clock=f"{now.tm_hour:02}:{now.tm_min:02}", date=date)


def _echo(scene: Scene, match: re.Match[str]) -> str:
    """What follows the command, as it was written."""
    original = ECHO.search(scene.words)
    said = (original["said"] or original["zh"] if original else match[0]).strip()
    for opening, closing in ("“”", '""', "「」", "‘’", "''"):
        if len(said) > 2 and said.startswith(opening) and said.endswith(closing):
            return said[1:-1]
    return said


def _remember(scene: Scene, match: re.Match[str]) -> str:
    if not scene.before:
        return texts.NOTHING_BEFORE[scene.language]
    lines = [f"- {_quoted(words)}" for words in scene.before[-MOST_REMEMBERED:]]
    return "\n".join([texts.BEFORE[scene.language], *lines])


def _own_name(scene: Scene, match: re.Match[str]) -> str:
    for words in reversed(scene.before):
        if name := _told_name(words):
            return texts.NAME[scene.language].format(name=name)
    return texts.NO_NAME[scene.language]


def _meet(scene: Scene, match: re.Match[str]) -> str:
    return texts.NOTED[scene.language].format(name=_told_name(scene.words) or match[0])


def _told_name(words: str) -> str | None:
    told = MY_NAME.search(words)
    return told["name"] or told["zh"] if told else None


def _markdown(scene: Scene, match: re.Match[str]) -> str:
    return texts.MARKDOWN[scene.language]


def _connect(scene: Scene, match: re.Match[str]) -> str:
    return _paragraphs(texts.ABOUT[scene.language], texts.CONNECT[scene.language])


def _help(scene: Scene, match: re.Match[str]) -> str:
    return _paragraphs(texts.ABOUT[scene.language], texts.CAN[scene.language], texts.CONNECT[scene.language])


def _hello(scene: Scene, match: re.Match[str]) -> str:
    return _paragraphs(texts.HELLO[scene.language] + texts.ABOUT[scene.language], texts.CAN[scene.language])


def _results(messages: Sequence[Message], language: Language) -> str:
    """What the tools have answered since the last call."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    outputs: list[Message] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        outputs.insert(0, message)
    lines = []
    for message in outputs:
        failed = _error_in(message.text)
        form = texts.TOOL_SAID if failed is None else texts.TOOL_FAILED
        shown = failed if failed is not None else message.text
        lines.append(form[language].format(name=names.get(message.tool_call_id or "", "?"), output=shown))
    return "\n".join(lines)


def _error_in(output: str) -> str | None:
    """The message of ``{"error": {"message": …}}``, as Salon's own tools report a failure."""
    try:
        error = msgspec.json.decode(output, type=dict[str, dict[str, str]])["error"]
    except (msgspec.MsgspecError, KeyError, RecursionError):
        return None
    return error.get("message", output)


def _pictures(images: Sequence[Image], language: Language) -> str:
    told = [_picture(pictures.facts(image.url), language) for image in images]
    return texts.PICTURE[language].format(facts=("、" if language == "zh" else " and ").join(told))


def _picture(facts: dict[str, str | int], language: Language) -> str:
    zh = language == "zh"
    if "host" in facts:
        return (
            f"{facts['host']} 上一张图片的地址（我没有去取）" if zh else f"the address of a picture at {facts['host']}"
        )
    parts = [f"{facts['width']} × {facts['height']}"] if "width" in facts else []
    if "bytes" in facts:
        size = int(facts["bytes"])
        parts.append(f"{size / 1024:.1f} KB" if size >= 1024 else f"{size} B")
    inside = ("，" if zh else ", ").join(parts) or ("无法读取" if zh else "unreadable")
    return f"一张 {facts['kind']} 图片（{inside}）" if zh else f"a {facts['kind']} picture ({inside})"


def _quoted(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= MOST_QUOTED else line[: MOST_QUOTED - 1] + "…"


def _paragraphs(*each: str) -> str:
    return "\n\n".join(each)


Act = Callable[[Scene, re.Match[str]], str]

MY_NAME = re.compile(
    r"\b(?:my name is|call me|i am called) (?P<name>[\w'-]+)|(?:我叫|我的名字是|我名叫)(?P<zh>[^\s，。,.!！?？什谁]{1,8})",
    re.IGNORECASE,
)
ECHO = re.compile(
    r"^\W*(?:please )?(?:echo|repeat(?: after me)?|say)\b[\s:：,，]*(?P<said>.+)"
    r"|^\W*请?(?:跟我(?:说|念|读)|重复(?:一下|一遍)?|复述(?:一下|一遍)?|说一遍|说(?=[:：“「\"]))[\s:：,，]*(?P<zh>.+)",
    re.IGNORECASE | re.DOTALL,
)


def _table(rows: list[tuple[Act, list[str]]]) -> list[tuple[re.Pattern[str], Act]]:
    return [(re.compile(pattern, re.DOTALL), act) for act, patterns in rows for pattern in patterns]


# The first pattern that is found in the plain message decides.
COMMANDS = _table(
    [
        (
            _echo,
            [ECHO.pattern],
        ),
        (
            _count,
            [
                rf"\bcount(?P<down> ?down| backwards?)?(?: from)? (?P<first>{NUMBER})\b"
                rf"(?: (?:up |down )?(?:to|until|through) (?P<last>{NUMBER})\b)?",
                rf"\bcount(?P<down> ?down| backwards?)?(?: up| aloud| out loud)* (?:to|until) (?P<last>{NUMBER})\b",
                r"^(?:please )?count(?P<down> ?down| backwards?)?(?: for me| please| aloud)*$",
                rf"(?:从(?P<first>{NUMBER}))?(?:开始)?(?P<down>倒)着?数(?:到|至)?(?P<last>{NUMBER})?",
                rf"(?:从(?P<first>{NUMBER}))?(?:开始)?数(?:到|至)(?P<last>{NUMBER})",
                rf"从?(?P<first>{NUMBER})(?:到|至)(?P<last>{NUMBER}).{{0,4}}数",
                rf"数.{{0,4}}从?(?P<first>{NUMBER})(?:到|至)(?P<last>{NUMBER})",
                r"^请?(?:数数|数个数|数一数|数一下)$",
            ],
        ),
        (
            _time,
            [
                r"\bwhat(?:'s| is)? (?:the )?(?:current )?(?:time|date|day)\b|\btell (?:me )?the (?:time|date)\b"
                r"|\bcurrent (?:time|date)\b|\btoday's date\b|^(?:time|date|today|now)$",
                r"几点|报时|几号|星期几|周几|礼拜几|(?:现在|当前)的?时间|今天.{0,2}日期|^(?:时间|日期)$",
            ],
        ),
        (
            _own_name,
            [
                r"\bwhat(?:'s| is) my name|\bwho am i\b|\b(?:know|remember) my name",
                r"我叫什么|我的名字是什么|我是谁|(?:知道|记得)我的名字",
            ],
        ),
        (
            _remember,
            [
                r"\bwhat (?:did|have|had) i (?:just |already )?(?:say|said|tell|told|ask|asked|write|written)"
                r"|\bdo you remember|\bwhat was my (?:last|first|previous) |^(?:remember|history)$",
                r"我(?:刚才|刚刚|之前|前面|以前)?(?:都|跟你|对你)?(?:说|问|讲)(?:过|了)?(?:些|哪些)?(?:什么|啥)|记得我|记得吗|^(?:回忆|历史)$",
            ],
        ),
        (
            _meet,
            [MY_NAME.pattern],
        ),
        (
            _markdown,
            [
                r"markdown|\blong (?:answer|text|story|reply|message)\b|\bessay\b|\barticle\b",
                r"长(?:回答|文|篇|一点)|(?:写|来)一?(?:篇|段)",
            ],
        ),
        (
            _connect,
            [
                r"\b(?:connect|add|set ?up|configure|switch|use)\b.*\b(?:model|llm|openai|spark|ollama|deepseek|qwen|key)\b"
                r"|\bapi key\b|\breal model\b",
                r"(?:接入|连接|配置|使用|切换|换).*(?:模型|星火|密钥|openai|ollama|deepseek)|真正的模型|密钥",
            ],
        ),
        (
            _help,
            [
                r"^(?:/?help|commands|)$|\bwhat can you do\b|\bhelp me\b|\bwho are you\b|\bwhat are you\b|\bhow do you work\b"
                r"|\bare you (?:an? )?(?:real |language )?(?:model|ai|llm|human|bot|person)\b",
                r"帮助|能做什么|会做什么|会什么|会干什么|你是谁|你是什么|怎么用|有什么功能|是不是(?:大|语言)?模型",
            ],
        ),
        (
            _hello,
            [
                r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b[ a-z,]{0,20}$",
                r"^(?:你好|您好|嗨|哈喽|早上好|早安|下午好|晚上好|大家好|在吗)",
            ],
        ),
    ]
)
