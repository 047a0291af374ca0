"""The error codes of Volcengine's speech services."""

from __future__ import annotations

import msgspec

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

#: What errors name as their house.
HOUSE = "volcengine"

_GRANT = (
    "In the console of Volcengine's speech technology, see that this app has this resource enabled and not used up."
)
_AGAIN = "Try again; if it stays, open a ticket with the log id."
_VOICE = "Check the voice and the model: a voice belongs to one of them."

_CODES: dict[int, tuple[type[ProviderError], str, str]] = {
    42000020: (BadRequest, "A parameter of the session is wrong.", _VOICE),
    45000000: (BadRequest, "The request is wrong.", _VOICE),
    45000001: (BadRequest, "A parameter is wrong.", _VOICE),
    45000002: (BadRequest, "The audio is empty.", _AGAIN),
    45000010: (AuthFailed, "The key is wrong.", "Check VOLCENGINE_API_KEY, or the app id and access token."),
    45000030: (AuthFailed, "The app may not use this resource.", _GRANT),
    45000151: (BadRequest, "The audio's format is wrong.", _AGAIN),
    45000292: (RateLimited, "The service was asked too often.", "Send fewer requests, or buy a higher limit."),
    55000031: (Overloaded, "The service is busy.", _AGAIN),
}
#: Nothing was said; no audio or text came in time.
SILENCE = frozenset({1013, 45000003})
_LATE = frozenset({45000081, 52000042})


#: "quota exceeded for types: concurrency", "… text_words_lifetime": the kind is in the text only.
QUOTA = "quota exceeded"
_FOR_NOW = ("concurrency", "qps", "rate")


def quota_error(said: str, seen: str, code: int) -> ProviderError:
    """``said`` has ``QUOTA`` in it: too much at a time, or all that was paid for."""
    if any(kind in said.casefold() for kind in _FOR_NOW):
        sentence = "Too much was asked for at a time."
        advice = "Have fewer conversations at a time, or buy a higher limit."
        return RateLimited(sentence + seen, house=HOUSE, vendor_code=code, advice=advice)
    advice = "In the console of Volcengine's speech technology, see what is left of this resource, and buy more."
    return QuotaExhausted("The quota of this resource is used up." + seen, house=HOUSE, vendor_code=code, advice=advice)


class _Failed(msgspec.Struct):
    status_code: int | None = None
    code: int | None = None
    message: str | None = None
    error: str | None = None


_decoder = msgspec.json.Decoder(_Failed)


def error_for(code: int | None, payload: bytes) -> ProviderError:
    """The error for an error frame, or an event that says that something failed. ``payload`` is text or JSON."""
    said = ""
    try:
        failed = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        said = payload.decode("utf-8", "replace")
    else:
        code = code if code is not None else failed.status_code if failed.status_code is not None else failed.code
        said = failed.message or failed.error or ""
    number = code if code is not None else 0
    seen = f" (Volcengine {number}{': ' + said[:200] if said else ''})"
    if QUOTA in said.casefold():
        return quota_error(said, seen, number)
    if number in _LATE:
        return TimedOut(f"Volcengine gave up waiting.{seen}", phase="stall", house=HOUSE, advice=_AGAIN)
    family = number // 1_000_000
    default = Overloaded if family in (50, 52, 55) else BadRequest if family in (42, 45) else BadAnswer
    kind, sentence, advice = _CODES.get(number, (default, "Volcengine's speech service failed.", _AGAIN))
    return kind(sentence + seen, house=HOUSE, vendor_code=number, advice=advice)
