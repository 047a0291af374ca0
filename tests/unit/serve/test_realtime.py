"""The Realtime door itself: who comes in, as whom, with which session. What is said inside is tested in ``tests/session``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.session.agent import Agent
from tests.fakes.instant_speech import InstantAsr
from tests.fakes.scripted_llm import ScriptedLlm, says
from tests.session.house import KEY, OTHER_KEY, House, open_house

BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    host = Agent("host", asr="none", tts="none", instructions="Be a host.", llm=ScriptedLlm(says("I am the host.")))
    poet = Agent("poet", asr="none", tts="none", instructions="Be a poet.", llm=ScriptedLlm(says("I am the poet.")))
    async with open_house(host, poet) as house:
        yield house


async def session_of(url: str, **options: Any) -> dict[str, Any]:
    options.setdefault("additional_headers", BEARER)
    async with connect(url, **options) as socket:
        first = json.loads(await socket.recv())
        assert first["type"] == "session.created"
        return first["session"]


async def secret(house: House, body: dict[str, Any], key: str = KEY) -> tuple[int, dict[str, Any]]:
    async with ClientSession(house.http) as client:
        answer = await client.post("/v1/realtime/client_secrets", json=body, headers={"Authorization": f"Bearer {key}"})
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("model", "instructions"),
    [("poet", "Be a poet."), ("host", "Be a host."), ("gpt-realtime-2", "Be a host."), ("demo:demo", "Be a host.")],
)
async def test_the_model_names_who_answers(house: House, model: str, instructions: str) -> None:
    session = await session_of(house.url(model))
    assert (session["model"], session["instructions"]) == (model, instructions)
    assert session["output_modalities"] == ["text"]
    assert "salon" not in session


async def test_without_a_model_the_first_answers(house: House) -> None:
    assert (await session_of(f"{house.ws}/v1/realtime"))["model"] == "host"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("model=nohouse:model", 404, "model_not_found"),
        ("call_id=rtc_1", 404, "call_not_found"),
        ("intent=transcription", 400, "audio_not_configured"),
    ],
)
async def test_what_is_not_there_is_said_before_the_upgrade(house: House, query: str, status: int, code: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{house.ws}/v1/realtime?{query}", additional_headers=BEARER)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["code"] == code


async def test_a_wrong_key_stays_outside(house: House) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(house.url(), additional_headers={"Authorization": "Bearer sk-wrong"})
    assert refused.value.response.status_code == 401
    assert b"sk-wrong" not in refused.value.response.body


async def test_a_browser_shows_its_key_among_the_subprotocols(house: House) -> None:
    offered = ["realtime", f"openai-insecure-api-key.{KEY}"]
    async with connect(house.url(), subprotocols=offered) as socket:  # type: ignore[arg-type]
        assert socket.subprotocol == "realtime"


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {**BEARER, "OpenAI-Beta": "realtime=v1"}},
        {"additional_headers": BEARER, "subprotocols": ["realtime", "openai-beta.realtime-v1"]},
    ],
)
async def test_clients_of_the_beta_are_told_so(house: House, options: dict[str, Any]) -> None:
    async with connect(house.url(), **options) as socket:
        error = json.loads(await socket.recv())
        assert error["error"]["code"] == "beta_api_shape_disabled"
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4000


async def test_a_client_that_opts_in_is_told_how_to_resume(house: House) -> None:
    session = await session_of(house.url("poet", resume="new"))
    assert session["salon"].pop("resume_token").startswith("resume_")
    assert session["salon"] == {
        "grace_ms": 60_000,
        "agent": "poet",
        "llm": "scripted:model",
        "asr": None,
        "asr_detects": None,
        "tts": None,
        "voices": [],
        "tools": [],
        "web_search": False,
    }


async def test_what_cannot_be_resumed_begins_anew(house: House) -> None:
    session = await session_of(house.url(resume="resume_gone", last_event_id="event_x_1"))
    assert session["salon"]["resume_token"] != "resume_gone"


@pytest.mark.parametrize("path", ["", "/sessions", "/transcription_sessions"])
async def test_requests_of_the_beta_are_told_so(house: House, path: str) -> None:
    async with ClientSession(house.http) as client:
        answer = await client.post(f"/v1/realtime{path}?model=gpt-4o-realtime-preview", data="v=0", headers=BEARER)
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "beta_api_shape_disabled"


async def test_a_binary_frame_is_an_error_and_no_end(house: House) -> None:
    async with connect(house.url(), additional_headers=BEARER) as socket:
        await socket.recv()
        await socket.send(b"\0\1")
        assert json.loads(await socket.recv())["error"]["code"] == "invalid_event"
        await socket.send(json.dumps({"type": "response.cancel"}))
        assert json.loads(await socket.recv())["error"]["code"] == "response_cancel_not_active"


async def test_a_client_secret_opens_its_session(house: House) -> None:
    asked = {"session": {"type": "realtime", "model": "poet", "instructions": "Rhyme."}}
    status, made = await secret(house, asked)
    assert status == 200
    assert made["session"]["instructions"] == "Rhyme."
    assert made["expires_at"] == made["session"]["expires_at"]
    bearer = {"Authorization": f"Bearer {made['value']}"}
    session = await session_of(f"{house.ws}/v1/realtime", additional_headers=bearer)
    assert (session["model"], session["instructions"]) == ("poet", "Rhyme.")
    async with connect(f"{house.ws}/v1/realtime", additional_headers=bearer) as socket:
        await socket.recv()
        await socket.send(
            json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "Do not."}})
        )
        assert json.loads(await socket.recv())["session"]["instructions"] == "Do not."


async def test_a_locked_secret_holds_to_its_session_and_its_agent(house: House) -> None:
    asked = {"session": {"type": "realtime", "instructions": "Only this."}, "salon": {"locked": True}}
    _, made = await secret(house, asked)
    bearer = {"Authorization": f"Bearer {made['value']}"}
    async with connect(house.url("poet"), additional_headers=bearer) as socket:
        assert json.loads(await socket.recv())["session"]["model"] == "host"
        await socket.send(
            json.dumps({"type": "session.update", "session": {"type": "realtime", "instructions": "That."}})
        )
        assert json.loads(await socket.recv())["session"]["instructions"] == "Only this."


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"session": {"type": "realtime", "instructions": 7}}, 400, "session.instructions"),
        ({"session": {"type": "realtime", "model": "nohouse:x"}}, 404, None),
        ({"expires_after": {"seconds": 1}}, 400, "expires_after.seconds"),
        ({"expires_after": 7}, 400, "expires_after"),
        ({"expires_after": {"anchor": "last_used", "seconds": 60}}, 400, "expires_after.anchor"),
    ],
)
async def test_a_secret_that_cannot_be_made(house: House, body: dict[str, Any], status: int, param: str | None) -> None:
    answered, problem = await secret(house, body)
    assert (answered, problem["error"]["param"]) == (status, param)


@pytest.mark.parametrize("by", ["query", "secret", "secret without a session, and query", "secret, against the query"])
async def test_a_session_that_hears_and_does_not_answer(by: str) -> None:
    body: dict[str, Any] = {}
    if by.startswith("secret") and "without" not in by:
        transcription = {"model": "gpt-4o-transcribe", "language": "en"}
        body["session"] = {"type": "transcription", "audio": {"input": {"transcription": transcription}}}
    agent = Agent("host", asr=InstantAsr("Hello."), tts="none", llm=ScriptedLlm(says("never")))
    async with open_house(agent) as house:
        status, made = await secret(house, body)
        assert status == 200
        key = KEY if by == "query" else made["value"]
        url = {"query": house.url(intent="transcription"), "secret": house.url()}.get(
            by, house.url(intent="transcription" if "without" in by else "conversation")
        )
        async with connect(url, additional_headers={"Authorization": f"Bearer {key}"}) as socket:
            session = json.loads(await socket.recv())["session"]
            assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
            if body:
                assert session["audio"]["input"]["transcription"] == transcription
                assert made["session"]["audio"] == session["audio"]
            await socket.send(json.dumps({"type": "response.create", "event_id": "r"}))
            error = json.loads(await socket.recv())["error"]
            assert (error["code"], error["event_id"]) == ("invalid_value", "r")


async def test_a_secret_lives_for_ten_minutes_unless_another_time_is_named(house: House) -> None:
    _, made = await secret(house, {"expires_after": None})
    _, longer = await secret(house, {"expires_after": {"anchor": "created_at", "seconds": 1200}})
    assert 590 <= longer["expires_at"] - made["expires_at"] <= 610


async def test_nobody_hears_where_there_is_no_recogniser(house: House) -> None:
    status, problem = await secret(house, {"session": {"type": "transcription"}})
    assert (status, problem["error"]["code"]) == (400, "audio_not_configured")


async def test_a_session_belongs_to_whoever_opened_it(house: House) -> None:
    async with connect(house.url(resume="new"), additional_headers=BEARER) as socket:
        created = json.loads(await socket.recv())
    token = created["session"]["salon"]["resume_token"]
    url = house.url(resume=token, last_event_id=created["event_id"])
    other = await session_of(url, additional_headers={"Authorization": f"Bearer {OTHER_KEY}"})
    assert other["id"] != created["session"]["id"]
    async with connect(url, additional_headers=BEARER) as socket:
        assert json.loads(await socket.recv())["type"] == "salon.session.resumed"
