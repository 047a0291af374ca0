"""Settings for who meets whom directly."""

from __future__ import annotations

import pathlib

import pytest

from salon.app.config_load import load
from salon.app.config_peers import Ice
from salon.base.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        'stun = "stun:stun.example.com"',
        'stun = ["stun:192.0.2.1:3478", "stuns:[2001:db8::1]:5349"]',
        'turn = ["turn:a.example:3478?transport=udp", "turns:a.example:443?transport=tcp"]\nturn_secret = "north"',
    ],
)
def test_addresses_as_rfc_7064_and_7065_write_them(tmp_path: pathlib.Path, text: str) -> None:
    file = tmp_path / "salon.toml"
    file.write_text(f"[ice]\n{text}\n", encoding="utf-8")
    ice = load(file, environ={}).config.ice
    assert ice.stun or ice.turn


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('stun = "stun.example.com"', "stun in [ice] must be a list of addresses like stun:stun.example.com:3478"),
        ('stun = ["turn:a.example"]', "stun in [ice]"),
        ('stun = ["stun:a.example?transport=udp"]', "stun in [ice]"),
        ('turn = ["turn://a.example"]', "turn in [ice] must be a list of addresses like turn:turn.example.com:3478"),
        ('turn = ["turn:a.example?transport=sctp"]', "turn in [ice]"),
        ("ttl_seconds = 5", "ttl_seconds in [ice] must be a whole number from 60 to 86400"),
    ],
)
def test_what_no_browser_would_take(tmp_path: pathlib.Path, text: str, says: str) -> None:
    file = tmp_path / "salon.toml"
    file.write_text(f"[ice]\n{text}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as wrong:
        load(file, environ={})
    assert says in wrong.value.message


def test_several_addresses_in_one_variable() -> None:
    environ = {"SALON_ICE_TURN": "turn:a.example,turn:a.example?transport=tcp", "SALON_ICE_TURN_SECRET": "north"}
    ice = load(environ=environ).config.ice
    assert ice.turn == ("turn:a.example", "turn:a.example?transport=tcp")


def test_secrets_are_not_shown() -> None:
    shown = repr(Ice(turn_secret="hidden-north", turn_credential="hidden-south"))
    assert "hidden" not in shown
