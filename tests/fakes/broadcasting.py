"""The WHIP, WHEP and Live doors on a real port, over an engine without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from aiohttp import ClientResponse, ClientSession

from salon.base.ids import counting
from salon.ports.recorder import Recorder
from salon.serve.gate import ApiKey, Gate
from salon.serve.http import app
from salon.serve.ice import IceServers
from salon.serve.limits import Limits
from salon.serve.live import LiveDoor
from salon.serve.live_list import LiveListDoor
from salon.serve.whip import WhipDoor
from salon.session.bill import Listing
from salon.session.live import Live, LiveLimits
from salon.wire.token import Claims, SalonClaim, mint
from salon.wire.whip import SDP, IceServer
from tests.fakes import workers as by_workers
from tests.fakes.clock import FakeClock
from tests.fakes.media import FakeEngine, FakePeer, offer_text
from tests.fakes.serving import Noting, Serving, serving

KEY = "sk-a-key-of-some-length"
ADMIN = "sk-another-key-of-some-length"
SECRET = b"t" * 32
ORIGIN = "https://app.example.com"


def grant(sub: str, publish: Sequence[str] = (), watch: Sequence[str] = ()) -> str:
    return mint(Claims(sub=sub, salon=SalonClaim(publish=tuple(publish), watch=tuple(watch))), SECRET)


ALICE = grant("alice", ["alice-*", "studio"], ["*"])
BOB = grant("bob", ["studio"], ["studio"])


class Doors:
    def __init__(
        self, http: ClientSession, server: Serving, live: Live, listing: Listing, engine: FakeEngine, gate: Gate
    ) -> None:
        self.http = http
        self.server = server
        self.live = live
        self.listing = listing
        self.engine = engine
        self.gate = gate
        self.observer = cast(Noting, gate._observer)

    @property
    def peer(self) -> FakePeer:
        """The newest."""
        return self.engine.made[-1]

    @property
    def session(self) -> str:
        """The id of the newest."""
        return list(self.live._sessions)[-1]

    def drain(self) -> None:
        self.listing.draining = True  # readers of events hang up
        self.live.drain()

    async def let_go(self) -> None:
        """Return when nobody is counted by the gate any more."""
        async with asyncio.timeout(10):
            while self.gate.connections:  # noqa: ASYNC110  the gate tells nobody
                await asyncio.sleep(0.005)

    async def post(self, path: str, body: str | bytes, token: str = ALICE, **headers: str) -> ClientResponse:
        return await self.http.post(path, data=body, headers={"content-type": SDP, **bearer(token), **headers})

    async def publish(self, room: str = "studio", token: str = ALICE, **offer: Any) -> ClientResponse:
        return await self.post(f"/whip/{room}", offer_text(**offer), token)

    async def go_live(self, room: str = "studio", token: str = ALICE, **offer: Any) -> ClientResponse:
        response = await self.publish(room, token, **offer)
        assert response.status == 201, await response.text()
        self.peer.send()
        return response

    async def watch(self, room: str = "studio", token: str = BOB, **offer: Any) -> ClientResponse:
        return await self.post(f"/whep/{room}", offer_text("recvonly", **offer), token)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


@asynccontextmanager
async def doors(
    *,
    open: bool = False,
    limits: Limits | None = None,
    live_limits: LiveLimits | None = None,
    ice: Sequence[IceServer] = (),
    recorder: Recorder | None = None,
    worker: bool = False,
) -> AsyncIterator[Doors]:
    """``worker``: the sessions live in a worker, which differs from a real one in that it is in this process."""
    clock, engine, observer = FakeClock(), FakeEngine(), Noting()
    keys = [] if open else [ApiKey("backend", KEY), ApiKey("operator", ADMIN, admin=True)]
    gate = Gate(
        keys=keys,
        token_secrets=[] if open else [SECRET],
        origins=[ORIGIN],
        limits=limits or Limits(),
        clock=clock,
        observer=observer,
    )
    servers = IceServers(ice, clock, turn_secret=b"north", seconds=3600)
    async with AsyncExitStack() as stack:
        live = Live(engine, clock=clock, new_id=counting(), limits=live_limits, recorder=recorder)
        await stack.enter_async_context(live)
        if worker:
            most = (live_limits or LiveLimits()).broadcasts
            fleet = await stack.enter_async_context(by_workers.fleet(clock, records=recorder is not None))
            await stack.enter_async_context(by_workers.worker(fleet, 1, live, servers, clock, observer))
            routes = by_workers.routes(fleet, gate, servers, most=most)
            listing: Listing = fleet
        else:
            listing = live
            whip = WhipDoor(live, gate, servers, clock, observer)
            routes = [*whip.routes(), *LiveListDoor(live, gate).routes(), *LiveDoor(live, gate).routes()]
        server = await stack.enter_async_context(serving(app(routes, gate=gate)))
        http = await stack.enter_async_context(ClientSession(server.http))
        there = Doors(http, server, live, listing, engine, gate)
        yield there
        there.drain()
