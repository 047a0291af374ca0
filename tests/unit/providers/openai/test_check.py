"""``salon check``: each step, and what it says when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from salon.ports.llm import CheckStep
from salon.providers.openai import ollama, openai, vllm
from salon.providers.openai.house import ChatHouse
from tests.fakes.openai_server import Http, OpenAiServer


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    fake = OpenAiServer(key="good-key", models=("fake", "llama3:latest"))
    async with fake.serving():
        yield fake


async def checked(house: ChatHouse, model: str, server: OpenAiServer, **settings: Any) -> list[CheckStep]:
    llm = house.llm(model, {"base_url": server.base_url, "api_key": "good-key", **settings})
    try:
        return [step async for step in llm.check()]
    finally:
        await llm.aclose()


def names(steps: list[CheckStep]) -> list[str]:
    assert all(step.ok for step in steps[:-1]), "nothing follows a failure"
    return [step.name for step in steps]


async def test_all_is_well(server: OpenAiServer) -> None:
    steps = await checked(openai, "fake", server)
    assert names(steps) == ["dns", "tcp", "auth", "model", "first token"]
    assert all(step.ok and step.detail.endswith(" ms") for step in steps)


@pytest.mark.parametrize(
    ("settings", "last", "advice"),
    [
        ({"base_url": "http://no-such-host.invalid/v1"}, "dns", "HTTPS_PROXY"),
        ({"base_url": "http://127.0.0.1:9/v1"}, "tcp", "HTTPS_PROXY"),
        ({"api_key": "bad-key"}, "auth", "OPENAI_API_KEY"),
    ],
)
async def test_what_fails_first_is_last(server: OpenAiServer, settings: dict[str, Any], last: str, advice: str) -> None:
    steps = await checked(openai, "fake", server, **settings)
    assert names(steps)[-1] == last
    assert not steps[-1].ok
    assert advice in steps[-1].advice
    assert "bad-key" not in repr(steps)


async def test_tls_that_is_none(server: OpenAiServer) -> None:
    steps = await checked(openai, "fake", server, base_url=server.base_url.replace("http:", "https:"))
    assert names(steps) == ["dns", "tcp", "tls"]
    assert not steps[-1].ok


@pytest.mark.parametrize(("model", "ok"), [("llama3", True), ("llama3:latest", True), ("qwen3", False)])
async def test_a_model_that_a_server_of_ones_own_lacks(server: OpenAiServer, model: str, ok: bool) -> None:
    steps = await checked(ollama, model, server)
    found = next(step for step in steps if step.name == "model")
    assert found.ok is ok
    if not ok:
        assert "it has: fake, llama3:latest" in found.detail
        assert found.advice == "Fetch it with `ollama pull qwen3`."


async def test_ollama_does_not_run(server: OpenAiServer) -> None:
    steps = await checked(ollama, "m", server, base_url="127.0.0.1:9")
    assert "ollama serve" in steps[-1].advice


async def test_a_model_that_was_not_named(server: OpenAiServer) -> None:
    steps = await checked(vllm, "", server)
    assert steps[-1].ok
    assert next(step for step in steps if step.name == "model").detail.startswith("fake is there")
    server.models = ()
    assert not (await checked(vllm, "", server))[-1].ok


async def test_a_house_without_a_list(server: OpenAiServer) -> None:
    server.models = None
    steps = await checked(openai, "fake", server)
    assert steps[-1].ok
    assert "next step" in next(step for step in steps if step.name == "auth").detail


async def test_the_first_token_may_fail(server: OpenAiServer) -> None:
    server.default = lambda asked: [Http(500, "out of order")]
    steps = await checked(openai, "fake", server)
    assert names(steps)[-1] == "first token"
    assert "out of order" in steps[-1].detail
    assert steps[-1].advice


async def test_a_proxy_takes_the_first_steps(server: OpenAiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1").replace("://", "://user:hidden@"))
    steps = await checked(openai, "fake", server, base_url="http://nowhere.invalid/v1")
    assert names(steps) == ["proxy", "auth", "model", "first token"]
    assert steps[-1].ok
    assert "hidden" not in repr(steps)
