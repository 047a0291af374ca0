"""Whether what somebody said so far sounds finished, by its words: Chinese and English."""

from __future__ import annotations

import re
from enum import Enum


class Completeness(Enum):
    """``UNKNOWN``: nothing was understood yet. ``PLAIN``: it may be over, nothing says that it is or is not."""

    UNKNOWN = "unknown"
    FINISHED = "finished"
    PLAIN = "plain"
    TRAILING = "trailing"
    DICTATING = "dictating"


def _listed(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# A clause cannot end with these: whoever says them goes on.
_TRAILING_EN = _listed(
    "dot and or but so because if when while although though since unless until than that which who whose",
    "where as the a an my your his her our their this these of to in on at by for from with about into",
    "like um uh er erm hmm well is are was were be am can could would should will shall may might must do",
    "does did i we they he she it's i'm i'd i'll i've let's maybe also then plus very really just",
)
_SAID_ALONE = frozenset({"that", "this", "well", "did", "do", "can", "will", "am", "is", "are", "was", "were", "it's"})
_TRAILING_ZH = tuple(
    _listed(
        "那个 这个 然后 因为 所以 但是 可是 不过 而且 并且 如果 要是 就是",
        "还有 或者 以及 比如 比如说 另外 其实 虽然 接着 的话 就是说 嗯 呃 额",
        "那 和 跟 与 把 被 从 对于 关于 在 给 我想 我觉得 我要 我的 你的 他的",
        "是不是 为了 由于 包括 例如",
    )
)
_FINISHED_ZH = ("吗", "呢", "吧", "了", "谢谢", "好的", "再见", "什么", "怎么办", "多少", "哪里", "为什么")
_END = "。！？!?…．.”\"'）)」』》"
_DIGITS_ZH = "零一二三四五六七八九十百千万亿两幺点"
_DICTATED_EN = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|double|triple|at|dot|dash|underscore|slash|[a-z]|\d+)\b[\s,.-]*){3,}$"
)
_DICTATED_ZH = re.compile(rf"[\d{_DIGITS_ZH}]{{3,}}$|(?:省|市|区|县|路|街|号|栋|单元)$")
# Numbers that are long enough to be whole: a mobile number, a card.
_WHOLE_NUMBER = re.compile(r"\d{11,}$")
_ELLIPSIS = ("...", "…", "……", "-", "—", ",", "，", "、", ":", "：", ";", "；")
_WORDS = re.compile(r"[a-z']+|\d+")


def judge(text: str) -> Completeness:
    """Of the whole turn so far."""
    text = text.strip()
    if not text:
        return Completeness.UNKNOWN
    if text.endswith(_ELLIPSIS):
        return Completeness.TRAILING
    asks = text.rstrip("”\"'）)」』》").endswith(("?", "？", "！", "!"))
    bare = text.rstrip(_END + " ").casefold()
    if asks:
        return Completeness.FINISHED
    if _dictates(bare):
        return Completeness.DICTATING
    if _trails(bare):
        return Completeness.TRAILING
    if text[-1] in _END or bare.endswith(_FINISHED_ZH):
        return Completeness.FINISHED
    return Completeness.PLAIN


def _dictates(bare: str) -> bool:
    bare = bare[-120:]
    if _WHOLE_NUMBER.search(bare.replace(" ", "").replace("-", "")):
        return False
    return bool(_DICTATED_EN.search(bare) or _DICTATED_ZH.search(bare))


def _trails(bare: str) -> bool:
    if bare and "\u3400" <= bare[-1] <= "\u9fff":
        return bare.endswith(_TRAILING_ZH)
    words = _WORDS.findall(bare)
    if not words:
        return False
    return words[-1] in _TRAILING_EN and not (words[-1] in _SAID_ALONE and len(words) > 2)
