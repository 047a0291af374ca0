"""A real model client between two sockets: what the house of a model does wrong, and what a client that goes leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from salon.base.chat import BEGIN
from salon.providers.openai import openai
from salon.session.agent import Agent
from tests.fakes.openai_server import OpenAiServer, answer, said
from tests.session.house import House, open_house
from tests.session.talker import done, talk, text_of, types

SECRET = "sk-the-house-gave-us-this"


@asynccontextmanager
async def two_houses(key: str = SECRET, patience: float = 30.0) -> AsyncIterator[tuple[House, OpenAiServer]]:
    """Salon, and the model's house behind it, which Salon waits for so many seconds."""
    upstream = OpenAiServer(key=SECRET)
    async with upstream.serving() as base_url:
        settings = {
            "api_key": key,
            "base_url": base_url,
            "first_token_timeout": patience,
            "stall_timeout": patience,
        }
        llm = openai.llm("fake", settings)
        try:
            async with open_house(Agent("host", llm=llm)) as house:
                yield house, upstream
        finally:
            await llm.aclose()


@pytest.mark.parametrize("words", ["one word", "stalls after these"])
async def test_a_client_that_vanishes_ends_the_request(words: str) -> None:
    """It must be gone within 100 ms; the figure is printed, a machine under load is given a second."""
    async with two_houses() as (house, upstream):
        # An endless answer is read all the time; a silent one has nothing to be read that would show the way out.
        never = asyncio.Event()
        upstream.scripts["one word"] = [said(content="word "), *([0.005, said(content="word ")] * 10_000)]
        upstream.scripts["stalls after these"] = [said(content="word "), never]
        async with talk(house) as client:
            await client.message(words)
            await client.say("response.create")
            await client.until("response.output_text.delta")
            assert upstream.open == 1
            left = monotonic()
            client.abort()
            async with asyncio.timeout(1):
                await upstream.idle.wait()
            print(f"\nupstream closed {1000 * (monotonic() - left):.1f} ms after the client vanished ({words})")
        assert upstream.given_up == 1
        await house.tally.wait(connections=0, streams=0)
        assert len(house.hub) == 0
        assert house.tally.ends["cancelled"] == 1


async def test_a_cancel_ends_the_request() -> None:
    async with two_houses() as (house, upstream), talk(house) as client:
        upstream.scripts["on and on"] = [said(content="word "), asyncio.Event()]
        await client.message("on and on")
        await client.say("response.create")
        await client.until("response.output_text.delta")
        await client.say("response.cancel")
        assert done(await client.until("rate_limits.updated"))["status"] == "cancelled"
        async with asyncio.timeout(1):
            await upstream.idle.wait()
        assert text_of(await client.ask("still there")) == "still there"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("stall before", "provider_timeout"),
        ("stall after headers", "provider_timeout"),
        ("stall", "provider_timeout"),
        ("only keep-alives", "provider_timeout"),
        ("reset", "provider_bad_answer"),
        ("cut", "provider_bad_answer"),
        ("no end", "provider_bad_answer"),
        ("nothing", "provider_bad_answer"),
        ("rubbish", "provider_bad_answer"),
        ("html", "provider_bad_answer"),
        ("error in stream", "provider_overloaded"),
        ("unauthorized", "provider_auth_failed"),
        ("no quota", "provider_quota_exhausted"),
        ("rate limit", "inference_rate_limit_exceeded"),
        ("overloaded", "provider_overloaded"),
        ("broken", "provider_overloaded"),
        ("no model", "provider_rejected_request"),
        ("too long", "context_length_exceeded"),
    ],
)
async def test_a_house_that_fails_costs_one_answer(words: str, code: str) -> None:
    # Long enough for the answer that follows, on a machine with much else to do.
    patience = 1.0 if code == "provider_timeout" else 30.0
    async with two_houses(patience=patience) as (house, upstream), talk(house) as client:
        failed = await client.ask(words)
        response = done(failed)
        assert response["status"] == "failed"
        error = response["status_details"]["error"]
        assert error["code"] == code
        assert " " in error["message"] and SECRET not in str(failed)
        # All that was begun is ended, whatever ended it.
        assert types(failed).count("response.output_item.added") == types(failed).count("response.output_item.done")
        assert types(failed).count("response.content_part.added") == types(failed).count("response.content_part.done")
        assert types(failed)[-2:] == ["response.done", "rate_limits.updated"]

        events = await client.ask("and now")
        assert done(events)["status"] == "completed"
        assert text_of(events) == "and now"
        shown = [message["content"] for message in upstream.asked[-1].body["messages"] if message["role"] == "user"]
        assert shown == [words, "and now"]
        async with asyncio.timeout(5):
            await upstream.idle.wait()


async def test_an_agent_may_speak_first() -> None:
    """Clients ask for a greeting by ``response.create`` in an empty conversation; houses refuse a request without a question."""
    async with two_houses() as (house, upstream), talk(house) as client:
        upstream.scripts[BEGIN] = answer("Welcome.")
        await client.say("response.create")
        events = await client.until("rate_limits.updated")
        assert (done(events)["status"], text_of(events)) == ("completed", "Welcome.")
        assert upstream.asked[-1].body["messages"] == [{"role": "user", "content": BEGIN}]
        # What stood in for the user is not theirs: the conversation does not have it.
        await client.ask("and now")
        assert [each["role"] for each in upstream.asked[-1].body["messages"]] == ["assistant", "user"]


async def test_a_wrong_key_is_said_without_the_key() -> None:
    wrong = "sk-wrong-and-still-secret"
    async with two_houses(key=wrong) as (house, _), talk(house) as client:
        events = await client.ask("Hello")
        assert done(events)["status_details"]["error"]["code"] == "provider_auth_failed"
        assert wrong not in str(events)


async def test_a_house_that_is_not_there_is_said() -> None:
    upstream = OpenAiServer()
    async with upstream.serving() as base_url:
        pass
    llm = openai.llm("fake", {"api_key": SECRET, "base_url": base_url})
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        assert done(await client.ask("Hello"))["status_details"]["error"]["code"] == "provider_unreachable"
    await llm.aclose()


async def test_characters_cut_in_two_arrive_whole() -> None:
    async with two_houses() as (house, _), talk(house) as client:
        assert text_of(await client.ask("cut bytes")) == "你好🙂é"
