"""What is written, made into what is said: without Markdown, addresses in full, emoji, code."""

from __future__ import annotations

import html
import re

from salon.turn.aligned import Aligned
from salon.turn.formula import formula
from salon.turn.normalise import normalise

_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")
_BLOCK = re.compile(r"\s*(?:\$\$|\\\[)")
_BLOCK_ENDS = re.compile(r"\$\$|\\\]")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_MATH = re.compile(
    r"\$\$([^$\n]+)\$\$|\$(?! )([^$\n]*?[\\^_=+<>/a-zA-Z][^$\n]*?)(?<! )\$(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]"
)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>", re.IGNORECASE)
_TO = r"\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)"
_IMAGE = re.compile(r"!\[([^\]]*)\]" + _TO)
_LINK = re.compile(r"\[(?!\^?\d+\])([^\]]+)\](?:" + _TO + r"|\[[^\]]*\])")
_DEFINITION = re.compile(r"\s{0,3}\[[^\]]+\]:\s*\S+\s*$")
_CITATION = re.compile(r" ?(?:\[\^?\d+\]:?|\[\^\w+\]:?|【\d+(?:†[^】]*)?】)")
# A path in Chinese only between the signs of an address: what follows one without a space is text.
_PATH = r"(?:\([\w./%~+-]*\)|[\w%~+;,.:!@$&*='?#/-])"
_URL = re.compile(
    r"(?:https?|wss?|ftp)://(?:www\.)?([A-Za-z0-9.-]*[A-Za-z0-9])(?::\d+)?"
    r"(?:[/?#](?:[\u4e00-\u9fff]+(?=[/?&#]|\s|$)|" + _PATH + r")*(?<![.,;:!?']))?",
    re.IGNORECASE | re.ASCII,
)
_WWW = re.compile(r"\bwww\.(?=[a-z0-9-]+\.)", re.IGNORECASE)
_MAIL = re.compile(r"([A-Za-z0-9.+-]+)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_TAG = re.compile(r"</?[a-zA-Z][\w-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))*\s*/?>|<!--.*?-->")
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)(?:\s+#+)?(?=\s*$)")
_QUOTE = re.compile(r"^(?:\s{0,3}>\s?)+")
_BULLET = re.compile(r"^(\s*)[-*+•·]\s+(?:\[[ xX]\]\s+)?")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^\s*\|?[\s:|-]*-{2,}[\s:|-]*$")
_STRONG = re.compile(r"(\*\*|__|~~|==)(?=\S)|(?<=\S)(\*\*|__|~~)|(?<=[^\s=])==(?!\s)|(?<=\w)==|\*\*|~~")
_STAR = re.compile(r"(?<![A-Za-z0-9*])\*(?=[^\s*])|(?<=[^\s*])\*(?![A-Za-z0-9*])", re.ASCII)
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9_])_(?=[^\s_])|(?<=[^\s_])_(?![A-Za-z0-9_])")
_CELLS = re.compile(r"\s*\|\s*")
_EDGES = re.compile(r"^\s*\|\s*|\s*\|\s*$")
_SHORTCODE = re.compile(r"(?<!\w):(?:[a-z][a-z0-9_]*[a-z_][a-z0-9_]*|[+-]1):(?!\w)")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u200b-\u200d\ufe0e\ufe0f\u20e3"
    "\U000e0000-\U000e007f\u00a9\u00ae\u2122]+"
)
_WIDE = re.compile(r"[\u3001\u3002\u3008-\u3011\u3400-\u9fff\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
_SPACES = re.compile(r"[ \t]{2,}| (?=[,.!?;:，。！？；：、](?:\s|$))")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_TICKS = re.compile("`")
_CODE = {"zh": "代码在屏幕上。", "en": "The code is on the screen. "}
_FORMULA = {"zh": "公式在屏幕上。", "en": "The formula is on the screen. "}


class Speakable:
    """Of one answer, clause by clause: a block of code may begin in one and end in another."""

    def __init__(self) -> None:
        self._fence = ""
        self._in_formula = False
        self._language = "en"
        self._at_start = True

    def say(self, clause: str) -> Aligned:
        """What is to be spoken for it: empty where there is nothing."""
        said = Aligned()
        at = 0
        for line in _LINES.findall(clause):
            self._line(line, at, said)
            at += len(line)
            self._at_start = line.endswith("\n")
        return said if any(each.isalnum() for each in said.text) else Aligned()

    def _line(self, line: str, at: int, said: Aligned) -> None:
        mark = _FENCE.match(line) if self._at_start else None
        if self._fence:
            if mark and mark[1].startswith(self._fence) and not line[mark.end() :].strip():
                self._fence = ""
            return
        if mark:
            self._fence = mark[1]
            said.put(_CODE[self._language], at)
            return
        if self._in_formula:
            self._in_formula = not _BLOCK_ENDS.search(line)
            return
        if self._at_start and (opens := _BLOCK.match(line)):
            self._in_formula = not _BLOCK_ENDS.search(line, opens.end())
            if self._in_formula:
                said.put(_FORMULA[self._language], at)
                return
        said.append(self._plain(line, at))

    def _plain(self, line: str, at: int) -> Aligned:
        text = Aligned(line, at)
        if any(each.isalpha() for each in line):
            self._language = "zh" if _WIDE.search(line) else "en"
        if self._at_start:
            if _DEFINITION.match(line) and "://" in line:
                return Aligned()
            text.sub(_RULE, "")
            text.sub(_QUOTE, "")
            text.sub(_HEADING, r"\1")
            text.sub(_BULLET, r"\1")
        text.sub(_MATH, lambda found: formula(next(filter(None, found.groups())), self._language))
        text.sub(_IMAGE, r"\1")
        text.sub(_LINK, r"\1")
        text.sub(_CITATION, "")
        text.sub(_AUTOLINK, r"\1")
        text.sub(_URL, r"\1")
        text.sub(_WWW, "")
        text.sub(_MAIL, r"\1 at \2")
        text.sub(_BREAK, " ")
        text.sub(_TAG, "")
        text.sub(_ENTITY, lambda found: html.unescape(found[0]).replace("\xa0", " "))
        text.sub(_TICKS, "")
        text.sub(_STRONG, "")
        text.sub(_STAR, "")
        text.sub(_UNDERSCORE, "")
        if "|" in text.text:
            text.sub(_EDGES, " ")
            text.sub(_CELLS, "，" if self._language == "zh" else ", ")
        text.sub(_SHORTCODE, "")
        normalise(text, self._language)
        text.sub(_EMOJI, "")
        text.sub(_SPACES, lambda found: " " if len(found[0]) > 1 else "")
        return text
