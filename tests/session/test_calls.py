"""Calls over real WebRTC: libwebrtc speaks, the house listens, answers and is interrupted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, FormData

from salon.rtc import ice
from salon.serve import call
from salon.session.agent import Agent
from tests.fakes.caller import Caller, calling
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.media_house import eventually, until
from tests.fakes.scripted_llm import ScriptedLlm, says
from tests.session.house import KEY, OTHER_KEY, House, open_house
from tests.session.talker import talk, types

LONG = "This is a very long answer that goes on and on, so that there is time enough to interrupt it somewhere. " * 4


@asynccontextmanager
async def house_of(asr: InstantAsr | None = None, answer: str = "I tell stories.") -> AsyncIterator[House]:
    llm = ScriptedLlm(says(answer))
    agent = Agent("host", llm=llm, asr=asr or InstantAsr("What can you do?"), tts=InstantTts())
    mute = Agent("mute", llm=llm, asr="none", tts="none")
    async with open_house(agent, mute) as house:
        yield house


def calls(house: House) -> str:
    return f"{house.http}/v1/realtime/calls"


async def spoken_turn(caller: Caller) -> list[dict[str, Any]]:
    await caller.until("session.created")
    caller.microphone.say("what-can-you-do.wav")
    return await caller.until("output_audio_buffer.started")


async def test_a_call_is_heard_and_answered() -> None:
    async with house_of() as house, calling(calls(house), KEY) as caller:
        events = await spoken_turn(caller)
        assert types(caller.heard)[0] == "session.created"
        session = caller.heard[0]["session"]
        assert (session["model"], session["output_modalities"]) == ("host", ["audio"])
        kinds = types(events)
        for earlier, later in (
            ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"),
            ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
            ("input_audio_buffer.committed", "response.created"),
            ("response.created", "response.content_part.added"),
            ("response.content_part.added", "output_audio_buffer.started"),
        ):
            assert kinds.index(earlier) < kinds.index(later)
        rest = await caller.until("output_audio_buffer.stopped")
        assert "response.done" in types(rest)
        assert "response.output_audio.done" in types(rest)
        assert "response.output_audio.delta" not in types(caller.heard)

        async def sounds() -> bool:
            return await caller.energy() > 0.001

        await eventually(sounds)
        assert caller.location.startswith("/v1/realtime/calls/rtc_")


async def test_an_interruption_is_known_to_the_word() -> None:
    asr = InstantAsr("What can you do?", "Wait, tell me of something else.")
    async with house_of(asr, LONG) as house, calling(calls(house), KEY) as caller:
        await spoken_turn(caller)
        await until(lambda: len(asr.sessions) == 1)
        caller.microphone.say("ni-neng-zuo-shenme.wav")
        cleared = (await caller.until("output_audio_buffer.cleared"))[-1]
        truncated = (await caller.until("conversation.item.truncated"))[-1]
        assert truncated["audio_end_ms"] > 0
        caller.send({"type": "conversation.item.retrieve", "item_id": truncated["item_id"]})
        item = (await caller.until("conversation.item.retrieved"))[-1]["item"]
        kept = item["content"][0]["transcript"]
        assert item["status"] == "incomplete"
        assert LONG.startswith(kept) and len(kept) < len(LONG)
        created = next(event for event in caller.heard if event["type"] == "response.created")
        assert cleared["response_id"] == created["response"]["id"]
        await caller.until("output_audio_buffer.started")


async def test_the_clients_own_interruption() -> None:
    async with house_of(answer=LONG) as house, calling(calls(house), KEY) as caller:
        await spoken_turn(caller)
        caller.send({"type": "response.cancel"})
        caller.send({"type": "output_audio_buffer.clear"})
        await caller.until("output_audio_buffer.cleared")
        assert "conversation.item.truncated" in types(await caller.until("conversation.item.truncated"))


async def test_a_session_comes_with_the_offer_in_three_bodies() -> None:
    """As ``application/sdp`` above, as JSON here, and as a form below."""
    session = {"type": "realtime", "model": "host", "instructions": "Be brief."}
    async with house_of() as house, calling(calls(house), KEY, session=session) as caller:
        created = (await caller.until("session.created"))[-1]["session"]
        assert (created["model"], created["instructions"]) == ("host", "Be brief.")


async def test_a_form_as_browsers_make_it() -> None:
    async with house_of() as house, ClientSession() as http:
        caller = Caller()
        caller.pc.add_track(caller.microphone.track)
        await caller.pc.set_local_description(await caller.pc.create_offer())
        form = FormData(default_to_multipart=True)
        form.add_field("sdp", caller.pc.local_description.sdp)
        form.add_field("session", json.dumps({"type": "realtime", "model": "host"}))
        headers = {"authorization": f"Bearer {KEY}"}
        async with http.post(calls(house), data=form, headers=headers) as answer:
            assert answer.status == 201
            assert (await answer.text()).startswith("v=0")
        caller.pc.close()


async def test_a_call_that_only_hears() -> None:
    session = {"type": "transcription", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    async with house_of() as house, calling(calls(house), KEY, session=session) as caller:
        created = (await caller.until("session.created"))[-1]["session"]
        assert (created["type"], created["object"]) == ("transcription", "realtime.transcription_session")
        caller.microphone.say("what-can-you-do.wav")
        kinds = types(await caller.until("conversation.item.input_audio_transcription.completed"))
        assert kinds.index("input_audio_buffer.committed") < kinds.index("conversation.item.done")
        assert caller.heard[-1]["transcript"] == "What can you do?"
        caller.send({"type": "response.create"})
        await caller.until("error")
        assert "response.created" not in types(caller.heard)


async def test_a_second_channel_beside_the_call() -> None:
    async with house_of() as house, calling(calls(house), KEY) as caller:
        await caller.until("session.created")
        call_id = caller.location.rsplit("/", 1)[-1]
        async with talk(house, f"{house.ws}/v1/realtime?call_id={call_id}") as beside:
            assert beside.heard[0]["session"]["id"] == caller.heard[0]["session"]["id"]
            await beside.say("session.update", session={"type": "realtime", "instructions": "Be kind."})
            assert (await beside.until("session.updated"))[-1]["session"]["instructions"] == "Be kind."
            assert (await caller.until("session.updated"))[-1]["session"]["instructions"] == "Be kind."
            await beside.connection.send(b"x")
            assert (await beside.until("error"))[-1]["error"]["code"] == "invalid_event"
        # The call goes on without it.
        caller.send({"type": "input_audio_buffer.clear"})
        await caller.until("input_audio_buffer.cleared")


async def test_hanging_up_ends_the_session_and_its_account() -> None:
    async with house_of() as house, ClientSession() as http:
        async with calling(calls(house), KEY) as caller:
            await caller.until("session.created")
            assert len(house.hub) == 1
            url = f"{house.http}{caller.location}/hangup"
            async with http.post(url, headers={"authorization": f"Bearer {OTHER_KEY}"}) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (404, "call_not_found")
            async with http.post(url, headers={"authorization": f"Bearer {KEY}"}) as answer:
                assert answer.status == 200
            await until(lambda: len(house.hub) == 0)
            async with http.post(url, headers={"authorization": f"Bearer {KEY}"}) as answer:
                assert answer.status == 404
        await house.tally.wait(connections=0)


async def test_who_is_told_to_come_back_hears_the_answer_to_its_end() -> None:
    async with house_of() as house, calling(calls(house), KEY) as caller:
        await spoken_turn(caller)
        await house.hub.drain(20)
        assert types(caller.heard)[-1] == "output_audio_buffer.stopped"
        assert "response.done" in types(caller.heard)
        assert len(house.hub) == 0


async def test_who_leaves_leaves_nothing() -> None:
    async with house_of() as house:
        async with calling(calls(house), KEY) as caller:
            await caller.until("session.created")
        await until(lambda: len(house.hub) == 0, seconds=60)
        await house.tally.wait(connections=0)


async def test_who_opens_another_channel_than_that_of_events_is_heard_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call, "CHANNEL_SECONDS", 0.2)
    async with house_of() as house:
        caller = Caller()
        caller.pc.create_data_channel("mine")
        async with asyncio.TaskGroup() as group:
            talking = group.create_task(caller.microphone.run())
            await caller.call(calls(house), KEY, channel=False)
            (client,) = house.hub._clients.values()
            await until(lambda: client.conversation.voice.ear.now > 0, "begun")
            caller.microphone.say("what-can-you-do.wav")
            await until(
                lambda: any(item.role == "assistant" for item in client.conversation.machine.items), "answered", 20
            )
            talking.cancel()
        # And one who is late is told what the session is.
        caller.channel = caller.pc.create_data_channel("oai-events")
        caller.channel.on("message", caller._message)
        assert (await caller.until("session.created"))[-1]["session"]["type"] == "realtime"
        caller.pc.close()


async def test_who_offers_and_never_comes_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice, "NEVER_CAME_MS", 200)
    async with house_of() as house, ClientSession(headers={"authorization": f"Bearer {KEY}"}) as http:
        caller = Caller()
        caller.pc.add_track(caller.microphone.track)
        caller.pc.create_data_channel("oai-events")
        offer = await caller.pc.create_offer()
        async with http.post(calls(house), data=offer.sdp, headers={"content-type": "application/sdp"}) as answer:
            assert answer.status == 201, await answer.text()
            place = answer.headers["location"]
        assert len(house.hub) == 1
        await until(lambda: len(house.hub) == 0)
        await house.tally.wait(connections=0)
        async with http.post(f"{house.http}{place}/hangup") as answer:
            assert answer.status == 404
        caller.pc.close()


async def test_what_cannot_be_is_said_in_openais_form() -> None:
    async with house_of() as house, ClientSession(headers={"authorization": f"Bearer {KEY}"}) as http:
        for body, query, status, code in (
            ({"data": "v=0", "headers": {"content-type": "application/sdp"}}, "", 400, "invalid_sdp"),
            ({"data": "", "headers": {"content-type": "application/sdp"}}, "", 400, "missing_required_parameter"),
            ({"data": "x", "headers": {"content-type": "text/html"}}, "", 400, "unsupported_content_type"),
            ({"data": "{", "headers": {"content-type": "application/json"}}, "", 400, "invalid_json"),
            (
                {"data": "v=0", "headers": {"content-type": "application/sdp"}},
                "?model=mute",
                400,
                "audio_not_configured",
            ),
            ({"json": {"sdp": "v=0", "session": {"type": "transcription"}}}, "", 400, None),
        ):
            async with http.post(calls(house) + query, **body) as answer:  # type: ignore[arg-type]
                error = (await answer.json())["error"]
                assert answer.status == status
                assert code is None or error["code"] == code
        assert len(house.hub) == 0
        async with http.post(
            calls(house), headers={"authorization": "Bearer sk-wrong-wrong-wrong"}, data="v=0"
        ) as answer:
            assert answer.status == 401


async def test_a_page_of_another_origin_may_read_the_location() -> None:
    async with house_of() as house, ClientSession() as http:
        asks = {"origin": house.http, "access-control-request-method": "POST"}
        wanted = "authorization,content-type,x-openai-agents-sdk"
        async with http.options(calls(house), headers={**asks, "access-control-request-headers": wanted}) as answer:
            assert answer.status == 204
            assert answer.headers["access-control-allow-headers"] == wanted
            assert "Location" in answer.headers["access-control-expose-headers"]
            assert answer.headers["access-control-allow-origin"] == house.http


async def test_many_calls_at_once() -> None:
    async with house_of() as house:

        async def one() -> None:
            async with calling(calls(house), KEY) as caller:
                await spoken_turn(caller)

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(one())


async def test_the_parts_of_the_silence_are_what_a_recording_of_the_caller_shows() -> None:
    """Of some turns the one that the machine disturbed least: what is in its way only makes the recording's silence longer."""
    found: list[float] = []
    async with house_of() as house, calling(f"{calls(house)}?salon=1", KEY, records=True) as caller:
        await caller.until("session.created")
        while len(found) < 8 and not any(abs(each) <= 20 for each in found):
            caller.microphone.say("what-can-you-do.wav")
            waterfall = (await caller.until("response.done"))[-1]["response"]["salon"]["waterfall"]
            total = waterfall.pop("total")
            assert sum(waterfall.values()) == total
            ended = caller.microphone.ended
            await until(lambda moment=ended: caller.loudspeaker.heard_from(moment) is not None, "heard", 10)
            found.append(total - (caller.loudspeaker.heard_from(ended) - ended) * 1000)
            await caller.until("output_audio_buffer.stopped")
    assert min(map(abs, found)) <= 20, found
