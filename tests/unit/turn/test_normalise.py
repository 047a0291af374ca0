"""Numbers and signs as they are read; whole texts are in ``tests/data/read-aloud.tsv``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.aligned import Aligned
from salon.turn.normalise import normalise


def read(text: str, language: str) -> str:
    aligned = Aligned(text)
    normalise(aligned, language)
    return aligned.text


@pytest.mark.parametrize(
    ("written", "english", "chinese"),
    [
        ("-5", "minus 5", "负5"),
        ("50%", "50 percent", "百分之50"),
        ("$1", "1 dollar", "1美元"),
        ("$1.01", "1 dollar and 1 cent", "1.01美元"),
        ("£2.50", "2 pounds and 50 p", "2.50英镑"),
        ("$2.5bn", "2.5 billion dollars", "2.5十亿美元"),
        ("10-20", "10 to 20", "10到20"),
        ("2026-01-02", "January 2, 2026", "二零二六年1月2日"),
        ("2026-13-02", "2026-13-02", "2026-13-02"),
        ("192.168.0.1:80", "192 dot 168 dot 0 dot 1 port 80", "192点168点0点1端口80"),
        ("1km", "1 kilometer", "1公里"),
        ("16:9", "16 to 9", "16比9"),
        ("C#", "C sharp", "C sharp"),
        ("1½", "1 and one half", "1又2分之1"),
        ("GPT-4", "GPT-4", "GPT-4"),
        ("plain words.", "plain words.", "plain words."),
    ],
)
def test_numbers_and_signs(written: str, english: str, chinese: str) -> None:
    assert read(written, "en") == english
    assert read(written, "zh") == chinese


@given(some.text(alphabet="0123456789-./:%$¥~ km年x=+#&（a", max_size=40), some.sampled_from(["en", "zh"]))
def test_no_digit_is_lost_and_any_text_is_read(text: str, language: str) -> None:
    said = read(text, language)
    # A year of Chinese has its digits in Chinese, a month in English has its name, "one half" none.
    if not any(sign in text for sign in "年-/$"):
        digits = [each for each in text if each.isdigit()]
        assert [each for each in said if each.isdigit()] == digits or ":" in text or "%" in text
