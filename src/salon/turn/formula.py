"""LaTeX as it is read aloud."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOO_MUCH = re.compile(r"\\(?:int|sum|prod|lim|begin|matrix|cases|iint|oint)(?![A-Za-z])")
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "times": ("times", "乘以"),
    "cdot": ("times", "乘以"),
    "div": ("divided by", "除以"),
    "pm": ("plus or minus", "正负"),
    "le": ("at most", "小于等于"),
    "leq": ("at most", "小于等于"),
    "ge": ("at least", "大于等于"),
    "geq": ("at least", "大于等于"),
    "ne": ("is not", "不等于"),
    "neq": ("is not", "不等于"),
    "approx": ("about", "约等于"),
    "infty": ("infinity", "无穷"),
    "to": ("to", "趋于"),
    "rightarrow": ("to", "趋于"),
    "in": ("in", "属于"),
}
_OPERATORS = {
    "=": ("equals", "等于"),
    "+": ("plus", "加"),
    "-": ("minus", "减"),
    "<": ("less than", "小于"),
    ">": ("greater than", "大于"),
}
_POWERS = {"2": ("squared", "的平方"), "3": ("cubed", "的立方")}
_SILENT = frozenset({"left", "right", "text", "mathrm", "mathbf", "displaystyle", "quad", "qquad"})


def power(exponent: str) -> tuple[str, str]:
    """What is said behind the base, in English and in Chinese."""
    return _POWERS.get(exponent, (f"to the power of {exponent}", f"的{exponent}次方"))


def formula(tex: str, language: str) -> str:
    """A short formula of LaTeX in words; a long one by its name only."""
    zh = language == "zh"
    if _TOO_MUCH.search(tex) or len(tex) > 200:
        return "公式" if zh else " a formula "

    def word(pair: tuple[str, str]) -> str:
        return pair[1] if zh else f" {pair[0]} "

    def command(found: re.Match[str]) -> str:
        name = found[1]
        return "" if name in _SILENT else word(_COMMANDS.get(name, (name, f" {name} ")))

    said = tex
    for _ in range(3):
        over = r" \2分之\1 " if zh else r" \1 over \2 "
        said = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", over, said)
        said = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"根号\1 " if zh else r" the square root of \1 ", said)
    said = re.sub(r"\^(?:\{([^{}]*)\}|(\w))", lambda found: word(power(found[1] or found[2])), said)
    said = re.sub(r"\\([A-Za-z]+)", command, said)
    said = re.sub(r"_\{?(\w+)\}?", r" \1", re.sub(r"\\.", " ", said))
    said = re.sub(r"[=+<>-]", lambda found: word(_OPERATORS[found[0]]), said)
    said = re.sub(r"\s+", " ", re.sub(r"[{}]", "", said)).strip()
    return said if zh else f" {said} "
