"""npm ``centrifuge`` and PyPI ``centrifuge-python``, unmodified, over a wire that is cut in the middle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from salon.app import build, listen
from salon.app.config import Auth, Config
from salon.app.config_chat import Chat
from salon.app.config_load import Loaded
from salon.app.config_rooms import Rooms, TopicSettings
from salon.app.lifecycle import Server as HttpServer
from salon.app.models import Models
from salon.base.rooms import Kick
from salon.session.agent import Agent
from salon.session.topic import Room
from salon.wire.token import Claims, SalonClaim, mint
from tests.conformance.realtime.foreign import Foreign
from tests.session.cut import Wire, wire_to

pytestmark = pytest.mark.conformance

CLIENTS = Path(__file__).parent / "clients"
FOREIGN = (
    Foreign("centrifuge_node.cjs", "npm", ("centrifuge@5.8.0", "ws@8.23.0"), CLIENTS),
    Foreign("centrifuge_python.py", "pip", ("centrifuge-python==0.7.0",), CLIENTS),
)
SECRET = "the secret of the tests, long enough"
AWAY = 50


def token(seconds: int, *rooms: str) -> str:
    claims = Claims(sub="alice", exp=int(time.time()) + seconds, info={"name": "Alice"}, salon=SalonClaim(rooms=rooms))
    return mint(claims, SECRET.encode())


async def obey(house: build.House, wire: Wire) -> None:
    """Do to the client what it asks for."""
    room = Room("lobby", lambda: house.rooms)
    async with room.topic("control").subscribe() as wishes:
        async for wish in wishes:
            if wish.data == "cut":
                wire.cut()
                for number in range(AWAY):
                    await room.topic("chat").publish({"away": number})
                await room.topic("state").change({"away": True})
                await room.topic("chat").publish({"end": True})
            elif wish.data == "unsubscribe":
                await house.rooms.control(Kick("alice", "lobby", "feed", reason="unsubscribed"))
            else:
                await house.rooms.control(Kick("alice"))


@asynccontextmanager
async def open_house(path: Path) -> AsyncIterator[tuple[build.House, int]]:
    rooms = Rooms(path=str(path), topics=(TopicSettings(pattern="*/short", size=1),))
    config = Config(auth=Auth(token_secrets=(SECRET,)), rooms=rooms, chat=Chat(agent_rooms=()))
    house = build.build(config, [Agent("host")], Models(Loaded(config=config), environ={}))
    server = HttpServer(house.app)
    listening = asyncio.Event()
    server.listening = listening.set
    sockets = listen.bind("127.0.0.1", 0)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets))
        await listening.wait()
        try:
            yield house, sockets[0].getsockname()[1]
        finally:
            server.stop()
            await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=FOREIGN, ids=lambda foreign: foreign.name)
async def facts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Any]]:
    path = tmp_path_factory.mktemp("rooms") / "salon.db"
    async with open_house(path) as (house, port), wire_to(port) as wire, asyncio.TaskGroup() as group:
        obeying = group.create_task(obey(house, wire))
        address = f"ws://127.0.0.1:{wire.port}/connection/websocket"
        yield await request.param.run(address, token(4, "lobby"), token(600, "lobby", "later"))
        obeying.cancel()


def test_connect(facts: dict[str, Any]) -> None:
    assert facts["connected"] == {"user": "alice"}


def test_publish_and_history_with_paging(facts: dict[str, Any]) -> None:
    assert facts["pages"] == [[0, 1], [2, 3, 4], [4]]
    assert facts["author"] == "alice"


def test_presence(facts: dict[str, Any]) -> None:
    assert facts["presence"] == [["alice", {"name": "Alice"}, "user"]]
    assert facts["stats"] == {"numClients": 1, "numUsers": 1}


def test_join_and_leave(facts: dict[str, Any]) -> None:
    assert (facts["joined"], facts["left"]) == ("alice", "alice")


def test_feed_with_a_rate(facts: dict[str, Any]) -> None:
    assert facts["feed"] == {"newest": ["a", 30], "counted": 30, "fewer": True}


def test_shared_state(facts: dict[str, Any]) -> None:
    assert facts["state"] == {"a": 3}


def test_signal(facts: dict[str, Any]) -> None:
    assert facts["signal"] == {"type": "signal", "id": "1", "data": {"sdp": "…"}}


def test_rpc(facts: dict[str, Any]) -> None:
    assert facts["idempotent"] is True


def test_permission(facts: dict[str, Any]) -> None:
    assert facts["denied"] == 103


def test_recovery_after_a_hard_drop(facts: dict[str, Any]) -> None:
    assert facts["recovery"] == {
        "wasRecovering": True,
        "recovered": True,
        "said": [*range(AWAY), True],
        "same": True,
        "state": True,
    }


def test_refresh(facts: dict[str, Any]) -> None:
    assert facts["refreshed"] is True


def test_ended_from_the_server(facts: dict[str, Any]) -> None:
    assert (facts["unsubscribed"], facts["kicked"], facts["refused"]) == (2000, 3503, 3500)


def test_a_gap_is_told(facts: dict[str, Any]) -> None:
    # centrifuge-python has no way to say where it stands when it subscribes for the first time.
    assert facts.get("gap", [True, False]) == [True, False]
