"""Every way in which a vendor's WebSocket can fail to open; the vendors' own refusals are tested beside them."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from websockets.http11 import Response

from salon.base.errors import BadAnswer, BadRequest, Overloaded, ProviderError, TimedOut, Unreachable
from salon.providers import dialing
from salon.providers.dialing import Vendor, dial, hidden, is_loopback
from tests.fakes.spark_server import denying, spark_server, tcp_server


def refused(response: Response) -> ProviderError:
    return Overloaded(f"said {response.status_code}", house="acme")


ACME = Vendor("Acme", "acme", refused)


async def nothing(_: Any) -> None:
    return None


async def failing(url: str, within: float = 30) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await dial(url, ACME, within=within, headers={"X-Key": "the-secret"})
    assert caught.value.house == "acme"
    assert "the-secret" not in f"{caught.value} {caught.value.advice} {caught.value!r}"
    return caught.value


async def test_the_vendor_says_what_its_refusal_means() -> None:
    async with spark_server(nothing, process_request=denying(418, b"")) as server:
        assert str(await failing(server.url)) == "said 418"


async def test_no_secret_of_an_address_that_is_none_is_shown() -> None:
    error = await failing("http://127.0.0.1/path?key=the-secret")
    assert type(error) is BadRequest
    assert "http://127.0.0.1/path" in str(error)


async def test_headers_never_reach_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with spark_server(nothing) as server:
        await (await dial(server.url, ACME, within=30, headers={"X-Key": "the-secret"})).close()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("salon", "websockets.client"))]
    assert [line for line in ours if "the-secret" in line] == []


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
        error = await failing(f"ws://{where}/", within=0.05)
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
        error = await failing("wss://acme.example/")
    assert type(error) is Unreachable
    assert "proxy" in str(error)


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
    dialing.tls.cache_clear()
    async with spark_server(nothing, ssl=server_side) as server:
        error = await failing(server.url)
        assert type(error) is Unreachable
        assert "TLS" in str(error)
        assert "self" in str(error)

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        dialing.tls.cache_clear()
        opened = await dial(server.url, ACME, within=30)
        await opened.close()
    dialing.tls.cache_clear()


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.0.0.2", True), ("::1", True), ("128.0.0.1", False), ("", False)]
)
def test_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) == loopback


def test_keys_that_a_vendor_quotes_are_not_shown() -> None:
    assert hidden("no key sk-1234, id abc", ("sk-1234", "abc", "")) == "no key ***, id abc"
