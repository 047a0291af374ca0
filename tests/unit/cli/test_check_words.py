"""What ``salon check`` says in Chinese."""

from __future__ import annotations

import pytest

from salon.cli.check_words import name, sentence
from salon.wire.iflytek_speech import codes as iflytek
from salon.wire.openai_chat.failure import ADVICE, WHAT
from salon.wire.volcengine import codes as volcengine


def said_by_vendors() -> list[str]:
    errors = [
        *(iflytek.error_for(code, "m", "s") for code in [*iflytek._CODES, 10019, 1]),
        *(volcengine.error_for(code, b"{}") for code in [*volcengine._CODES, 45000081, 7]),
        *(volcengine.quota_error(kind, "", 1) for kind in ("qps", "duration")),
    ]
    found = [f"openai {what}" for what in WHAT.values()] + list(ADVICE.values())
    for error in errors:
        found += [error.message, error.advice]
    return sorted({each for each in found if each})


@pytest.mark.parametrize("english", said_by_vendors())
def test_what_a_vendor_s_code_means_and_what_to_do_is_said_in_chinese(english: str) -> None:
    said = sentence(english).partition(" (")[0]
    assert any("\u4e00" <= each <= "\u9fff" for each in said)


def test_the_vendor_s_own_words_stay() -> None:
    seen = " (iFlytek 10700: engine error, sid iat1)"
    assert sentence("The engine failed." + seen) == "引擎出错。" + seen
    assert sentence("openai refused the key (HTTP 401): Bad key") == "openai 拒绝了密钥 (HTTP 401): Bad key"
    assert sentence("Something new.") == "Something new."


def test_what_differs_is_filled_in() -> None:
    assert sentence('"what time is it" was understood as "it is", 12 ms') == "“what time is it”识别为“it is”，12 毫秒"
    assert sentence("localhost is ::1, 4 ms") == "localhost 为 ::1，4 毫秒"


def test_steps_of_a_chain_have_their_names() -> None:
    assert name("hear") == "识别"
    assert name("spark:iat hear") == "spark:iat 识别"
    assert name("spark:iat") == "spark:iat"
