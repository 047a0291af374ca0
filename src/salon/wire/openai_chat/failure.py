"""What a house says when it cannot answer, translated to the error tree.

A house may put its own code in ``error.code``, in ``error.type`` or beside them, answer in HTML, or give nothing but an
HTTP status. The code decides where it is known, then the words, then the status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

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

MOST_SHOWN = 200
# Longer bodies are not looked at: an error is short.
MOST_READ = 16 * 1024

Kind = type[ProviderError]


class _ModelMissing(BadRequest):
    """Only a mark in the tables below; a plain ``BadRequest`` is raised."""


# In lower case. A code also stands for those that it begins, up to a dot: Ark's ``ModelNotOpen``, Qwen's ``Throttling.User``.
CODES: dict[str, Kind] = {
    "invalid_api_key": AuthFailed,
    "invalidapikey": AuthFailed,
    "authentication_error": AuthFailed,
    "authenticationerror": AuthFailed,
    "permission_denied": AuthFailed,
    "accessdenied": AuthFailed,
    "insufficient_quota": QuotaExhausted,
    "insufficient_balance": QuotaExhausted,
    "billing_hard_limit_reached": QuotaExhausted,
    "billing_not_active": QuotaExhausted,
    "arrearage": QuotaExhausted,
    "allocationquota": QuotaExhausted,
    "accountoverdueerror": QuotaExhausted,
    "quotaexceeded": QuotaExhausted,
    "setlimitexceeded": QuotaExhausted,
    "rate_limit_exceeded": RateLimited,
    "rate_limit_error": RateLimited,
    "ratelimitexceeded": RateLimited,
    "limit_requests": RateLimited,
    "limit_burst_rate": RateLimited,
    "throttling": RateLimited,
    "server_overloaded": Overloaded,
    "serveroverloaded": Overloaded,
    "overloaded_error": Overloaded,
    "context_length_exceeded": ContextTooLong,
    "content_filter": ContentBlocked,
    "content_policy_violation": ContentBlocked,
    "data_inspection_failed": ContentBlocked,
    "datainspectionfailed": ContentBlocked,
    "sensitivecontentdetected": ContentBlocked,
    "inputtextsensitivecontentdetected": ContentBlocked,
    "outputtextsensitivecontentdetected": ContentBlocked,
    "inputimagesensitivecontentdetected": ContentBlocked,
    "model_not_found": _ModelMissing,
    "modelnotopen": _ModelMissing,
    "invalidendpointormodel": _ModelMissing,
    "invalidendpoint": _ModelMissing,
    # iFlytek's business codes over HTTP: https://www.xfyun.cn/doc/spark/X1http.html
    "10007": RateLimited,
    "10013": ContentBlocked,
    "10014": ContentBlocked,
    "10019": ContentBlocked,
    "10907": ContextTooLong,
    "11200": AuthFailed,
    "11201": QuotaExhausted,
    "11202": RateLimited,
    "11203": RateLimited,
}
# "10014: the output fails the audit": what has been streamed so far must not stay.
WITHDRAWN = "10014"

STATUSES: dict[int, Kind] = {
    401: AuthFailed,
    402: QuotaExhausted,
    403: AuthFailed,
    408: Overloaded,
    413: ContextTooLong,
    429: RateLimited,
}

# Say nothing beside a status, but within a stream there is none.
REQUEST_CODES = frozenset({"invalid_request_error", "badrequesterror", "bad_request", "invalid_parameter_error"})

CONTEXT = re.compile(
    r"context[ _]?(length|window|size)|maximum context|max_model_len|prompt is too long|too many (input )?tokens"
    r"|range of input length|input is too long|tokens? exceeds?|exceeds? .{0,40}(token|context)",
    re.IGNORECASE,
)
MODEL_MISSING = re.compile(
    r"\bmodel\b.{0,80}(not[ _]found|does not exist|not exist|unknown|not supported)", re.I | re.S
)
QUOTA = re.compile(r"insufficient (balance|quota)|exceeded your current quota|tokens\.total|arrear|overdue", re.I)

WHAT: dict[Kind, str] = {
    AuthFailed: "refused the key",
    QuotaExhausted: "says that the quota is used up",
    RateLimited: "was asked too often",
    Overloaded: "is overloaded or out of order",
    ContextTooLong: "cannot take so much text",
    ContentBlocked: "stopped this by its content filter",
    BadRequest: "rejected the request",
    _ModelMissing: "does not serve this model",
    BadAnswer: "gave no usable answer",
}
ADVICE: dict[Kind, str] = {
    AuthFailed: "Check the key and what it may do.",
    QuotaExhausted: "Check the plan and the balance of the account.",
    RateLimited: "Wait a little, or ask the house for a higher limit.",
    Overloaded: "Try again soon, or name a second model to fall back to.",
    ContextTooLong: "Shorten the instructions or start a new conversation.",
    _ModelMissing: "Check the model's name.",
}

_KEYS = re.compile(r"\b(?:sk|ak|ek)-[\w*.-]{4,}|(?<=Bearer )[^\s\"']+")
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.S | re.I)


def failure(
    status: int,
    body: bytes,
    *,
    house: str,
    retry_after: str | None = None,
    secrets: Sequence[str] = (),
    advice: str = "",
) -> ProviderError:
    """The error to raise for an answer of HTTP ``status`` with ``body``.

    ``retry_after`` is the header of that name. ``secrets`` never show in the message. ``advice`` is for a model that the
    house does not have, in place of the general one.
    """
    try:
        said: Any = msgspec.json.decode(body[:MOST_READ])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = _TAGS.sub(" ", body[:MOST_READ].decode(errors="replace"))
    return failure_of(status, said, house=house, retry_after=retry_after, secrets=secrets, advice=advice)


def failure_of(
    status: int,
    said: Any,
    *,
    house: str,
    retry_after: str | None = None,
    secrets: Sequence[str] = (),
    advice: str = "",
) -> ProviderError:
    """The same for a body that is decoded already. ``status`` 0 is an error within a stream that began well."""
    message, codes = _read(said)
    if status == 0:
        status = next((int(code) for code in codes if code.isdecimal() and 400 <= int(code) <= 599), 0)
    kind = _kind(status, message, codes)
    told = " (HTTP " + str(status) + ")" if status else ""
    shown = _shown(message, secrets)
    text = f"{house} {WHAT[kind]}{told}" + (f": {shown}" if shown else "")
    if retry_after is not None and retry_after.strip().isdecimal():
        text += f" (it asks to wait {int(retry_after)} s)"
    vendor_code = _shown(codes[0], secrets) if codes else None
    if kind is ContentBlocked:
        return ContentBlocked(text, house=house, vendor_code=vendor_code, withdraw=WITHDRAWN in codes)
    if kind is not _ModelMissing or not advice:
        advice = ADVICE.get(kind, "")
        if kind in (BadRequest, BadAnswer) and (status in (404, 405) or 300 <= status < 400):
            advice = "Check the address: base_url and its path."
    back_off = kind is RateLimited or (kind is Overloaded and retry_after is not None)
    raised = BadRequest if kind is _ModelMissing else kind
    return raised(text, house=house, vendor_code=vendor_code, advice=advice, back_off=back_off)


def _read(said: Any) -> tuple[str, list[str]]:
    """The message, and every code that may tell what it is about, the most telling first."""
    outer = said if isinstance(said, dict) else {"message": said}
    inner = outer.get("error")
    if isinstance(inner, list) and inner:
        inner = inner[0]
    sources = [inner if isinstance(inner, dict) else {"message": inner}, outer]
    message = ""
    codes: list[str] = []
    for source in sources:
        for name in ("message", "msg", "detail", "error_description"):
            value = source.get(name)
            if not message and value:
                message = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    for name in ("code", "type", "status", "sub_code"):
        for source in sources:
            value = source.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value) not in ("", "0"):
                codes.append(str(value))
    return message, codes


def _kind(status: int, message: str, codes: list[str]) -> Kind:
    for code in codes:
        lowered = code.lower()
        kind = CODES.get(lowered) or CODES.get(lowered.partition(".")[0])
        if kind is AuthFailed and QUOTA.search(message):
            return QuotaExhausted  # Spark says 11200 for both.
        if kind is not None:
            return kind
    if status in (400, 413, 422, 500, 0) and CONTEXT.search(message):
        return ContextTooLong
    if status in (400, 404, 422, 0) and MODEL_MISSING.search(message):
        return _ModelMissing
    if status in (400, 403, 429) and QUOTA.search(message):
        return QuotaExhausted
    if status in STATUSES:
        return STATUSES[status]
    if status == 0 and any(code.lower() in REQUEST_CODES for code in codes):
        return BadRequest
    if status == 0 or status >= 500:
        return Overloaded
    # A redirect means a wrong address; anything below is not an error of this protocol.
    return BadRequest if status >= 400 else BadAnswer


def _shown(text: str, secrets: Sequence[str]) -> str:
    """One line that fits into a message and contains no secret."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    text = " ".join(_KEYS.sub("***", text).split())
    printable = "".join(character for character in text if character.isprintable())
    return printable if len(printable) <= MOST_SHOWN else printable[: MOST_SHOWN - 1] + "…"
