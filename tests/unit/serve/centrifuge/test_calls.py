from __future__ import annotations

from typing import Any

import pytest

from salon.base.rooms import TopicRule
from salon.room.policy import Rules
from salon.serve.centrifuge.calls import publishes
from salon.wire.centrifuge import commands
from tests.fakes.centrifuge import Client, open_house


async def publish(client: Client, channel: str, data: Any) -> Any:
    return await client.ask(publish={"channel": channel, "data": data})


async def rpc(client: Client, method: str, **data: Any) -> Any:
    return await client.ask(rpc={"method": method, "data": data})


async def test_publishing_by_mode() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        for channel in ("lobby/feed", "lobby/state", "lobby/signal"):
            await client.ask(subscribe={"channel": channel})
        await publish(client, "lobby/feed", {"key": "a", "p": 1})
        assert (await client.push())["pub"]["tags"] == {"key": "a"}
        await publish(client, "lobby/state", {"set": {"x": [1]}})
        assert (await client.push())["pub"]["data"]["set"] == {"x": [1]}
        await publish(client, "lobby/signal", {"to": "alice", "id": "7", "data": {"sdp": ""}})
        pushed = (await client.push())["pub"]
        assert pushed["data"] == {"type": "signal", "id": "7", "data": {"sdp": ""}}
        assert pushed["info"]["user"] == "alice"


@pytest.mark.parametrize(
    ("channel", "data", "code"),
    [
        ("lobby/state", {"set": 5}, 107),
        ("lobby/state", {"sequence": 1, "input": 1}, 108),
        ("lobby/signal", {"data": 1}, 107),
        ("lobby/signal", {"to": "bob"}, 103),
        ("lobby/chat", "x" * 70_000, 106),
        ("chat", 1, 102),
    ],
)
async def test_what_is_refused_is_said_in_the_protocols_numbers(channel: str, data: Any, code: int) -> None:
    async with open_house() as house, house.client(user="alice") as client:
        assert (await publish(client, channel, data))["error"]["code"] == code
        assert (await client.ask(publish={"channel": channel}))["error"]["code"] in (107, 102)


async def test_inputs_go_to_who_holds_the_state() -> None:
    rules = Rules([TopicRule(pattern="game/state", mode="state", authority=True)])
    async with open_house(rules=rules) as house, house.client(user="alice") as client:
        heard: list[Any] = []
        await house.rooms.broker.follow("game/state", heard.append)
        assert "publish" in await publish(client, "game/state", {"sequence": 3, "input": {"left": True}})
        assert [(each.sequence, each.data) for each in heard] == [(3, b'{"left": true}')]
        assert (await publish(client, "game/state", {"set": {"a": 1}}))["error"]["code"] == 108


async def test_history_and_presence() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        for number in range(5):
            await publish(client, "lobby/chat", number)
        await client.ask(subscribe={"channel": "lobby/chat"})
        first = (await client.ask(history={"channel": "lobby/chat", "limit": 2}))["history"]
        assert [each["data"] for each in first["publications"]] == [0, 1] and first["offset"] == 5
        since = {"offset": 2, "epoch": first["epoch"]}
        rest = (await client.ask(history={"channel": "lobby/chat", "limit": -1, "since": since}))["history"]
        assert [each["data"] for each in rest["publications"]] == [2, 3, 4]
        newest = (await client.ask(history={"channel": "lobby/chat", "limit": 2, "reverse": True}))["history"]
        assert [each["data"] for each in newest["publications"]] == [4, 3]
        lost = {"offset": 2, "epoch": "other"}
        reply = await client.ask(history={"channel": "lobby/chat", "limit": 2, "since": lost})
        assert reply["error"]["code"] == 112
        there = (await client.ask(presence={"channel": "lobby/chat"}))["presence"]["presence"]
        assert [each["user"] for each in there.values()] == ["alice"]
        stats = (await client.ask(presence_stats={"channel": "lobby/chat"}))["presence_stats"]
        assert stats == {"num_clients": 1, "num_users": 1}


async def test_remote_calls() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        said = {"channel": "lobby/chat", "data": {"text": "hi"}, "idempotency_key": "1"}
        first = (await rpc(client, "publish", **said))["rpc"]["data"]
        assert first == (await rpc(client, "publish", **said))["rpc"]["data"] and first["offset"] == 1
        await client.ask(subscribe={"channel": "lobby/feed", "data": {"rate": 0.01}})
        await publish(client, "lobby/feed", {"key": "a"})
        assert (await rpc(client, "figures", channel="lobby/feed"))["rpc"]["data"] == {"delivered": 0, "conflated": 0}
        assert (await rpc(client, "rate", channel="lobby/feed", rate=None))["rpc"]["data"] == {}
        assert (await rpc(client, "figures", channel="lobby/feed"))["rpc"]["data"] == {"delivered": 1, "conflated": 0}
        assert (await rpc(client, "attributes", room="lobby", attributes={"typing": True}))["rpc"]["data"] == {}
        there = (await client.ask(presence={"channel": "lobby/feed"}))["presence"]["presence"]
        assert [each["chan_info"]["attributes"] for each in there.values()] == [{"typing": True}]
        assert (await rpc(client, "teleport"))["error"]["code"] == 104
        assert (await rpc(client, "rate", channel="lobby/feed", rate=-1))["error"]["code"] == 107
        assert (await client.ask(sub_refresh={"channel": "lobby/chat", "token": "x"}))["error"]["code"] == 104


async def test_many_values_in_one_command() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        await client.ask(subscribe={"channel": "lobby/feed", "data": {"rate": 100}})
        values = {f"k{number}": {"p": number} for number in range(500)}
        assert (await rpc(client, "feed", channel="lobby/feed", values=values))["rpc"]["data"] == {}
        heard = [(await client.push())["pub"] for _ in values]
        assert {each["tags"]["key"]: each["data"] for each in heard} == values
        assert all("info" not in each for each in heard)
        assert (await rpc(client, "feed", channel="lobby/chat", values=values))["error"]["code"] == 108
        assert (await rpc(client, "feed", channel="lobby/feed", values={"k": "x" * 70_000}))["error"]["code"] == 106
        assert (await rpc(client, "feed", channel="lobby/feed", values=[1]))["error"]["code"] == 107
        assert (await rpc(client, "figures", channel="lobby/feed"))["rpc"]["data"] == {"delivered": 500, "conflated": 0}


def test_what_publishes() -> None:
    assert publishes(commands.Publish("a/b")) and publishes(commands.Rpc("publish")) and publishes(commands.Rpc("feed"))
    assert not publishes(commands.Rpc("rate")) and not publishes(None)
