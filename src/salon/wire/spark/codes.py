"""What ``header.code`` means: for the user of Spark as an error, for the client of our door as a number.

Source: the error table of xfyun.cn/doc/spark/Web.html.
"""

from __future__ import annotations

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
    SalonError,
    TimedOut,
    Unreachable,
)

#: What errors name as their house.
HOUSE = "spark"


class Code(msgspec.Struct, frozen=True):
    """One error code: the class of error it is here, a sentence for the user, and what the operator can do.

    ``back_off``: the service asks for a pause before the same request is made again.
    """

    number: int
    kind: type[ProviderError]
    sentence: str
    advice: str
    back_off: bool = False

    @property
    def retryable(self) -> bool:
        return self.kind.retryable


_AGAIN = "Try again; if it stays, look at the service's status or open a ticket with the sid."
_OUR_FRAME = "This is a fault of the program that sent the request; report it with the sid."
_GRANT = (
    "In the console of xfyun.cn, see that this app id has this model enabled, that the package has tokens left and "
    "has not expired, and that the domain fits the URL."
)
_RULES = "Change the input; the service's content rules apply to the whole context, with its history."
_IMAGE = "Send a PNG or JPEG of at most 4 MB, between 50×50 and 6000×6000 pixels."
_SLOWER = "Send fewer requests a second, or buy a higher limit in the console of xfyun.cn."

CODES: dict[int, Code] = {
    code.number: code
    for code in (
        Code(10000, BadAnswer, "Spark could not upgrade the connection to WebSocket.", _AGAIN),
        Code(10001, BadAnswer, "Spark could not read the request from the connection.", _AGAIN),
        Code(10002, BadAnswer, "Spark could not send its answer.", _AGAIN),
        Code(10003, BadRequest, "Spark says that the request is not in the right format.", _OUR_FRAME),
        Code(10004, BadRequest, "Spark says that the request does not fit its schema.", _OUR_FRAME),
        Code(10005, BadRequest, "Spark says that a parameter has a wrong value.", "Check the model's parameters."),
        Code(
            10006,
            RateLimited,
            "Spark says that this user is connected in several places at once.",
            "Give each end user an id of their own, or wait until the other question is answered.",
        ),
        Code(
            10007,
            RateLimited,
            "Spark is still busy with this user's previous question.",
            "Wait until the previous question is answered.",
            back_off=True,
        ),
        Code(10008, Overloaded, "Spark is at the end of its capacity.", _AGAIN),
        Code(10009, Overloaded, "Spark could not reach its engine.", _AGAIN),
        Code(10010, Overloaded, "Spark received nothing from its engine.", _AGAIN),
        Code(10011, Overloaded, "Spark could not pass the request to its engine.", _AGAIN),
        Code(10012, Overloaded, "Spark's engine failed.", _AGAIN),
        Code(10013, ContentBlocked, "Spark's content filter stopped the input.", _RULES),
        Code(10014, ContentBlocked, "Spark's content filter stopped the answer; what was shown is withdrawn.", _RULES),
        Code(
            10015,
            AuthFailed,
            "Spark has this app id on its blacklist.",
            "Open a ticket with iFlytek, or use another app id.",
        ),
        Code(10016, AuthFailed, "Spark gives this app id no permission for the request.", _GRANT),
        Code(10017, Overloaded, "Spark could not clear the conversation's history.", _AGAIN),
        Code(
            10019,
            ContentBlocked,
            "Spark's content filter finds that this conversation tends to break the rules.",
            "End the conversation and start a new one.",
        ),
        Code(10021, ContentBlocked, "Spark's content filter stopped the input.", _RULES),
        Code(10022, BadRequest, "Spark cannot use the image.", _IMAGE),
        Code(10029, BadRequest, "Spark says that a side of the image is longer than 12800 pixels.", _IMAGE),
        Code(10041, BadRequest, "Spark says that the image is too small or too large.", _IMAGE),
        Code(10110, Overloaded, "Spark is busy.", _AGAIN),
        Code(10163, BadRequest, "Spark's engine says that a parameter does not fit its schema.", _OUR_FRAME),
        Code(10222, Overloaded, "Spark's engine has a network fault.", _AGAIN),
        Code(
            10907,
            ContextTooLong,
            "The conversation has more tokens than this Spark model takes.",
            "Shorten the context, or use max-32k or pro-128k.",
        ),
        Code(11200, AuthFailed, "Spark gives this app id no authorization, or its quota is used up.", _GRANT),
        Code(
            11201,
            QuotaExhausted,
            "The day's quota of this Spark app id is used up.",
            "Wait until tomorrow, or buy a higher limit in the console of xfyun.cn.",
        ),
        Code(11202, RateLimited, "Spark was asked too often within one second.", _SLOWER, back_off=True),
        Code(11203, RateLimited, "Spark was asked too many things at the same time.", _SLOWER, back_off=True),
    )
}


def error_for(number: int, message: str, sid: str) -> ProviderError:
    """The error for an error frame. ``message`` is the service's own text; it and the sid end the sentence."""
    code = CODES.get(number)
    seen = f" (Spark {number}{': ' + message if message else ''}{', sid ' + sid if sid else ''})"
    if code is None:
        return ProviderError(
            f"Spark failed with a code that its error table does not have.{seen}",
            house=HOUSE,
            vendor_code=number,
            advice=_AGAIN,
        )
    if code.kind is ContentBlocked:
        return ContentBlocked(
            code.sentence + seen,
            house=HOUSE,
            vendor_code=number,
            advice=code.advice,
            # "10014: the output fails the audit": what has been streamed so far must not stay on the screen.
            withdraw=number == 10014,
        )
    kind = code.kind
    if number == 11200 and "tokens.total" in message:
        kind = QuotaExhausted  # AppIdNoAuthError:(…) tokens.total: the grant is there, its tokens are gone
    return kind(code.sentence + seen, house=HOUSE, vendor_code=number, advice=code.advice, back_off=code.back_off)


#: The code that makes a Spark program do the right thing, for errors that come from any house.
_BY_KIND: dict[type[ProviderError], int] = {
    AuthFailed: 11200,
    QuotaExhausted: 11201,
    RateLimited: 11202,
    Overloaded: 10008,
    Unreachable: 10009,
    TimedOut: 10010,
    BadAnswer: 10010,
    BadRequest: 10163,
    ContextTooLong: 10907,
    ContentBlocked: 10013,
}


def code_for(error: SalonError) -> int:
    """The code with which our door tells a Spark program of ``error``.

    A code that Spark itself gave goes on as it is.
    """
    if isinstance(error, ProviderError):
        if error.house == HOUSE and isinstance(error.vendor_code, int) and error.vendor_code in CODES:
            return error.vendor_code
        if isinstance(error, ContentBlocked) and error.withdraw:
            return 10014
        for kind, number in _BY_KIND.items():
            if isinstance(error, kind):
                return number
    return 10012
