"""The official Python client, by voice. It plays nothing: it says itself how far it would have played. Prints JSON."""

import asyncio
import base64
import json
import sys
import wave

from openai import AsyncOpenAI

HTTP, KEY, WAV = sys.argv[1:4]
client = AsyncOpenAI(api_key=KEY, base_url=f"{HTTP}/v1", max_retries=0)
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "Today's weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
with wave.open(WAV) as file:
    QUESTION = file.readframes(file.getnframes())


async def main():
    seen, errors = [], []
    async with client.realtime.connect(model="gpt-realtime") as connection:

        async def until(wanted):
            events = []
            while not events or events[-1]["type"] != wanted:
                event = (await connection.recv()).to_dict()
                events.append(event)
                seen.append(event["type"])
                if event["type"] == "error":
                    errors.append(event["error"])
            return events

        async def speak():
            for at in range(0, len(QUESTION), 9600):
                await connection.input_audio_buffer.append(audio=base64.b64encode(QUESTION[at : at + 9600]).decode())

        detection = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 400}
        audio = {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": detection,
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"},
        }
        session = {"type": "realtime", "output_modalities": ["audio"], "tools": [WEATHER], "audio": audio}
        await connection.session.update(session=session)
        updated = (await until("session.updated"))[-1]["session"]

        await speak()
        turn = await until("rate_limits.updated")

        await speak()
        asked = await until("rate_limits.updated")
        call = next(event for event in asked if event["type"] == "response.function_call_arguments.done")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        told = await until("rate_limits.updated")

        await speak()
        story = await until("rate_limits.updated")
        item = story[-2]["response"]["output"][0]
        await speak()
        await until("input_audio_buffer.speech_started")
        await connection.conversation.item.truncate(item_id=item["id"], content_index=0, audio_end_ms=1500)
        truncated = (await until("conversation.item.truncated"))[-1]
        await until("rate_limits.updated")

        # Push-to-talk, and an answer in text.
        await connection.session.update(
            session={"type": "realtime", "audio": {"input": {"turn_detection": None}}, "output_modalities": ["text"]}
        )
        await until("session.updated")
        await speak()
        await connection.input_audio_buffer.commit()
        await until("input_audio_buffer.committed")
        await connection.response.create()
        pushed = await until("rate_limits.updated")

    sound = b"".join(
        base64.b64decode(event["delta"]) for event in turn if event["type"] == "response.output_audio.delta"
    )
    print(
        json.dumps(
            {
                "errors": errors,
                "updated": updated["audio"],
                "turn": [event["type"] for event in turn],
                "heard": next(
                    event["transcript"] for event in turn if event["type"].endswith("transcription.completed")
                ),
                "transcript": "".join(
                    event["delta"] for event in turn if event["type"] == "response.output_audio_transcript.delta"
                ),
                "sound": len(sound),
                "arguments": call["arguments"],
                "told": told[-2]["response"]["output"][0]["content"],
                "truncated": truncated["audio_end_ms"],
                "pushed": pushed[-2]["response"]["output"][0]["content"],
                "seen": seen,
            }
        )
    )


asyncio.run(asyncio.wait_for(main(), 60))
