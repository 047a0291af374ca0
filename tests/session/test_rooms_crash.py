"""``kill -9`` under load: a real server, a real file. What was acknowledged is there, and what is not the same says so."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fakes.centrifuge import Client

CONFIG = """
[rooms]
path = "{folder}/salon.db"
rates = {{ connect = 0, subscribe = 0, publish = 0, history = 0 }}
[[rooms.topics]]
pattern = "*/chat"
size = 100000
bytes = 100000000
"""
WRITERS, ACKNOWLEDGED = 4, 400


class Process:
    def __init__(self, child: asyncio.subprocess.Process, port: int) -> None:
        self.child = child
        self.url = f"ws://127.0.0.1:{port}/connection/websocket"

    async def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        await self.child.wait()


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Process]:
    config = folder / "salon.toml"
    config.write_text(CONFIG.format(folder=folder))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "salon.cli.main", "serve", "--port", "0", "--llm", "demo", "--config", str(config)]
    child = await asyncio.create_subprocess_exec(
        *command, env=kept, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(60):
            seen = ""
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", seen)):
                line = (await child.stdout.readline()).decode()
                assert line, seen
                seen += line
        yield Process(child, int(found[1]))
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@asynccontextmanager
async def client(process: Process, user: str) -> AsyncIterator[Client]:
    async with connect(process.url, max_size=None) as socket:
        made = Client(socket)
        assert "connect" in await made.connect(user=user)
        yield made


class Load:
    """People who write as fast as they are answered, and what they were answered."""

    def __init__(self) -> None:
        self.acknowledged: dict[int, str] = {}
        self.epochs: set[str] = set()
        self.versions: dict[int, str] = {}
        self.last: dict[str, str] = {}
        """What each wrote last, acknowledged or not."""
        self.enough = asyncio.Event()

    async def write(self, process: Process, name: str) -> None:
        with suppress(ConnectionClosed, ConnectionError, TimeoutError):
            async with client(process, name) as writer:
                number = 0
                while True:
                    number += 1
                    self.last[name] = said = f"{name} {number}"
                    place = await publish(writer, said)
                    self.acknowledged[place["rpc"]["data"]["offset"]] = said
                    self.epochs.add(place["rpc"]["data"]["epoch"])
                    changed = await writer.ask(publish={"channel": "lobby/state", "data": {"set": {name: number}}})
                    assert "publish" in changed
                    self.versions[int(name[-1])] = said
                    if len(self.acknowledged) >= ACKNOWLEDGED:
                        self.enough.set()


async def publish(writer: Client, said: str) -> Any:
    """With a key by which the server knows it again."""
    data = {"channel": "lobby/chat", "data": said, "idempotency_key": said}
    return await writer.ask(rpc={"method": "publish", "data": data})


async def everything(reader: Client) -> tuple[dict[int, Any], str]:
    """The whole history, page by page."""
    found: dict[int, Any] = {}
    page = (await reader.ask(history={"channel": "lobby/chat", "limit": 1000}))["history"]
    while page["publications"]:
        found.update((each["offset"], each["data"]) for each in page["publications"])
        since = {"offset": page["publications"][-1]["offset"], "epoch": page["epoch"]}
        page = (await reader.ask(history={"channel": "lobby/chat", "limit": 1000, "since": since}))["history"]
    return found, page["epoch"]


async def test_no_acknowledged_message_is_lost(tmp_path: Path) -> None:
    load, heard = Load(), dict[int, Any]()
    place: dict[str, Any] = {}
    async with server(tmp_path) as process, asyncio.TaskGroup() as group:

        async def listen() -> None:
            with suppress(ConnectionClosed, ConnectionError):
                async with client(process, "listener") as listener:
                    place.update((await listener.ask(subscribe={"channel": "lobby/chat"}))["subscribe"])
                    state.update((await listener.ask(subscribe={"channel": "lobby/state"}))["subscribe"])
                    listening.set()
                    while True:
                        push = await listener.push()
                        if push["channel"] == "lobby/chat":
                            heard[push["pub"]["offset"]] = push["pub"]["data"]

        state: dict[str, Any] = {}
        listening = asyncio.Event()
        group.create_task(listen())
        await listening.wait()
        for number in range(WRITERS):
            group.create_task(load.write(process, f"writer{number}"))
        async with asyncio.timeout(60):
            await load.enough.wait()
        await process.kill()

    last = max(heard)
    assert sorted(heard) == list(range(1, last + 1)), "in order and without a hole, to the last moment"
    async with server(tmp_path) as process, client(process, "listener") as listener:
        found, epoch = await everything(listener)
        assert load.epochs == {epoch}
        assert {offset: found.get(offset) for offset in load.acknowledged} == load.acknowledged
        assert {offset: found.get(offset) for offset in heard} == heard, "nothing was told that was not kept"
        assert sorted(found) == list(range(1, len(found) + 1))

        since = {"recover": True, "offset": last, "epoch": epoch}
        back = (await listener.ask(subscribe={"channel": "lobby/chat", **since}))["subscribe"]
        assert back["recovered"] is True
        missed = [each["offset"] for each in back.get("publications", [])]
        assert missed == list(range(last + 1, len(found) + 1))

        asked = {"channel": "lobby/state", "recover": True, "offset": state.get("offset", 0), "epoch": state["epoch"]}
        again = (await listener.ask(subscribe=asked))["subscribe"]
        assert again["epoch"] != state["epoch"], "what is short-lived is not kept: another life"
        entries = again["publications"][0]["data"]["entries"]
        for number, said in load.versions.items():
            assert entries[f"writer{number}"] >= int(said.split()[1])

        # Who was not answered says it again; nothing is there twice.
        for name, said in load.last.items():
            async with client(process, name) as writer:
                place = (await publish(writer, said))["rpc"]["data"]
                assert found.setdefault(place["offset"], said) == said
        assert sorted((await everything(listener))[0].values()) == sorted(set(found.values()))

        place_after = await listener.ask(rpc={"method": "publish", "data": {"channel": "lobby/chat", "data": "on"}})
        assert place_after["rpc"]["data"] == {"offset": len(found) + 1, "epoch": epoch}


async def test_a_file_that_is_lost_is_another_epoch(tmp_path: Path) -> None:
    async with server(tmp_path) as process, client(process, "alice") as alice:
        sub = (await alice.ask(subscribe={"channel": "lobby/chat"}))["subscribe"]
        await alice.ask(publish={"channel": "lobby/chat", "data": 1})
        await process.kill()
    for name in ("salon.db", "salon.db-wal", "salon.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    async with server(tmp_path) as process, client(process, "alice") as alice:
        asked = {"channel": "lobby/chat", "recover": True, "offset": 1, "epoch": sub["epoch"]}
        back = (await alice.ask(subscribe=asked))["subscribe"]
        assert back["was_recovering"] is True and "recovered" not in back
        assert back["epoch"] != sub["epoch"]
