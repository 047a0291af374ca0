"""What a voice says while ours speaks: an interruption, a nod, or ourselves."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from enum import Enum


class Overlap(Enum):
    NOTHING = "nothing"
    NOD = "nod"
    ECHO = "echo"
    SPEECH = "speech"


def _listed(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_NODS_EN = _listed(
    "yeah yep yes yup ok okay right sure oh i see got it wow",
    "cool nice great exactly true indeed of course alright er um haha ha",
)
# mhm, mm-hmm, uh-huh, aha, ah
_MURMUR = re.compile(r"(?:[mhu]{2,}|a+h+a*)(?:-(?:[mhu]{2,}|a+h+a*))*")
_NODS_ZH = tuple(
    _listed(
        "嗯 唔 哦 噢 喔 啊 呃 哈 哼 对 是 好 行 是的 好的 好吧 没错 可以 明白 知道 了解 这样 原来如此 原来是这样",
        "没问题 有道理 的 了 呀 嘛",
    )
)
_NOD_ZH = re.compile(rf"(?:{'|'.join(sorted(_NODS_ZH, key=len, reverse=True))})+")
_BEGUN_ZH = sorted({nod[:end] for nod in _NODS_ZH for end in range(1, len(nod))}, key=len, reverse=True)
# "I see" and "got it" are nods; these words alone are not, unless more is to come.
_NEVER_ALONE = frozenset(["i", "see", "got", "it", "of", "course"])
# Meant even where we said the same word a moment ago.
_NEVER_ECHO = _listed(
    "no stop wait what why who when where how hey hello sorry 停 等 不 别 喂 谁 停下 等等 不对 不要 什么"
)
_PUNCTUATION = re.compile(r"[^\w\s'-]|_")
ECHO_SHARE = 0.75
ECHO_LEAST = 4


def classify(text: str, ours: str = "", *, whole: bool = True) -> Overlap:
    """``ours`` is what was spoken by us in the last seconds. Not ``whole``: more words may come, and what may still become a
    nod or an echo is taken for one."""
    bare = _bare(text)
    if not bare:
        return Overlap.NOTHING
    if _is_echo(bare, _bare(ours), whole=whole):
        return Overlap.ECHO
    if _is_nod(bare, whole=whole):
        return Overlap.NOD
    return Overlap.SPEECH


def _bare(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text.casefold()).split())


def _is_nod(bare: str, *, whole: bool) -> bool:
    wide = bare.replace(" ", "")
    if _NOD_ZH.fullmatch(wide):
        return True
    if not whole and (begun := next((each for each in _BEGUN_ZH if wide.endswith(each)), "")):
        rest = wide.removesuffix(begun)
        return not rest or _NOD_ZH.fullmatch(rest) is not None
    words = bare.split()
    alone = whole and len(words) == 1 and words[0] in _NEVER_ALONE
    return len(words) <= 4 and all(word in _NODS_EN or _MURMUR.fullmatch(word) for word in words) and not alone


def _is_echo(bare: str, ours: str, *, whole: bool) -> bool:
    heard, said = bare.replace(" ", ""), ours.replace(" ", "")
    if not said:
        return False
    if f" {bare} " in f" {ours} " and bare.isascii():
        # "the" out of our own mouth.
        return bare not in _NEVER_ECHO
    if heard in said and (not whole or not heard.isascii() or len(heard) >= ECHO_LEAST):
        return bare not in _NEVER_ECHO
    if len(heard) < ECHO_LEAST:
        return False
    match = SequenceMatcher(None, heard, said, autojunk=False)
    return sum(block.size for block in match.get_matching_blocks() if block.size >= 2) >= ECHO_SHARE * len(heard)
