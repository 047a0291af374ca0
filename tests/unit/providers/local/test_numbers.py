"""Numbers in digits, English and Chinese."""

from __future__ import annotations

import pytest

from salon.providers.local.numbers import find, in_chinese, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20", 20),
        ("-3", -3),
        ("2.5", 2.5),
        ("Twenty", 20),
        ("twenty-five", 25),
        ("one hundred five", 105),
        ("hundred", 100),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("两百", 200),
        ("一百零三", 103),
        ("三千四百五十六", 3456),
        ("二〇二六", 2026),
    ],
)
def test_read(text: str, value: float) -> None:
    assert read(text) == value


@pytest.mark.parametrize("text", ["", "many", "twenty-x", "三x"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        read(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3 days for two people", [3, 2]),
        ("查一下上海三天的天气", [3]),
        ("between -5 and 2.5", [-5, 2.5]),
        ("nothing, someone, tenfold", []),
    ],
)
def test_find(text: str, numbers: list[float]) -> None:
    assert find(text) == numbers


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"),
        (7, "七"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (2026, "二千零二十六"),
    ],
)
def test_in_chinese(number: int, said: str) -> None:
    assert in_chinese(number) == said


def test_what_is_said_is_read_back() -> None:
    assert [read(in_chinese(number)) for number in range(3000)] == list(range(3000))
    assert in_chinese(12345) == "12345"
