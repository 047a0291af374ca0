"""LiveKit's plug-in for OpenAI Realtime, driven without a LiveKit server. Prints what it told an app as JSON."""

import asyncio
import json
import sys
import wave

import aiohttp
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.openai.realtime import RealtimeModel
from loudspeaker import Loudspeaker

HTTP, KEY, WAV = sys.argv[1:4]
with wave.open(WAV) as file:
    QUESTION = file.readframes(file.getnframes())

errors, ran, said, heard, events = [], [], [], [], []


@llm.function_tool
async def weather(city: str) -> str:
    """Today's weather in a city."""
    ran.append(city)
    return "sunny"


async def main():
    loudspeaker = Loudspeaker()
    generations = asyncio.Queue()
    async with aiohttp.ClientSession() as http:
        model = RealtimeModel(base_url=f"{HTTP}/v1", api_key=KEY, model="host", http_session=http)
        session = model.session()
        interrupted = asyncio.Event()

        def note(name):
            events.append(name)
            if events.count("input_speech_started") == 4:
                interrupted.set()

        for name in ("input_speech_started", "input_speech_stopped"):
            session.on(name, lambda event, name=name: note(name))
        session.on("input_audio_transcription_completed", lambda event: heard.append(event.transcript))
        session.on("error", lambda event: errors.append(repr(event)))
        session.on("openai_server_event_received", lambda event: events.append(event["type"]))
        session.on("generation_created", generations.put_nowait)
        await session.update_instructions("Be brief.")
        await session.update_tools([weather])

        async def speak():
            for at in range(0, len(QUESTION), 4800):
                piece = QUESTION[at : at + 4800]
                session.push_audio(rtc.AudioFrame(piece, 24_000, 1, len(piece) // 2))

        async def listen(generation):
            """All of an answer: its messages' ids, words and sound, and the calls it makes."""
            words, sound, calls, ids = "", 0, [], []

            async def messages():
                nonlocal words, sound
                async for message in generation.message_stream:
                    ids.append(message.message_id)

                    async def text(message=message):
                        nonlocal words
                        async for piece in message.text_stream:
                            words += str(piece)

                    async def audio(message=message):
                        nonlocal sound
                        async for frame in message.audio_stream:
                            sound += frame.samples_per_channel
                            loudspeaker.give(frame.samples_per_channel / frame.sample_rate)

                    await asyncio.gather(text(), audio())

            async def functions():
                calls.extend([call async for call in generation.function_stream])

            await asyncio.gather(messages(), functions())
            said.append([words, sound])
            return ids, calls

        context = session.chat_ctx.copy()
        context.add_message(role="user", content="Hello by text.")
        await session.update_chat_ctx(context)
        await listen(await session.generate_reply())
        await generations.get()
        await loudspeaker.played()

        await speak()
        await listen(await generations.get())
        await loudspeaker.played()

        await speak()
        _, (call,) = await listen(await generations.get())
        output = await weather(**json.loads(call.arguments))
        context = session.chat_ctx.copy()
        context.items.append(
            llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=output, is_error=False)
        )
        await session.update_chat_ctx(context)
        await listen(await session.generate_reply())
        await generations.get()
        await loudspeaker.played()

        await speak()
        (story,), _ = await listen(await generations.get())
        await loudspeaker.played(1)
        await speak()
        await interrupted.wait()
        session.interrupt()
        session.truncate(message_id=story, modalities=["audio"], audio_end_ms=1500)
        await listen(await generations.get())
        await session.aclose()
        await model.aclose()
    print(json.dumps({"errors": errors, "ran": ran, "said": said, "heard": heard, "events": events}))


asyncio.run(asyncio.wait_for(main(), 60))
