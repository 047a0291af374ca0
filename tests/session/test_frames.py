"""Frames that no good client sends, and more of them than any client needs. Each costs at most its own connection."""

from __future__ import annotations

import asyncio
import base64
import json
from time import monotonic
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from salon.app.config import Limits
from salon.base.chat import TextDelta
from salon.session.agent import Agent
from tests.fakes.instant_speech import InstantAsr
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.house import OTHER_KEY, open_house
from tests.session.talker import Talker, done, talk, text_of, types

MIB = 1024 * 1024


def echo(asked: Asked) -> list[Step]:
    return [TextDelta(f"{len(asked.messages)} messages, the last of {len(asked.messages[-1].text)} characters")]


def user(text: str, **more: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


async def still_talks(client: Talker) -> None:
    """The connection is as good as before."""
    events = await client.ask("Are you there?")
    assert done(events)["status"] == "completed"
    assert text_of(events)


async def complaint(client: Talker) -> dict[str, Any]:
    event = await client.hear()
    assert event["type"] == "error", event
    return dict(event["error"])


async def test_a_message_of_one_mebibyte_is_taken() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        frame = {"type": "conversation.item.create", "item": user("")}
        text = "x" * (MIB - len(json.dumps(frame)))
        await client.say("conversation.item.create", item=user(text))
        await client.say("response.create")
        events = await client.until("rate_limits.updated")
        assert text_of(events) == f"1 messages, the last of {len(text)} characters"


async def test_a_larger_one_closes_with_1009() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as neighbour:
        async with talk(house) as client:
            await client.say("conversation.item.create", item=user("x" * (2 * MIB)))
            with pytest.raises(ConnectionClosed) as closed:
                await client.hear()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
        await still_talks(neighbour)
        await house.tally.wait(connections=1)


async def test_a_long_recording_is_one_message() -> None:
    """Its audio is not counted: OpenAI takes 15 MiB of it. Others are heard meanwhile, and what is said behind it waits."""
    agent = Agent("host", llm=ScriptedLlm(echo), asr=InstantAsr("Hello."), tts="none")
    async with open_house(agent) as house, talk(house) as neighbour, talk(house) as client:
        audio = {"input": {"turn_detection": None}}
        await client.say("session.update", session={"type": "realtime", "audio": audio})
        await client.until("session.updated")
        recording = base64.b64encode(bytes(6 * MIB)).decode()
        await client.say("input_audio_buffer.append", audio=recording)
        await client.say("input_audio_buffer.commit")
        await still_talks(neighbour)
        heard = max(each.conversation.voice.ear.now for each in house.hub._clients.values())
        assert heard < 6 * MIB / 48
        assert types(await client.until("input_audio_buffer.committed")) == ["input_audio_buffer.committed"]


async def test_a_recording_may_be_longer_than_a_message_and_not_than_fifteen_mebibytes() -> None:
    agent = Agent("host", llm=ScriptedLlm(echo), asr=InstantAsr("Hello."), tts="none")
    async with open_house(agent) as house, talk(house) as client:
        sound = {"type": "input_audio", "audio": base64.b64encode(bytes(MIB)).decode()}
        await client.say("conversation.item.create", item={"type": "message", "role": "user", "content": [sound]})
        assert types(await client.until("conversation.item.done"))[0] == "conversation.item.added"
        with pytest.raises(ConnectionClosed) as closed:
            await client.say("input_audio_buffer.append", audio=base64.b64encode(bytes(16 * MIB)).decode())
            await client.hear()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


async def test_text_that_is_not_utf_8_closes_with_1007() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as neighbour:
        async with talk(house) as client:
            await client.connection.send(b'{"type": "\xff\xfe"}', text=True)
            with pytest.raises(ConnectionClosed) as closed:
                await client.hear()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1007
        await still_talks(neighbour)


async def test_a_binary_frame_is_an_error_and_no_more() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        await client.connection.send(b'{"type": "response.create"}')
        assert (await complaint(client))["code"] == "invalid_event"
        await still_talks(client)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_event"),
        ("null", "invalid_event"),
        ("[]", "invalid_event"),
        ("{", "invalid_event"),
        ("{}", "missing_required_parameter"),
        ('{"type": 7}', "invalid_type"),
        ('{"type": "response.sing", "event_id": "mine"}', "invalid_value"),
        ('{"type": "response.create", "response": 7}', "invalid_type"),
        ('{"type": "response.create"} {"type": "response.create"}', "invalid_event"),
        ('{"type": "conversation.item.create", "item": {"type": "message"}}', "invalid_value"),
        ('{"type": "conversation.item.retrieve", "item_id": "' + "x" * 100_000 + '"}', "item_retrieve_invalid_item_id"),
    ],
)
async def test_an_event_that_cannot_be_obeyed_is_answered(text: str, code: str) -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        await client.connection.send(text)
        error = await complaint(client)
        assert error["code"] == code
        assert error["message"]
        assert error["event_id"] == ("mine" if "mine" in text else None)
        await still_talks(client)


