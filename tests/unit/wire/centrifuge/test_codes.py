from __future__ import annotations

import pytest

from salon.base.errors import ClientError, ProviderError, Refused, SalonError
from salon.wire.centrifuge import codes


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (ClientError("No.", code="room_forbidden"), codes.PERMISSION_DENIED),
        (ClientError("No.", code="token_expired"), codes.TOKEN_EXPIRED),
        (ClientError("No.", code="something_else"), codes.BAD_REQUEST),
        (Refused("No.", status=429, code="rate_limit_exceeded"), codes.TOO_MANY_REQUESTS),
        (Refused("No.", status=401, code="invalid_api_key"), codes.UNAUTHORIZED),
        (Refused("No.", status=503, code="broker_busy", retry_after=1), codes.INTERNAL),
        (ProviderError("No."), codes.INTERNAL),
        (SalonError("No."), codes.INTERNAL),
    ],
)
def test_every_error_has_a_number(error: SalonError, number: int) -> None:
    assert codes.number_of(error) == number


def test_endings_say_whether_to_come_back() -> None:
    assert not codes.SLOW.final and not codes.SHUTDOWN.final and not codes.CONNECTION_EXPIRED.final
    assert codes.INVALID_TOKEN.final and codes.BAD_FRAME.final and codes.FORCE_DISCONNECT.final
    assert codes.Ending(4500, "mine").final and not codes.Ending(4000, "mine").final


def test_clients_subscribe_again_from_2500_on() -> None:
    assert codes.UNSUBSCRIBED.code < 2500 <= codes.INSUFFICIENT_STATE.code < codes.SUBSCRIPTION_EXPIRED.code
