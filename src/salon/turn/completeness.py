"""Whether what somebody said so far sounds finished, by its words: Chinese and English."""

from __future__ import annotations

import re
from enum import Enum


class Completeness(Enum):
    """``UNKNOWN``: nothing was understood yet. ``PLAIN``: it may be over, nothing says that it is or is not. ``OPEN``: it
    may be over, and often more comes. ``TRAILING``: it cannot be over."""

    UNKNOWN = "unknown"
    FINISHED = "finished"
    PLAIN = "plain"
    OPEN = "open"
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
    "whether during without within between among towards against via per than every each another quite rather",
    "you're we're they're he's she's there's what's that's who's where's how's you'll we'll they'll you'd we'd they'd",
)
_SAID_ALONE = frozenset({"that", "this", "well", "did", "do", "can", "will", "am", "is", "are", "was", "were", "it's"})
# "I like that" may be over; behind other words "that" begins a clause.
_BEFORE_THAT = _listed(
    "like do does did done want need get got have had about of for with after before at in on all is was what's how's who's",
    "it's not just than love hate enough stop try",
)
# A sentence may end with them, and more often does not: what they want is to come.
_OPEN_EN = _listed(
    "want need have get find give show tell buy bring send put make take book order use some any more most other",
    "think guess mean suppose believe wonder hope know say said see that",
    "not both kind sort couple number first second third last next new big small good",
    "twelve eleven thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy",
    "eighty ninety hundred thousand million",
    "zero two three four five six seven eight nine ten",
)
# Who says this keeps the word, however finished it sounds.
_HOLDING_EN = re.compile(
    r"\b(?:let me(?: (?:think|see|check|look))?|(?:hold|hang) on|bear with me"
    r"|(?:one|(?:just|wait|give me) (?:a|one)) (?:moment|second|sec|minute))$"
)
_HOLDING_ZH = re.compile(r"(?:(?:让我|我)(?:想|看|查)(?:一?下|一?[想看查])|等(?:一下|等|我一下|会儿)|稍等(?:一下)?)$")
# "the cheapest …", "to add …", "could you tell me …"
_WANTING_EN = re.compile(
    r"\bthe [a-z]{2,}est$|\bto (?!go$|leave$|stop$|sleep$|eat$|talk$|work$)[a-z]{2,}$"
    r"|\b(?:tell|show|give|bring|get|find|send|buy|make|book|teach|read) me$"
)
_NAMED_EN = re.compile(r"\bname is [^ ]+$|\b(?:spelled|spelt)(?: [^ ]+)?$")
_TRAILING_ZH = tuple(
    _listed(
        "那个 这个 然后 因为 所以 但是 可是 不过 而且 并且 如果 要是 就是",
        "还有 或者 以及 比如 比如说 另外 其实 虽然 接着 的话 就是说 嗯 呃 额",
        "那 和 跟 与 把 被 从 对于 关于 在 给 我想 我觉得 我要 我的 你的 他的",
        "是不是 为了 由于 包括 例如 能不能 会不会 有没有 知不知道 可不可以帮 要看 得看 是说 意思是 打算 认为 以为 准备 帮我 给我",
        "有什么 有没有什么 就说 他说 她说 上说 请 让 很 太 非常 最 更 比较 再 还 也 都 就 才 只 又 先 从 往 向 每 第",
    )
)
_OPEN_ZH = re.compile(
    r"(?:[一两几三四五六七八九十这那哪每](?:个|张|份|家|本|杯|件|条|位|只|辆|双|间|台|部|种|次|些)|喜欢|需要|希望|想|要|去|到|用|找|买|有|在"
    r"|特别|告诉我|[要想会能得][\u4e00-\u9fff]|我叫.{1,3}|我姓.{1,2}|名字[是叫].{1,3}|[，,、].{1,2}|(?<![好是对会行真以])的)$"
)
_FINISHED_ZH = ("吗", "呢", "吧", "了", "谢谢", "好的", "再见", "什么", "怎么办", "多少", "哪里", "为什么")
_END = "。！？!?…．.”\"'）)」』》"
_DIGITS_ZH = "零一二三四五六七八九十百千万亿两幺点"
_DICTATED_EN = re.compile(
    r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|double|triple|at|dot|dash|underscore|slash|[a-z]|\d+)\b[\s,.-]*){3,}$"
)
# Two digits may begin a number; "九点" does not.
# Whoever says what follows is a number or an address has not finished a moment later.
# Nobody ends with a letter, or with "as in bravo", who is not spelling.
_SPELLED_EN = re.compile(r"(?:^|[ ,-])(?![ai]\b)[a-z]$|\bas in [a-z]+$")
_ANNOUNCED_EN = re.compile(
    r"\b(?:e-?mail|number|code|password|plate|website|url) is(?: [^ ]+){0,2}$|\baddress is(?: [^ ]+){0,6}$"
    r"|\b(?:street|road|lane|avenue|drive|square)$"
)
_ANNOUNCED_ZH = re.compile(
    r"(?:邮箱|电话|号码?|手机|网址|密码|验证码|邮编|身份证|航班|[后前][几四六]位)(?:是|为|叫).{0,4}$|地址(?:是|为).{0,10}$"
)
_DICTATED_ZH = re.compile(
    rf"\d{{3,}}$|[{_DIGITS_ZH}]{{2,}}(?<!点)$|(?:省|市|区|县|路|街|号|栋|单元)$|[\d{_DIGITS_ZH}](?:年|月)$"
)
_DICTATING = (_DICTATED_EN, _DICTATED_ZH, _SPELLED_EN, _ANNOUNCED_EN, _ANNOUNCED_ZH)
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
    if _is_open(bare):
        return Completeness.OPEN
    if text[-1] in _END or bare.endswith(_FINISHED_ZH):
        return Completeness.FINISHED
    return Completeness.PLAIN


def _dictates(bare: str) -> bool:
    bare = bare[-120:]
    if _is_whole(bare):
        return False
    return any(each.search(bare) for each in _DICTATING)


def _is_whole(bare: str) -> bool:
    return _WHOLE_NUMBER.search(bare.replace(" ", "").replace("-", "")) is not None


def _trails(bare: str) -> bool:
    if bare and "\u3400" <= bare[-1] <= "\u9fff":
        return bare.endswith(_TRAILING_ZH) or _HOLDING_ZH.search(bare) is not None
    if _HOLDING_EN.search(bare):
        return True
    words = _WORDS.findall(bare)
    if not words:
        return False
    if words[-1] == "that" and len(words) > 1:
        return words[-2] not in _BEFORE_THAT and words[-2] not in _OPEN_EN
    return words[-1] in _TRAILING_EN and not (words[-1] in _SAID_ALONE and len(words) > 2)


def _is_open(bare: str) -> bool:
    if "\u3400" <= bare[-1] <= "\u9fff":
        return _OPEN_ZH.search(bare) is not None and not bare.endswith(_FINISHED_ZH)
    words = _WORDS.findall(bare)
    number = bool(words) and words[-1].isdigit() and not _is_whole(bare)
    wants = bool(words) and words[-1] in _OPEN_EN
    return number or wants or any(each.search(bare) for each in (_WANTING_EN, _NAMED_EN))
