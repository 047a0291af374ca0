"""A state that a program holds: it alone changes it, a fixed number of times a second, from what participants want.

Each step the program is given what came since the last: inputs in order, who joined, who left. It mutates a plain dictionary;
what is different afterwards goes out as a patch, with the last input of each session that it counts in. One process holds a
channel at a time: it has the lease.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec

from salon.base.errors import SalonError
from salon.base.rooms import Change, Input, Joined, Left, Who, split_channel
from salon.ports.broker import Delivery
from salon.room.inputs import Inputs
from salon.session.rooms import Rooms

logger = logging.getLogger(__name__)

LEASE_MS: Final = 5_000
MAX_BEHIND: Final = 5
"""Steps that are made up for after a stall. Older ones never happened: a world that runs after its own time is not caught."""
MAX_NEWS: Final = 10_000

_encode = msgspec.json.Encoder(order="deterministic").encode


class Said(msgspec.Struct, frozen=True):
    """One input. ``data`` is what the client sent as ``input``."""

    who: Who
    sequence: int
    data: Any


class Tick:
    """One step. ``state`` is the world: JSON values by key, mutated as you like. A key in ``owners`` is seen by that identity
    alone. ``dt`` is the step in seconds, always the same; ``number`` counts the steps of this process; ``time`` is the
    server's, in milliseconds, as in the patches."""

    def __init__(self, room: str, topic: str, dt: float) -> None:
        self.room = room
        self.topic = topic
        self.dt = dt
        self.number = 0
        self.time = 0
        self.state: dict[str, Any] = {}
        self.owners: dict[str, str] = {}
        self.inputs: list[Said] = []
        self.joined: list[Who] = []
        self.left: list[Who] = []


Step = Callable[[Tick], None]


class Authority:
    """``tick`` and ``patch`` are steps and patches a second. ``step`` must not block: it is called in the event loop."""

    def __init__(self, rooms: Rooms, channel: str, step: Step, *, tick: float = 30, patch: float = 20) -> None:
        room, topic = split_channel(channel)
        self._rooms = rooms
        self._channel = channel
        self._step = step
        self._interval = 1 / tick
        self._patch_interval = min(1 / patch, 1.0)
        self._tick = Tick(room, topic, self._interval)
        self._inputs = Inputs()
        self._joined: list[Who] = []
        self._left: list[Who] = []
        self._holder = rooms.new_id("holder")
        # What everybody has been told: encoded values, and whose they are.
        self._told: dict[str, bytes] = {}
        self._owned: dict[str, str] = {}
        self._failed = False

    async def run(self) -> None:
        """Hold the channel, as soon as nobody else does, until cancelled."""
        rooms = self._rooms
        while True:
            while not await rooms.broker.lease(self._channel, self._holder, LEASE_MS):  # noqa: ASYNC110 (no news of it)
                await asyncio.sleep(LEASE_MS / 2000)
            await rooms.broker.follow(self._channel, self._hear)
            await rooms.broker.follow(self._tick.room, self._notice)
            try:
                await self._load()
                await self._keep_time()
            except SalonError as error:
                logger.warning("%s is held anew: %s", self._channel, error)
                await asyncio.sleep(1)
            finally:
                await rooms.broker.unfollow(self._channel, self._hear)
                await rooms.broker.unfollow(self._tick.room, self._notice)
                await rooms.broker.lease(self._channel, self._holder, 0)

    async def _load(self) -> None:
        image = await self._rooms.broker.state(self._channel, self._rooms.rules.of(self._channel))
        self._told = {key: entry.value for key, entry in image.entries.items()}
        self._owned = {key: entry.owner for key, entry in image.entries.items() if entry.owner}
        self._tick.state = {key: msgspec.json.decode(value) for key, value in self._told.items()}
        self._tick.owners = dict(self._owned)
        self._joined = [seat.who for seat in await self._rooms.broker.presence(self._tick.room)]

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        due = patch_due = lease_due = loop.time()
        while True:
            now = loop.time()
            if now - due > MAX_BEHIND * self._interval:
                due = now
            while due <= now:
                self.step()
                due += self._interval
            if patch_due <= now:
                await self.flush()
                patch_due = max(patch_due + self._patch_interval, now)
            if lease_due <= now:
                if not await self._rooms.broker.lease(self._channel, self._holder, LEASE_MS):
                    return
                lease_due = now + LEASE_MS / 3000
            await asyncio.sleep(max(0.0, due - loop.time()))

    def step(self) -> None:
        """Once: with what came since the last time."""
        tick = self._tick
        tick.number += 1
        tick.time = self._rooms.clock.now()
        tick.inputs = [
            Said(given.who, given.sequence, msgspec.json.decode(given.data)) for given in self._inputs.take()
        ]
        tick.joined, self._joined = self._joined, []
        tick.left, self._left = self._left, []
        try:
            self._step(tick)
            self._failed = False
        except Exception:
            # Thirty of these a second say no more than the first.
            if not self._failed:
                logger.exception("The step of %s failed", self._channel)
            self._failed = True

    async def flush(self) -> None:
        """Tell what is different, and which inputs are in it."""
        tick, told, owned = self._tick, self._told, self._owned
        try:
            encoded = {key: _encode(value) for key, value in tick.state.items()}
        except TypeError as error:
            if not self._failed:
                logger.error("The state of %s is not JSON: %s", self._channel, error)
            self._failed = True
            return
        owners = {key: owner for key, owner in tick.owners.items() if key in encoded}
        gone = [key for key in told if key not in encoded]
        changed = {key: value for key, value in encoded.items() if told.get(key) != value}
        # A key that has another owner is removed first: two patches, so that nobody keeps what it may not see any more.
        moved = [key for key in told if key in encoded and owned.get(key, "") != owners.get(key, "")]
        if moved:
            changed.update({key: encoded[key] for key in moved})
        acks = self._inputs.acknowledge()
        if not (gone or changed or acks):
            return
        self._told, self._owned = encoded, owners
        if moved:
            await self._rooms.change(self._channel, Change(remove=tuple(moved)))
        await self._rooms.change(
            self._channel,
            Change(
                set=changed,
                remove=tuple(gone),
                acks=acks,
                owners={key: owners[key] for key in changed if key in owners},
            ),
        )

    def _hear(self, delivery: Delivery) -> None:
        if isinstance(delivery, Input):
            self._inputs.add(delivery)

    def _notice(self, delivery: Delivery) -> None:
        if isinstance(delivery, Joined) and len(self._joined) < MAX_NEWS:
            self._joined.append(delivery.seat.who)
        elif isinstance(delivery, Left):
            self._inputs.forget(delivery.seat.session)
            if len(self._left) < MAX_NEWS:
                self._left.append(delivery.seat.who)
