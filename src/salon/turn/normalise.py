"""Numbers, dates, money, units and signs as they are read aloud, in Chinese and in English.

Synthesisers do some of this by themselves, each differently; what they read wrongly or leave out ("-5" in Chinese loses its sign
in several) is written out before it comes to them, and what all of them read well is left as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from salon.turn.aligned import Aligned
from salon.turn.formula import power

New = str | Callable[[re.Match[str]], str]
Rule = tuple[re.Pattern[str], New]

_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905 a list to read
_DIGITS = "零一二三四五六七八九"
_NUMBER = r"\d+(?:\.\d+)?"
_FREE = r"(?<![A-Za-z0-9.,:/_-])"
_MONEY = {
    "$": ("dollar", "cent", "美元"),
    "€": ("euro", "cent", "欧元"),
    "£": ("pound", "p", "英镑"),
    "¥": ("yuan", "", "元"),
}
_SCALES = {
    "K": "thousand",
    "k": "thousand",
    "M": "million",
    "m": "million",
    "B": "billion",
    "bn": "billion",
    "T": "trillion",
}

# The unit behind a number: in English of one and of several, in Chinese.
_UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour", "公里每小时"),
    "m/s": ("meter per second", "meters per second", "米每秒"),
    "km²": ("square kilometer", "square kilometers", "平方公里"),
    "m²": ("square meter", "square meters", "平方米"),
    "m³": ("cubic meter", "cubic meters", "立方米"),
    "km": ("kilometer", "kilometers", "公里"),
    "cm": ("centimeter", "centimeters", "厘米"),
    "mm": ("millimeter", "millimeters", "毫米"),
    "kg": ("kilogram", "kilograms", "公斤"),
    "mg": ("milligram", "milligrams", "毫克"),
    "ml": ("milliliter", "milliliters", "毫升"),
    "mL": ("milliliter", "milliliters", "毫升"),
    "min": ("minute", "minutes", "分钟"),
    "h": ("hour", "hours", "小时"),
    "ms": ("millisecond", "milliseconds", "毫秒"),
    "kWh": ("kilowatt hour", "kilowatt hours", "千瓦时"),
    "kHz": ("kilohertz", "kilohertz", "千赫"),
    "MHz": ("megahertz", "megahertz", "兆赫"),
    "GHz": ("gigahertz", "gigahertz", "吉赫"),
    "KB": ("kilobyte", "kilobytes", "KB"),
    "MB": ("megabyte", "megabytes", "MB"),
    "GB": ("gigabyte", "gigabytes", "GB"),
    "TB": ("terabyte", "terabytes", "TB"),
    "°C": ("degree Celsius", "degrees Celsius", "摄氏度"),
    "℃": ("degree Celsius", "degrees Celsius", "摄氏度"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit", "华氏度"),
    "℉": ("degree Fahrenheit", "degrees Fahrenheit", "华氏度"),
    "°": ("degree", "degrees", "度"),
}
_PARTS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _spaced(found: re.Match[str], pause: str, plus: str) -> str:
    """Digit by digit, with a breath where the number is written in groups."""
    groups = re.findall(r"\+|\d+", found[0])
    said = pause.join(plus if group == "+" else " ".join(group) for group in groups)
    return said.replace(plus + pause, plus)


def _wide(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _vulgar(found: re.Match[str]) -> str:
    said = unicodedata.normalize("NFKC", found[0]).replace("\u2044", "/")
    return f" and {said}" if found.string[found.start() - 1 : found.start()].isdigit() else said


def _dotted(dot: str, many: str, port: str) -> Callable[[re.Match[str]], str]:
    def read(found: re.Match[str]) -> str:
        is_address = found[1].count(".") == 3
        said = found[1].replace(".", dot if is_address else many)
        return said + (port + found[2] if found[2] else "")

    return read


_BEFORE: tuple[Rule, ...] = (
    (re.compile(r"[₀-₉０-９Ａ-Ｚａ-ｚ％＃＋－＝＆＠￥①-⑳]+"), _wide),
    (re.compile(r"[¼½¾⅐-⅞]"), _vulgar),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"[−﹣](?=\s?[\d$¥€£])"), "-"),
)

# ---------------------------------------------------------------- English


def _is_date(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def _date_en(found: re.Match[str]) -> str:
    month, day = int(found[2]), int(found[3])
    return f"{_MONTHS[month - 1]} {day}, {found[1]}" if _is_date(month, day) else found[0]


def _slashed_en(found: re.Match[str]) -> str:
    month, day = int(found[1]), int(found[2])
    if month > 12:
        month, day = day, month
    return f"{_MONTHS[month - 1]} {day}, {found[3]}" if _is_date(month, day) else found[0]


def _money_en(found: re.Match[str]) -> str:
    sign, amount, scale = found[1], found[2], found[3]
    whole, small, _ = _MONEY[sign]
    if found[4]:
        return f"{amount}{found[4]} {whole}s"
    several = whole if whole == "yuan" else whole + "s"
    if scale:
        return f"{amount} {_SCALES.get(scale, scale)} {several}"
    units, _, cents = amount.partition(".")
    if len(cents) != 2 or not small:
        return f"{amount} {whole if amount == '1' else several}"
    tail = f"{int(cents)} {small if cents == '01' or small == 'p' else small + 's'}"
    head = f"{units} {whole if units == '1' else several}"
    return head if cents == "00" else tail if not int(units) else f"{head} and {tail}"


def _unit(language: str) -> Callable[[re.Match[str]], str]:
    def read(found: re.Match[str]) -> str:
        one, several, chinese = _UNITS[found[2]]
        return f"{found[1]}{chinese}" if language == "zh" else f"{found[1]} {one if found[1] == '1' else several}"

    return read


def _fraction_en(found: re.Match[str]) -> str:
    over, under = int(found[1]), int(found[2])
    if over >= under or under not in _PARTS:
        return found[0]
    part = _PARTS[under]
    said = "halves" if under == 2 else part + "s"
    return f"{'one' if over == 1 else over} {part if over == 1 else said}"


def _either(found: re.Match[str]) -> str:
    return f"{found[1] or found[3]} {found[2] or found[4]}"


def _range(to: str, score: str) -> Callable[[re.Match[str]], str]:
    def read(found: re.Match[str]) -> str:
        low, high = float(found[1]), float(found[2])
        if low < high:
            return f"{found[1]}{to}{found[2]}"
        return f"{found[1]}{score}{found[2]}" if low < 100 else found[0]

    return read


_NUMBER_UNIT = re.compile(
    rf"({_NUMBER}[⁰¹²³⁴⁵⁶⁷⁸⁹]*) ?({'|'.join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))})(?![A-Za-z²³/])"
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}[ -]?(?:\(\d{2,4}\)|\d{2,4})(?:[ -]?\d{3,4}){2}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4}"
    r"|0\d{2,3}-\d{7,8}|[2-9]\d[1-9]-\d{4}|1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?![\w-])",
    re.ASCII,
)
_DOTTED = re.compile(r"(?<![\w.])(v?\d+(?:\.\d+){2,})(?::(\d{1,5}))?(?!\w)", re.ASCII)
_ISO_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\d-])", re.ASCII)
_TIMES = re.compile(r"(?<![\d:])(\d{1,2}:\d\d)\s*[-–—~～]\s*(?=\d{1,2}:\d\d)")
_TO = re.compile(r"(?:(?<=[\d%°℃℉])|(?<=[ap]\.m\.)|(?<=\d[ap]m)) ?[~～–—] ?(?=[\d$¥€£-])|(?<=\d[ap]m)-(?=\d)")
_HYPHEN = re.compile(rf"{_FREE}({_NUMBER})-({_NUMBER})(?!(?![ap]m)[A-Za-z0-9-]|\.\d|\s*=)")
_SCALE = r"(?:\s?(K|k|M|m|B|bn|T|thousand|million|billion|trillion)(?![A-Za-z])|([百千万亿]{1,2}))?"
_CURRENCY = re.compile(rf"([$€£¥])\s?({_NUMBER}){_SCALE}")
# "$5-10 million": of both.
_PRICES = re.compile(rf"([$€£¥])({_NUMBER})\s?[-–—~～]\s?[$€£¥]?({_NUMBER}){_SCALE}")
_RATIO = re.compile(r"(?<![\d:.])(\d{1,4}):(\d{1,4})(?![\d:]|\.\d)")
_FRACTION = re.compile(r"(?<![\w/.])(\d{1,2})/(\d{1,2})(?![\w/号日月]|\.\d)", re.ASCII)
_MINUS = re.compile(r"(?:(?<=^)|(?<=[\s(（\u3000-\u9fff，：]))-(?=\d|[$€£¥]\d)")
_SUBTRACT = re.compile(r"(?<=[\dA-Za-z)]) - (?=[\dA-Za-z(])|(?<=\d)-(?=\d+(?:\.\d+)?\s*=)", re.ASCII)
_NAME_DOT = re.compile(r"(?<=[A-Za-z0-9_-]{2})\.(?=[a-z][a-zA-Z]*\b)|(?<=[a-z]{2})\.(?=[a-z0-9-]+\b)", re.ASCII)

_EN: tuple[Rule, ...] = (
    (_ISO_DATE, _date_en),
    (re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\w/])"), _slashed_en),
    (_PHONE, lambda found: _spaced(found, ", ", "plus ")),
    (_DOTTED, _dotted(" dot ", " point ", " port ")),
    (_TIMES, r"\1 to "),
    (_PRICES, lambda found: f"{found[2]} to {found[1]}{found[3]}{found[4] or found[5] or ''}"),
    (_CURRENCY, _money_en),
    (_NUMBER_UNIT, _unit("en")),
    (_TO, " to "),
    (_HYPHEN, _range(" to ", " to ")),
    (re.compile(r"(?<=\d) ?%"), " percent"),
    (_MINUS, "minus "),
    (re.compile(r"(?<![\d:])(\d+):(\d(?!\d)|\d{3,}|[6-9]\d)(?![\d:])"), r"\1 to \2"),
    (_FRACTION, _fraction_en),
    (re.compile(r"±\s?"), "plus or minus "),
    (re.compile(r"(?<![\w~/])~(?=\d|[$€£¥])"), "about "),
    (re.compile(r"\be\.g\.(?=\W)", re.IGNORECASE), "for example"),
    (re.compile(r"\bi\.e\.(?=\W)", re.IGNORECASE), "that is"),
    (re.compile(r"\bvs\.?(?=\s)", re.IGNORECASE), "versus"),
    (re.compile(r"\bapprox\.(?=\s)", re.IGNORECASE), "approximately"),
    (re.compile(r"\b(?:No\.|№)\s?(?=\d)|(?<!\w)№\s?|(?<![\w#])#(?=\d)", re.IGNORECASE), "number "),
    (re.compile(r"§\s?"), "section "),
    (re.compile(r"\b([CF])#"), r"\1 sharp"),
    (re.compile(r"(?<![\w/~.-])([A-Za-z]+)/([A-Za-z]+)(?![\w/.]\w)|\b(24)/(7)\b"), _either),
    (re.compile(r"(?<=\d\d) ?x ?(?=\d\d)"), " by "),
)

# ---------------------------------------------------------------- Chinese


def _year(digits: str) -> str:
    return "".join(_DIGITS[int(each)] for each in digits)


def _date_zh(found: re.Match[str]) -> str:
    month, day = int(found[2]), int(found[3])
    return f"{_year(found[1])}年{month}月{day}日" if _is_date(month, day) else found[0]


def _time_zh(found: re.Match[str]) -> str:
    hour, minute, second = found[1], found[2], found[3]
    if int(hour) > 24:
        return found[0]
    said = f"{int(hour)}点" + (
        "" if minute == "00" and not second else f"{'零' if minute[0] == '0' else ''}{int(minute)}分"
    )
    return said + (f"{int(second)}秒" if second else "")


def _money_zh(found: re.Match[str]) -> str:
    sign, amount, scale = found[1], found[2], found[4] or found[3]
    scales = {"thousand": "千", "million": "百万", "billion": "十亿", "trillion": "万亿"}
    said = amount + (scales.get(_SCALES.get(scale, scale), scale) if scale else "")
    # "¥100元": it is said already.
    return said if found.string.startswith(("元", "美元", "欧元", "英镑"), found.end()) else said + _MONEY[sign][2]


def _fraction_zh(found: re.Match[str]) -> str:
    over, under = int(found[1]), int(found[2])
    return f"{under}分之{over}" if over < under and (over == 1 or under in _PARTS) else found[0]


_ZH: tuple[Rule, ...] = (
    (_ISO_DATE, _date_zh),
    (re.compile(r"(?<![\w/])(\d{4})/(\d{1,2})/(\d{1,2})(?![\d/])", re.ASCII), _date_zh),
    (re.compile(r"(?<!\d)((?:1\d|20)\d\d)(?=\s?年(?!历史|来|之久))"), lambda found: _year(found[1])),
    (
        re.compile(r"(?<!\d)((?:1\d|20)\d\d)\s?[-–—~～]+\s?(?=(?:\d{4}|[零一二三四五六七八九]{4})\s?年)"),
        lambda found: _year(found[1]) + "到",
    ),
    (_PHONE, lambda found: _spaced(found, "，", "加")),
    (_DOTTED, _dotted("点", "点", "端口")),
    (_TIMES, r"\1到"),
    (re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"), _time_zh),
    (_PRICES, lambda found: f"{found[2]}到{found[1]}{found[3]}{found[4] or found[5] or ''}"),
    (_CURRENCY, _money_zh),
    (re.compile(rf"{_FREE}({_NUMBER}) ?%? ?[-~～–—] ?({_NUMBER}) ?%"), r"百分之\1到百分之\2"),
    (_NUMBER_UNIT, _unit("zh")),
    (_TO, "到"),
    (_HYPHEN, _range("到", "比")),
    (re.compile(rf"({_FREE}-)?({_NUMBER}) ?%"), lambda found: f"{'负' if found[1] else ''}百分之{found[2]}"),
    (re.compile(r"(?<=到)-(?=\d)"), "负"),
    (_MINUS, "负"),
    (_RATIO, r"\1比\2"),
    (re.compile(r"(?<=\d) and (?=\d/\d)"), "又"),
    (_FRACTION, _fraction_zh),
    (re.compile(r"±\s?"), "正负"),
    (re.compile(r"(?<![\w~/])[~～](?=\d|[$€£¥])", re.ASCII), "约"),
    (re.compile(r"(?<![\w#])(?:#|№|No\.\s?)(?=\d)", re.ASCII), "第"),
    (re.compile(r"(?<=[\u4e00-\u9fff])/(?=[人天周月年次个分秒位件台套斤米吨股]|小时|公斤|平方米)"), "每"),
    (re.compile(r"(?<=[\u4e00-\u9fff])/(?=[\u4e00-\u9fff])"), "、"),
    (re.compile(r"\b([CF])#", re.ASCII), r"\1 sharp"),
)

# Signs between two things: pattern, English, Chinese.
_WORDS: tuple[tuple[str, str, str], ...] = (
    (r"≈", "about", "约等于"),
    (r"≤|<=", "at most", "小于等于"),
    (r"≥|>=", "at least", "大于等于"),
    (r"≠|!=", "is not", "不等于"),
    (r"÷", "divided by", "除以"),
    (r"×(?=\s?[\d(A-Za-z])", "times", "乘以"),
    (r"(?<=\d) \* (?=\d)|(?<=\d)\*(?=\d)", "times", "乘以"),
    (r"(?<=\d) / (?=\d)", "divided by", "除以"),
    (r"(?<=[\w)²³]) ?= ?(?=[\w(+-])", "equals", "等于"),
    (r"(?<=[\w)²³]) ?\+(?!\+) ?(?=[\d(A-Za-z])", "plus", "加"),
    (r"(?<=\w) ?<(?=\s?-?[\d\w])", "less than", "小于"),
    (r"(?<=\w) ?>(?=\s?-?[\d\w])", "greater than", "大于"),
)


def _operators(language: str) -> tuple[Rule, ...]:
    zh = language == "zh"
    rules: list[Rule] = [(_SUBTRACT, "减" if zh else " minus ")]
    for pattern, english, chinese in _WORDS:
        rules.append((re.compile(rf" ?(?:{pattern}) ?", re.ASCII), chinese if zh else f" {english} "))

    def raised(found: re.Match[str]) -> str:
        english, chinese = power(found[0].lstrip("^").translate(_SUPERSCRIPTS))
        return chinese if zh else f" {english}"

    rules.append((re.compile(r"(?<=[\w)])(?:[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\^\d+)"), raised))
    rules.append((re.compile(r"(?<=[A-Za-z]) ?& ?(?=[A-Za-z])"), " and "))
    rules.append((re.compile(r" ?& ?"), "和" if zh else " and "))
    rules.append((re.compile(r"(?<=\S) ?→ ?"), "，" if zh else ", "))
    rules.append((_NAME_DOT, "点" if zh else " dot "))
    rules.append((re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])"), " "))
    # Of a topic only its name is said.
    rules.append((re.compile(r"(?<![A-Za-z0-9])#(?=[^\W\d])|(?<=[\u4e00-\u9fff])#"), ""))
    return tuple(rules)


_RULES: Mapping[str, tuple[Rule, ...]] = {
    "en": (*_BEFORE, *_EN, *_operators("en")),
    "zh": (*_BEFORE, *_ZH, *_operators("zh")),
}
_ODD = re.compile(
    r"[^A-Za-z\s,!?'\"，。！？、：；（）“”‘’《》「」\u4e00-\u9fff.]|[a-z]\.[a-z]|\b(?:vs|approx)\b", re.IGNORECASE
)


def normalise(text: Aligned, language: str) -> None:
    """``language`` is ``zh`` or ``en``."""
    if not _ODD.search(text.text):
        return
    for pattern, new in _RULES[language]:
        text.sub(pattern, new)
