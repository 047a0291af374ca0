"""Speech over a real WebSocket: recorded voices in, the real voice detector, sound out."""

from __future__ import annotations

import asyncio
import base64
import json
import wave
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from salon.base.chat import TextDelta
from salon.base.errors import Overloaded
from salon.session.agent import Agent
from salon.sound import g711
from salon.sound.resample import Resampler
from tests.fakes.instant_speech import CHARACTER, InstantAsr, InstantTts
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.house import House, open_house
from tests.session.talker import Talker, done, talk, types

DATA = Path(__file__).parents[1] / "data" / "voice"
PCM = {"type": "audio/pcm", "rate": 24000}
ANSWER = "I can tell you a story, or read the news."
TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
END = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
    "rate_limits.updated",
]


def spoken(name: str = "what-can-you-do.wav", *, rate: int = 24_000, silence_ms: int = 1200) -> bytes:
    """A recording with silence around it."""
    with wave.open(str(DATA / name)) as file:
        pcm = file.readframes(file.getnframes())
    return Resampler(16_000, rate).push(bytes(16_000) + pcm + bytes(32 * silence_ms))


async def hear(client: Talker, audio: bytes, step: int = 9600) -> None:
    for at in range(0, len(audio), step):
        piece = base64.b64encode(audio[at : at + step]).decode()
        await send(client, {"type": "input_audio_buffer.append", "audio": piece})


async def send(client: Talker, event: dict[str, Any]) -> None:
    await client.connection.send(json.dumps(event))


async def configure(client: Talker, **audio: Any) -> dict[str, Any]:
    await send(client, {"type": "session.update", "session": {"type": "realtime", "audio": audio}})
    return (await client.until("session.updated"))[-1]["session"]  # type: ignore[no-any-return]


@asynccontextmanager
async def talking(
    asr: InstantAsr | None = None, tts: InstantTts | None = None, answer: str = ANSWER
) -> AsyncIterator[tuple[Talker, House, ScriptedLlm]]:
    llm = ScriptedLlm(says(answer))
    agent = Agent("host", llm=llm, asr=asr or InstantAsr("What can you do?"), tts=tts or InstantTts())
    async with open_house(agent) as house, talk(house) as client:
        yield client, house, llm


async def test_a_spoken_turn_has_its_events_in_order() -> None:
    async with talking() as (client, _, llm):
        await configure(
            client, input={"transcription": {"model": "whisper-1"}, "turn_detection": {"type": "server_vad"}}
        )
        await hear(client, spoken())
        events = await client.until("rate_limits.updated")
        kinds = types(events)
        assert kinds[: len(TURN)] == TURN
        assert kinds[-len(END) :] == END
        assert set(kinds[len(TURN) : -len(END)]) == {
            "response.output_audio_transcript.delta",
            "response.output_audio.delta",
        }
        by_type = {event["type"]: event for event in events}
        started, stopped = by_type[TURN[0]], by_type[TURN[1]]
        item_id = started["item_id"]
        assert {event["item_id"] for event in events[:3]} == {item_id}
        # The recording begins after 500 ms, the padding is 300.
        assert 100 <= started["audio_start_ms"] <= 400
        assert 1500 <= stopped["audio_end_ms"] <= 2300
        assert events[3]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
        heard = by_type["conversation.item.input_audio_transcription.completed"]
        assert (heard["item_id"], heard["transcript"]) == (item_id, "What can you do?")
        assert heard["usage"]["type"] == "duration"
        assert llm.asked[0].messages[-1].text == "What can you do?"
        item = done(events)["output"][0]
        assert item["content"] == [{"type": "output_audio", "transcript": ANSWER}]
        sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
        assert len(sound) / 48 == pytest.approx(len(ANSWER) * CHARACTER, abs=60)
        assert max(len(e["delta"]) for e in events if e["type"] == "response.output_audio.delta") <= 12_800


async def test_g711_both_ways() -> None:
    async with talking() as (client, _, _):
        for law, kind in (("ulaw", "audio/pcmu"), ("alaw", "audio/pcma")):
            session = await configure(
                client,
                input={"format": {"type": kind}, "turn_detection": {"type": "server_vad"}},
                output={"format": {"type": kind}},
            )
            assert session["audio"]["output"]["format"] == {"type": kind}
            await hear(client, g711.encode(spoken(rate=8000), law), 1600)  # type: ignore[arg-type]
            events = await client.until("rate_limits.updated")
            sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
            assert len(sound) / 8 == pytest.approx(len(ANSWER) * CHARACTER, abs=60)
            # What is heard is the tone that was spoken, not noise.
            assert max(g711.decode(sound, law)) > 0  # type: ignore[arg-type]


async def test_the_format_of_one_answer() -> None:
    async with talking() as (client, _, _):
        format = {"type": "audio/pcma"}
        await send(client, {"type": "response.create", "response": {"audio": {"output": {"format": format}}}})
        events = await client.until("rate_limits.updated")
        assert events[0]["response"]["audio"]["output"]["format"] == done(events)["audio"]["output"]["format"] == format
        sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
        assert len(sound) / 8 == pytest.approx(len(ANSWER) * CHARACTER, abs=60)
        await send(client, {"type": "response.create"})
        events = await client.until("rate_limits.updated")
        assert done(events)["audio"]["output"]["format"] == PCM
        sound = b"".join(base64.b64decode(e["delta"]) for e in events if e["type"] == "response.output_audio.delta")
        assert len(sound) / 48 == pytest.approx(len(ANSWER) * CHARACTER, abs=60)


async def test_chinese_is_heard_by_the_default_detection() -> None:
    async with talking(InstantAsr("你能做什么？"), answer="我能讲故事。") as (client, _, llm):
        assert client.heard[0]["session"]["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
        await hear(client, spoken("ni-neng-zuo-shenme.wav"))
        events = await client.until("rate_limits.updated")
        assert done(events)["output"][0]["content"][0]["transcript"] == "我能讲故事。"
        assert "conversation.item.input_audio_transcription.completed" not in types(events)
        assert llm.asked[0].messages[-1].text == "你能做什么？"


async def test_an_interruption_ends_the_answer_and_truncation_cuts_it() -> None:
    asr, long = InstantAsr("What can you do?", "Stop."), ANSWER * 6
    async with talking(asr, answer=long) as (client, _, _):
        await configure(client, input={"turn_detection": {"type": "server_vad"}})
        await hear(client, spoken())
        first = done(await client.until("rate_limits.updated"))
        assert first["status"] == "completed"
        # All of it has been sent; the client plays it, and says how far when it is interrupted.
        await hear(client, spoken("ni-neng-zuo-shenme.wav"))
        await client.until("input_audio_buffer.speech_started")
        item_id = first["output"][0]["id"]
        heard_ms = 23 * CHARACTER
        await send(
            client,
            {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": heard_ms},
        )
        truncated = (await client.until("conversation.item.truncated"))[-1]
        assert (truncated["item_id"], truncated["audio_end_ms"]) == (item_id, heard_ms)
        await send(client, {"type": "conversation.item.retrieve", "item_id": item_id})
        kept = (await client.until("conversation.item.retrieved"))[-1]["item"]
        assert kept["content"][0]["transcript"] == "I can tell you a story,"


async def unfinished(client: Talker) -> str:
    """An answer that is being spoken, and of which more is still to come; its id."""
    await configure(client, input={"turn_detection": {"type": "server_vad"}})
    await hear(client, spoken())
    events = await client.until("response.output_audio.delta")
    return str(events[-1]["response_id"])


def never_done(asked: Asked) -> Iterable[Step]:
    yield TextDelta("Once upon a time there was a king. ")
    yield asyncio.Event()


async def test_an_interruption_on_a_websocket_is_told_in_this_order() -> None:
    agent = Agent("host", llm=ScriptedLlm(never_done), asr=InstantAsr("Tell me a story.", "Stop."), tts=InstantTts())
    async with open_house(agent) as house, talk(house) as client:
        response_id = await unfinished(client)
        await hear(client, spoken("ni-neng-zuo-shenme.wav", silence_ms=0))
        events = await client.until("rate_limits.updated")
        kinds = [kind for kind in types(events) if kind != "response.output_audio.delta"]
        assert kinds == ["input_audio_buffer.speech_started", *END]
        response = done(events)
        assert (response["id"], response["status"]) == (response_id, "cancelled")
        assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert response["output"][0]["status"] == "incomplete"


async def test_a_cancelled_answer_says_nothing_more() -> None:
    agent = Agent("host", llm=ScriptedLlm(never_done), asr=InstantAsr("Tell me a story."), tts=InstantTts())
    async with open_house(agent) as house, talk(house) as client:
        response_id = await unfinished(client)
        await send(client, {"type": "response.cancel", "response_id": response_id})
        await send(client, {"type": "response.cancel", "event_id": "twice"})
        await send(client, {"type": "input_audio_buffer.clear"})
        events = await client.until("input_audio_buffer.cleared")
        kinds = [kind for kind in types(events) if kind != "response.output_audio.delta"]
        assert kinds == [*END, "error", "input_audio_buffer.cleared"]
        assert types(events).index("response.output_audio.done") == len(events) - len(END) - 2
        assert done(events)["status_details"]["reason"] == "client_cancelled"
        assert events[-2]["error"]["event_id"] == "twice"
        await send(client, {"type": "response.create", "response": {"output_modalities": ["text"]}})
        events = await client.until("response.output_text.delta")
        assert response_id not in {event.get("response_id") for event in events}


async def test_a_truncation_past_the_end_is_acknowledged_and_cuts_nothing() -> None:
    async with talking() as (client, _, _):
        await hear(client, spoken())
        item = done(await client.until("rate_limits.updated"))["output"][0]
        await send(
            client,
            {"type": "conversation.item.truncate", "item_id": item["id"], "content_index": 0, "audio_end_ms": 10**7},
        )
        assert types(await client.until("conversation.item.truncated"))[-1] == "conversation.item.truncated"
        await send(client, {"type": "conversation.item.retrieve", "item_id": item["id"]})
        assert (await client.until("conversation.item.retrieved"))[-1]["item"] == item


async def test_push_to_talk() -> None:
    async with talking() as (client, _, _):
        await configure(client, input={"turn_detection": None})
        await send(client, {"type": "input_audio_buffer.commit"})
        assert (await client.until("error"))[-1]["error"]["code"] == "input_audio_buffer_commit_empty"
        await hear(client, spoken(silence_ms=0))
        await send(client, {"type": "input_audio_buffer.commit"})
        await send(client, {"type": "response.create"})
        events = await client.until("rate_limits.updated")
        assert types(events)[:3] == [
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ]
        assert done(events)["status"] == "completed"


async def test_a_turn_that_is_brought_as_sound_is_shown_to_the_model_in_words() -> None:
    async with talking() as (client, _, llm):
        await configure(client, input={"transcription": {"model": "whisper-1"}})
        audio = base64.b64encode(spoken(silence_ms=0)).decode()
        item = {"id": "mine", "type": "message", "role": "user", "content": [{"type": "input_audio", "audio": audio}]}
        await send(client, {"type": "conversation.item.create", "item": item})
        await send(client, {"type": "response.create"})
        events = await client.until("rate_limits.updated")
        assert types(events)[:5] == [
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
        ]
        assert (events[3]["item_id"], events[3]["transcript"]) == ("mine", "What can you do?")
        assert "audio" not in events[1]["item"]["content"][0]
        assert [message.text for message in llm.asked[0].messages] == ["What can you do?"]
        await send(client, {"type": "conversation.item.retrieve", "item_id": "mine"})
        kept = (await client.until("conversation.item.retrieved"))[-1]["item"]["content"][0]
        assert kept == {"type": "input_audio", "transcript": "What can you do?", "audio": audio}


async def test_text_is_answered_in_text_where_the_client_wants_it() -> None:
    async with talking() as (client, _, _):
        assert client.heard[0]["session"]["output_modalities"] == ["audio"]
        await send(client, {"type": "response.create", "response": {"output_modalities": ["text"]}})
        events = await client.until("rate_limits.updated")
        assert "response.output_text.delta" in types(events)
        assert not any("audio" in kind for kind in types(events))


async def test_a_recogniser_that_fails_is_told_in_the_protocols_words() -> None:
    async with talking(InstantAsr([Overloaded("Busy.")])) as (client, _, _):
        await hear(client, spoken())
        failed = (await client.until("conversation.item.input_audio_transcription.failed"))[-1]
        assert failed["error"]["code"] == "provider_overloaded"


async def test_a_voice_that_fails_fails_the_answer() -> None:
    def breaks(text: str) -> None:
        raise Overloaded("Busy.")

    async with talking(tts=InstantTts(before=breaks)) as (client, _, _):
        await hear(client, spoken())
        response = done(await client.until("rate_limits.updated"))
        assert (response["status"], response["status_details"]["error"]["code"]) == ("failed", "provider_overloaded")


async def test_a_session_that_only_hears() -> None:
    agent = Agent("host", llm=ScriptedLlm(says("never")), asr=InstantAsr("What can you do?"), tts="none")
    async with open_house(agent) as house, talk(house, house.url(intent="transcription")) as client:
        session = client.heard[0]["session"]
        assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
        await hear(client, spoken())
        events = await client.until("conversation.item.input_audio_transcription.completed")
        assert types(events)[-2:] == [
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
        ]
        assert events[-1]["transcript"] == "What can you do?"


async def test_without_a_recogniser_audio_is_refused_once() -> None:
    agent = Agent("host", llm=ScriptedLlm(says("Hi.")), asr="none", tts=InstantTts())
    async with open_house(agent) as house, talk(house) as client:
        await hear(client, bytes(96_000))
        assert (await client.until("error"))[-1]["error"]["code"] == "audio_not_configured"
        events = await client.ask("Hello")
        assert "response.output_audio.delta" in types(events)
        assert "error" not in types(events)
