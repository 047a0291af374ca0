"""OpenAI's agents SDK for Python, talking by text. Prints what an app would see as JSON."""

import asyncio
import json
import sys

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

WS, KEY = sys.argv[1:3]
ran = []


@function_tool
def weather(city: str) -> str:
    """Today's weather in a city."""
    ran.append(city)
    return "sunny"


async def main():
    agent = RealtimeAgent(name="guide", instructions="Be brief.", tools=[weather])
    # With interrupt_response the SDK leaves the cancelling to the server, which hears speech; an app that talks by text
    # turns it off, and interrupt() cancels.
    settings = {
        "model_name": "host",
        "modalities": ["text"],
        "turn_detection": {"type": "semantic_vad", "interrupt_response": False},
    }
    runner = RealtimeRunner(agent, config={"model_settings": settings})
    seen, raw, errors, history = [], [], [], []

    async def until(session, wanted):
        async for event in session:
            seen.append(event.type)
            if event.type == "error":
                errors.append(repr(event))
            elif event.type == "history_updated":
                history[:] = event.history
            elif event.type == "raw_model_event":
                kind = event.data.type
                if kind in ("error", "exception"):
                    errors.append(repr(event.data))
                if kind == "raw_server_event":
                    kind = event.data.data["type"]
                raw.append(kind)
                if kind == wanted:
                    return

    async with await runner.run(model_config={"url": f"{WS}/v1/realtime?model=host", "api_key": KEY}) as session:
        await session.send_message("Hello")
        await until(session, "turn_ended")
        await session.send_message("What did I say first?")
        await until(session, "turn_ended")
        await session.send_message("What is the weather?")
        await until(session, "turn_ended")
        await until(session, "turn_ended")
        await session.send_message("Tell me a long story")
        await until(session, "output_text_delta")
        await session.interrupt()
        await session.send_message("Hello again")
        await until(session, "turn_ended")
        await until(session, "turn_ended")

    said = [
        [item.role, "".join(getattr(part, "text", None) or "" for part in item.content)]
        for item in history
        if item.type == "message"
    ]
    calls = [[item.name, item.arguments, item.status, item.output] for item in history if item.type == "function_call"]
    print(json.dumps({"errors": errors, "ran": ran, "said": said, "calls": calls, "seen": seen, "raw": raw}))


asyncio.run(asyncio.wait_for(main(), 40))
