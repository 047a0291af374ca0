"""What the codes of the speech services mean."""

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
from salon.wire.iflytek_speech.codes import _CODES, error_for


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10313, AuthFailed),
        (11200, AuthFailed),
        (11201, QuotaExhausted),
        (11202, RateLimited),
        (10110, Overloaded),
        (10163, BadRequest),
        (10200, TimedOut),
        (100_005, Overloaded),
        (4711, BadAnswer),
    ],
)
def test_a_code_is_an_error_of_ours(code: int, kind: type[ProviderError]) -> None:
    error = error_for(code, "licc failed", "iat1@dx2")
    assert type(error) is kind
    assert error.house == "spark"
    assert f"(iFlytek {code}: licc failed, sid iat1@dx2)" in error.message


def test_each_says_what_to_do() -> None:
    assert all(error_for(code, "", "").advice for code in _CODES)
