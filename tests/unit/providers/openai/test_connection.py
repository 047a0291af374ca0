"""Proxies from the environment, and what a failed connection is called."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from salon.base.errors import BadAnswer, ProviderError, TimedOut, Unreachable
from salon.providers.openai.connection import Access, broken, is_reset, proxy_for
from salon.providers.openai.profiles import OLLAMA

KEY = ConnectionKey("box", 11434, False, True, None, None, None)
ACCESS = Access(base_url="http://box:11434/v1", secrets=("hidden",))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_proxies_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for("https://api.openai.com/v1") is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_for("https://api.openai.com/v1") == "http://proxy:3128"
    assert proxy_for("http://api.openai.com/v1") is None
    assert proxy_for("https://localhost/v1") is None
    assert proxy_for("https://127.0.0.2/v1") is None
    monkeypatch.setenv("NO_PROXY", "example.com,openai.com")
    assert proxy_for("https://api.openai.com/v1") is None


def test_a_proxy_that_is_not_http_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    assert proxy_for("https://api.openai.com/v1") is None


def refused() -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (refused(), Unreachable, "Connection refused"),
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "unknown")), Unreachable, "cannot be resolved"),
        (aiohttp.ConnectionTimeoutError("late"), TimedOut, "within 10 s"),
        (TimeoutError(), TimedOut, "within 10 s"),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(1, "no")), Unreachable, "proxy"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")), Unreachable, "TLS"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("bad")), Unreachable, "TLS"),
        (aiohttp.ClientPayloadError("cut"), BadAnswer, "middle"),
        (aiohttp.ServerDisconnectedError(), BadAnswer, "closed the connection"),
        (ConnectionResetError(), BadAnswer, "closed the connection"),
        (aiohttp.InvalidURL("x"), BadAnswer, "HTTP"),
    ],
)
def test_what_failed(error: Exception, kind: type[ProviderError], says: str) -> None:
    found = broken(error, OLLAMA, ACCESS)
    assert type(found) is kind
    assert says in str(found)
    assert found.house == "ollama"
    assert found.retryable


def test_the_advice_is_the_houses() -> None:
    assert "ollama serve" in broken(refused(), OLLAMA, ACCESS).advice


def test_only_a_connection_that_stood_can_be_reset() -> None:
    assert is_reset(aiohttp.ServerDisconnectedError())
    assert is_reset(aiohttp.ClientOSError(104, "reset"))
    assert is_reset(ConnectionResetError())
    assert not is_reset(refused())
    assert not is_reset(aiohttp.ClientPayloadError())
    assert not is_reset(TimeoutError())


def test_headers() -> None:
    assert ACCESS.headers["Authorization"] == "Bearer hidden"
    assert ACCESS.headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in Access(base_url="http://h").headers
    assert "hidden" not in repr(ACCESS)
