"""What the demonstration says to what."""

from __future__ import annotations

import json
import time

import pytest

from salon.base.chat import Image, Message, Options, Text, ToolCall, ToolSpec
from salon.providers.local import texts
from salon.providers.local.demo import MOST_QUOTED, Call, answer, language_of

NOW = time.struct_time((2026, 11, 24, 9, 5, 0, 1, 328, 0))
WEATHER = ToolSpec("weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})


def user(text: str) -> Message:
    return Message(role="user", content=(Text(text),))


def say(*words: str, tools: tuple[ToolSpec, ...] = (), options: Options = Options()) -> str | Call:
    return answer([user(each) for each in words], tools, options, NOW)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("count to 5", "1, 2, 3, 4, 5."),
        ("Please COUNT to five!", "1, 2, 3, 4, 5."),
        ("count from 3 to 6", "3, 4, 5, 6."),
        ("count from 6 to 3", "6, 5, 4, 3."),
        ("count down from 3", "3, 2, 1."),
        ("count down from 5 to 3", "5, 4, 3."),
        ("count 3", "1, 2, 3."),
        ("count", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
        ("count to 100000", texts.TOO_FAR["en"].format(most=200)),
        ("从一数到五", "一、二、三、四、五。"),
        ("数到３！", "1、2、3。"),
        ("从3数到5", "3、4、5。"),
        ("一到三数一遍", "一、二、三。"),
        ("从三倒数", "三、二、一。"),
        ("数数", "一、二、三、四、五、六、七、八、九、十。"),
        ("What time is it?", "It is 09:05 on Tuesday, 2026-11-24."),
        ("what's the date", "It is 09:05 on Tuesday, 2026-11-24."),
        ("现在几点？", "现在是2026年11月24日星期二，09:05。"),
        ("今天星期几", "现在是2026年11月24日星期二，09:05。"),
        ("Repeat after me: Hello, World!", "Hello, World!"),
        ("echo Two  Spaces", "Two  Spaces"),
        ("say “hi”", "hi"),
        ("跟我说：你好，世界！", "你好，世界！"),
        ("重复一下 早上好", "早上好"),
        ("what did I say?", texts.NOTHING_BEFORE["en"]),
        ("我刚才说了什么？", texts.NOTHING_BEFORE["zh"]),
        ("what is my name?", texts.NO_NAME["en"]),
        ("我叫什么？", texts.NO_NAME["zh"]),
        ("my name is Ann", texts.NOTED["en"].format(name="Ann")),
        ("你好，我叫小明。", texts.NOTED["zh"].format(name="小明")),
        ("show me MARKDOWN", texts.MARKDOWN["en"]),
        ("write a long answer", texts.MARKDOWN["en"]),
        ("写一篇长文", texts.MARKDOWN["zh"]),
    ],
)
def test_commands(words: str, said: str) -> None:
    assert say(words) == said


@pytest.mark.parametrize("words", ["help", "HELP!", "?", "What can you do?", "who are you"])
def test_help(words: str) -> None:
    said = say(words)
    assert isinstance(said, str)
    assert texts.ABOUT["en"] in said
    assert texts.CAN["en"] in said
    assert texts.CONNECT["en"] in said


@pytest.mark.parametrize("words", ["how do I connect a real model?", "怎么接入星火模型", "I want to use OpenAI"])
def test_the_way_to_a_real_model(words: str) -> None:
    said = say(words)
    assert isinstance(said, str)
    assert all(each in said for each in ("SPARK_APP_ID", "OPENAI_API_KEY", "ollama", "salon check"))


@pytest.mark.parametrize(
    ("words", "language"), [("tell me a joke", "en"), ("讲个笑话", "zh"), ("how do computers count votes", "en")]
)
def test_what_it_does_not_understand_it_says_back(words: str, language: texts.Language) -> None:
    said = say(words)
    assert isinstance(said, str)
    assert words in said
    assert texts.ABOUT[language] in said
    assert texts.CAN[language] in said


def test_long_input_is_quoted_in_part() -> None:
    said = say("x" * 9999)
    assert isinstance(said, str)
    assert "x" * (MOST_QUOTED - 1) + "…" in said
    assert "x" * MOST_QUOTED not in said


@pytest.mark.parametrize(
    "messages", [[], [Message(role="system", content=(Text("Be kind."),))], [user("  ")], [user("你好")]]
)
def test_it_greets_who_says_nothing(messages: list[Message]) -> None:
    said = answer(messages, (), Options(), NOW)
    assert isinstance(said, str)
    assert said.startswith((texts.HELLO["en"], texts.HELLO["zh"]))


def test_it_remembers() -> None:
    assert say("first", "第二", "what did I say?") == "Before this you said:\n- first\n- 第二"
    assert say("我叫小明", "hello", "我叫什么") == "你告诉过我，你叫小明。"
    assert say("My name is Ann", "what's my name?") == "You told me that your name is Ann."


def test_the_language_is_that_of_the_last_message() -> None:
    assert (language_of("hello"), language_of("hello 你好"), language_of("")) == ("en", "zh", "en")
    assert say("你好", "count to 2") == "1, 2."


def test_it_calls_a_tool() -> None:
    called = say("weather in Rome", tools=(WEATHER,))
    assert isinstance(called, Call)
    assert (called.name, json.loads(called.arguments)) == ("weather", {"city": "Rome"})
    assert say("count to 2", tools=(WEATHER,)) == "1, 2."
    assert say("count to 2", tools=(WEATHER,), options=Options(tool_choice="none")) == "1, 2."
    assert isinstance(say("count to 2", tools=(WEATHER,), options=Options(tool_choice="required")), Call)


def called(*outputs: str) -> list[Message]:
    calls = tuple(ToolCall(f"c{number}", "weather", "{}") for number in range(len(outputs)))
    return [
        user("北京天气"),
        Message(role="assistant", tool_calls=calls),
        *(
            Message(role="tool", tool_call_id=call.id, content=(Text(output),))
            for call, output in zip(calls, outputs, strict=True)
        ),
    ]


def test_it_answers_with_what_the_tools_said() -> None:
    assert answer(called("晴"), (WEATHER,), Options(), NOW) == "工具 `weather` 返回：晴"
    assert answer(called("a", "b"), (), Options(), NOW) == "工具 `weather` 返回：a\n工具 `weather` 返回：b"
    failed = '{"error":{"code":"tool_timeout","message":"too late"}}'
    assert answer(called(failed), (), Options(), NOW) == "工具 `weather` 出错了：too late"
    assert answer([Message(role="tool", content=(Text("lost"),))], (), Options(), NOW) == "The tool `?` says: lost"


def test_it_is_honest_about_pictures() -> None:
    def show(*parts: Text | Image) -> str | Call:
        return answer([Message(role="user", content=parts)], (), Options(), NOW)

    picture = Image("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAoAAAAHgCAYAAAA=")
    assert show(Text("what is this?"), picture) == (
        "You sent a PNG picture (640 × 480, 29 B). I cannot see what is in it; a model with vision can."
    )
    assert "https" not in str(show(Image("https://example.com/a.png?token=x")))
    assert "example.com 上" in str(show(Text("这是什么"), Image("https://example.com/a.png")))
    assert "unreadable" in str(show(Image("data:image/png;base64,A")))
