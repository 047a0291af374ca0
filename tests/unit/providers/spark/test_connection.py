from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from salon.providers.spark import connection
from salon.providers.spark.connection import Settings, is_loopback, open_connection
from salon.wire.spark_auth import http_date
from tests.fakes.spark_server import denying, spark_server, tcp_server

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


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = await failing(f"ws://127.0.0.1:{port}/")
    assert type(error) is Unreachable
    assert "No connection to" in str(error)


async def test_a_name_that_is_none() -> None:
    error = await failing("ws://salon.invalid/")
    assert type(error) is Unreachable
    assert "cannot be resolved" in str(error)


async def test_a_server_that_says_nothing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with tcp_server(silent) as where:
        error = await failing(f"ws://{where}/", Settings("app", "k", "s", connect_timeout=0.05))
    assert isinstance(error, TimedOut)
    assert error.phase == "connect"


async def test_a_server_that_speaks_something_else() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 smtp.example ESMTP\r\n")
        await writer.drain()
        await reader.read()

    async with tcp_server(other) as where:
        assert type(await failing(f"ws://{where}/")) is BadAnswer


async def test_a_proxy_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.read()

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with tcp_server(refuse) as where:
        monkeypatch.setenv("https_proxy", f"http://{where}")
        error = await failing("wss://spark.example/")
    assert type(error) is Unreachable
    assert "proxy" in str(error)


async def test_an_address_that_is_none_does_not_show_the_signature() -> None:
    error = await failing("http://127.0.0.1/")
    assert type(error) is BadRequest
    assert "authorization" not in str(error)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


async def test_tls_is_verified(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(*certificate)
    connection.tls.cache_clear()
    async with spark_server(nothing, ssl=server_side) as server:
        error = await failing(server.url)
        assert type(error) is Unreachable
        assert "TLS" in str(error)
        assert "self" in str(error)

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        connection.tls.cache_clear()
        opened = await open_connection(server.url, SETTINGS, now=lambda: NOW)
        await opened.close()
    connection.tls.cache_clear()


async def test_the_signature_never_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with spark_server(nothing) as server:
        opened = await open_connection(server.url, SETTINGS, now=lambda: NOW)
        await opened.close()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("salon", "websockets.client"))]
    assert [line for line in ours if "authorization" in line] == []


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.0.0.2", True), ("::1", True), ("128.0.0.1", False), ("", False)]
)
def test_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback
