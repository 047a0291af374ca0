"""Formulas in words."""

from __future__ import annotations

from salon.turn.formula import formula


def test_formulas_in_words() -> None:
    assert formula(r"\frac{a+1}{2}", "en") == " a plus 1 over 2 "
    assert formula(r"\sqrt{x} \le y_1^n", "zh") == "根号x 小于等于 y 1的n次方"
    assert formula(r"\sum_i x", "en") == " a formula "
    assert formula(r"\sum_i x", "zh") == "公式"
