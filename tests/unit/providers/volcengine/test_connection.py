"""The way to Volcengine, and how it fails."""

from __future__ import annotations

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Response

from salon.base.errors import AuthFailed, BadAnswer, ProviderError, QuotaExhausted
from salon.providers.volcengine.connection import Access, Sockets, _refused
from tests.fakes.volcengine_server import ASR, KEY, volcengine_server


async def test_both_kinds_of_keys_are_taken() -> None:
    async with volcengine_server() as server:
        for access in (Access(KEY), Access(app_id="app", access_token=KEY)):
            async with Sockets(access, "r").connected(server.url + ASR):
                pass
        await server.idle.wait()


async def test_a_wrong_key_is_told_and_not_shown() -> None:
    async with volcengine_server() as server:
        with pytest.raises(AuthFailed, match="invalid auth token") as caught:
            async with Sockets(Access("wrong-secret"), "r").connected(server.url + ASR):
                pass
    assert "wrong-secret" not in f"{caught.value} {caught.value.advice} {Access('wrong-secret')!r}"


@pytest.mark.parametrize(("status", "code"), [(403, "provider_auth_failed"), (429, "inference_rate_limit_exceeded")])
def test_refusals(status: int, code: str) -> None:
    def refused(status: int) -> ProviderError:
        return _refused((), Response(status, "", Headers(), b"no"))

    assert refused(status).code == code
    assert refused(502).retryable
    assert isinstance(refused(302), BadAnswer)
    assert isinstance(_refused((), Response(403, "", Headers(), b"quota exceeded for types: audio")), QuotaExhausted)
