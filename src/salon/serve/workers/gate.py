"""The gate of a worker: whoever comes has been let in by the parent's, over a socket that nobody else has. It counts messages,
and tells the parent what each hold of its gate is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope

from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.serve.gate import Caller, Gate, Hold
from salon.serve.limits import Account, Limits, network_of
from salon.serve.workers.passport import opened
from salon.wire.workers import Entered, Left

PASSPORT = "salon.passport"
HOLD = "salon.hold"


@dataclass(frozen=True, slots=True)
class Admitted(Caller):
    """``hold`` is the number of what the parent's gate counts this request by, 0 for none."""

    hold: int = 0


class TrustingGate(Gate):
    """``tell`` tells the parent."""

    def __init__(self, *, clock: Clock, observer: Observer, tell: Callable[[Entered | Left], None]) -> None:
        # Limits come with each caller.
        super().__init__(limits=Limits(), clock=clock, observer=observer)
        self.held: dict[int, Mirrored] = {}
        """By the parent's number."""
        self._clock = clock
        self._tell = tell

    def admit(self, scope: Scope, door: str, **_: Any) -> Caller:
        told = opened(scope[PASSPORT])
        return Admitted(told.name, told.kind, told.limits, told.admin, told.claims, told.secret, scope[HOLD])

    def check_page(self, scope: Scope) -> None:
        """The parent's gate has."""

    def allows_origin(self, origin: str, host: str) -> bool:
        """The parent's gate says so to pages."""
        return False

    def hold(self, caller: Caller, address: str, door: str) -> Hold:
        assert isinstance(caller, Admitted)
        own = self.own_account(caller)
        accounts = [] if own is None else [own]
        if network := network_of(address):
            limits = caller.limits
            accounts.append(
                self._accounts.of(
                    f"address {network}",
                    limits.address_connections,
                    limits.address_connections_per_minute,
                    limits.address_messages_per_second,
                )
            )
        return Mirrored(self, self._clock, tuple(accounts), door, caller.hold)

    def owes(self, number: int, milliseconds: int) -> None:
        """The parent counts what all workers see: that caller is so far ahead of its message rate."""
        if (hold := self.held.get(number)) is not None:
            hold.owes_until = self._clock.now() + milliseconds

    def counted(self) -> dict[int, int]:
        """How many messages came by each hold since this was asked last; those without any are left out."""
        found = {number: hold.messages for number, hold in self.held.items() if hold.messages}
        for number in found:
            self.held[number].messages = 0
        return found

    def entered(self, hold: Mirrored) -> None:
        self.held[hold.number] = hold
        self._tell(Entered(hold.number))

    def left(self, hold: Mirrored) -> None:
        self.held.pop(hold.number, None)
        self._tell(Left(hold.number))


class Mirrored(Hold):
    """One that the parent's gate holds too. Connections are counted there; messages here, against the whole rate, until the
    parent says that others were counted elsewhere."""

    __slots__ = ("_now", "_trusting", "messages", "number", "owes_until")

    def __init__(self, gate: TrustingGate, clock: Clock, accounts: tuple[Account, ...], door: str, number: int) -> None:
        super().__init__(gate, clock, accounts, door)
        self.number = number
        self.messages = 0
        self.owes_until = 0
        self._trusting = gate
        self._now = clock.now

    def message(self) -> int:
        self.messages += 1
        return max(super().message(), self.owes_until - self._now())

    def __enter__(self) -> Mirrored:
        self._trusting.entered(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._trusting.left(self)
