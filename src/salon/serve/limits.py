"""How much one caller and one address may do: connections at once, connections per minute, messages per second.

Nothing here grows without bound: accounts without a connection are forgotten, the longest unused first.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """0 is no limit. The first three count all connections of one caller (a key, or the user of a grant); those with
    ``address_`` count all connections from one IPv4 address or one IPv6 /64 network.

    Loopback addresses are not counted: they are programs on this machine, or a proxy that does not say whom it speaks for.
    """

    connections: int = 10_000
    connections_per_minute: int = 10_000
    messages_per_second: int = 20_000
    address_connections: int = 250
    address_connections_per_minute: int = 600
    address_messages_per_second: int = 2_000


class Bucket:
    """A token bucket, kept as one number: when the bucket will be full again (the "generic cell rate algorithm").

    Times are milliseconds of one monotonic clock. ``rate`` is tokens per second, 0 for no limit; ``burst`` tokens may be
    taken at once.
    """

    __slots__ = ("_full_at", "_interval", "_tolerance")

    def __init__(self, rate: float, burst: float) -> None:
        self._interval = 1000 / rate if rate else 0.0
        self._tolerance = burst * self._interval
        self._full_at = -math.inf

    def charge(self, now: int) -> int:
        """Take one, on credit if need be. The milliseconds until the debt is paid, 0 if there is none."""
        if not self._interval:
            return 0
        full_at = max(self._full_at, now) + self._interval
        self._full_at = full_at
        debt = full_at - now - self._tolerance
        return math.ceil(debt) if debt > 0 else 0

    def take(self, now: int) -> int:
        """Take one if there is one: 0, or the milliseconds until there will be."""
        before = self._full_at
        wait = self.charge(now)
        if wait:
            self._full_at = before
        return wait


class Account:
    """What one caller or one address has open and has used of its budgets."""

    __slots__ = ("connections", "connects", "limit", "messages")

    def __init__(self, connections: int, per_minute: int, messages_per_second: int) -> None:
        self.limit = connections
        self.connections = 0
        # A minute's worth at once: everybody comes back in the same second after a restart.
        self.connects = Bucket(per_minute / 60, per_minute)
        # Ten seconds' worth at once: a recording that is sent faster than it was spoken.
        self.messages = Bucket(messages_per_second, messages_per_second * 10)

    @property
    def full(self) -> bool:
        return bool(self.limit) and self.connections >= self.limit


class Accounts:
    """Accounts by name, at most ``capacity`` of them beside those that have connections open.

    When it is full the one longest unused goes, even if its minute is not over: whoever can fill the table has that many
    addresses anyway.
    """

    def __init__(self, capacity: int = 16_384) -> None:
        self._capacity = capacity
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def of(self, name: str, connections: int, per_minute: int, messages_per_second: int) -> Account:
        """The account of that name; a new one has these limits (0: none)."""
        account = self._accounts.get(name)
        if account is None:
            self._make_room()
            account = self._accounts[name] = Account(connections, per_minute, messages_per_second)
        else:
            self._accounts.move_to_end(name)
        return account

    def _make_room(self) -> None:
        # Accounts in use are put at the end and tried again much later, so that one call looks at a few only.
        for _ in range(8):
            if len(self._accounts) < self._capacity:
                return
            name, account = next(iter(self._accounts.items()))
            if account.connections:
                self._accounts.move_to_end(name)
            else:
                del self._accounts[name]


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64 (one customer has as many addresses in it as she likes).
    Empty for loopback, which is not counted, and for what is no address at all (a Unix socket)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return "" if ip.is_loopback else str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))
        ip = ip.ipv4_mapped
    return "" if ip.is_loopback else str(ip)
