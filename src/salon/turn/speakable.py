"""What is written, made into what is said: without Markdown, addresses in full, emoji, code."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^\s*(?:```|~~~)", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_URL = re.compile(r"(?:https?|wss?|ftp)://([^\s/?#）)】」]+)[^\s，。）)】」]*", re.IGNORECASE)
_MAIL = re.compile(r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+", re.MULTILINE)
_QUOTE = re.compile(r"^\s{0,3}>\s?", re.MULTILINE)
_BULLET = re.compile(r"^(\s*)(?:[-*+•]\s+(?:\[[ xX]\]\s+)?)", re.MULTILINE)
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-{2,}[\s:|-]*$", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)|(?<=\S)(\*\*|__|~~)|\*\*|~~")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)|(?<=\S)_(?![\w_])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CITATION = re.compile(r"\[\^?\d+\]")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u200d\ufe0f\u20e3\U000e0000-\U000e007f\u00a9\u00ae]+"
)
_WIDE = re.compile(r"[\u3400-\u9fff]")
_SPACES = re.compile(r"[ \t]{2,}")
_SIGNS = {
    "zh": {
        "&": "和",
        "≈": "约等于",
        "≤": "小于等于",
        "≥": "大于等于",
        "×": "乘以",
        "÷": "除以",
        "→": "，",
        "℃": "摄氏度",
    },
    "en": {
        "&": " and ",
        "≈": " about ",
        "≤": " at most ",
        "≥": " at least ",
        "×": " times ",
        "÷": " divided by ",
        "→": ", ",
        "℃": " degrees Celsius",
    },
}
_CODE = {"zh": "代码在屏幕上。", "en": "The code is on the screen."}


class Speakable:
    """Of one answer, clause by clause: a block of code may begin in one and end in another."""

    def __init__(self) -> None:
        self._in_code = False
        self._language = "en"

    def say(self, clause: str) -> str:
        """What is to be spoken for it: empty where there is nothing."""
        said = []
        for index, text in enumerate(_FENCE.split(clause)):
            if index:
                self._in_code = not self._in_code
                if self._in_code:
                    said.append(_CODE[self._language])
            if index:
                # The rest of the fence's line names a language.
                text = text.partition("\n")[2] if "\n" in text else ""
            if not self._in_code:
                said.append(self._plain(text))
        text = "".join(said)
        return text if any(each.isalnum() for each in text) else ""

    def _plain(self, text: str) -> str:
        if any(each.isalpha() for each in text):
            self._language = "zh" if _WIDE.search(text) else "en"
        zh = self._language == "zh"
        text = _IMAGE.sub(r"\1", text)
        text = _LINK.sub(r"\1", text)
        text = _URL.sub(lambda found: found[1].removeprefix("www."), text)
        text = _MAIL.sub(r"\1 在 \2" if zh else r"\1 at \2", text)
        for pattern in (_TAG, _RULE, _TABLE_RULE, _HEADING, _QUOTE):
            text = pattern.sub("", text)
        text = _BULLET.sub(r"\1", text)
        text = _CITATION.sub("", text)
        text = _STRONG.sub("", text.replace("`", ""))
        text = _EMPHASIS.sub("", text)
        if "|" in text:
            text = re.sub(r"\s*\|\s*", "，" if zh else ", ", text.strip().strip("|"))
        text = _THOUSANDS.sub("", text)
        for sign, word in _SIGNS[self._language].items():
            text = text.replace(sign, word)
        return _SPACES.sub(" ", _EMOJI.sub("", text))
