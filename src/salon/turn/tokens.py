"""About how many tokens a text is, for any model.

An estimate that errs on the high side: a Chinese, Japanese or Korean character counts one, of anything else four characters
do; each message adds four. Measured tokenizers need 0.6 to 1.0 tokens per Chinese character and 0.22 to 0.28 per English one.
"""

from __future__ import annotations

import re

from salon.base.chat import Image, Message, Text, ToolSpec

# From CJK radicals to the end of the compatibility ideographs, Hangul and kana included, and what lies beyond the BMP.
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00010000-\U0010ffff]")

PER_MESSAGE = 4
PER_IMAGE = 800


def of_text(text: str) -> int:
    if text.isascii():
        return (len(text) + 3) // 4
    wide = len(_WIDE.findall(text))
    return wide + (len(text) - wide + 3) // 4


def of_message(message: Message) -> int:
    total = PER_MESSAGE
    for part in message.content:
        match part:
            case Text(text):
                total += of_text(text)
            case Image():
                total += PER_IMAGE
    for call in message.tool_calls:
        total += PER_MESSAGE + of_text(call.name) + of_text(call.arguments)
    if message.reasoning:
        total += of_text(message.reasoning)
    return total


def of_tool(tool: ToolSpec) -> int:
    return PER_MESSAGE + of_text(tool.name) + of_text(tool.description) + of_text(str(tool.parameters))
