"""The demonstration's sentences, in both languages."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

ABOUT: dict[Language, str] = {
    "en": "I am Salon's built-in demonstration: a small program, not a language model.",
    "zh": "我是 Salon 内置的演示程序，不是大语言模型。",
}

CAN: dict[Language, str] = {
    "en": """I can
- count: "count to 20"
- tell the time: "what time is it?"
- repeat: "repeat after me: hello"
- write a long answer: "show me Markdown"
- remember: "what did I say?"
- call a tool, when the agent has one: name it
- say of what kind and size a picture is""",
    "zh": """我会
- 数数：“从一数到二十”
- 报时：“现在几点？”
- 复述：“跟我说：你好”
- 写一篇长回答：“写一段 Markdown”
- 记住：“我刚才说了什么？”
- 调用工具：智能体配有工具时，说出工具的名字
- 说出图片的类型和尺寸""",
}

CONNECT: dict[Language, str] = {
    "en": """To talk with a real model, give Salon one and start it again:
- iFlytek Spark: set `SPARK_APP_ID`, `SPARK_API_KEY` and `SPARK_API_SECRET`
- OpenAI, or a server that speaks its API: set `OPENAI_API_KEY` (and `OPENAI_BASE_URL`)
- on this machine, without a key: run `ollama serve`, then `ollama pull qwen3`

`salon check` then says what works and what does not.""",
    "zh": """想与真正的模型对话，请配置一个，然后重新启动 Salon：
- 讯飞星火：设置 `SPARK_APP_ID`、`SPARK_API_KEY` 和 `SPARK_API_SECRET`
- OpenAI 或兼容其接口的服务：设置 `OPENAI_API_KEY`（以及 `OPENAI_BASE_URL`）
- 本机运行、无需密钥：先 `ollama serve`，再 `ollama pull qwen3`

然后用 `salon check` 查看哪些可用、哪些不可用。""",
}

HELLO: dict[Language, str] = {"en": "Hello! ", "zh": "你好！"}

HEARD: dict[Language, str] = {
    "en": "You said: “{said}” I do not understand it. ",
    "zh": "你说：“{said}”。我听不懂。",
}

NOTHING_BEFORE: dict[Language, str] = {
    "en": "You have not said anything before this.",
    "zh": "在这之前你还没有说过话。",
}

BEFORE: dict[Language, str] = {"en": "Before this you said:", "zh": "在这之前你说过："}

NAME: dict[Language, str] = {"en": "You told me that your name is {name}.", "zh": "你告诉过我，你叫{name}。"}

NO_NAME: dict[Language, str] = {"en": "You have not told me your name.", "zh": "你还没有告诉我你的名字。"}

NOTED: dict[Language, str] = {
    "en": "Nice to meet you, {name}. Ask me later: “what is my name?”",
    "zh": "{name}，你好。待会儿可以问我：“我叫什么？”",
}

TIME: dict[Language, str] = {"en": "It is {clock} on {date}.", "zh": "现在是{date}，{clock}。"}

WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}

TOO_FAR: dict[Language, str] = {
    "en": "I count no further than {most} numbers at a time.",
    "zh": "我一次最多数{most}个数。",
}

TOOL_SAID: dict[Language, str] = {"en": "The tool `{name}` says: {output}", "zh": "工具 `{name}` 返回：{output}"}

TOOL_FAILED: dict[Language, str] = {"en": "The tool `{name}` failed: {output}", "zh": "工具 `{name}` 出错了：{output}"}

PICTURE: dict[Language, str] = {
    "en": "You sent {facts}. I cannot see what is in it; a model with vision can.",
    "zh": "你发来了{facts}。我看不到图里的内容；有视觉能力的模型可以。",
}

MARKDOWN: dict[Language, str] = {
    "en": """# A long answer

This is **not** written by a language model. It is here so that you can see how a long answer *streams* and how the page \
shows Markdown.

## How a message travels

1. You type, and your words go out over one WebSocket.
2. Salon puts them into the conversation and asks the model.
3. Each piece of the answer comes back the moment it exists:
   - nothing waits for the whole,
   - and you can stop it at any time.

> Interrupt me: press stop while this is still being written. What you saw is what the history keeps.

## What it may be made of

| Part | Protocol | Who else speaks it |
|---|---|---|
| Text and voice | OpenAI Realtime | `openai`, `pipecat-ai`, LiveKit |
| Text | iFlytek Spark | `spark_ai_python`, LangChain |
| Models | Chat Completions | OpenAI, DeepSeek, Qwen, Ark, Ollama, vLLM |

## A program

```python
from salon import Agent, Salon, tool


@tool
async def weather(city: str) -> str:
    "Today's weather in a city."
    return f"Sunny in {city}"


Salon(agents=[Agent(name="host", tools=[weather])]).run()
```

## And then?

Ask me to *count to 20*, or connect a real model: `salon check` tells you how far you are. More about Markdown is at \
[commonmark.org](https://commonmark.org).
""",
    "zh": """# 一篇长回答

这**不是**大语言模型写的。它的用处是让你看到长回答如何*逐字出现*，以及页面如何显示 Markdown。

## 一条消息的路程

1. 你输入文字，它经由一条 WebSocket 发出。
2. Salon 把它放进对话，然后询问模型。
3. 回答的每一小段一产生就传回来：
   - 不必等待整段写完；
   - 随时可以停下。

> 试着打断我：趁这段还没写完时按下停止。你看到了多少，历史里就保留多少。

## 它由什么组成

| 部分 | 协议 | 还有谁使用 |
|---|---|---|
| 文字与语音 | OpenAI Realtime | `openai`、`pipecat-ai`、LiveKit |
| 文字 | 讯飞星火 | `spark_ai_python`、LangChain |
| 模型 | Chat Completions | OpenAI、DeepSeek、通义千问、方舟、Ollama、vLLM |

## 一段程序

```python
from salon import Agent, Salon, tool


@tool
async def weather(city: str) -> str:
    "查询一个城市今天的天气。"
    return f"{city}今天晴"


Salon(agents=[Agent(name="host", tools=[weather])]).run()
```

## 接下来呢？

可以让我*从一数到二十*，或者接入真正的模型：`salon check` 会告诉你还差什么。关于 Markdown，可见 \
[commonmark.org](https://commonmark.org)。
""",
}
