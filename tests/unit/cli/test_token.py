"""Credentials from the command line."""

from __future__ import annotations

import time

import pytest

from salon.base.errors import ConfigError
from salon.cli.main import main
from salon.cli.token import seconds
from salon.wire.token import verify

SECRET = "s" * 32


def test_a_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_TOKEN_SECRETS", f"{SECRET},{'o' * 32}")
    before = int(time.time())
    assert main(["token", "--sub", "li", "--ttl", "15m", "--agent", "host", "--agent", "poet"]) == 0
    out, err = capsys.readouterr()
    claims = verify(out.strip(), SECRET.encode(), int(time.time()))
    assert err == ""
    assert claims.sub == "li"
    assert claims.exp is not None
    assert before + 900 <= claims.exp <= time.time() + 900
    assert (claims.salon.talk, claims.salon.agents, claims.salon.admin) == (True, ("host", "poet"), False)


def test_a_token_for_an_id(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_TOKEN_SECRETS", SECRET)
    assert main(["token", "--sub", "li", "--peer", "li-phone"]) == 0
    out, _ = capsys.readouterr()
    claims = verify(out.strip(), SECRET.encode(), int(time.time()))
    assert (claims.sub, claims.salon.peer) == ("li", "li-phone")
    assert main(["token", "--sub", "li", "--room", "lobby", "--room", "team-*"]) == 0
    assert verify(capsys.readouterr().out.strip(), SECRET.encode(), int(time.time())).salon.rooms == ("lobby", "team-*")
    assert main(["token", "--sub", "li", "--peer", "li--phone"]) == 1
    assert "--peer: 'li--phone' is no id" in capsys.readouterr().err


def test_a_token_needs_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("salon: there is no token secret to sign with: set SALON_TOKEN_SECRETS")
    fresh = err.split()[-1]
    assert len(fresh) >= 32


def test_a_claim_that_makes_no_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_TOKEN_SECRETS", SECRET)
    assert main(["token", "--sub", "x" * 9000]) == 1
    assert "the limit is" in capsys.readouterr().err


def test_a_key_that_a_server_takes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["token", "--key"]) == 0
    first, how = capsys.readouterr()
    assert f"SALON_API_KEY={first.strip()} salon serve" in how
    assert main(["token", "--key"]) == 0
    assert capsys.readouterr().out != first
    assert len(first.strip()) >= 16


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2592000), ("7", 7)])
def test_times(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0s", "-5m", "1y", "1.5h", "h", "9" * 20])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a time"):
        seconds(text)
