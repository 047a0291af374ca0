"""A look at a server on this machine."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from salon.providers.openai import ollama, openai
from salon.providers.openai.probe import newest_chat_model


class Answering:
    def __init__(self) -> None:
        self.body: Any = {"object": "list", "data": []}
        self.base_url = ""

    async def models(self, request: web.Request) -> web.Response:
        return web.Response(text=self.body if isinstance(self.body, str) else json.dumps(self.body))


@pytest.fixture
async def server() -> AsyncIterator[Answering]:
    answering = Answering()
    app = web.Application()
    app.router.add_get("/v1/models", answering.models)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    answering.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield answering
    await runner.cleanup()


async def look(base_url: str) -> str | None:
    return await asyncio.to_thread(newest_chat_model, base_url)


async def test_the_newest_model_that_chats(server: Answering) -> None:
    server.body = {
        "data": [
            {"id": "llama3:8b", "created": 100},
            {"id": "qwen3:8b", "created": 200},
            {"id": "nomic-embed-text:latest", "created": 300},
            {"id": "bge-m3", "created": 400},
        ]
    }
    assert await look(server.base_url) == "qwen3:8b"


async def test_the_first_where_no_dates_are_given(server: Answering) -> None:
    server.body = {"data": [{"id": "a"}, {"id": "b"}]}
    assert await look(server.base_url) == "a"


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {}, [], "<html>", "", {"data": [{"id": "all-minilm"}]}])
async def test_nothing_to_chat_with(server: Answering, body: Any) -> None:
    server.body = body
    assert await look(server.base_url) is None


async def test_nobody_listens() -> None:
    assert await look("http://127.0.0.1:9/v1") is None
    assert await look("https://127.0.0.1:9/v1") is None


async def test_somebody_listens_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert await look(f"http://127.0.0.1:{silent.getsockname()[1]}/v1") is None


async def test_only_some_houses_are_looked_for(server: Answering) -> None:
    server.body = {"data": [{"id": "qwen3:8b"}]}
    settings = {"base_url": server.base_url}
    assert await asyncio.to_thread(ollama.running, settings) == "qwen3:8b"
    assert await asyncio.to_thread(openai.running, settings) is None
