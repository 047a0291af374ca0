"""The error codes of iFlytek's speech services."""

from __future__ import annotations

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

#: What errors name as their house: the credentials are Spark's.
HOUSE = "spark"

_GRANT = "In the console of xfyun.cn, see that this app has this speech service enabled, and that its package has not run out."
_AGAIN = "Try again; if it stays, look at the service's status or open a ticket with the sid."
_KEYS = "Check SPARK_APP_ID, SPARK_API_KEY and SPARK_API_SECRET: they must be of one app."
_VOICE = "Check the voice and the language; a voice has to be added to the app in the console of xfyun.cn."

_CODES: dict[int, tuple[type[ProviderError], str, str]] = {
    10005: (AuthFailed, "The app has no licence for this speech service.", _GRANT),
    10006: (BadRequest, "A parameter is missing.", _VOICE),
    10007: (BadRequest, "The value of a parameter is wrong.", _VOICE),
    10009: (BadRequest, "The data are wrong.", _AGAIN),
    10010: (QuotaExhausted, "The app's licence for this speech service is used up.", _GRANT),
    10014: (Overloaded, "The session is not there any more.", _AGAIN),
    10043: (BadRequest, "The audio cannot be decoded.", _AGAIN),
    10101: (Overloaded, "The engine's session has ended.", _AGAIN),
    10109: (BadRequest, "The text is too long or empty.", "Speak shorter pieces."),
    10110: (Overloaded, "The service is busy.", _AGAIN),
    10114: (BadRequest, "The session lasted longer than 60 s.", _AGAIN),
    10139: (BadRequest, "A parameter is wrong.", _VOICE),
    10160: (BadRequest, "The request is no JSON.", _AGAIN),
    10161: (BadRequest, "The request is no base64.", _AGAIN),
    10163: (BadRequest, "A parameter is missing or wrong.", _VOICE),
    10222: (Overloaded, "The network within the service failed.", _AGAIN),
    10223: (Overloaded, "The network within the service failed.", _AGAIN),
    10313: (AuthFailed, "The app id is empty or does not belong to the key.", _KEYS),
    10317: (BadRequest, "The version is wrong.", _AGAIN),
    10700: (Overloaded, "The engine failed.", _AGAIN),
    11200: (AuthFailed, "The app may not use this speech service or voice, or has used it up.", _GRANT),
    11201: (
        QuotaExhausted,
        "The day's quota is used up.",
        "Wait until tomorrow, or buy more in the console of xfyun.cn.",
    ),
    11202: (
        RateLimited,
        "The service was asked too often in a second.",
        "Send fewer requests a second, or buy a higher limit.",
    ),
    11203: (
        RateLimited,
        "Too many sessions at the same time.",
        "Have fewer conversations at a time, or buy a higher limit.",
    ),
    11502: (Overloaded, "The service is configured wrongly.", _AGAIN),
    11503: (Overloaded, "The service is configured wrongly.", _AGAIN),
}
#: No audio or text came for 10 s, or the engine was slow.
_LATE = frozenset({10019, 10200})


def error_for(code: int, message: str, sid: str) -> ProviderError:
    """The error for a frame's code. The service's own text and the sid end the sentence."""
    seen = f" (iFlytek {code}{': ' + message[:200] if message else ''}{', sid ' + sid[:64] if sid else ''})"
    if code in _LATE:
        return TimedOut(f"iFlytek's speech service gave up waiting.{seen}", phase="stall", house=HOUSE, advice=_AGAIN)
    # "100001 to 100010": the gateway's own.
    default = Overloaded if 100_001 <= code <= 100_010 else BadAnswer
    kind, sentence, advice = _CODES.get(code, (default, "iFlytek's speech service failed.", _AGAIN))
    return kind(sentence + seen, house=HOUSE, vendor_code=code, advice=advice)
