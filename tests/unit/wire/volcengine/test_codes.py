"""What the codes mean."""

from __future__ import annotations

import pytest

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from salon.wire.volcengine.codes import error_for


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (45000001, BadRequest),
        (45000030, AuthFailed),
        (45000292, RateLimited),
        (45000081, TimedOut),
        (55000031, Overloaded),
        (55012345, Overloaded),
        (45012345, BadRequest),
        (7, BadAnswer),
    ],
)
def test_a_code_is_an_error_of_ours(code: int, kind: type[ProviderError]) -> None:
    error = error_for(code, b'{"error":"it is so"}')
    assert type(error) is kind
    assert error.house == "volcengine"
    assert f"(Volcengine {code}: it is so)" in error.message


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("concurrency", RateLimited),
        ("qps", RateLimited),
        ("text_words_lifetime", QuotaExhausted),
        ("duration", QuotaExhausted),
    ],
)
def test_what_is_used_up_is_told_from_what_is_too_much_for_now(said: str, kind: type[ProviderError]) -> None:
    error = error_for(45000000, f'{{"error":"quota exceeded for types: {said}"}}'.encode())
    assert type(error) is kind
    assert error.advice


def test_the_code_may_stand_in_the_payload() -> None:
    assert error_for(None, b'{"status_code":55000031,"message":"busy"}').vendor_code == 55000031
    assert error_for(None, b'{"code":1013}').vendor_code == 1013
    assert "plain words" in error_for(None, b"plain words").message
    assert error_for(None, b"\xff\xfe").vendor_code == 0
