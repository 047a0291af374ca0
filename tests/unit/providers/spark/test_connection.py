from __future__ import annotations

import logging
from typing import Any

import pytest

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    Overloaded,
    ProviderError,
    RateLimited,
)
from salon.providers.spark.connection import Settings, open_connection
from salon.wire.spark_auth import http_date
from tests.fakes.spark_server import denying, spark_server

NOW = 1_800_000_000
SETTINGS = Settings(app_id="app", api_key="the-key", api_secret="the-secret", connect_timeout=30)


async def nothing(_: Any) -> None:
    return None


async def failing(url: str, settings: Settings = SETTINGS) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await open_connection(url, settings, now=lambda: NOW)
    assert caught.value.house == "spark"
    assert "the-secret" not in f"{caught.value} {caught.value.advice} {caught.value!r}"
    return caught.value


DOES_NOT_MATCH = b'{"message":"HMAC signature does not match"}'
UNKNOWN = b'{"message":"HMAC signature cannot be verified: fail to retrieve credential"}'
SKEWED = b'{"message":"HMAC signature cannot be verified, a valid date or x-date header is required"}'


@pytest.mark.parametrize(
    ("status", "body", "server_is_ahead", "kind", "advice"),
    [
        pytest.param(401, DOES_NOT_MATCH, 0, AuthFailed, "SPARK_API_SECRET", id="wrong secret"),
        pytest.param(401, UNKNOWN, 0, AuthFailed, "does not know this APIKey", id="unknown key"),
        pytest.param(401, b'{"message":"Unauthorized"}', 0, AuthFailed, "cuts the query", id="unsigned"),
        pytest.param(403, SKEWED, 900, AuthFailed, "900 s behind Spark's", id="our clock is late"),
        pytest.param(403, SKEWED, -3600, AuthFailed, "3600 s ahead of Spark's", id="our clock is early"),
        pytest.param(403, SKEWED, None, AuthFailed, "by NTP", id="skew, without a date"),
        pytest.param(403, b"<html>", 10, AuthFailed, "by NTP", id="no JSON"),
        pytest.param(401, b'["list"]', 0, AuthFailed, "Check SPARK_API_KEY", id="not an object"),
        pytest.param(404, b"", 0, BadRequest, "url", id="404"),
        pytest.param(429, b"", 0, RateLimited, "fewer", id="429"),
        pytest.param(502, b"", 0, Overloaded, "Try again", id="502"),
        pytest.param(200, b"hello", 0, BadAnswer, "url", id="200"),
    ],
)
async def test_a_refused_handshake(
    status: int, body: bytes, server_is_ahead: int | None, kind: type[ProviderError], advice: str
) -> None:
    dates = {} if server_is_ahead is None else {"Date": http_date(NOW + server_is_ahead)}
    async with spark_server(nothing, process_request=denying(status, body, **dates)) as server:
        error = await failing(server.url)
    assert type(error) is kind
    assert advice in error.advice
    assert error.vendor_code == status


async def test_an_address_that_is_none_does_not_show_the_signature() -> None:
    error = await failing("http://127.0.0.1/")
    assert type(error) is BadRequest
    assert "authorization" not in str(error)


async def test_the_signature_never_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with spark_server(nothing) as server:
        opened = await open_connection(server.url, SETTINGS, now=lambda: NOW)
        await opened.close()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("salon", "websockets.client"))]
    assert [line for line in ours if "authorization" in line] == []
