from __future__ import annotations

from pathlib import Path

import pytest

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    ConfigError,
    ContentBlocked,
    ContextTooLong,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    SalonError,
    TimedOut,
    Unreachable,
)
from salon.wire.spark import CODES, Code, code_for, error_for


def test_every_code_of_the_table_has_a_sentence_and_advice() -> None:
    assert len(CODES) == 31
    for number, code in CODES.items():
        assert code.number == number
        assert code.sentence.endswith(".")
        assert code.advice.endswith(".")


def test_only_three_codes_ask_for_a_pause() -> None:
    assert {number for number, code in CODES.items() if code.back_off} == {10007, 11202, 11203}


@pytest.mark.parametrize("number", CODES)
def test_an_error_says_what_and_what_to_do(number: int) -> None:
    error = error_for(number, "TheirWords", "cht1@dx2")
    code = CODES[number]
    assert type(error) is code.kind
    assert (error.house, error.vendor_code, error.advice) == ("spark", number, code.advice)
    assert (error.back_off, error.retryable) == (code.back_off, code.retryable)
    assert str(error) == f"{code.sentence} (Spark {number}: TheirWords, sid cht1@dx2)"


def test_only_the_audit_of_the_output_withdraws() -> None:
    withdrawn = {number for number in CODES if getattr(error_for(number, "", ""), "withdraw", False)}
    assert withdrawn == {10014}


def test_a_code_that_is_not_in_the_table() -> None:
    error = error_for(19999, "", "")
    assert type(error) is ProviderError
    assert (error.vendor_code, error.retryable) == (19999, False)


def test_used_up_tokens_come_as_no_authorization() -> None:
    assert type(error_for(11200, "AppIdNoAuthError:(1) tokens.total", "")) is QuotaExhausted
    assert type(error_for(11200, "AppIdNoAuthError:(1) domain.generalv3", "")) is AuthFailed


@pytest.mark.parametrize("number", CODES)
def test_sparks_own_codes_go_through_the_door(number: int) -> None:
    assert code_for(error_for(number, "", "")) == number


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (AuthFailed("", house="openai", vendor_code=10005), 11200),
        (QuotaExhausted(""), 11201),
        (RateLimited(""), 11202),
        (Overloaded("", house="spark", vendor_code=503), 10008),
        (TimedOut("", phase="stall"), 10010),
        (BadAnswer(""), 10010),
        (ContentBlocked(""), 10013),
        (ContentBlocked("", withdraw=True), 10014),
        (ProviderError(""), 10012),
        (ConfigError(""), 10012),
    ],
)
def test_other_houses_errors_get_the_code_that_fits(error: SalonError, number: int) -> None:
    assert code_for(error) == number


DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: str(code.number))
def test_the_how_to_has_the_table(code: Code) -> None:
    kind = f"`{code.kind.code}`{', retryable' if code.retryable else ''}{', *pause*' if code.back_off else ''}"
    row = f"| `{code.number}` | {kind} | {code.sentence} | {code.advice} |"
    assert row in (DOCS / "how-to/spark.md").read_text("utf-8").splitlines()


def test_the_reference_says_which_code_the_door_gives_for_which_error() -> None:
    page = (DOCS / "reference/spark-door.md").read_text("utf-8")
    kinds = (AuthFailed, QuotaExhausted, RateLimited, Overloaded, Unreachable, BadAnswer, BadRequest, ContextTooLong)
    for kind in kinds:
        (row,) = [line for line in page.splitlines() if line.startswith("|") and f"`{kind.code}`" in line]
        assert row.rstrip(" |").endswith(str(code_for(kind(""))))
