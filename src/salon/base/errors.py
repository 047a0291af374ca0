"""Every error that Salon shows to somebody.

Each has a ``code`` (part of the contract with clients), one sentence that a user can act on, and ``retryable``:
whether the same request may succeed if it is simply made again later.

::

    SalonError
    ├── ConfigError              the configuration is wrong: where, what was expected, the nearest right name
    ├── ClientError              a client said something the protocol does not allow; answered, never fatal
    ├── Refused                  a client may not come in, or not now: an HTTP status and a code
    └── ProviderError            a model's house failed
        ├── AuthFailed           key missing, wrong or without permission            not retryable
        ├── QuotaExhausted       paid or daily quota is used up                      not retryable
        ├── RateLimited          too many requests for now                           retryable
        ├── Overloaded           the house is busy or broken on its side             retryable
        ├── Unreachable          name, TCP or TLS failed                             retryable
        ├── TimedOut             connect, first token or stall                       retryable
        ├── BadAnswer            what came back is not the protocol, or broke off     retryable
        ├── BadRequest           the house rejects the request as it is              not retryable
        ├── ContextTooLong       more input than the model takes                     not retryable
        └── ContentBlocked       the house's content filter stopped it               not retryable
"""

from __future__ import annotations


class SalonError(Exception):
    """Base of all. ``str(error)`` is the sentence for the user; it never contains a secret."""

    code = "server_error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class ConfigError(SalonError):
    """The configuration cannot be used. The message names the file and line where it is known."""

    code = "config_error"


class ClientError(SalonError):
    """A client's message cannot be obeyed. ``param`` is the path of the offending field, in the protocol's own words."""

    code = "invalid_event"

    def __init__(
        self, message: str, *, code: str | None = None, param: str | None = None, event_id: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.param = param
        self.event_id = event_id


class Refused(SalonError):
    """A client is not let in. ``status`` is the HTTP status; ``retry_after`` is in seconds."""

    code = "invalid_api_key"

    def __init__(self, message: str, *, status: int, code: str, retry_after: int | None = None) -> None:
        super().__init__(message, code=code, retryable=retry_after is not None)
        self.status = status
        self.retry_after = retry_after


class ProviderError(SalonError):
    """A house failed. ``house`` is its name, ``vendor_code`` its own code, ``advice`` what the operator can do.

    ``back_off`` is true where the house asks for a pause before the same request is made again; fallback to another
    model does not wait for it.
    """

    code = "server_error"

    def __init__(
        self,
        message: str,
        *,
        house: str = "",
        vendor_code: str | int | None = None,
        advice: str = "",
        retryable: bool | None = None,
        back_off: bool = False,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.house = house
        self.vendor_code = vendor_code
        self.advice = advice
        self.back_off = back_off


class AuthFailed(ProviderError):
    code = "provider_auth_failed"


class QuotaExhausted(ProviderError):
    code = "provider_quota_exhausted"


class RateLimited(ProviderError):
    code = "inference_rate_limit_exceeded"
    retryable = True


class Overloaded(ProviderError):
    code = "provider_overloaded"
    retryable = True


class Unreachable(ProviderError):
    code = "provider_unreachable"
    retryable = True


class TimedOut(ProviderError):
    """``phase`` is ``connect``, ``first_token`` or ``stall``; of speech also ``first_audio`` and ``final``."""

    code = "provider_timeout"
    retryable = True

    def __init__(self, message: str, *, phase: str, house: str = "", advice: str = "") -> None:
        super().__init__(message, house=house, advice=advice)
        self.phase = phase


class BadAnswer(ProviderError):
    code = "provider_bad_answer"
    retryable = True


class BadRequest(ProviderError):
    code = "provider_rejected_request"


class ContextTooLong(ProviderError):
    code = "context_length_exceeded"


class ContentBlocked(ProviderError):
    """``withdraw`` is true when text already streamed must be taken back (Spark 10014)."""

    code = "content_filter"

    def __init__(
        self,
        message: str,
        *,
        house: str = "",
        vendor_code: str | int | None = None,
        advice: str = "",
        withdraw: bool = False,
    ) -> None:
        super().__init__(message, house=house, vendor_code=vendor_code, advice=advice)
        self.withdraw = withdraw
