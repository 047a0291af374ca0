"""What houses say when they cannot answer, and what we make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    ContentBlocked,
    ContextTooLong,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
)
from salon.wire.openai_chat import failure
from salon.wire.openai_chat.failure import MOST_SHOWN, failure_of

KEY = "sk-proj-0123456789abcdef"


def openai(message: str = "", code: Any = None, type: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, openai("Incorrect API key provided", "invalid_api_key"), AuthFailed),
        (401, "", AuthFailed),
        (403, openai("Country not supported", "unsupported_country"), AuthFailed),
        (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}, QuotaExhausted),
        (429, openai("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), QuotaExhausted),
        (429, openai("Rate limit reached for requests", "rate_limit_exceeded", "requests"), RateLimited),
        (429, "slow down", RateLimited),
        (400, openai("This model's maximum context length is 8192 tokens.", "context_length_exceeded"), ContextTooLong),
        (400, openai("This model's maximum context length is 131072 tokens", "invalid_request_error"), ContextTooLong),
        (400, {"object": "error", "message": "prompt is too long: max_model_len is 4096", "code": 400}, ContextTooLong),
        (400, {"code": "InvalidParameter", "message": "Range of input length should be [1, 30720]"}, ContextTooLong),
        (400, openai("Invalid value for 'temperature'"), BadRequest),
        (422, {"detail": [{"loc": ["body", "n"], "msg": "bad"}]}, BadRequest),
        (404, openai("The model `gpt-9` does not exist", "model_not_found"), BadRequest),
        (400, openai("Content was filtered", "content_filter"), ContentBlocked),
        (400, openai("Output data may contain inappropriate content.", "data_inspection_failed"), ContentBlocked),
        (400, openai("risk", "SensitiveContentDetected.SevereViolation"), ContentBlocked),
        (400, openai("Access denied, good standing", "Arrearage", "Arrearage"), QuotaExhausted),
        (403, openai("overdue balance", "AccountOverdueError", "Forbidden"), QuotaExhausted),
        (429, openai("TPM", "RateLimitExceeded.EndpointTPMExceeded", "TooManyRequests"), RateLimited),
        (500, openai("The server had an error"), Overloaded),
        (503, "<html><title>503 Service Temporarily Unavailable</title></html>", Overloaded),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Overloaded),
        (301, "", BadAnswer),
        (0, {"code": 10907, "message": "tokens", "sid": "cha1"}, ContextTooLong),
        (0, {"code": 10013, "message": "audit"}, ContentBlocked),
        (0, {"code": 11200, "message": "AppIdNoAuthError"}, AuthFailed),
        (0, {"code": 11200, "message": "AppIdNoAuthError:(…) tokens.total"}, QuotaExhausted),
        (0, {"code": 11202, "message": "AppIdQpsOverFlowError"}, RateLimited),
        (0, {"error": {"message": "bad", "code": 400, "type": "BadRequestError"}}, BadRequest),
        (0, {"error": {"message": "bad", "type": "invalid_request_error"}}, BadRequest),
        (0, {"error": "something broke"}, Overloaded),
    ],
)
def test_the_tree(status: int, said: Any, kind: type[ProviderError]) -> None:
    body = said if isinstance(said, str) else json.dumps(said)
    error = failure(status, body.encode(), house="house") if status else failure_of(0, said, house="house")
    assert type(error) is kind
    assert error.house == "house"
    assert error.message.startswith("house ")


def test_a_missing_model_brings_the_houses_advice() -> None:
    said = json.dumps(openai('model "qwen3" not found, try pulling it first', type="not_found_error")).encode()
    assert failure(404, said, house="ollama", advice="ollama pull qwen3").advice == "ollama pull qwen3"
    assert failure(404, said, house="openai").advice == "Check the model's name."
    assert failure(400, b"{}", house="openai", advice="ollama pull qwen3").advice == ""


def test_a_wait_is_told() -> None:
    error = failure(429, b"", house="house", retry_after="20")
    assert "wait 20 s" in error.message
    assert error.back_off
    assert failure(503, b"", house="house", retry_after="Wed, 21 Oct 2026 07:28:00 GMT").back_off
    assert not failure(503, b"", house="house").back_off


def test_text_already_shown_is_withdrawn_only_for_10014() -> None:
    withdrawn = failure_of(0, {"code": 10014, "message": "m"}, house="spark-http")
    kept = failure_of(0, {"code": 10013, "message": "m"}, house="spark-http")
    assert isinstance(withdrawn, ContentBlocked)
    assert isinstance(kept, ContentBlocked)
    assert (withdrawn.withdraw, kept.withdraw) == (True, False)
    assert withdrawn.vendor_code == "10014"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(openai(f"Incorrect API key provided: {KEY}.", KEY)).encode(),
        f"<h1>no {KEY}</h1>".encode(),
        json.dumps({"message": f"Authorization: Bearer secret-half and {KEY}"}).encode(),
        json.dumps(openai("Incorrect API key provided: sk-proj-****cdef.")).encode(),
    ],
)
def test_no_secret_is_shown(body: bytes) -> None:
    error = failure(401, body, house="openai", secrets=(KEY, "secret-half"))
    shown = f"{error} {error!r} {error.vendor_code} {error.advice}"
    assert not any(secret in shown for secret in (KEY, "secret-half", "cdef"))


def test_the_message_is_short_and_one_line() -> None:
    error = failure(500, b"<html>\n<b>" + b"x\r\n\x07" * 9999, house="house")
    assert len(error.message) < MOST_SHOWN + 80
    assert error.message.isprintable()
    assert "<" not in error.message
