"""The STUN and TURN servers of the configuration."""

from __future__ import annotations

from salon.app.config import Config
from salon.ports.clock import Clock
from salon.serve.ice import IceServers, configured


def ice_servers(config: Config, clock: Clock) -> IceServers:
    """Raises ``ConfigError`` for TURN servers without credentials."""
    told = config.ice
    return configured(
        clock,
        stun=told.stun,
        turn=told.turn,
        secret=told.turn_secret,
        username=told.turn_username,
        credential=told.turn_credential,
        seconds=told.ttl_seconds,
    )
