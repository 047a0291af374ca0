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
    "mhm mm mmm hmm hm uh-huh uhhuh uh huh yeah yep yes yup ok okay right sure aha ah oh i see got it wow",
    "cool nice great exactly true indeed of course alright er um haha ha",
)
_NODS_ZH = re.compile(
    r"(?:[嗯唔哦噢喔啊呃哈对是好行]|对对|是的|好的|好吧|没错|可以|明白|知道|知道了|了解|这样|原来如此|原来是这样|没问题|有道理|的|了|呀|嘛)+"
)
# "I see" and "got it" are nods; these words alone are not.
_NEVER_ALONE = frozenset(["i", "see", "got", "it", "of", "course"])
_PUNCTUATION = re.compile(r"[^\w\s'-]|_")
ECHO_SHARE = 0.75
ECHO_LEAST = 4


def classify(text: str, ours: str = "") -> Overlap:
    """``ours`` is what was spoken by us in the last seconds."""
    bare = _bare(text)
    if not bare:
        return Overlap.NOTHING
    if _is_echo(bare, _bare(ours)):
        return Overlap.ECHO
    if _NODS_ZH.fullmatch(bare.replace(" ", "")):
        return Overlap.NOD
    words = bare.split()
    if (
        len(words) <= 4
        and all(word in _NODS_EN for word in words)
        and not (len(words) == 1 and words[0] in _NEVER_ALONE)
    ):
        return Overlap.NOD
    return Overlap.SPEECH


def _bare(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text.casefold()).split())


def _is_echo(bare: str, ours: str) -> bool:
    heard, said = bare.replace(" ", ""), ours.replace(" ", "")
    if len(heard) < ECHO_LEAST or not said:
        return False
    if heard in said:
        return True
    match = SequenceMatcher(None, heard, said, autojunk=False)
    return sum(block.size for block in match.get_matching_blocks() if block.size >= 2) >= ECHO_SHARE * len(heard)
