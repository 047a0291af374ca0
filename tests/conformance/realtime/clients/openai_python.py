"""The official Python client, and a browser's way in by plain `websockets`. Prints {scenario: facts} as JSON."""

import asyncio
import json
import sys
import traceback

import websockets
from openai import AsyncOpenAI

BASE, KEY = sys.argv[1:3]
WS = BASE.replace("http", "ws", 1)
client = AsyncOpenAI(api_key=KEY, base_url=f"{BASE}/v1", max_retries=0)

WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Today's weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def user(text, **more):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


async def until(connection, *wanted):
    """Events, as dictionaries, up to the first of a wanted type."""
    events = []
    while True:
        event = (await connection.recv()).to_dict()
        events.append(event)
        if event["type"] in wanted:
            return events


def types(events):
    return [event["type"] for event in events]


def text(events):
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


async def turn(connection, said, **response):
    await connection.conversation.item.create(item=user(said))
    await connection.response.create(**response)
    return await until(connection, "rate_limits.updated")


async def text_turn():
    async with client.realtime.connect(model="gpt-realtime") as connection:
        created = await until(connection, "session.created")
        session = {"type": "realtime", "output_modalities": ["text"], "instructions": "Be brief."}
        await connection.session.update(session=session)
        (updated,) = await until(connection, "session.updated")
        events = await turn(connection, "Hello")
        again = await turn(connection, "What did I say first?")
    return {
        "created": types(created),
        "updated": {name: updated["session"][name] for name in session},
        "model": updated["session"]["model"],
        "types": types(events),
        "text": text(events),
        "usage": events[-2]["response"]["usage"],
        "again": text(again),
    }


async def cancel_and_cancel_again():
    async with client.realtime.connect(model="host") as connection:
        await connection.conversation.item.create(item=user("Tell me a long story"))
        await connection.response.create()
        await until(connection, "response.output_text.delta")
        await connection.response.cancel()
        events = await until(connection, "rate_limits.updated")
        await connection.response.cancel(event_id="cancel_again")
        (error,) = await until(connection, "error")
        after = await turn(connection, "Hello")
    return {"types": types(events), "response": events[-2]["response"], "error": error["error"], "after": text(after)}


async def function_tool_round_trip():
    async with client.realtime.connect(model="host") as connection:
        await until(connection, "session.created")
        await connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
        await until(connection, "session.updated")
        asked = await turn(connection, "What is the weather?")
        (call,) = asked[-2]["response"]["output"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        answered = await until(connection, "rate_limits.updated")
    return {"asked": types(asked), "call": call, "answered": text(answered)}


async def out_of_band_response_with_metadata():
    async with client.realtime.connect(model="host") as connection:
        await until(connection, "session.created")
        await turn(connection, "Hello")
        beside = {"conversation": "none", "metadata": {"topic": "title"}, "input": [user("Name this")]}
        await connection.response.create(response=beside)
        events = await until(connection, "rate_limits.updated")
        after = await turn(connection, "What did I say last but one?")
    return {
        "types": types(events),
        "text": text(events),
        "created": next(event["response"] for event in events if event["type"] == "response.created"),
        "done": events[-2]["response"],
        "after": text(after),
    }


async def client_secret():
    preset = {"type": "realtime", "model": "host", "instructions": "Speak like a pirate."}
    secret = await client.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60}, session=preset
    )
    browser = AsyncOpenAI(api_key=secret.value, base_url=f"{BASE}/v1")
    async with browser.realtime.connect(model="host") as connection:
        (created,) = await until(connection, "session.created")
        events = await turn(connection, "Hello")
    return {
        "prefix": secret.value[:3],
        "expires_at": secret.expires_at,
        "instructions": created["session"]["instructions"],
        "text": text(events),
    }


async def items_placed_retrieved_deleted():
    async with client.realtime.connect(model="host") as connection:
        await until(connection, "session.created")
        item = connection.conversation.item
        await item.create(item=user("second", id="item_b"))
        await item.create(item=user("first", id="item_a"), previous_item_id="root")
        await item.create(item=user("between", id="item_c"), previous_item_id="item_a")
        await item.create(item=user("again", id="item_b"), event_id="twice")
        await item.create(item=user("lost"), previous_item_id="item_nowhere")
        await item.retrieve(item_id="item_c")
        await item.delete(item_id="item_a")
        await item.delete(item_id="item_a")
        await item.retrieve(item_id="item_c")
        events = await until(connection, "conversation.item.retrieved")
        events += await until(connection, "conversation.item.retrieved")
    return {
        "added": [
            [event["item"]["id"], event["previous_item_id"]]
            for event in events
            if event["type"] == "conversation.item.added"
        ],
        "errors": [[each["error"]["code"], each["error"]["event_id"]] for each in events if each["type"] == "error"],
        "deleted": [event["item_id"] for event in events if event["type"] == "conversation.item.deleted"],
        "retrieved": events[-1]["item"],
    }


async def browser_subprotocol_key():
    offered = ["realtime", f"openai-insecure-api-key.{KEY}", "openai-agents-sdk.0.20.0"]
    async with websockets.connect(f"{WS}/v1/realtime?model=host", subprotocols=offered) as connection:
        created = json.loads(await connection.recv())
        return {"chosen": connection.subprotocol, "header": connection.response.headers, "first": created["type"]}


async def wrong_key_is_refused():
    stranger = AsyncOpenAI(api_key="sk-wrong", base_url=f"{BASE}/v1")
    try:
        async with stranger.realtime.connect(model="host"):
            return {}
    except websockets.InvalidStatus as refused:
        return {"status": refused.response.status_code, "error": json.loads(refused.response.body)["error"]}


async def beta_is_turned_away():
    try:
        async with websockets.connect(
            f"{WS}/v1/realtime?model=host",
            additional_headers={"authorization": f"Bearer {KEY}", "openai-beta": "realtime=v1"},
        ) as connection:
            error = json.loads(await connection.recv())["error"]
            await connection.recv()
            return {}
    except websockets.ConnectionClosed as closed:
        return {"error": error["code"], "code": closed.rcvd.code}


SCENARIOS = (
    text_turn,
    cancel_and_cancel_again,
    function_tool_round_trip,
    out_of_band_response_with_metadata,
    client_secret,
    items_placed_retrieved_deleted,
    browser_subprotocol_key,
    wrong_key_is_refused,
    beta_is_turned_away,
)


async def main():
    facts = {}
    for scenario in SCENARIOS:
        try:
            facts[scenario.__name__] = await asyncio.wait_for(scenario(), 20)
        except Exception:
            facts[scenario.__name__] = {"raised": traceback.format_exc()}
    print(json.dumps(facts, default=dict))


asyncio.run(main())
