"""What PocketSphinx is told to listen for: the phrases that the demonstration model understands.

There is an acoustic model for English only. Chinese syllables are spelled with English sounds, each in several ways, because
none is quite right; with a closed list of phrases that is enough to tell them apart, and not enough for anything else.
"""

from __future__ import annotations

import re

_TEENS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
EN_NUMBERS = (*_TEENS.split(), "nineteen", "twenty", "thirty", "forty", "fifty", "one hundred")
ZH_DIGITS = "一二三四五六七八九"

# ``#`` is a number; what is in brackets may be left out.
PHRASES = {
    "en": """
        hello|hello there|hi there|good morning|good afternoon|good evening
        help|help me|what can you do|who are you|what are you|are you a language model
        what time is it|what is the time|what day is it|what is the date
        count to #|count from # to #|count down from #
        what is my name|what did i say|do you remember
        show me markdown|write a long answer|tell me a long story
        how do i connect a model|thank you|goodbye|bye bye
    """,
    "zh": """
        你 好|早 上 好|下 午 好|晚 上 好
        帮 助|你 是 谁|你 能 做 什 么|你 会 什 么
        现 在 几 点|现 在 几 点 了|今 天 几 号|今 天 星 期 几
        数 到 #|从 # 数 到 #|从 # 倒 数
        我 叫 什 么|我 是 谁|我 刚 才 说 了 什 么
        写 一 段 长 文|怎 么 接 入 模 型|谢 谢|再 见
    """,
}
_NUMBERS = {
    "en": "|".join(EN_NUMBERS),
    "zh": f"<d> | 十 [<d>] | <d> 十 [<d>] | 一 百 ;\n<d> = {'|'.join(ZH_DIGITS)}",
}
_NUMBER_PATTERNS = {
    "en": f"(?:{'|'.join(EN_NUMBERS)})",
    "zh": f"(?:一 百|[{ZH_DIGITS}] 十 [{ZH_DIGITS}]|[{ZH_DIGITS}] 十|十 [{ZH_DIGITS}]|十|[{ZH_DIGITS}])",
}

# Each character by its sounds, in the letters of the CMU dictionary. Those that stand for several syllables have them all.
_SOUNDS = {
    "你": "N IY",
    "好": "HH AW",
    "早": "Z AW",
    "上": "SH AA NG",
    "下": "SH Y AA",
    "午": "W UW",
    "晚": "W AA N",
    "帮": "B AA NG",
    "助": "JH UW",
    "是": "SH ER",
    "谁": "SH EY",
    "能": "N AH NG",
    "做": "Z UW AO",
    "什": "SH AH N",
    "么": "M AH",
    "会": "HH W EY",
    "现": "SH Y EH N",
    "在": "Z AY",
    "几": "JH IY",
    "点": "D Y EH N",
    "了": "L AH",
    "今": "JH IH N",
    "天": "T Y EH N",
    "号": "HH AW",
    "星": "SH IH NG",
    "期": "CH IY",
    "数": "SH UW",
    "到": "D AW",
    "从": "T S OW NG",
    "倒": "D AW",
    "我": "W AO",
    "叫": "JH Y AW",
    "刚": "G AA NG",
    "才": "T S AY",
    "说": "SH UW AO",
    "写": "SH Y EH",
    "段": "D W AA N",
    "长": "CH AA NG",
    "文": "W AH N",
    "怎": "Z AH N",
    "接": "JH Y EH",
    "入": "R UW",
    "模": "M AO",
    "型": "SH IH NG",
    "谢": "SH Y EH",
    "再": "Z AY",
    "见": "JH Y EH N",
    "一": "IY",
    "二": "AA R",
    "三": "S AA N",
    "四": "S IH",
    "五": "W UW",
    "六": "L Y OW",
    "七": "CH IY",
    "八": "B AA",
    "九": "JH Y OW",
    "十": "SH ER",
    "百": "B AY",
}
# A first sound, and what else it may be heard as; then the same of endings.
_FIRST = {
    "JH": ("CH", "T", "TH", "K"),
    "B": ("P", "G"),
    "D": ("T", "K"),
    "G": ("K",),
    "Z": ("D Z", "S"),
    "SH": ("S",),
    "HH": ("K",),
    "CH": ("SH", "T"),
    "T": ("K",),
}
_ENDINGS = (
    ("Y EH N", "Y AH N"),
    ("AO", "UH AH"),
    ("AW", "AA UH"),
    ("AH N", "OW N"),
    ("ER", "UW"),
    ("M AH", "M AO"),
    ("EY", "W EH"),
    ("UW AO", "W UH"),
)


def grammar(language: str) -> str:
    """JSGF for ``en``, ``zh``, or both where it is empty."""
    languages = (language,) if language else tuple(PHRASES)
    rules = "".join(f"<n_{each}> = {_NUMBERS[each]} ;\n" for each in languages)
    listed = [phrase.replace("#", f"<n_{each}>") for each in languages for phrase in of(each)]
    return f"#JSGF V1.0 UTF-8;\ngrammar salon;\n{rules}public <said> = {' | '.join(listed)} ;\n"


def of(language: str) -> list[str]:
    return [phrase for line in PHRASES[language].split("\n") if line.strip() for phrase in line.strip().split("|")]


def pronunciations() -> dict[str, tuple[str, ...]]:
    """The Chinese words of the grammar, each with every way in which it may be heard."""
    return {word: tuple(dict.fromkeys(_ways(sounds))) for word, sounds in _SOUNDS.items()}


def _ways(sounds: str) -> list[str]:
    first, _, rest = sounds.partition(" ")
    ways = [sounds, *(f"{other} {rest}".strip() for other in _FIRST.get(first, ()))]
    return [*ways, *(way[: -len(old)] + new for way in ways for old, new in _ENDINGS if way.endswith(old))]


_WHOLE = {
    language: re.compile("|".join(phrase.replace("#", number) for phrase in of(language)))
    for language, number in _NUMBER_PATTERNS.items()
}


def language_of(heard: str) -> str:
    return "zh" if any("\u3400" <= each <= "\u9fff" for each in heard) else "en" if heard else ""


def is_whole(heard: str) -> bool:
    """Whether it is a phrase and not the beginning of one."""
    return any(pattern.fullmatch(heard) for pattern in _WHOLE.values())


def written(heard: str) -> str:
    """As people write it: Chinese without spaces."""
    return heard.replace(" ", "") if language_of(heard) == "zh" else re.sub(r"\bi\b", "I", heard)
