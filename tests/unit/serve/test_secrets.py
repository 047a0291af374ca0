from __future__ import annotations

import pytest

from salon.base.errors import ClientError, Refused
from salon.serve.limits import Limits
from salon.serve.secrets import ClientSecret, ClientSecrets
from tests.fakes.clock import FakeClock


def issue(secrets: ClientSecrets, ttl_seconds: int = 600) -> ClientSecret:
    return secrets.issue(
        session={"a": 1}, model="host", locked=True, ttl_seconds=ttl_seconds, issuer="web", limits=Limits()
    )


def test_a_secret_serves_again_and_again_until_it_expires() -> None:
    clock = FakeClock(unix=1000)
    secrets = ClientSecrets(clock)
    secret = issue(secrets, 10)
    assert secret.value.startswith("ek_")
    assert secret.expires_at == 1010
    clock.seconds = 1009
    assert secrets.find(secret.value) is secret
    assert secrets.find(secret.value) is secret
    clock.seconds = 1010
    assert secrets.find(secret.value) is None


def test_secrets_differ_and_others_are_not_found() -> None:
    secrets = ClientSecrets(FakeClock())
    assert len({issue(secrets).value for _ in range(100)}) == 100
    assert secrets.find("ek_guess") is None
    assert secrets.find("ek_\udcff") is None


def test_nothing_secret_is_shown() -> None:
    secret = issue(ClientSecrets(FakeClock()))
    assert secret.value not in repr(secret)
    assert "'a'" not in repr(secret)


def test_expired_ones_make_room_and_otherwise_no_new_one_is_made() -> None:
    clock = FakeClock(unix=1000)
    secrets = ClientSecrets(clock, capacity=2)
    short, long = issue(secrets, 10), issue(secrets, 100)
    with pytest.raises(Refused) as caught:
        issue(secrets)
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (429, "rate_limit_exceeded", 10)
    clock.seconds = 1010
    third = issue(secrets)
    assert len(secrets) == 2
    assert secrets.find(short.value) is None
    assert secrets.find(long.value) is long
    assert secrets.find(third.value) is third


@pytest.mark.parametrize("ttl_seconds", [9, 7201, -1])
def test_lives_are_from_10_to_7200_seconds(ttl_seconds: int) -> None:
    with pytest.raises(ClientError) as caught:
        issue(ClientSecrets(FakeClock()), ttl_seconds)
    assert (caught.value.code, caught.value.param) == ("invalid_value", "expires_after.seconds")
