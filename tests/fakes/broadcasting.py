"""The WHIP, WHEP and Live doors on a real port, over an engine without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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
from salon.session.live import Live, LiveLimits
from salon.wire.token import Claims, SalonClaim, mint
from salon.wire.whip import SDP, IceServer
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
    def __init__(self, http: ClientSession, server: Serving, live: Live, engine: FakeEngine, gate: Gate) -> None:
        self.http = http
        self.server = server
        self.live = live
        self.engine = engine
        self.gate = gate
        self.observer = cast(Noting, gate._observer)

    @property
    def peer(self) -> FakePeer:
        """The newest."""
        return self.engine.made[-1]

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
) -> AsyncIterator[Doors]:
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
    async with Live(engine, clock=clock, new_id=counting(), limits=live_limits, recorder=recorder) as live:
        whip = WhipDoor(live, gate, servers, clock, observer)
        framed = app([*whip.routes(), *LiveListDoor(live, gate).routes(), *LiveDoor(live, gate).routes()], gate=gate)
        async with serving(framed) as server, ClientSession(server.http) as http:
            yield Doors(http, server, live, engine, gate)
            live.draining = True  # readers of events hang up
