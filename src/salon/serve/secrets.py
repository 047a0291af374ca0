"""Client secrets: credentials for one browser, made by an app's own server, that live for minutes.

``POST /v1/realtime/client_secrets`` makes them, and a browser then comes in with ``ek_…`` instead of the app's key. As at
OpenAI, one may be used many times until it expires: expiry limits the start of a session, not its length.
"""

from __future__ import annotations

import hashlib
import heapq
import secrets
from dataclasses import dataclass, field
from typing import Any

from salon.base.errors import ClientError, Refused
from salon.ports.clock import Clock
from salon.serve.limits import Limits

PREFIX = "ek_"
SHORTEST_SECONDS = 10
LONGEST_SECONDS = 7200


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """``expires_at`` is seconds since 1970. ``session`` is the preset the session starts with, as the door understands it;
    with ``locked`` the client may not change it. ``issuer`` is the name of the caller who asked for it."""

    value: str = field(repr=False)
    expires_at: int
    session: Any = field(repr=False)
    model: str | None
    locked: bool
    issuer: str
    limits: Limits


class ClientSecrets:
    """Holds at most ``capacity``. Expired ones go first; when none has expired, no new one is made."""

    def __init__(self, clock: Clock, capacity: int = 10_000) -> None:
        self._clock = clock
        self._capacity = capacity
        # By digest, so that how long a look-up takes says nothing about a value.
        self._by_digest: dict[bytes, ClientSecret] = {}
        self._expiring: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._by_digest)

    def issue(
        self, *, session: Any, model: str | None, locked: bool, ttl_seconds: int, issuer: str, limits: Limits
    ) -> ClientSecret:
        """Raises ``ClientError`` for a life outside 10 s to 7200 s, ``Refused`` (429) when the store is full."""
        if not SHORTEST_SECONDS <= ttl_seconds <= LONGEST_SECONDS:
            raise ClientError(
                f"expires_after.seconds must be from {SHORTEST_SECONDS} to {LONGEST_SECONDS}.",
                code="invalid_value",
                param="expires_after.seconds",
            )
        now = self._clock.unix()
        self._forget_expired(now)
        if len(self._by_digest) >= self._capacity:
            raise Refused(
                f"{self._capacity} client secrets are waiting to be used or to expire. Ask for shorter lives, or wait.",
                status=429,
                code="rate_limit_exceeded",
                retry_after=max(1, self._expiring[0][0] - now),
            )
        value = PREFIX + secrets.token_urlsafe(32)
        secret = ClientSecret(value, now + ttl_seconds, session, model, locked, issuer, limits)
        digest = _digest(value)
        self._by_digest[digest] = secret
        heapq.heappush(self._expiring, (secret.expires_at, digest))
        return secret

    def find(self, value: str) -> ClientSecret | None:
        """The secret, unless it has expired or was never made here."""
        secret = self._by_digest.get(_digest(value))
        return secret if secret is not None and self._clock.unix() < secret.expires_at else None

    def _forget_expired(self, now: int) -> None:
        while self._expiring and self._expiring[0][0] <= now:
            del self._by_digest[heapq.heappop(self._expiring)[1]]


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()
