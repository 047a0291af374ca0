"""A server that others can reach asks for a key."""

from __future__ import annotations

import pytest

from salon.app.config import ApiKey, Auth, Config, Server
from salon.app.exposure import is_loopback, refuse_exposure
from salon.base.errors import ConfigError


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_others_need_a_key() -> None:
    open_to_all = Server(host="0.0.0.0")
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0 lets others in.*salon token --key"):
        refuse_exposure(Config(server=open_to_all))
    refuse_exposure(Config())
    refuse_exposure(Config(server=open_to_all, auth=Auth(api_keys=(ApiKey(name="a", key="x" * 16),))))
    refuse_exposure(Config(server=open_to_all, auth=Auth(token_secrets=("x" * 32,))))
