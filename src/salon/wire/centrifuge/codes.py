"""Centrifugo's numbers: errors in replies, reasons of unsubscribing, close codes that say whether to come back.

Source: https://centrifugal.dev/docs/server/codes. Clients act on the numbers; the sentence beside an error is ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from salon.base.errors import ClientError, Refused, SalonError

INTERNAL: Final = 100
UNAUTHORIZED: Final = 101
UNKNOWN_CHANNEL: Final = 102
PERMISSION_DENIED: Final = 103
METHOD_NOT_FOUND: Final = 104
ALREADY_SUBSCRIBED: Final = 105
LIMIT_EXCEEDED: Final = 106
BAD_REQUEST: Final = 107
NOT_AVAILABLE: Final = 108
TOKEN_EXPIRED: Final = 109
EXPIRED: Final = 110
TOO_MANY_REQUESTS: Final = 111
UNRECOVERABLE_POSITION: Final = 112

TEMPORARY: Final = frozenset({INTERNAL, TOO_MANY_REQUESTS})
"""Errors after which a client makes the same request again by itself."""


class Ending(NamedTuple):
    """Why a connection or a subscription ends: ``code`` decides what the client does next."""

    code: int
    reason: str

    @property
    def final(self) -> bool:
        """The client is not to reconnect: 3500 to 3999, and 4500 to 4999 which applications may use."""
        return 3500 <= self.code < 4000 or 4500 <= self.code < 5000


NORMAL: Final = Ending(3000, "connection closed")
SHUTDOWN: Final = Ending(3001, "shutdown")
SERVER_ERROR: Final = Ending(3004, "internal server error")
CONNECTION_EXPIRED: Final = Ending(3005, "connection expired")
SLOW: Final = Ending(3008, "slow")
FORCE_RECONNECT: Final = Ending(3011, "force reconnect")
NO_PONG: Final = Ending(3012, "no pong")
TOO_MANY: Final = Ending(3013, "too many requests")
INVALID_TOKEN: Final = Ending(3500, "invalid token")
BAD_FRAME: Final = Ending(3501, "bad request")
STALE: Final = Ending(3502, "stale")
FORCE_DISCONNECT: Final = Ending(3503, "force disconnect")
CHANNEL_LIMIT: Final = Ending(3505, "channel limit")
DENIED: Final = Ending(3507, "permission denied")

# 4500 to 4999 are for applications, and final: the same device is here on another connection, and two would take the seat
# from each other in turn.
REPLACED: Final = Ending(4500, "connected elsewhere")

# RFC 6455 section 7.4.1: "1009 indicates that an endpoint is terminating the connection because it has received a message
# that is too big for it to process." The clients know it, and do not come back with the same message.
TOO_BIG: Final = Ending(1009, "message size limit")

UNSUBSCRIBED: Final = Ending(2000, "server unsubscribe")
INSUFFICIENT_STATE: Final = Ending(2500, "insufficient state")
SUBSCRIPTION_EXPIRED: Final = Ending(2501, "subscription expired")

_BY_CODE: Final = {
    "invalid_channel": UNKNOWN_CHANNEL,
    "room_not_found": UNKNOWN_CHANNEL,
    "room_forbidden": PERMISSION_DENIED,
    "not_subscribed": PERMISSION_DENIED,
    "state_key_private": PERMISSION_DENIED,
    "seat_taken": PERMISSION_DENIED,
    "insufficient_permissions": PERMISSION_DENIED,
    "method_not_found": METHOD_NOT_FOUND,
    "already_subscribed": ALREADY_SUBSCRIBED,
    "data_too_large": LIMIT_EXCEEDED,
    "state_full": LIMIT_EXCEEDED,
    "too_many_topics": LIMIT_EXCEEDED,
    "room_full": LIMIT_EXCEEDED,
    "wrong_mode": NOT_AVAILABLE,
    "token_expired": TOKEN_EXPIRED,
    "invalid_token": UNAUTHORIZED,
    "rate_limit_exceeded": TOO_MANY_REQUESTS,
    "unrecoverable_position": UNRECOVERABLE_POSITION,
}
_BY_STATUS: Final = {401: UNAUTHORIZED, 403: PERMISSION_DENIED, 404: UNKNOWN_CHANNEL, 429: TOO_MANY_REQUESTS}


def number_of(error: SalonError) -> int:
    """The number that stands for one of our errors."""
    known = _BY_CODE.get(error.code)
    if known is not None:
        return known
    if isinstance(error, Refused):
        return _BY_STATUS.get(error.status, INTERNAL)
    return BAD_REQUEST if isinstance(error, ClientError) else INTERNAL
