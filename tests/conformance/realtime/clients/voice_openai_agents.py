"""OpenAI's agents SDK for Python, talking by voice as it comes out of the box. Prints what an app would see as JSON."""

import asyncio
import json
import sys
import wave

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from loudspeaker import Loudspeaker

HTTP, KEY, WAV = sys.argv[1:4]
WS = HTTP.replace("http", "ws", 1)
ran = []

with wave.open(WAV) as file:
    QUESTION = file.readframes(file.getnframes())


@function_tool
def weather(city: str) -> str:
    """Today's weather in a city."""
    ran.append(city)
    return "sunny"


async def main():
    loudspeaker = Loudspeaker()
    agent = RealtimeAgent(name="guide", instructions="Be brief.", tools=[weather])
    runner = RealtimeRunner(agent, config={"model_settings": {"model_name": "host"}})
    seen, raw, errors, history, audio = [], [], [], [], 0

    async with await runner.run(model_config={"url": f"{WS}/v1/realtime?model=host", "api_key": KEY}) as session:
        events = session.__aiter__()

        async def until(wanted):
            nonlocal audio
            async for event in events:
                seen.append(event.type)
                kind = event.type
                if event.type == "error":
                    errors.append(repr(event))
                elif event.type == "history_updated":
                    history[:] = event.history
                elif event.type == "audio":
                    audio += len(event.audio.data)
                    loudspeaker.give(len(event.audio.data) / 48_000)
                elif event.type == "raw_model_event":
                    kind = event.data.type
                    if kind in ("error", "exception"):
                        errors.append(repr(event.data))
                    if kind == "raw_server_event":
                        kind = event.data.data["type"]
                    raw.append(kind)
                if kind == wanted:
                    return

        async def speak():
            for at in range(0, len(QUESTION), 9600):
                await session.send_audio(QUESTION[at : at + 9600])

        await speak()
        await until("response.done")
        await loudspeaker.played()  # a second question would interrupt it
        await speak()
        await until("response.done")
        await until("response.done")
        await loudspeaker.played()
        await speak()
        await until("response.done")
        await loudspeaker.played(1.5)
        await speak()  # while the story is being heard
        await until("audio_interrupted")
        await until("conversation.item.truncated")
        await until("response.done")
        await session.send_message("Goodbye then.")
        await until("response.done")

    said = [
        [item.role, "".join(getattr(p, "transcript", None) or getattr(p, "text", None) or "" for p in item.content)]
        for item in history
        if item.type == "message"
    ]
    print(json.dumps({"errors": errors, "ran": ran, "said": said, "seen": seen, "raw": raw, "audio": audio}))


asyncio.run(asyncio.wait_for(main(), 60))