NESTED = {
    "all of it": "%s",
    "the event": '{"type": "conversation.item.delete", "item_id": "nothing", "x": %s}',
    "a field that is passed over": '{"type": "session.update", "session": {"type": "realtime", "x": %s}}',
    "a field that is kept": '{"type": "session.update", "session": {"type": "realtime", "tracing": %s}}',
    "a tool": '{"type": "session.update", "session": {"type": "realtime", "tools": '
    '[{"type": "function", "name": "a", "parameters": {"x": %s}}]}}',
}


@pytest.mark.parametrize("place", NESTED)
async def test_json_however_deep_costs_an_error_at_most(place: str) -> None:
    """Around the depth of Python's own limit each depth is tried: what is read must also be kept, shown and sent on."""
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        for depth in (10, 400, *range(900, 1_010), 100_000):
            await client.connection.send(NESTED[place] % ("[" * depth + "]" * depth))
            event = await client.hear()
            assert event["type"] in ("error", "session.updated"), (depth, event["type"])
            if depth in (10, 400, 900, 990):
                await still_talks(client)
        assert event["error"]["code"] == "invalid_event"
        await still_talks(client)


@pytest.mark.parametrize(
    "event",
    [
        '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", '
        '"content": [{"type": "input_text", "text": "\\ud800"}]}}',
        '{"type": "response.create", "response": {"metadata": {"\\ud800": "\\udc00"}}}',
        '{"type": "response.sing\\ud800"}',
        '{"type": "response.cancel", "event_id": "\\ud800"}',
    ],
)
async def test_a_lone_surrogate_costs_an_error(event: str) -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        await client.connection.send(event)
        assert (await complaint(client))["code"] == "invalid_event"
        await still_talks(client)


async def test_a_surrogate_pair_is_a_character() -> None:
    llm = ScriptedLlm(lambda asked: [TextDelta(asked.messages[-1].text)])
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        assert text_of(await client.ask("\U0001f600")) == "\U0001f600"


async def test_an_id_is_taken_once() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        await client.say("conversation.item.create", item=user("one", id="mine"))
        await client.until("conversation.item.done")
        await client.say("conversation.item.create", item=user("two", id="mine"), event_id="again")
        error = await complaint(client)
        assert (error["code"], error["event_id"]) == ("item_create_duplicate_item_id", "again")
        await client.say("conversation.item.retrieve", item_id="mine")
        assert (await client.hear())["item"]["content"][0]["text"] == "one"


async def test_a_truncate_past_the_end_is_no_error() -> None:
    """pipecat gives up its connection on any error, and truncates after every interruption."""
    async with open_house(Agent("host", llm=ScriptedLlm(echo))) as house, talk(house) as client:
        spoken = {"type": "output_audio", "transcript": "Good morning."}
        await client.say(
            "conversation.item.create", item={"type": "message", "role": "assistant", "id": "said", "content": [spoken]}
        )
        await client.until("conversation.item.done")
        await client.say("conversation.item.truncate", item_id="said", content_index=0, audio_end_ms=3_600_000)
        event = await client.hear()
        assert event["type"] == "conversation.item.truncated"
        assert event["audio_end_ms"] == 3_600_000
        await still_talks(client)


async def test_ten_thousand_items_and_a_response() -> None:
    llm = ScriptedLlm(echo)
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client, asyncio.TaskGroup() as group:

        async def create() -> None:
            for number in range(10_000):
                await client.say("conversation.item.create", item=user(f"message {number}"))
            await client.say("response.create")

        group.create_task(create())
        events = await client.until("rate_limits.updated")
        assert types(events).count("conversation.item.done") == 10_001
        assert text_of(events) == "10000 messages, the last of 12 characters"
        assert [message.text for message in llm.asked[0].messages] == [f"message {number}" for number in range(10_000)]


async def test_who_floods_is_slowed_and_loses_nothing() -> None:
    """The flood waits for its budget; a neighbour with a budget of its own finishes a turn meanwhile."""
    limits = Limits(messages_per_second=100)  # a thousand at once, then a hundred a second
    async with open_house(Agent("host", llm=ScriptedLlm(says("Here."))), limits=limits) as house:
        async with talk(house) as client, talk(house, key=OTHER_KEY) as neighbour:
            began = monotonic()
            for number in range(1_200):
                await client.say("conversation.item.retrieve", item_id="nothing", event_id=f"flood_{number}")
            for _ in range(1_001):
                await client.hear()
            await still_talks(neighbour)
            assert house.tally.errors["item_retrieve_invalid_item_id"] < 1_200
            while len(client.heard) < 1_201:
                await client.hear()
            # The last 200 have to wait for two seconds, less one message's turn. A busy machine makes it only longer.
            assert monotonic() - began > 1.9
        answered = [event["error"]["event_id"] for event in client.heard[1:]]
        assert answered == [f"flood_{number}" for number in range(1_200)]
