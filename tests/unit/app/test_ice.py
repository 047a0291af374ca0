"""The settings in [ice] become servers."""

from __future__ import annotations

import pytest

from salon.app.config import Config
from salon.app.config_peers import Ice
from salon.app.ice import ice_servers
from salon.base.errors import ConfigError
from tests.fakes.clock import FakeClock


def test_every_setting_reaches_its_server() -> None:
    ice = Ice(stun=("stun:a",), turn=("turn:b", "turns:c"), turn_username="u", turn_credential="p", ttl_seconds=90)
    made = ice_servers(Config(ice=ice), FakeClock())
    stun, turn = made.of("ann")
    assert (stun.urls, turn.urls, turn.username, turn.credential) == (("stun:a",), ("turn:b", "turns:c"), "u", "p")
    assert made.seconds == 90
    secret = Ice(turn=("turn:b",), turn_secret="north", ttl_seconds=90)
    assert ice_servers(Config(ice=secret), FakeClock(unix=10)).of("ann")[0].username == "100:ann"


def test_half_a_credential_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="turn_secret"):
        ice_servers(Config(ice=Ice(turn=("turn:b",), turn_username="u")), FakeClock())
