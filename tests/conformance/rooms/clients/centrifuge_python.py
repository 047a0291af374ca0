"""PyPI centrifuge-python, as a program uses it. Arguments: address, token, the token that follows it. Prints what it saw."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    StreamPosition,
    SubscriptionEventHandler,
)

address, token, next_token = sys.argv[1:]
facts: dict[str, Any] = {}


class Client_(ClientEventHandler):
    def __init__(self) -> None:
        self.connected: asyncio.Queue[Any] = asyncio.Queue()
        self.disconnected: asyncio.Queue[Any] = asyncio.Queue()

    async def on_connected(self, ctx: Any) -> None:
        self.connected.put_nowait(ctx)

    async def on_disconnected(self, ctx: Any) -> None:
        self.disconnected.put_nowait(ctx)


class Sub(SubscriptionEventHandler):
    def __init__(self) -> None:
        self.said: asyncio.Queue[Any] = asyncio.Queue()
        self.subscribed: asyncio.Queue[Any] = asyncio.Queue()
        self.unsubscribed: asyncio.Queue[Any] = asyncio.Queue()
        self.joins: asyncio.Queue[Any] = asyncio.Queue()
        self.leaves: asyncio.Queue[Any] = asyncio.Queue()

    async def on_subscribed(self, ctx: Any) -> None:
        self.subscribed.put_nowait(ctx)

    async def on_unsubscribed(self, ctx: Any) -> None:
        self.unsubscribed.put_nowait(ctx)

    async def on_publication(self, ctx: Any) -> None:
        self.said.put_nowait(ctx.pub)

    async def on_join(self, ctx: Any) -> None:
        self.joins.put_nowait(ctx.info)

    async def on_leave(self, ctx: Any) -> None:
        self.leaves.put_nowait(ctx.info)


async def listen(client: Client, channel: str, **more: Any) -> tuple[Any, Sub]:
    events = Sub()
    sub = client.new_subscription(channel, events, **more)
    await sub.subscribe()
    await events.subscribed.get()
    return sub, events


async def drained(queue: asyncio.Queue[Any], last: Any) -> list[Any]:
    """What comes, to the first that is ``last``."""
    found = [await queue.get()]
    while not last(found[-1]):
        found.append(await queue.get())
    return found


async def main(group: asyncio.TaskGroup) -> None:
    refreshed = 0

    async def get_token() -> str:
        nonlocal refreshed
        refreshed += 1
        return next_token

    events = Client_()
    data = {"device": "the secret of this device"}
    client = Client(address, events, token=token, get_token=get_token, data=data, min_reconnect_delay=0.05, proxy=None)
    await client.connect()
    connected = await events.connected.get()
    facts["connected"] = connected.data

    chat, heard = await listen(client, "lobby/chat", join_leave=True)
    for number in range(5):
        await chat.publish({"number": number})
    page = await chat.history(limit=2)
    rest = await chat.history(limit=10, since=StreamPosition(page.publications[1].offset, page.epoch))
    newest = await chat.history(limit=1, reverse=True)
    facts["pages"] = [[each.data["number"] for each in one.publications] for one in (page, rest, newest)]
    facts["author"] = page.publications[0].info.user
    presence = await chat.presence()
    facts["presence"] = [[info.user, info.conn_info, info.chan_info["kind"]] for info in presence.clients.values()]
    stats = await chat.presence_stats()
    facts["stats"] = {"numClients": stats.num_clients, "numUsers": stats.num_users}

    other = Client(address, token=token, proxy=None)
    await other.connect()
    await listen(other, "lobby/chat")
    while (who := await heard.joins.get()).client == connected.client:
        pass
    facts["joined"] = who.user
    await other.disconnect()
    facts["left"] = (await heard.leaves.get()).user

    feed, prices = await listen(client, "lobby/feed", data={"rate": 20})
    for price in range(1, 31):
        await feed.publish({"key": "a", "price": price})
    seen = await drained(prices.said, lambda pub: pub.data["price"] == 30)
    figures = (await client.rpc("figures", {"channel": "lobby/feed"})).data
    facts["feed"] = {
        "newest": [seen[-1].tags["key"], seen[-1].data["price"]],
        "counted": figures["delivered"] + figures["conflated"],
        "fewer": len(seen) < 30,
    }
    await client.rpc("rate", {"channel": "lobby/feed", "rate": None})

    entries: dict[str, Any] = {}
    state, changes = await listen(client, "lobby/state")

    async def until(version: int) -> None:
        while True:
            said = (await changes.said.get()).data
            if said["type"] == "snapshot":
                entries.clear()
            entries.update(said.get("entries") or said.get("set") or {})
            for key in said.get("removed", ()):
                entries.pop(key, None)
            if said["version"] >= version:
                return

    await state.publish({"set": {"a": 1, "b": {"deep": [2]}}})
    await state.publish({"set": {"a": 3}, "remove": ["b"]})
    await until(2)
    facts["state"] = dict(entries)

    signal, signals = await listen(client, "lobby/signal")
    await signal.publish({"to": connected.client, "id": "1", "data": {"sdp": "…"}})
    facts["signal"] = (await signals.said.get()).data
    sent = {"channel": "lobby/chat", "data": {"once": True}, "idempotency_key": "7"}
    places = [(await client.rpc("publish", sent)).data["offset"] for _ in range(2)]
    facts["idempotent"] = places[0] == places[1]
    try:
        await client.publish("other/chat", {})
    except CentrifugeError as error:
        facts["denied"] = getattr(error, "code", None)

    async def say(what: str) -> None:
        # Its answer may be lost with the connection that it ends.
        with contextlib.suppress(CentrifugeError, asyncio.TimeoutError):
            await client.publish("lobby/control", what)

    while not heard.said.empty():
        heard.said.get_nowait()
    group.create_task(say("cut"))
    back = await heard.subscribed.get()
    said = await drained(heard.said, lambda pub: pub.data.get("end"))
    await changes.subscribed.get()
    await until(3)
    facts["recovery"] = {
        "wasRecovering": back.was_recovering,
        "recovered": back.recovered,
        "said": [pub.data.get("away", pub.data.get("end")) for pub in said if "once" not in pub.data],
        "same": (await events.connected.get()).client == connected.client,
        "state": entries.get("away"),
    }

    events_of_later = Sub()
    later = client.new_subscription("later/chat", events_of_later)
    while True:
        await later.subscribe()
        ended = group.create_task(events_of_later.unsubscribed.get())
        good = group.create_task(events_of_later.subscribed.get())
        await asyncio.wait((ended, good), return_when=asyncio.FIRST_COMPLETED)
        allowed = good.done()
        for each in (ended, good):
            each.cancel()
        if allowed:
            break
        await asyncio.sleep(0.1)
    facts["refreshed"] = refreshed >= 1

    group.create_task(say("unsubscribe"))
    facts["unsubscribed"] = (await prices.unsubscribed.get()).code
    group.create_task(say("kick"))
    facts["kicked"] = (await events.disconnected.get()).code

    refused = Client_()
    wrong = Client(address, refused, token="wrong", proxy=None)
    with contextlib.suppress(CentrifugeError):
        await wrong.connect()
    facts["refused"] = (await refused.disconnected.get()).code
    print(json.dumps(facts))


async def run() -> None:
    async with asyncio.TaskGroup() as group:
        await main(group)


asyncio.run(run())
