"""Numbers as people write them: ``20``, ``twenty``, ``二十``."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
# Digits of their own kind: two as a measure, and the wide forms of Chinese keyboards.
VALUES = {digit: value for value, digit in enumerate(DIGITS)} | {"两": 2, "〇": 0}
UNITS = {"十": 10, "百": 100, "千": 1000}
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ENGLISH = {word: value for value, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split())}
ENGLISH |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}

_ENGLISH = "|".join(sorted(ENGLISH, key=len, reverse=True))
NUMBER = rf"(?:[0-9]+(?:\.[0-9]+)?|(?:{_ENGLISH}|hundred)(?:[ -](?:{_ENGLISH}|hundred))*|[{DIGITS}两〇十百千]+)"
NO_NUMBER = re.compile("一[下些点样起直定般]|十分|万一")
_NUMBER = re.compile(rf"(?<![\w.-])-?(?:{NUMBER})(?![\w])|[{DIGITS}两〇十百千]+|[0-9]+(?:\.[0-9]+)?", re.IGNORECASE)


def read(text: str) -> float:
    """The value of one number. Raises ``ValueError`` for what is none."""
    word = text.strip().casefold()
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", word):
        return float(word)
    if word and all(character in VALUES or character in UNITS for character in word):
        return _chinese(word)
    total = 0
    for part in re.split(r"[ -]", word):
        if part == "hundred":
            total = max(total, 1) * 100
        elif part in ENGLISH:
            total += ENGLISH[part]
        else:
            raise ValueError(f"{text!r} is no number")
    return total


def find(text: str) -> list[float]:
    """Every number in a text, in order. The 一 of 一下 and 一起 is none."""
    return [read(match[0]) for match in _NUMBER.finditer(NO_NUMBER.sub("", text))]


def in_chinese(number: int) -> str:
    """As it is counted aloud, up to 9999."""
    if not 0 <= number <= 9999:
        return str(number)
    if number < 10:
        return DIGITS[number]
    said = ""
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            said += DIGITS[digit] + name
        elif said and number and not said.endswith("零"):
            said += "零"
    return said.removeprefix("一") if said.startswith("一十") else said


def _chinese(word: str) -> float:
    if not any(character in UNITS for character in word):
        return float("".join(str(VALUES[character]) for character in word))
    total = digit = 0
    for character in word:
        if character in UNITS:
            total += (digit or 1) * UNITS[character]
            digit = 0
        else:
            digit = VALUES[character]
    return float(total + digit)
