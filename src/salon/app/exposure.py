"""Whether a server that anybody can reach asks who they are."""

from __future__ import annotations

import ipaddress

from salon.app.config import Config
from salon.base.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def refuse_exposure(config: Config) -> None:
    """Raises ``ConfigError`` for a server that others can reach and that asks nobody for a key."""
    auth = config.auth
    if is_loopback(config.server.host) or auth.api_keys or auth.token_secrets:
        return
    raise ConfigError(
        f"listening on {config.server.host} lets others in, so an API key is needed: make one with "
        "`salon token --key` and start with SALON_API_KEY=<the key>"
    )
